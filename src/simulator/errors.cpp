#include "simulator/errors.hpp"

#include "base/json_writer.hpp"

#include <fmt/format.h>

#include <array>

namespace steno::simulator {

namespace {

struct Row {
    std::string_view kind;
    int status;
    std::string_view type;
    std::string_view code;   ///< OpenAI
    std::string_view param;  ///< OpenAI
    std::string_view message;
};

using Rows = std::array<Row, 11>;

constexpr Rows kOpenAi{{
    {"auth", 401, "invalid_request_error", "invalid_api_key", "",
     "Incorrect API key provided. You can find your API key at "
     "https://platform.openai.com/account/api-keys."},
    {"content_filter", 400, "invalid_request_error", "content_policy_violation", "",
     "Your request was rejected as a result of our safety system."},
    {"context_length", 400, "invalid_request_error", "context_length_exceeded", "messages",
     "This model's maximum context length is 128000 tokens. However, your messages resulted in 140213 "
     "tokens. Please "
     "reduce the length of the messages."},
    {"invalid", 400, "invalid_request_error", "", "", "The request is not valid."},
    {"not_found", 404, "invalid_request_error", "model_not_found", "",
     "The model `{}` does not exist or you do not have access to it."},
    {"overloaded", 503, "server_error", "", "", "The engine is currently overloaded, please try again later"},
    {"permission", 403, "invalid_request_error", "unsupported_country_region_territory", "",
     "Country, region, or territory not supported"},
    {"quota", 429, "insufficient_quota", "insufficient_quota", "",
     "You exceeded your current quota, please check your plan and billing details."},
    {"rate_limit", 429, "requests", "rate_limit_exceeded", "",
     "Rate limit reached for {} on requests per min (RPM): Limit 500, Used 500, Requested 1. Please try "
     "again in 120ms."},
    {"server", 500, "server_error", "", "",
     "The server had an error while processing your request. Sorry about that!"},
    {"timeout", 504, "server_error", "", "", "The request timed out. Please try again."},
}};

constexpr Rows kAnthropic{{
    {"auth", 401, "authentication_error", "", "", "invalid x-api-key"},
    {"content_filter", 400, "invalid_request_error", "", "", "Output blocked by content filtering policy"},
    {"context_length", 400, "invalid_request_error", "", "",
     "prompt is too long: 210431 tokens > 200000 maximum"},
    {"invalid", 400, "invalid_request_error", "", "", "The request is not valid."},
    {"not_found", 404, "not_found_error", "", "", "model: {}"},
    {"overloaded", 529, "overloaded_error", "", "", "Overloaded"},
    {"permission", 403, "permission_error", "", "",
     "Your API key does not have permission to use the specified resource."},
    {"quota", 402, "billing_error", "", "", "Your credit balance is too low to access the Anthropic API."},
    {"rate_limit", 429, "rate_limit_error", "", "",
     "This request would exceed your organization's rate limit of 50 requests per minute."},
    {"server", 500, "api_error", "", "", "Internal server error"},
    {"timeout", 504, "timeout_error", "", "", "The request timed out."},
}};

constexpr Rows kGemini{{
    {"auth", 400, "INVALID_ARGUMENT", "", "", "API key not valid. Please pass a valid API key."},
    {"content_filter", 400, "INVALID_ARGUMENT", "", "", "The request was blocked."},
    {"context_length", 400, "INVALID_ARGUMENT", "", "",
     "The input token count (1210431) exceeds the maximum number of tokens allowed (1048576)."},
    {"invalid", 400, "INVALID_ARGUMENT", "", "", "Request contains an invalid argument."},
    {"not_found", 404, "NOT_FOUND", "", "",
     "models/{} is not found for API version v1beta, or is not supported for generateContent."},
    {"overloaded", 503, "UNAVAILABLE", "", "", "The model is overloaded. Please try again later."},
    {"permission", 403, "PERMISSION_DENIED", "", "", "The caller does not have permission"},
    {"quota", 429, "RESOURCE_EXHAUSTED", "", "",
     "You exceeded your current quota, please check your plan and billing details."},
    {"rate_limit", 429, "RESOURCE_EXHAUSTED", "", "", "Resource has been exhausted (e.g. check quota)."},
    {"server", 500, "INTERNAL", "", "", "An internal error has occurred."},
    {"timeout", 504, "DEADLINE_EXCEEDED", "", "", "The request timed out. Please try again."},
}};

const Rows& rows_of(Vendor vendor) {
    switch (vendor) {
        case Vendor::Anthropic:
            return kAnthropic;
        case Vendor::Gemini:
            return kGemini;
        case Vendor::OpenAi:
            break;
    }
    return kOpenAi;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

void openai_error(JsonWriter& json, const ErrorShape& error) {
    json.key("error");
    json.begin_object();
    json.member("message", std::string_view(error.message));
    json.member("type", std::string_view(error.type));
    json.key("param");
    error.param.empty() ? json.null() : json.string(error.param);
    json.key("code");
    error.code.empty() ? json.null() : json.string(error.code);
    json.end_object();
}

void gemini_error(JsonWriter& json, const ErrorShape& error) {
    json.key("error");
    json.begin_object();
    json.member("code", error.status);
    json.member("message", std::string_view(error.message));
    json.member("status", std::string_view(error.type));
    if (error.status == 429)
        json.member_raw(
            "details",
            R"([{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":)"
            R"("generativelanguage.googleapis.com/generate_content_requests","quotaId":)"
            R"("GenerateRequestsPerMinutePerProjectPerModel"}]},)"
            R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":")" +
                error.retry_delay + R"("}])");
    json.end_object();
}

}  // namespace

std::string_view kind_of_status(std::int64_t status) {
    switch (status) {
        case 401:
            return "auth";
        case 402:
            return "quota";
        case 403:
            return "permission";
        case 404:
            return "not_found";
        case 408:
        case 504:
            return "timeout";
        case 429:
            return "rate_limit";
        case 503:
        case 529:
            return "overloaded";
        default:
            return status < 500 ? "invalid" : "server";
    }
}

std::string_view wanted_error(const Knobs& knobs, bool streams) {
    if (knobs.stream_error_after && streams) return {};
    if (!knobs.error.empty()) return knobs.error;
    return knobs.status ? kind_of_status(*knobs.status) : std::string_view();
}

ErrorShape shape_of(Vendor vendor, std::string_view kind, std::string_view model) {
    for (const Row& row : rows_of(vendor))
        if (row.kind == kind)
            return {row.status, std::string(row.type), std::string(row.code), std::string(row.param),
                    fmt::format(fmt::runtime(row.message), model)};
    return shape_of(vendor, "server", model);
}

std::string error_body(Vendor vendor, const ErrorShape& error, std::string_view request_id) {
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    switch (vendor) {
        case Vendor::OpenAi:
            openai_error(json, error);
            break;
        case Vendor::Gemini:
            gemini_error(json, error);
            break;
        case Vendor::Anthropic:
            json.member("type", "error");
            json.key("error");
            json.begin_object();
            json.member("type", std::string_view(error.type));
            json.member("message", std::string_view(error.message));
            json.end_object();
            if (!request_id.empty()) json.member("request_id", request_id);
            break;
    }
    json.end_object();
    return body;
}

std::string add_usual_headers(Vendor vendor, net::Headers& headers, Dice& dice) {
    const std::int64_t used = dice.between(1, 400);
    const std::int64_t used_tokens = dice.between(100, 40'000);
    switch (vendor) {
        case Vendor::OpenAi: {
            std::string id = "req_" + dice.hex(32);
            headers.add("x-request-id", id);
            headers.add("openai-organization", "org-simulated");
            headers.add("openai-processing-ms", fmt::format("{}", dice.between(90, 900)));
            headers.add("openai-version", "2020-10-01");
            headers.add("x-ratelimit-limit-requests", "10000");
            headers.add("x-ratelimit-limit-tokens", "2000000");
            headers.add("x-ratelimit-remaining-requests", fmt::format("{}", 10'000 - used));
            headers.add("x-ratelimit-remaining-tokens", fmt::format("{}", 2'000'000 - used_tokens));
            headers.add("x-ratelimit-reset-requests", fmt::format("{}ms", 6 * used));
            headers.add("x-ratelimit-reset-tokens", fmt::format("{}ms", 1 + used_tokens * 60 / 2'000));
            return id;
        }
        case Vendor::Anthropic: {
            std::string id = "req_01" + dice.id(22);
            headers.add("request-id", id);
            headers.add("anthropic-organization-id", "5f3a0e7c-0000-4000-8000-51e000000001");
            for (const auto& [name, limit, remaining] :
                 {std::tuple("requests", 4'000l, 4'000 - used),
                  std::tuple("input-tokens", 2'000'000l, 2'000'000 - used_tokens),
                  std::tuple("output-tokens", 400'000l, 400'000 - used_tokens / 5),
                  std::tuple("tokens", 2'400'000l, 2'400'000 - used_tokens * 6 / 5)}) {
                headers.add(fmt::format("anthropic-ratelimit-{}-limit", name), fmt::format("{}", limit));
                headers.add(fmt::format("anthropic-ratelimit-{}-remaining", name),
                            fmt::format("{}", remaining));
                headers.add(fmt::format("anthropic-ratelimit-{}-reset", name), "2026-11-20T12:00:00Z");
            }
            return id;
        }
        case Vendor::Gemini:
            break;
    }
    headers.add("server-timing", fmt::format("gfet4t7; dur={}", dice.between(90, 900)));
    headers.add("x-gemini-service-tier", "standard");
    return {};
}

Reply error_reply(Vendor vendor, std::string_view kind, const Knobs& knobs, Dice& dice,
                  std::string_view model, std::string_view message) {
    ErrorShape error = shape_of(vendor, kind, model);
    if (knobs.status) error.status = static_cast<int>(*knobs.status);
    if (!message.empty()) error.message = message;
    if (knobs.retry_after) error.retry_delay = fmt::format("{}s", *knobs.retry_after);
    if (knobs.limit_requests && kind == "rate_limit") {
        const std::string limit = fmt::format("{}", *knobs.limit_requests);
        vendor == Vendor::Anthropic ? replace_all(error.message, " 50 ", " " + limit + " ")
                                    : replace_all(error.message, " 500", " " + limit);
    }
    Reply reply;
    reply.status = error.status;
    const std::string id = add_usual_headers(vendor, reply.headers, dice);
    const bool limited = error.status == 429 || error.status == 503 || error.status == 529;
    if (vendor == Vendor::Gemini) {
        reply.content_type = "application/json; charset=UTF-8";
    } else if (limited || knobs.retry_after) {
        const std::int64_t seconds = knobs.retry_after.value_or(1);
        reply.headers.set("retry-after", fmt::format("{}", seconds));
        if (vendor == Vendor::OpenAi) reply.headers.set("retry-after-ms", fmt::format("{}", seconds * 1'000));
        reply.headers.set("x-should-retry", kind == "quota" ? "false" : "true");
        if (vendor == Vendor::OpenAi && error.status == 429)
            reply.headers.set("x-ratelimit-remaining-requests", "0");
        if (vendor == Vendor::Anthropic && error.status == 429)
            reply.headers.set("anthropic-ratelimit-requests-remaining", "0");
    }
    reply.frames.push_back(error_body(vendor, error, id));
    return reply;
}

}  // namespace steno::simulator
