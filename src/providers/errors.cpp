#include "providers/errors.hpp"

#include "base/text.hpp"
#include "providers/advice.hpp"
#include "providers/http_facts.hpp"
#include "providers/prose.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace steno::providers {

namespace {

constexpr std::int64_t kLongestWait = std::int64_t{366} * 86'400'000;
constexpr std::size_t kMaxCategories = 32;

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

std::optional<std::int64_t> positive_number(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || !(number >= 0) || !(number < 1e15))
        return std::nullopt;
    return static_cast<std::int64_t>(std::ceil(number));
}

void add_category(ProviderError& error, std::string name) {
    if (!name.empty() && error.categories.size() < kMaxCategories)
        error.categories.push_back(std::move(name));
}

/// Azure: {"hate": {"filtered": true, "severity": "high"}, …}
void read_filter_results(JsonValue results, ProviderError& error) {
    for (const auto [name, result] : results.members()) {
        if (result["filtered"].boolean() == true) add_category(error, name.string());
    }
}

/// Members of an error, or of its `metadata`, that say how long to wait, in seconds.
constexpr std::array<std::string_view, 3> kSecondsToWait{
    "retry_after_seconds",  // OpenRouter, of the provider behind it
    "estimated_time",       // Hugging Face: until the model is loaded
    "resets_in_seconds",    // ChatGPT's backend: until the plan's usage is free again
};
/// … and those that name the moment.
constexpr std::array<std::string_view, 1> kMoments{"resets_at"};  // OpenRouter's budgets, ChatGPT's backend

void read_waits(JsonValue object, ProviderError& error) {
    for (const JsonValue place : {object, object["metadata"]}) {
        for (const std::string_view name : kSecondsToWait)
            if (const auto ms = parse_reset_ms(place[name].scalar_text())) error.retry_after_ms = ms;
        for (const std::string_view name : kMoments)
            if (const auto ms = parse_moment_ms(place[name].scalar_text())) error.resets_at_ms = ms;
    }
}

/// Google's error details (google/rpc/error_details.proto).
void read_google_details(JsonValue details, ProviderError& error) {
    for (const JsonValue detail : details.elements()) {
        const std::string type = detail["@type"].string();
        if (type.ends_with("google.rpc.RetryInfo")) {
            error.retry_after_ms = parse_reset_ms(detail["retryDelay"].string());
        } else if (type.ends_with("google.rpc.ErrorInfo")) {
            error.reason = detail["reason"].string();
            if (error.limit.empty()) error.limit = detail["metadata"]["quota_limit"].string();
        } else if (type.ends_with("google.rpc.QuotaFailure")) {
            for (const JsonValue violation : detail["violations"].elements()) {
                if (error.limit.empty()) error.limit = violation["quotaId"].string();
            }
        }
    }
}

/// OpenRouter: what its own limits and the provider behind it said.
void read_openrouter_metadata(JsonValue metadata, ProviderError& error) {
    if (error.reason.empty())
        error.reason = first_text({metadata["reason"], metadata["limit_source"], metadata["error_type"]});
    if (const auto ms = parse_moment_ms(metadata["headers"]["X-RateLimit-Reset"].scalar_text()))
        error.resets_at_ms = ms;
    for (const JsonValue reason : metadata["reasons"].elements()) add_category(error, reason.string());
}

ProviderError read_error_object(JsonValue object) {
    ProviderError error;
    error.type = first_text({object["type"], object["error_type"]});
    if (error.type.empty())
        error.type = object["status"].string();  // Google; a number is Azure's HTTP status
    error.code = first_text({object["code"], object["error_code"]});
    error.message = first_text({object["message"], object["detail"], object["msg"], object["title"]});
    for (const JsonValue status : {object["status_code"], object["code"], object["status"]}) {
        error.http_status = http_status_in(status.scalar_text());
        if (error.http_status) break;
    }
    error.param = object["param"].string();
    // Azure, Anthropic, Novita
    const JsonValue inner = object["innererror"];
    error.reason = first_text({inner["code"], object["details"]["error_code"], object["reason"]});
    read_filter_results(inner["content_filter_result"], error);
    read_waits(object, error);
    read_google_details(object["details"], error);
    read_openrouter_metadata(object["metadata"], error);
    if (!error.resets_at_ms) error.resets_at_ms = moment_in(error.message);
    return error;
}

/// Seconds, or an HTTP date, which counts from the provider's own clock (RFC 9110, section 10.2.3).
std::optional<std::int64_t> retry_after_ms(std::string_view text, std::optional<std::int64_t> date_ms) {
    if (const auto ms = parse_reset_ms(text)) return ms;
    const auto moment = parse_http_date(text);
    if (!moment || !date_ms) return std::nullopt;
    const std::int64_t wait = *moment * 1000 - *date_ms;
    return wait <= kLongestWait ? std::optional(std::max<std::int64_t>(0, wait)) : std::nullopt;
}

/// Until the limit that is used up is full again. Less exact than what the error itself says: it is a moment
/// at which trying again helps for certain, not the first one.
std::optional<std::int64_t> reset_of_exhausted(const RateLimit& limits) {
    std::optional<std::int64_t> wait;
    const auto look_at = [&wait](const Limit& limit) {
        if (limit.remaining == 0 && limit.reset_ms) wait = std::max(wait.value_or(0), *limit.reset_ms);
    };
    look_at(limits.requests);
    look_at(limits.tokens);
    for (const auto& [name, limit] : limits.windows) look_at(limit);
    return wait;
}

/// "x-amzn-errortype: ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/"
std::string aws_error_type(std::string_view header) {
    const std::string_view name = trim(header.substr(0, header.find(':')));
    return std::string(utf8_prefix(name.substr(name.find('#') == name.npos ? 0 : name.find('#') + 1), 200));
}

}  // namespace

ErrorHead read_error_head(const ResponseView& response) {
    ErrorHead head;
    if (response.status < 400 || !response.header) return head;
    if (const auto type = response.header("x-amzn-errortype")) head.type = aws_error_type(*type);
    const auto date = response.header("date");
    if (const auto now = date ? parse_http_date(trim(*date)) : std::nullopt) head.date_ms = *now * 1000;
    for (const std::string_view name : {"retry-after-ms", "x-ms-retry-after-ms"}) {
        const auto text = response.header(name);
        if (text && !head.retry_after_ms) head.retry_after_ms = positive_number(trim(*text));
    }
    if (const auto text = response.header("retry-after"); text && !head.retry_after_ms)
        head.retry_after_ms = retry_after_ms(trim(*text), head.date_ms);
    if (head.retry_after_ms > kLongestWait) head.retry_after_ms.reset();
    if (const auto retry = response.header("x-should-retry"); retry == "true" || retry == "false")
        head.should_retry = retry == "true";
    return head;
}

void amend(ProviderError& error, const ErrorHead& head) {
    if (error.type.empty()) error.type = head.type;
    if (head.retry_after_ms) error.retry_after_ms = head.retry_after_ms;
    if (!error.retry_after_ms && error.resets_at_ms && head.date_ms) {
        const std::int64_t wait = *error.resets_at_ms - *head.date_ms;
        if (wait <= kLongestWait) error.retry_after_ms = std::max<std::int64_t>(0, wait);
    }
    if (head.should_retry) error.should_retry = head.should_retry;
}

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
    if (expected) {  // Cloudflare: {"success": false, "errors": [{"code": 3040, "message": "…"}]}
        for (const JsonValue first : root["errors"].elements())
            if (first.is_object()) return read_error_object(first);
    }
    const bool is_one = root["type"].is("error") || root["object"].is("error");  // Mistral, older vLLM
    if (!root.is_object() || (!expected && !is_one)) return std::nullopt;
    ProviderError error = read_error_object(root);
    if (error.type == "error") error.type.clear();
    return error;
}

void set_error(Call& call, int http_status, ProviderError error) {
    const ErrorType type = classify(call.provider.name, http_status, error);
    const bool limited = type == ErrorType::RateLimit || type == ErrorType::Quota;
    LimitHit hit;
    if (limited) hit = limit_hit_in(error);
    call.status = type == ErrorType::Cancelled ? Status::Cancelled : Status::Failure;
    call.error.type = type;
    call.error.message = utf8_prefix(error.message, kMaxErrorMessage);
    call.error.provider_type = utf8_prefix(error.type, kMaxErrorMessage);
    call.error.provider_code = utf8_prefix(error.code, kMaxErrorMessage);
    if (http_status >= 400) {
        call.error.http_status = http_status;
    } else if (error.http_status) {
        call.error.http_status = error.http_status;
    }
    call.error.retryable = error.should_retry.value_or(is_retryable(type)) && !hit.beyond_reach();
    call.error.retry_after_ms = error.retry_after_ms;
    if (!call.error.retry_after_ms && (limited || type == ErrorType::Overloaded))
        call.error.retry_after_ms = wait_in(error.message);
    if (!call.error.retry_after_ms && type == ErrorType::RateLimit)
        call.error.retry_after_ms = reset_of_exhausted(call.provider.rate_limit);
    call.error.advice = advice_on(call, error, hit);
}

void set_error(Call& call, ErrorType type, std::string message) {
    call.status = type == ErrorType::Cancelled ? Status::Cancelled : Status::Failure;
    call.error.type = type;
    call.error.message = utf8_prefix(message, kMaxErrorMessage);
    call.error.retryable = is_retryable(type);
    call.error.advice = advice_on(call);
}

}  // namespace steno::providers
