#pragma once

#include "net/http.hpp"
#include "record/call.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace steno::gateway {

/// Takes the context that rides on a request out of its headers and into the call: `x-steno-session`,
/// `-request`,
/// `-parent`, `-trace`, `-user`, `-agent`, `-function`, `-operation`, `-kind`, `-project`, `-environment`,
/// `-prompt-type`,
/// `-prompt-name`, `-prompt-version`, `-variables` (JSON object), `-tags`, `-outer-agents`,
/// `-outer-functions`, `-missing-variables` (separated by commas, or a JSON array of texts; the first 50, 16,
/// 16, 100),
/// `-attributes`,
/// `-metadata` (JSON objects), `-subject`, `-retention`, `-store-full-data` (true or false), `-experiment`
/// (off, or a JSON object of what the program has assigned), and W3C
/// `traceparent` (which stays in the headers). All `x-steno-*` headers are removed.
///
/// A value that cannot be understood never stops the call: it is left out, and a sentence about it is
/// returned for the `x-steno-warning` answer header.
std::vector<std::string> take_context(net::Headers& headers, Call& call);

}  // namespace steno::gateway
