#include "sources/gateway/refusal.hpp"

#include "base/json_writer.hpp"

namespace steno::gateway {

namespace {

std::string_view google_status(int status) {
    switch (status) {
        case 400:
            return "INVALID_ARGUMENT";
        case 413:
            return "RESOURCE_EXHAUSTED";
        case 504:
            return "DEADLINE_EXCEEDED";
        default:
            return "UNAVAILABLE";
    }
}

}  // namespace

Refusal refuse(std::string_view record_provider, int status, ErrorType type, std::string_view message) {
    Refusal refusal;
    refusal.head.status = status;
    refusal.head.headers.add("Content-Type", "application/json");
    refusal.head.headers.add("x-steno-error", std::string(to_string(type)));
    if (status == 503) refusal.head.headers.add("Retry-After", "1");
    const std::string text = "Steno gateway: " + std::string(message);
    JsonWriter json(refusal.body);
    json.begin_object();
    if (record_provider == "aws.bedrock") {
        refusal.head.headers.add("x-amzn-errortype", "StenoGatewayError");
        json.member("message", text);
        json.end_object();
        return refusal;
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
    json.end_object();
    return refusal;
}

}  // namespace steno::gateway
