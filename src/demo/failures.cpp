#include "demo/failures.hpp"

#include <fmt/format.h>

#include <array>

namespace steno::demo {

namespace {

struct Failure {
    ErrorType type = ErrorType::Server;
    double share = 0;
    std::int64_t http_status = 0;  ///< 0: there was no answer
    bool retryable = false;
    std::string_view openai_type, openai_code, anthropic_type, google_type;
    std::string_view message;
    std::string_view advice;
};

// The providers' own names of their errors, as in docs/errors.md.
constexpr std::array<Failure, 11> kFailures{{
    {ErrorType::RateLimit, .34, 429, true, "tokens", "rate_limit_exceeded", "rate_limit_error",
     "RESOURCE_EXHAUSTED", "Rate limit reached for this model. Please try again later.",
     "Wait, then try again. Send fewer or smaller requests at a time."},
    {ErrorType::Timeout, .13, 0, true, "", "", "", "", "no answer in 60 s",
     "Try again, with a shorter prompt or as a stream."},
    {ErrorType::InvalidRequest, .12, 400, false, "invalid_request_error", "unsupported_value",
     "invalid_request_error", "INVALID_ARGUMENT",
     "Unsupported value: 'temperature' does not support 0.2 with this model.",
     "Change the request: the same one fails again."},
    {ErrorType::ContentFilter, .1, 400, false, "invalid_request_error", "content_filter",
     "invalid_request_error", "INVALID_ARGUMENT",
     "The response was filtered due to the prompt triggering the content management policy.",
     "Change the prompt."},
    {ErrorType::Overloaded, .1, 503, true, "service_unavailable", "", "overloaded_error", "UNAVAILABLE",
     "The model is overloaded. Please try again later.", "Try again after a pause."},
    {ErrorType::Server, .09, 500, true, "server_error", "", "api_error", "INTERNAL",
     "The server had an error while processing your request.", "Try again."},
    {ErrorType::ContextLength, .04, 400, false, "invalid_request_error", "context_length_exceeded",
     "invalid_request_error", "INVALID_ARGUMENT",
     "This model's maximum context length is exceeded. Please reduce the length of the messages.",
     "Shorten the prompt or take a model with a longer context."},
    {ErrorType::Connection, .04, 0, true, "", "", "", "", "the connection was reset", "Try again."},
    {ErrorType::Authentication, .02, 401, false, "invalid_request_error", "invalid_api_key",
     "authentication_error", "UNAUTHENTICATED", "Incorrect API key provided.", "Check the key."},
    {ErrorType::Quota, .01, 429, false, "insufficient_quota", "insufficient_quota", "rate_limit_error",
     "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details.",
     "Add credit."},
    {ErrorType::NotFound, .01, 404, false, "invalid_request_error", "model_not_found", "not_found_error",
     "NOT_FOUND", "The model does not exist.", "Check the model's name."},
}};

}  // namespace

ErrorType draw_error(Draws& draws) {
    double left = draws.unit();
    for (const Failure& failure : kFailures)
        if ((left -= failure.share) < 0) return failure.type;
    return ErrorType::RateLimit;
}

void refuse(Call& call, const Model& model, ErrorType type, Draws& draws) {
    const Failure* found = kFailures.data();
    for (const Failure& failure : kFailures)
        if (failure.type == type) found = &failure;
    CallError& error = call.error;
    call.status = Status::Failure;
    error.type = type;
    error.message = found->message;
    error.retryable = found->retryable;
    error.advice = found->advice;
    if (found->http_status != 0) {
        const bool anthropic_busy = model.dialect == Dialect::Anthropic && type == ErrorType::Overloaded;
        error.http_status = anthropic_busy ? 529 : found->http_status;
        call.provider.http_status = error.http_status;
    }
    switch (model.dialect) {
        case Dialect::Anthropic:
            error.provider_type = found->anthropic_type;
            break;
        case Dialect::Gemini:
            error.provider_type = found->google_type;
            if (error.http_status) error.provider_code = fmt::to_string(*error.http_status);
            break;
        default:
            error.provider_type = found->openai_type;
            error.provider_code = found->openai_code;
    }
    if (type == ErrorType::RateLimit) error.retry_after_ms = draws.between(200, 30'000);
}

void cut(Call& call) {
    call.status = Status::Partial;
    call.error.type = ErrorType::Connection;
    call.error.message = "the provider closed the connection before the answer's end";
    call.error.retryable = true;
    call.error.advice = "Try again.";
    call.response.finish_reasons.clear();
    call.usage.estimated = true;
    call.usage.billed = {};
}

}  // namespace steno::demo
