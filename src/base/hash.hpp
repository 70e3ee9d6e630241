#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace steno {

using Sha256 = std::array<std::uint8_t, 32>;
using Sha1 = std::array<std::uint8_t, 20>;

/// SHA-256 of the concatenation of the pieces (FIPS 180-4). Any thread.
Sha256 sha256(std::string_view a, std::string_view b = {}, std::string_view c = {}, std::string_view d = {});
/// HMAC-SHA-256 (RFC 2104) of `message`. Any thread.
Sha256 hmac_sha256(std::string_view key, std::string_view message);
/// Only for name-based UUIDs (RFC 9562 prescribes it); not for anything that must resist an attacker.
Sha1 sha1(std::string_view bytes);
/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), in hardware where the processor has it. Continue with `seed`.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0) noexcept;

inline std::string_view as_text(const Sha256& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace steno
