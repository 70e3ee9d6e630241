#include "base/uuid.hpp"

#include "base/hash.hpp"

#include <algorithm>
#include <cstring>
#include <span>

namespace steno {

namespace {
constexpr char kHex[] = "0123456789abcdef";

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

void stamp(Uuid& id, std::uint8_t version) noexcept {
    id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | version << 4);
    id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
}
}  // namespace

Uuid Uuid::random(Random& random) {
    Uuid id;
    random.fill(id.bytes);
    stamp(id, 4);
    return id;
}

Uuid Uuid::at(std::int64_t unix_nanos, Random& random) {
    Uuid id;
    random.fill(std::span(id.bytes).subspan(6));
    const auto milliseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(unix_nanos, 0) / 1'000'000);
    for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
    stamp(id, 7);
    return id;
}

Uuid Uuid::named(const Uuid& space, std::string_view name) {
    std::string input(reinterpret_cast<const char*>(space.bytes.data()), space.bytes.size());
    input += name;
    const auto digest = sha1(input);
    Uuid id;
    std::memcpy(id.bytes.data(), digest.data(), id.bytes.size());
    stamp(id, 5);
    return id;
}

std::optional<Uuid> Uuid::parse(std::string_view text) noexcept {
    if (text.size() != 36) return std::nullopt;
    Uuid id;
    std::size_t at = 0;
    for (std::size_t i = 0; i < 16; ++i) {
        if (at == 8 || at == 13 || at == 18 || at == 23) {
            if (text[at++] != '-') return std::nullopt;
        }
        const int high = hex_value(text[at]);
        const int low = hex_value(text[at + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        id.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
        at += 2;
    }
    return id;
}

std::string Uuid::to_string() const {
    std::string text(36, '-');
    std::size_t at = 0;
    for (const std::uint8_t byte : bytes) {
        if (at == 8 || at == 13 || at == 18 || at == 23) ++at;
        text[at++] = kHex[byte >> 4];
        text[at++] = kHex[byte & 15];
    }
    return text;
}

}  // namespace steno
