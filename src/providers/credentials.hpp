#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace steno::providers {

/// Credentials within a request's JSON body: the keys that a provider needs to call tools, MCP servers and
/// data sources for its client, and keys of clients that send theirs in the body. To be called before
/// anything of the body is recorded; what is sent to the provider stays as it is.
///
/// Replaced by "***" are
/// - all strings and numbers of a member named authorization, api_key, access_token, client_secret, password,
///   bearer, headers, authentication and the like, in lists and objects too (credential_names.cpp has the
///   list), however it is spelled (apiKey, API-KEY, "api key", "api\u005fkey") and whatever stands before it
///   (azure_api_key);
/// - texts under `token`, `key` and `value` that look like a key.
///
/// Content is not looked into: messages, contents, input, prompts, instructions, documents, tool call
/// arguments. Nor is a JSON schema's property mistaken for a credential because it is called "password" or
/// "headers".
///
/// JSON lines and server-sent events are read line by line. In what is no JSON, was cut, or is beyond the
/// limits of JsonDocument, names and brackets alone decide, and content is not told apart.
///
/// Every other byte stays as it came. `hidden` becomes the number of values replaced. nullopt, and `hidden`
/// 0, when there was none. In the usual case, a body that has no such member anywhere, it costs one scan
/// without allocation; in any case linear time. Never throws but for memory; thread-safe.
std::optional<std::string> hide_credentials(std::string_view json_body, std::int64_t& hidden);

}  // namespace steno::providers
