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
/// - strings whose member is named authorization, api_key, access_token, client_secret, password and the like
///   (credentials.cpp has the list), however it is spelled (apiKey, API-KEY) and whatever stands before it
///   (azure_api_key);
/// - all strings and numbers below a member `headers`, `extra_headers`, `http_headers` or `authentication`.
///
/// Content is not looked into: messages, contents, input, prompts, instructions, documents, tool call
/// arguments. Nor is a JSON schema's property mistaken for a credential because it is called "password" or
/// "headers".
///
/// Every other byte stays as it came. `hidden` becomes the number of values replaced. nullopt, and `hidden`
/// 0, when there was none, and for what is no JSON or beyond the limits of JsonDocument. In the usual case, a
/// body that has no such member anywhere, it costs one scan without allocation. Names are compared as
/// written, without undoing JSON's escapes. Never throws but for memory; thread-safe.
std::optional<std::string> hide_credentials(std::string_view json_body, std::int64_t& hidden);

}  // namespace steno::providers
