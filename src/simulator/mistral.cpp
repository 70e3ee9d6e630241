#include "simulator/mistral.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "simulator/body.hpp"
#include "simulator/errors.hpp"
#include "simulator/language.hpp"
#include "simulator/openai.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace steno::simulator {

namespace json = boost::json;

namespace {

struct ErrorRow {
    std::string_view kind;
    int status;
    std::string_view type;  ///< "": the error is a `detail`
    std::string_view code;
    std::string_view message;
};

constexpr std::array<ErrorRow, 11> kErrors{{
    {"auth", 401, "", "", "Unauthorized"},
    {"content_filter", 403, "content_policy_violation", "1901", "The content was refused by the guardrails."},
    {"context_length", 400, "invalid_request_prompt", "3051",
     "Prompt contains 140213 tokens, too large for model with 131072 maximum context length"},
    {"invalid", 422, "", "", "The request is not valid."},
    {"not_found", 400, "invalid_model", "1500", "Invalid model: {}"},
    {"overloaded", 503, "unreachable_backend", "1100", "Service unavailable."},
    {"permission", 403, "", "", "Forbidden"},
    {"quota", 402, "", "", "Check your subscription and payment."},
    {"rate_limit", 429, "rate_limited", "1300", "Rate limit exceeded"},
    {"server", 500, "internal_server_error", "1000", "Internal server error"},
    {"timeout", 504, "timeout", "1101", "The request timed out."},
}};

void add_headers(net::Headers& headers, Dice& dice) {
    const std::string id = dice.hex(32);
    headers.add("mistral-correlation-id", id);
    headers.add("x-kong-request-id", id);
    headers.add("x-ratelimit-limit-req-minute", "360");
    headers.add("x-ratelimit-remaining-req-minute", fmt::format("{}", dice.between(1, 359)));
    headers.add("x-ratelimit-limit-tokens-minute", "2000000");
    headers.add("x-ratelimit-remaining-tokens-minute", fmt::format("{}", dice.between(1, 1'999'999)));
}

std::string error_text(const ErrorRow& row, std::string_view model, std::string_view given) {
    const std::string message =
        given.empty() ? fmt::format(fmt::runtime(row.message), model) : std::string(given);
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    if (row.type.empty()) {
        json.member("detail", std::string_view(message));
    } else {
        json.member("object", "error");
        json.member("message", std::string_view(message));
        json.member("type", row.type);
        json.key("param");
        json.null();
        json.member("code", row.code);
    }
    json.end_object();
    return out;
}

const ErrorRow& row_of(std::string_view kind) {
    const auto* row = std::ranges::find(kErrors, kind, &ErrorRow::kind);
    return row == kErrors.end() ? *std::ranges::find(kErrors, "server", &ErrorRow::kind) : *row;
}

Reply refuse(std::string_view kind, const Knobs& knobs, Dice& dice, std::string_view model,
             std::string_view message = {}) {
    const ErrorRow& row = row_of(kind);
    Reply reply;
    reply.status = knobs.status ? static_cast<int>(*knobs.status) : row.status;
    add_headers(reply.headers, dice);
    if (reply.status == 429) reply.headers.set("x-ratelimit-remaining-req-minute", "0");
    if (knobs.retry_after) reply.headers.set("retry-after", fmt::format("{}", *knobs.retry_after));
    reply.frames.push_back(error_text(row, model, message));
    reply.knobs = knobs;
    return reply;
}

Reply answer_ocr(const MistralCall& call, Dice& dice) {
    const std::size_t asked = elements(find(call.body, "pages")).size();
    const std::size_t pages = asked > 0 ? asked : static_cast<std::size_t>(call.knobs.chunks.value_or(2));
    Reply reply;
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.key("pages");
    json.begin_array();
    for (std::size_t i = 0; i < pages; ++i) {
        json.begin_object();
        json.member("index", static_cast<std::int64_t>(i));
        json.member("markdown", fmt::format("# Page {}\n\n{}", i + 1, compose_answer(dice, "a document")));
        json.member_raw("images", "[]");
        json.member_raw("dimensions", R"({"dpi":200,"height":2200,"width":1700})");
        json.end_object();
    }
    json.end_array();
    json.member("model", std::string_view(call.model));
    json.member_raw("usage_info",
                    fmt::format(R"({{"pages_processed":{},"doc_size_bytes":{}}})", pages, 5'000 * pages));
    json.end_object();
    reply.frames.push_back(std::move(out));
    return reply;
}

/// The strings of `input`, one or a list.
std::vector<std::string> inputs_of(const json::value& body) {
    std::vector<std::string> texts;
    const json::value* input = find(body, "input", "inputs");
    if (input && input->is_string()) texts.emplace_back(view(input->get_string()));
    for (const json::value& one : elements(input))
        texts.push_back(one.is_string() ? std::string(view(one.get_string())) : std::string());
    return texts;
}

Reply answer_embedding(const MistralCall& call, Dice& dice) {
    const std::vector<std::string> texts = inputs_of(call.body);
    const std::int64_t wanted = integer_at(call.body, "output_dimension").value_or(1'024);
    const auto dimensions = static_cast<std::size_t>(std::clamp<std::int64_t>(wanted, 1, 3'072));
    std::int64_t tokens = 0;
    Reply reply;
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("id", std::string_view(dice.hex(32)));
    json.member("object", "list");
    json.key("data");
    json.begin_array();
    for (std::size_t i = 0; i < texts.size(); ++i) {
        tokens += std::max<std::int64_t>(1, count_tokens(texts[i]));
        json.begin_object();
        json.member("object", "embedding");
        json.key("embedding");
        json.begin_array();
        for (const float value : embedding_of(texts[i], dimensions, 0))
            json.number(static_cast<double>(value));
        json.end_array();
        json.member("index", static_cast<std::int64_t>(i));
        json.end_object();
    }
    json.end_array();
    json.member("model", std::string_view(call.model));
    json.member_raw(
        "usage", fmt::format(R"({{"prompt_tokens":{0},"total_tokens":{0},"completion_tokens":0}})", tokens));
    json.end_object();
    reply.frames.push_back(std::move(out));
    return reply;
}

Reply answer_moderation(const MistralCall& call, Dice& dice) {
    Reply reply;
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("id", std::string_view(dice.hex(32)));
    json.member("model", std::string_view(call.model));
    json.key("results");
    json.begin_array();
    for (const std::string& text : inputs_of(call.body)) {
        const bool violent = lower_case(text).contains("kill");
        json.begin_object();
        json.member_raw("categories",
                        fmt::format(R"({{"sexual":false,"violence_and_threats":{},"pii":false}})", violent));
        json.member_raw("category_scores",
                        fmt::format(R"({{"sexual":0.001,"violence_and_threats":{},"pii":0.002}})",
                                    violent ? 0.97 : 0.003));
        json.end_object();
    }
    json.end_array();
    json.end_object();
    reply.frames.push_back(std::move(out));
    return reply;
}

struct Endpoint {
    std::string_view path;
    Reply (*answer)(const MistralCall&, Dice&);
};

constexpr Endpoint kEndpoints[] = {
    {"/v1/chat/completions", answer_mistral_chat},
    {"/v1/fim/completions", answer_mistral_chat},
    {"/v1/agents/completions", answer_mistral_chat},
    {"/v1/ocr", answer_ocr},
    {"/v1/embeddings", answer_embedding},
    {"/v1/moderations", answer_moderation},
    {"/v1/conversations", answer_mistral_conversation},
};

/// What the user said last.
std::string prompt_of(const json::value& body) {
    for (const char* const name : {"prompt", "inputs"}) {
        const json::value* text = find(body, name);
        if (text && text->is_string()) return std::string(view(text->get_string()));
    }
    for (const char* const name : {"messages", "inputs"}) {
        const json::array& list = elements(find(body, name));
        for (auto message = list.rbegin(); message != list.rend(); ++message)
            if (string_at(*message, "role") == "user") return text_of_content(find(*message, "content"));
    }
    return {};
}

}  // namespace

std::string mistral_error(std::string_view kind, std::string_view model) {
    return error_text(row_of(kind), model, {});
}

Reply answer_mistral(const Incoming& request) {
    Dice dice(request.seed);
    MistralCall call;
    // A conversation is appended to and restarted below its own path.
    const auto* const endpoint = std::ranges::find_if(kEndpoints, [&](const Endpoint& one) {
        return request.path == one.path ||
               (one.answer == answer_mistral_conversation && request.path.starts_with("/v1/conversations/"));
    });
    if (request.method != "POST" || endpoint == std::end(kEndpoints))
        return refuse("permission", {}, dice, {}, "no Route matched with those values");
    auto body = parse_body(request.body);
    if (!body) return refuse("invalid", {}, dice, {}, "JSON decode error");
    call.body = std::move(*body);
    call.model = string_at(call.body, "model");
    if (call.model.empty() && find(call.body, "agent_id")) call.model = "mistral-medium-2508";
    call.prompt = prompt_of(call.body);
    if (auto set = set_knobs(call.knobs, *request.headers, call.prompt); !set)
        return refuse("invalid", {}, dice, call.model, set.error().message);
    if (const auto kind = wanted_error(call.knobs, flag_at(call.body, "stream")); !kind.empty())
        return refuse(kind, call.knobs, dice, call.model);
    Reply reply = endpoint->answer(call, dice);
    if (reply.status == 200) add_headers(reply.headers, dice);
    reply.knobs = call.knobs;
    return reply;
}

}  // namespace steno::simulator
