#include "base/hash.hpp"

#include <openssl/sha.h>

#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

// The low-level SHA functions are deprecated in OpenSSL 3 in favour of EVP, which costs half a microsecond a
// call in look-ups and allocation: as much as hashing a small record. They are not going away within
// OpenSSL 3.
#pragma clang diagnostic ignored "-Wdeprecated-declarations"

namespace steno {

Sha256 sha256(std::string_view a, std::string_view b, std::string_view c, std::string_view d) {
    SHA256_CTX context;
    SHA256_Init(&context);
    for (const std::string_view piece : {a, b, c, d}) {
        if (!piece.empty()) SHA256_Update(&context, piece.data(), piece.size());
    }
    Sha256 digest;
    SHA256_Final(digest.data(), &context);
    return digest;
}

Sha256 hmac_sha256(std::string_view key, std::string_view message) {
    constexpr std::size_t kBlock = 64;
    Sha256 hashed_key;
    if (key.size() > kBlock) {
        hashed_key = sha256(key);
        key = as_text(hashed_key);
    }
    std::array<char, kBlock> inner{};
    key.copy(inner.data(), kBlock);
    std::array<char, kBlock> outer = inner;
    for (char& c : inner) c = static_cast<char>(c ^ 0x36);
    for (char& c : outer) c = static_cast<char>(c ^ 0x5c);
    const Sha256 digest = sha256({inner.data(), kBlock}, message);
    return sha256({outer.data(), kBlock}, as_text(digest));
}

Sha1 sha1(std::string_view bytes) {
    Sha1 digest;
    SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
    return digest;
}

namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
        table[i] = crc;
    }
    return table;
}

std::uint32_t crc_portable(std::uint32_t crc, std::string_view bytes) noexcept {
    static constexpr auto kTable = crc_table();
    for (const char c : bytes) crc = kTable[(crc ^ static_cast<std::uint8_t>(c)) & 0xff] ^ (crc >> 8);
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc_hardware(std::uint32_t crc,
                                                             std::string_view bytes) noexcept {
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    std::uint64_t wide = crc;
    for (; left >= 8; left -= 8, at += 8) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = static_cast<std::uint32_t>(wide);
    for (; left > 0; --left, ++at) crc = _mm_crc32_u8(crc, static_cast<std::uint8_t>(*at));
    return crc;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) noexcept {
    const std::uint32_t start = ~seed;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return ~crc_hardware(start, bytes);
#endif
    return ~crc_portable(start, bytes);
}

}  // namespace steno
