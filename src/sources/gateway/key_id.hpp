#pragma once

#include "providers/provider.hpp"

#include <string>
#include <string_view>

namespace steno::gateway {

/// who.api_key_id: the same for the same key, and nothing that leads back to it. `CLASS:HASH`, where CLASS is
/// the public beginning that all keys of a kind have ("sk-proj", "gsk", "AIza"; "key" for any other) and HASH
/// the first 12 hex digits of HMAC-SHA-256 over the key, with a secret of the data folder: whoever sees the
/// record alone cannot try keys, however few there may be to try.
///
/// The key is the first of: Authorization (of Basic the user and password), x-api-key, api-key,
/// x-goog-api-key, the subprotocol that is one (kKeyProtocol), `key` in the query. Of a signature of AWS the
/// access key's id counts, of a JWT the issuer, subject and application: signatures and tokens are new every
/// hour. Google's opaque access tokens ("ya29.") say nothing that lasts: all are "ya29".
///
/// Empty when no key was sent, or `secret` is empty. Any thread.
std::string key_id(const providers::RequestView& request, std::string_view secret);

}  // namespace steno::gateway
