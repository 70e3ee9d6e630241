#include "base/json_writer.hpp"
#include "simulator/body.hpp"
#include "simulator/errors.hpp"
#include "simulator/reply.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <charconv>
#include <optional>

/// Batches, and the old Completions. Nothing is remembered: a batch's id tells how many requests it has, and
/// its results are answers to requests that are made up.
namespace steno::simulator {

namespace json = boost::json;

namespace {

constexpr std::string_view kRoot = "/v1/messages/batches";
constexpr std::string_view kPrefix = "msgbatch_sim-";

struct Batch {
    std::string id;
    std::size_t requests = 0;
    std::string model;
};

/// "msgbatch_sim-3-claude-haiku-4-5"
std::optional<Batch> batch_of(std::string_view id) {
    Batch batch{std::string(id), 0, {}};
    if (!id.starts_with(kPrefix)) return std::nullopt;
    id.remove_prefix(kPrefix.size());
    constexpr std::size_t kMost = 100'000;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), batch.requests);
    if (error != std::errc{} || batch.requests > kMost) return std::nullopt;
    id.remove_prefix(static_cast<std::size_t>(end - id.data()));
    if (!id.starts_with('-')) return std::nullopt;
    batch.model = id.substr(1);
    return batch;
}

/// Every fourth request of a batch fails.
bool fails(std::size_t request) {
    return request % 4 == 3;
}

std::string object_of(const Batch& batch, std::string_view status) {
    std::string out;
    JsonWriter json(out);
    std::int64_t failed = 0;
    for (std::size_t i = 0; i < batch.requests; ++i) failed += fails(i) ? 1 : 0;
    json.begin_object();
    json.member("id", std::string_view(batch.id));
    json.member("type", "message_batch");
    json.member("processing_status", status);
    json.key("request_counts");
    json.begin_object();
    json.member("processing", 0);
    json.member("succeeded", static_cast<std::int64_t>(batch.requests) - failed);
    json.member("errored", failed);
    json.member("canceled", 0);
    json.member("expired", 0);
    json.end_object();
    for (const std::string_view moment : {"created_at", "expires_at", "ended_at"})
        json.member(moment, "2026-11-20T12:00:00Z");
    json.member_raw("archived_at", "null");
    json.member_raw("cancel_initiated_at", "null");
    // The real one is an absolute URL; this one follows the client's own base.
    json.member("results_url", fmt::format("{}/{}/results", kRoot, batch.id));
    json.end_object();
    return out;
}

std::string result_of(const Batch& batch, std::size_t number, const Incoming& request) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("custom_id", fmt::format("request-{}", number));
    json.key("result");
    json.begin_object();
    if (fails(number)) {
        json.member("type", "errored");
        json.member_raw(
            "error", error_body(Vendor::Anthropic, shape_of(Vendor::Anthropic, "invalid", batch.model), {}));
    } else {
        const std::string body = fmt::format(
            R"({{"model":"{}","max_tokens":1000,"messages":[{{"role":"user","content":"Request {} of a batch."}}]}})",
            batch.model, number);
        Incoming asked = request;
        asked.method = "POST";
        asked.path = "/v1/messages";
        asked.body = body;
        asked.seed = request.seed + number;
        std::string message = answer_anthropic(asked).frames.front();
        constexpr std::string_view kStandard = R"("service_tier":"standard")";
        if (const auto tier = message.find(kStandard); tier != std::string::npos)
            message.replace(tier, kStandard.size(), R"("service_tier":"batch")");
        json.member("type", "succeeded");
        json.member_raw("message", message);
    }
    json.end_object();
    json.end_object();
    return out + "\n";
}

}  // namespace

Reply answer_anthropic_batches(const Incoming& request) {
    Dice dice(request.seed);
    std::string_view rest = request.path.substr(kRoot.size());
    Reply reply;
    const auto answer = [&](std::string body) {
        reply.frames.push_back(std::move(body));
        add_usual_headers(Vendor::Anthropic, reply.headers, dice);
        return reply;
    };
    if (rest.empty() && request.method == "GET")
        return answer(R"({"data":[],"has_more":false,"first_id":null,"last_id":null})");
    if (rest.empty()) {
        const auto body = parse_body(request.body);
        const json::array& requests = elements(body ? find(*body, "requests") : nullptr);
        if (requests.empty())
            return error_reply(Vendor::Anthropic, "invalid", {}, dice, "", "requests: Field required");
        const json::value* params = find(requests.front(), "params");
        const std::string model = params ? string_at(*params, "model") : std::string{};
        const auto batch = batch_of(fmt::format("{}{}-{}", kPrefix, requests.size(), model));
        if (!batch) return error_reply(Vendor::Anthropic, "invalid", {}, dice, "", "requests: too many");
        return answer(object_of(*batch, "in_progress"));
    }
    rest.remove_prefix(1);
    const auto slash = rest.find('/');
    const auto batch = batch_of(rest.substr(0, slash));
    const std::string_view verb = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
    if (!batch) return error_reply(Vendor::Anthropic, "not_found", {}, dice, rest, "Batch not found");
    if (verb.empty()) return answer(object_of(*batch, "ended"));
    if (verb == "cancel") return answer(object_of(*batch, "canceling"));
    if (verb != "results") return error_reply(Vendor::Anthropic, "not_found", {}, dice, "", "Not found");
    std::string lines;
    for (std::size_t i = 0; i < batch->requests; ++i) lines += result_of(*batch, i, request);
    reply.content_type = "application/x-jsonl";
    return answer(lines);
}

Reply answer_anthropic_completion(const Incoming& request) {
    Dice dice(request.seed);
    const auto refuse = [&](std::string_view message) {
        return error_reply(Vendor::Anthropic, "invalid", {}, dice, "", message);
    };
    const auto body = parse_body(request.body);
    if (!body) return refuse("The request body is not valid JSON");
    const auto limit = integer_at(*body, "max_tokens_to_sample");
    if (!limit) return refuse("max_tokens_to_sample: Field required");
    const std::string asked = json::serialize(
        json::value{{"model", string_at(*body, "model")},
                    {"max_tokens", *limit},
                    {"messages", {json::value{{"role", "user"}, {"content", string_at(*body, "prompt")}}}}});
    Incoming modern = request;
    modern.path = "/v1/messages";
    modern.body = asked;
    Reply reply = answer_anthropic(modern);
    if (reply.status != 200) return reply;

    const auto message = parse_body(reply.frames.front());
    const std::string text = text_of_content(find(*message, "content"));
    const bool cut = string_at(*message, "stop_reason") == "max_tokens";
    const std::string id = "compl_01" + dice.id(22);
    const auto completion = [&](std::string_view piece, bool last) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("type", "completion");
        json.member("id", std::string_view(id));
        json.member("completion", piece);
        json.key("stop_reason");
        last ? json.string(cut ? "max_tokens" : "stop_sequence") : json.null();
        json.member("model", string_at(*message, "model"));
        json.end_object();
        return out;
    };
    reply.frames.clear();
    if (!flag_at(*body, "stream")) {
        reply.frames.push_back(completion(text, true));
        return reply;
    }
    reply.stream = reply.sse = true;
    reply.content_type = "text/event-stream; charset=utf-8";
    const std::size_t half = text.find(' ', text.size() / 2);
    reply.frames = {
        sse_frame("completion", completion(std::string_view(text).substr(0, half), false)),
        sse_frame("ping", R"({"type":"ping"})"),
        sse_frame("completion",
                  completion(half == std::string::npos ? "" : std::string_view(text).substr(half), false)),
        sse_frame("completion", completion("", true))};
    reply.error_frame =
        sse_frame("error", error_body(Vendor::Anthropic, shape_of(Vendor::Anthropic, "overloaded", ""), {}));
    return reply;
}

}  // namespace steno::simulator
