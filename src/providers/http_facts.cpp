#include "providers/http_facts.hpp"

#include "base/text.hpp"

#include <charconv>
#include <initializer_list>

namespace steno::providers {

namespace {

/// Headers end up in columns; nobody sends ids beyond this.
constexpr std::size_t kMaxHeaderValue = 200;

std::string first_of(const HeaderLookup& header, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        const auto value = header(name);
        if (value && !trim(*value).empty()) return std::string(utf8_prefix(trim(*value), kMaxHeaderValue));
    }
    return {};
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

void read_request_head(const RequestView& request, Call& call) {
    call.provider.api_version = first_of(request.header, {"anthropic-version"});
    if (const std::string count = first_of(request.header, {"x-stainless-retry-count"}); !count.empty()) {
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), value);
        if (error == std::errc{} && end == count.data() + count.size() && value >= 0)
            call.client_retry = value;
    }
}

void read_response_head(const ResponseView& response, Call& call) {
    call.provider.http_status = response.status;
    call.provider.request_id =
        first_of(response.header, {"x-request-id", "request-id", "apim-request-id", "x-generation-id",
                                   "mistral-correlation-id", "x-ds-trace-id", "x-goog-request-id",
                                   "x-debug-trace-id", "x-amzn-requestid"});
    call.provider.region = first_of(response.header, {"x-ms-region", "x-groq-region"});
    if (call.provider.api_version.empty()) {
        call.provider.api_version = first_of(response.header, {"openai-version"});
    }
    call.provider.service_tier = first_of(response.header, {"x-gemini-service-tier"});
    call.provider.rate_limit = read_rate_limit(response.header);
    if (const std::string text = first_of(response.header, {"openai-processing-ms"}); !text.empty()) {
        std::int64_t ms = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
        constexpr std::int64_t kDayMs = 86'400'000;
        if (error == std::errc{} && end == text.data() + text.size() && ms >= 0 && ms <= kDayMs) {
            call.time.phases["provider_processing"] = Duration{ms * 1'000'000};
        }
    }
}

std::string percent_decoded(std::string_view coded) {
    std::string plain;
    plain.reserve(coded.size());
    for (std::size_t at = 0; at < coded.size(); ++at) {
        const int high = coded[at] == '%' && at + 2 < coded.size() ? hex_value(coded[at + 1]) : -1;
        const int low = high >= 0 ? hex_value(coded[at + 2]) : -1;
        if (low >= 0) {
            plain.push_back(static_cast<char>(high * 16 + low));
            at += 2;
        } else {
            plain.push_back(coded[at]);
        }
    }
    return plain;
}

std::vector<std::string> path_segments(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        if (std::string segment = percent_decoded(path.substr(0, slash)); !segment.empty())
            segments.push_back(std::move(segment));
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    }
    return segments;
}

bool ends_with_segments(std::span<const std::string> segments, std::string_view path) {
    // From the end, and without cutting the path up: every call is compared with every endpoint that there
    // is.
    for (std::size_t left = segments.size(); left > 0; --left) {
        const std::size_t slash = path.rfind('/');
        const std::string_view wanted = path.substr(slash + 1);
        if (wanted != "*" && wanted != segments[left - 1]) return false;
        if (slash == std::string_view::npos) return true;
        path = path.substr(0, slash);
    }
    return false;
}

}  // namespace steno::providers
