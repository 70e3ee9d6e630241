#pragma once

#include "providers/provider.hpp"

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

namespace steno::providers {

/// What browsers, which cannot set a header on a WebSocket, offer OpenAI as a subprotocol: this and the key.
inline constexpr std::string_view kKeyProtocol = "openai-insecure-api-key.";

/// The credentials that came with one request's head, to take them out of what its answer is recorded as:
/// some servers repeat a key in the error about it, proxies whole headers.
///
/// Taken as credentials are the values of headers and query parameters whose name contains auth, cookie,
/// credential, jwt, key, passw, secret, signature or token (and the parameter `sig`), in all fields of that
/// name: of "Bearer …" and "Basic …" what follows the scheme (of Basic also user and password), of a cookie
/// every value, of a list every element. Each also percent-decoded and as JSON escapes it. Values below
/// kMinSecret bytes are not: to take those out would make holes in ordinary words. The gateway's own
/// x-steno-* headers do not go to the provider, so nothing of theirs can come back.
///
/// Owns what it holds: the view may end. Immutable, so any thread may ask. Never to be logged.
class RequestSecrets {
  public:
    static constexpr std::size_t kMinSecret = 8;

    explicit RequestSecrets(const RequestView& request);

    /// The text with each credential replaced by "***"; untouched, and not copied, if there is none in it.
    /// One pass, whatever their number.
    [[nodiscard]] std::string without_secrets(std::string text) const;

  private:
    void add_field(std::string_view name, std::string_view value);
    void add_query(std::string_view query);
    void add(std::string_view secret);
    void add_spellings(std::string_view secret);
    void keep(std::string secret);
    [[nodiscard]] std::size_t length_at(std::string_view text) const;

    static constexpr std::size_t kBuckets = 4096;
    static std::size_t bucket_of(const char* eight_bytes);

    std::vector<std::string> secrets_;  ///< the longest first: one may begin with another
    std::bitset<kBuckets> begins_;      ///< by the hash of a secret's first eight bytes
};

}  // namespace steno::providers
