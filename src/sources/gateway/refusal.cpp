#include "sources/gateway/refusal.hpp"

#include "base/json_writer.hpp"
#include "providers/errors.hpp"

namespace steno::gateway {

namespace {

std::string_view google_status(int status) {
    switch (status) {
        case 400:
            return "INVALID_ARGUMENT";
        case 402:
        case 413:
        case 429:
            return "RESOURCE_EXHAUSTED";
        case 504:
            return "DEADLINE_EXCEEDED";
        default:
            return "UNAVAILABLE";
    }
}

/// The provider's envelope, as members of an object that is open.
void append_envelope(JsonWriter& json, std::string_view record_provider, int status, ErrorType type,
                     const std::string& text) {
    if (record_provider == "aws.bedrock") {
        json.member("message", text);
        return;
    }
    if (record_provider == "anthropic") json.member("type", "error");
    json.key("error");
    json.begin_object();
    if (record_provider == "gcp.gemini" || record_provider == "gcp.vertex_ai") {
        json.member("code", status);
        json.member("message", text);
        json.member("status", google_status(status));
    } else {
        json.member("message", text);
        json.member("type", "steno_gateway_error");
        json.member("code", to_string(type));
    }
    json.end_object();
}

net::ResponseHead head_of(std::string_view record_provider, int status, std::string_view content_type,
                          std::string_view cause) {
    net::ResponseHead head;
    head.status = status;
    head.headers.add("Content-Type", std::string(content_type));
    head.headers.add("x-steno-error", std::string(cause));
    if (record_provider == "aws.bedrock") head.headers.add("x-amzn-errortype", "StenoGatewayError");
    return head;
}

}  // namespace

Refusal refuse(std::string_view record_provider, int status, ErrorType type, std::string_view message) {
    Refusal refusal;
    refusal.head = head_of(record_provider, status, "application/json", to_string(type));
    if (status == 503) refusal.head.headers.add("Retry-After", "1");
    JsonWriter json(refusal.body);
    json.begin_object();
    append_envelope(json, record_provider, status, type, "Steno gateway: " + std::string(message));
    json.end_object();
    return refusal;
}

void set_over_budget(Call& call, const OverBudget& over) {
    providers::set_error(call, ErrorType::Quota, over.message);
    call.error.provider_type = kOverBudget;
    call.error.provider_code = over.budget;
    call.error.advice = over.remedy;
    if (over.retry_after_s) {
        call.error.retryable = true;
        call.error.retry_after_ms = *over.retry_after_s * 1000;
    }
}

Refusal refuse_over_budget(std::string_view record_provider, const OverBudget& over) {
    Refusal refusal;
    refusal.head = head_of(record_provider, over.status, "application/problem+json", "budget");
    if (over.retry_after_s) refusal.head.headers.add("Retry-After", std::to_string(*over.retry_after_s));
    JsonWriter json(refusal.body);
    json.begin_object();
    append_envelope(json, record_provider, over.status, ErrorType::Quota,
                    "Steno gateway: " + over.message + ": " + over.remedy);
    json.member("title", "over budget");
    json.member("status", over.status);
    json.member("detail", over.message);
    json.member("remedy", over.remedy);
    json.member("budget", over.budget);
    json.end_object();
    return refusal;
}

}  // namespace steno::gateway
