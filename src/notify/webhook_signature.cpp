#include "notify/webhook_signature.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <array>

namespace steno::notify {

namespace {

constexpr std::string_view kPrefix = "whsec_";

Result<std::string> key_of(std::string_view secret) {
    const std::string_view encoded =
        secret.starts_with(kPrefix) ? secret.substr(kPrefix.size()) : std::string_view();
    auto key = from_base64(encoded);
    if (!key || key->size() < 24 || key->size() > 64)
        return fail(Code::InvalidArgument, "that is no secret of a webhook",
                    "whsec_ and 24 to 64 bytes in base64; leave it out, and one is made");
    return std::move(*key);
}

}  // namespace

std::string new_webhook_secret(Random& random) {
    std::array<std::uint8_t, 32> bytes{};
    random.fill(bytes);
    return std::string(kPrefix) + to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Result<void> check_webhook_secret(std::string_view secret) {
    STENO_TRY(key_of(secret));
    return {};
}

Result<std::string> webhook_signature(std::string_view secret, std::string_view id, std::int64_t unix_seconds,
                                      std::string_view body) {
    STENO_ASSIGN(const std::string key, key_of(secret));
    const Sha256 signature = hmac_sha256(key, fmt::format("{}.{}.{}", id, unix_seconds, body));
    return "v1," + to_base64(as_text(signature));
}

}  // namespace steno::notify
