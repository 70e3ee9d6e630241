#pragma once

#include "providers/provider.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What the heads of request and answer tell, the same for all providers. Every header is optional and
/// unchecked.
namespace steno::providers {

/// client_retry, api_version.
void read_request_head(const RequestView& request, Call& call);
/// http_status, request id, region, api version, rate limits, the provider's own processing time.
void read_response_head(const ResponseView& response, Call& call);

/// rate_limit.cpp has the table of headers. A reset that is a date counts from the answer's own Date header,
/// since there is no clock here.
RateLimit read_rate_limit(const HeaderLookup& header);
/// "6m0s", "1h2m3.5s", "12ms", "2" (seconds): milliseconds, rounded up.
std::optional<std::int64_t> parse_reset_ms(std::string_view text);
/// A moment as RFC 3339, or as seconds or milliseconds since 1970: milliseconds since 1970.
std::optional<std::int64_t> parse_moment_ms(std::string_view text);
/// "Fri, 20 Nov 2026 10:00:00 GMT": seconds since 1970.
std::optional<std::int64_t> parse_http_date(std::string_view text);

/// With each %41 as the byte that it stands for; what is no such code stays.
std::string percent_decoded(std::string_view coded);
/// The path, percent-decoded, cut into its segments without empty ones: {"v1", "chat", "completions"}.
std::vector<std::string> path_segments(std::string_view path);
/// Are these the last ones? "*" in `path` stands for any one segment: "files/*/content".
bool ends_with_segments(std::span<const std::string> segments, std::string_view path);

}  // namespace steno::providers
