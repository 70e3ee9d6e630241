#include "providers/errors.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace steno::providers {

namespace {

struct Word {
    std::string_view word;  ///< lower case
    ErrorType type;
};

/// What providers put in `type`, `code` and `status`. General words ("invalid_request_error", "api_error")
/// are in the second table: they come with every status, which then says more.
constexpr std::array kWords{
    Word{"authentication_error", ErrorType::Authentication},
    Word{"invalid_api_key", ErrorType::Authentication},
    Word{"invalid_authentication", ErrorType::Authentication},
    Word{"unauthenticated", ErrorType::Authentication},
    Word{"unauthorized", ErrorType::Authentication},
    Word{"permission_error", ErrorType::Permission},
    Word{"permission_denied", ErrorType::Permission},
    Word{"forbidden", ErrorType::Permission},
    Word{"unsupported_country_region_territory", ErrorType::Permission},
    Word{"insufficient_quota", ErrorType::Quota},
    Word{"billing_error", ErrorType::Quota},
    Word{"billing_hard_limit_reached", ErrorType::Quota},
    Word{"billing_not_active", ErrorType::Quota},
    Word{"insufficient_balance", ErrorType::Quota},
    Word{"quota_exceeded", ErrorType::Quota},
    Word{"rate_limit_error", ErrorType::RateLimit},
    Word{"rate_limit_exceeded", ErrorType::RateLimit},
    Word{"resource_exhausted", ErrorType::RateLimit},
    Word{"too_many_requests", ErrorType::RateLimit},
    Word{"context_length_exceeded", ErrorType::ContextLength},
    Word{"model_context_window_exceeded", ErrorType::ContextLength},
    Word{"content_filter", ErrorType::ContentFilter},
    Word{"content_policy_violation", ErrorType::ContentFilter},
    Word{"responsibleaipolicyviolation", ErrorType::ContentFilter},
    Word{"moderation_blocked", ErrorType::ContentFilter},
    Word{"model_not_found", ErrorType::NotFound},
    Word{"not_found_error", ErrorType::NotFound},
    Word{"not_found", ErrorType::NotFound},
    Word{"deploymentnotfound", ErrorType::NotFound},
    Word{"overloaded_error", ErrorType::Overloaded},
    Word{"model_overloaded", ErrorType::Overloaded},
    Word{"unavailable", ErrorType::Overloaded},
    Word{"service_unavailable", ErrorType::Overloaded},
    Word{"timeout_error", ErrorType::Timeout},
    Word{"deadline_exceeded", ErrorType::Timeout},
    Word{"cancelled", ErrorType::Cancelled},
};

constexpr std::array kGeneralWords{
    Word{"invalid_request_error", ErrorType::InvalidRequest},
    Word{"invalid_argument", ErrorType::InvalidRequest},
    Word{"failed_precondition", ErrorType::InvalidRequest},
    Word{"request_too_large", ErrorType::InvalidRequest},
    Word{"server_error", ErrorType::Server},
    Word{"api_error", ErrorType::Server},
    Word{"internal", ErrorType::Server},
    Word{"internal_server_error", ErrorType::Server},
};

/// What is told in prose alone. Asked only where the words and a status of 4xx leave it open.
constexpr std::array kPhrases{
    Word{"maximum context length", ErrorType::ContextLength},
    Word{"prompt is too long", ErrorType::ContextLength},
    Word{"context window", ErrorType::ContextLength},
    Word{"exceeds the maximum number of tokens", ErrorType::ContextLength},
    Word{"input token count", ErrorType::ContextLength},
    Word{"too many tokens", ErrorType::ContextLength},
    Word{"api key not valid", ErrorType::Authentication},
    Word{"credit balance is too low", ErrorType::Quota},
    Word{"insufficient balance", ErrorType::Quota},
    Word{"content management policy", ErrorType::ContentFilter},
};

std::optional<ErrorType> look_up(std::span<const Word> words, std::string_view name) {
    const std::string lower = lower_case(name);
    const auto found = std::ranges::find(words, std::string_view(lower), &Word::word);
    return found == words.end() ? std::nullopt : std::optional(found->type);
}

std::optional<ErrorType> look_in(std::string_view message) {
    constexpr std::size_t kLookedAt = 2000;  // the point is made early; what follows may be an echoed prompt
    const std::string lower = lower_case(message.substr(0, kLookedAt));
    for (const Word& phrase : kPhrases) {
        if (lower.find(phrase.word) != std::string::npos) return phrase.type;
    }
    return std::nullopt;
}

std::optional<ErrorType> from_status(int status) {
    switch (status) {
        case 401:
            return ErrorType::Authentication;
        case 402:
            return ErrorType::Quota;
        case 403:
            return ErrorType::Permission;
        case 404:
            return ErrorType::NotFound;
        case 408:
        case 504:
            return ErrorType::Timeout;
        case 429:
            return ErrorType::RateLimit;
        case 499:
            return ErrorType::Cancelled;
        case 503:
        case 529:
            return ErrorType::Overloaded;
        default:
            return status >= 500 ? std::optional(ErrorType::Server) : std::nullopt;
    }
}

std::string text_of(JsonValue value) {
    return value.is_object() || value.is_array() ? std::string(value.raw()) : value.scalar_text();
}

std::string first_text(std::initializer_list<JsonValue> values) {
    for (const JsonValue value : values) {
        if (std::string text = text_of(value); !text.empty()) return text;
    }
    return {};
}

/// Azure writes it as a string.
std::optional<std::int64_t> http_status_in(std::string_view text) {
    if (text.size() != 3 || (text[0] != '4' && text[0] != '5')) return std::nullopt;
    std::int64_t status = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return status;
}

ProviderError read_error_object(JsonValue object) {
    ProviderError error;
    error.type = first_text({object["type"], object["error_type"]});
    if (error.type.empty())
        error.type = object["status"].string();  // Google; a number is Azure's HTTP status
    error.code = object["code"].scalar_text();
    error.message = first_text({object["message"], object["detail"], object["msg"]});
    for (const JsonValue status : {object["status_code"], object["code"], object["status"]}) {
        error.http_status = http_status_in(status.scalar_text());
        if (error.http_status) break;
    }
    return error;
}

}  // namespace

std::optional<ProviderError> find_error(JsonValue root, bool expected) {
    if (root.is_array()) {
        for (const JsonValue element : root.elements()) return find_error(element, expected);
        return std::nullopt;
    }
    const JsonValue inner = root["error"];
    if (inner.is_object() && inner.size() != 0) {
        ProviderError error = read_error_object(inner);
        if (error.type.empty()) error.type = root["error_type"].scalar_text();
        return error;
    }
    if (inner.is_string() && !inner.is("") && (expected || root["choices"].size() == 0)) {
        ProviderError error = read_error_object(root);
        error.message = inner.string();
        return error;
    }
    const bool is_one = root["type"].is("error") || root["object"].is("error");  // Mistral, older vLLM
    if (!root.is_object() || (!expected && !is_one)) return std::nullopt;
    ProviderError error = read_error_object(root);
    if (error.type == "error") error.type.clear();
    return error;
}

ErrorType classify(int http_status, const ProviderError& error) {
    const int status =
        http_status < 400 && error.http_status ? static_cast<int>(*error.http_status) : http_status;
    for (const std::string_view word : {std::string_view(error.code), std::string_view(error.type)}) {
        if (const auto type = look_up(kWords, word)) {
            // OpenAI says "insufficient_quota" in both, Google "RESOURCE_EXHAUSTED" for all limits
            return *type;
        }
    }
    if (status < 500 && status != 429) {
        if (const auto type = look_in(error.message)) return *type;
    }
    if (const auto type = from_status(status)) return *type;
    for (const std::string_view word : {std::string_view(error.code), std::string_view(error.type)}) {
        if (const auto type = look_up(kGeneralWords, word)) return *type;
    }
    return status >= 400 ? ErrorType::InvalidRequest : ErrorType::Server;
}

bool is_retryable(ErrorType type) {
    switch (type) {
        case ErrorType::RateLimit:
        case ErrorType::Timeout:
        case ErrorType::Connection:
        case ErrorType::Overloaded:
        case ErrorType::Server:
        case ErrorType::MalformedResponse:
            return true;
        default:
            return false;
    }
}

std::string_view advice_for(ErrorType type) {
    switch (type) {
        case ErrorType::Authentication:
            return "The provider did not accept the API key. Check that the client sends a valid key of this "
                   "provider.";
        case ErrorType::Permission:
            return "The key is valid but may not do this. Check the key's project, its rights and the "
                   "region.";
        case ErrorType::RateLimit:
            return "Too many requests or tokens in a short time. Wait as long as the answer's headers or "
                   "message say, "
                   "then try again; send less at once.";
        case ErrorType::Quota:
            return "The account's quota or balance is used up. Trying again will not help: check plan and "
                   "billing.";
        case ErrorType::ContextLength:
            return "The request is longer than the model's context. Shorten the messages, ask for fewer "
                   "output "
                   "tokens, or use a model with a larger context.";
        case ErrorType::ContentFilter:
            return "The provider's content filter stopped this call. Change the prompt, or the filter's "
                   "settings "
                   "where the provider has them.";
        case ErrorType::InvalidRequest:
            return "The provider refused the request as it is. The message names what to change.";
        case ErrorType::NotFound:
            return "The provider knows no such model or path. Check the model's name, whether the key has "
                   "access to "
                   "it, and the base URL.";
        case ErrorType::Timeout:
            return "It took too long. Try again, ask for less, or allow more time.";
        case ErrorType::Connection:
            return "The connection broke before the answer was complete. Try again.";
        case ErrorType::Overloaded:
            return "The provider is overloaded. Try again after a pause, or use another model.";
        case ErrorType::Server:
            return "The provider had an error of its own. Try again; see the provider's status page.";
        case ErrorType::MalformedResponse:
            return "The answer is not what this endpoint should send. Check that the upstream's URL is right "
                   "and that "
                   "nothing between changes the answer.";
        case ErrorType::Cancelled:
            return "The call was cancelled before it ended.";
    }
    return {};
}

void set_error(Call& call, int http_status, ProviderError error) {
    const ErrorType type = classify(http_status, error);
    set_error(call, type, std::move(error.message));
    call.error.provider_type = utf8_prefix(error.type, kMaxErrorMessage);
    call.error.provider_code = utf8_prefix(error.code, kMaxErrorMessage);
    if (http_status >= 400) {
        call.error.http_status = http_status;
    } else if (error.http_status) {
        call.error.http_status = error.http_status;
    }
}

void set_error(Call& call, ErrorType type, std::string message) {
    call.status = type == ErrorType::Cancelled ? Status::Cancelled : Status::Failure;
    call.error.type = type;
    call.error.message = utf8_prefix(message, kMaxErrorMessage);
    call.error.retryable = is_retryable(type);
    call.error.advice = advice_for(type);
}

}  // namespace steno::providers
