#include "base/json_writer.hpp"
#include "simulator/body.hpp"
#include "simulator/errors.hpp"
#include "simulator/reply.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

/// Batches, Imagen and Veo. Nothing is remembered: a batch's name tells how many requests it has, and its
/// results are answers to requests that are made up.
namespace steno::simulator {

namespace json = boost::json;

namespace {

constexpr std::string_view kPrefix = "sim-";

struct Batch {
    std::size_t requests = 0;
    std::string model;
};

/// "sim-3-gemini-2.5-flash"
std::optional<Batch> batch_of(std::string_view id) {
    if (!id.starts_with(kPrefix)) return std::nullopt;
    id.remove_prefix(kPrefix.size());
    Batch batch;
    constexpr std::size_t kMost = 10'000;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), batch.requests);
    if (error != std::errc{} || batch.requests > kMost) return std::nullopt;
    id.remove_prefix(static_cast<std::size_t>(end - id.data()));
    if (!id.starts_with('-')) return std::nullopt;
    batch.model = id.substr(1);
    return batch;
}

std::string responses_of(const Batch& batch, const Incoming& request) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.key("inlinedResponses");
    json.begin_object();
    json.key("inlinedResponses");
    json.begin_array();
    for (std::size_t i = 0; i < batch.requests; ++i) {
        json.begin_object();
        if (i % 4 == 3) {  // every fourth request of a batch fails
            json.member_raw("error", R"({"code":3,"message":"Request contains an invalid argument."})");
        } else {
            const std::string body = fmt::format(
                R"({{"contents":[{{"role":"user","parts":[{{"text":"Request {} of a batch."}}]}}]}})", i);
            const std::string path = fmt::format("/v1beta/models/{}:generateContent", batch.model);
            Incoming asked = request;
            asked.method = "POST";
            asked.path = path;
            asked.body = body;
            asked.seed = request.seed + i;
            json.member_raw("response", answer_gemini(asked).frames.front());
        }
        json.member_raw("metadata", fmt::format(R"({{"key":"request-{}"}})", i));
        json.end_object();
    }
    json.end_array();
    json.end_object();
    json.end_object();
    return out;
}

std::string operation_of(const Batch& batch, std::string_view state, const std::string& output) {
    const std::string name = fmt::format("batches/{}{}-{}", kPrefix, batch.requests, batch.model);
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("name", std::string_view(name));
    json.key("metadata");
    json.begin_object();
    json.member("@type", "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch");
    json.member("name", std::string_view(name));
    json.member("model", "models/" + batch.model);
    json.member("displayName", "batch");
    json.member("state", state);
    for (const std::string_view moment : {"createTime", "updateTime"})
        json.member(moment, "2026-11-20T12:00:00Z");
    if (!output.empty()) json.member_raw("output", output);
    json.end_object();
    if (!output.empty()) {
        json.member("done", true);
        json.member_raw("response", output);
    }
    json.end_object();
    return out;
}

Reply answer_with(std::string body, Dice& dice) {
    Reply reply;
    reply.content_type = "application/json; charset=UTF-8";
    reply.frames.push_back(std::move(body));
    add_usual_headers(Vendor::Gemini, reply.headers, dice);
    return reply;
}

}  // namespace

Reply answer_gemini_batches(const Incoming& request) {
    Dice dice(request.seed);
    const std::string_view last = request.path.substr(request.path.rfind('/') + 1);
    if (const auto colon = last.rfind(':'); colon != std::string_view::npos) {
        const auto body = parse_body(request.body);
        const json::value* batch = body ? find(*body, "batch") : nullptr;
        const json::value* config = batch ? find(*batch, "inputConfig", "input_config") : nullptr;
        const json::value* requests = config ? find(*config, "requests") : nullptr;
        const json::array& listed = elements(requests ? find(*requests, "requests") : nullptr);
        if (listed.empty())
            return error_reply(Vendor::Gemini, "invalid", {}, dice, "",
                               "batch.inputConfig.requests is empty");
        return answer_with(
            operation_of({listed.size(), std::string(last.substr(0, colon))}, "BATCH_STATE_PENDING", {}),
            dice);
    }
    const auto batch = batch_of(last);
    if (!batch) return error_reply(Vendor::Gemini, "not_found", {}, dice, last, "Batch not found");
    return answer_with(operation_of(*batch, "BATCH_STATE_SUCCEEDED", responses_of(*batch, request)), dice);
}

Reply answer_gemini_prediction(const Incoming& request, std::string_view model, std::string_view verb) {
    Dice dice(request.seed);
    const auto body = parse_body(request.body);
    const json::array& instances = elements(body ? find(*body, "instances") : nullptr);
    if (instances.empty())
        return error_reply(Vendor::Gemini, "invalid", {}, dice, model, "instances is not specified");
    if (verb == "predictLongRunning")
        return answer_with(fmt::format(R"({{"name":"models/{}/operations/{}"}})", model, dice.id(12)), dice);
    const json::value* parameters = find(*body, "parameters");
    const bool draws = find(instances.front(), "prompt") != nullptr;
    std::int64_t characters = 0;
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.key("predictions");
    json.begin_array();
    if (draws) {
        constexpr std::int64_t kMost = 8;
        const auto count = parameters ? integer_at(*parameters, "sampleCount") : std::nullopt;
        for (std::int64_t i = 0; i < std::clamp<std::int64_t>(count.value_or(1), 1, kMost); ++i)
            json.raw(
                R"({"mimeType":"image/png","bytesBase64Encoded":)"
                R"("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="})");
    } else {
        for (const json::value& instance : instances) {
            const std::string text = string_at(instance, "content");
            const auto bytes = static_cast<std::int64_t>(text.size());
            characters += bytes;
            json.raw(fmt::format(R"({{"embeddings":{{"values":[0.25,-0.5,0.75],"statistics":)"
                                 R"({{"token_count":{},"truncated":false}}}}}})",
                                 (bytes + 3) / 4));
        }
    }
    json.end_array();
    if (!draws) json.member_raw("metadata", fmt::format(R"({{"billableCharacterCount":{}}})", characters));
    json.end_object();
    return answer_with(std::move(out), dice);
}

}  // namespace steno::simulator
