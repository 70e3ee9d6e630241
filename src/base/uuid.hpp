#pragma once

#include "base/random.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace steno {

/// A 128-bit identifier (RFC 9562). Value type; the nil UUID is the default.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    /// Version 4, from the given source of randomness.
    static Uuid random(Random& random);
    /// Version 7 (RFC 9562, section 5.7): the milliseconds since 1970 and 74 random bits. Ids made one after
    /// another stand near each other, so that a store finds one among millions by the least and greatest of
    /// each piece. Times before 1970 count as 1970.
    static Uuid at(std::int64_t unix_nanos, Random& random);
    /// Version 5 (SHA-1 of namespace and name): the same name gives the same id, on every machine.
    static Uuid named(const Uuid& space, std::string_view name);
    /// The canonical 36-character form, either case. Nothing else is accepted.
    static std::optional<Uuid> parse(std::string_view text) noexcept;

    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] bool is_nil() const noexcept { return *this == Uuid{}; }

    auto operator<=>(const Uuid&) const = default;
};

}  // namespace steno

template <>
struct std::hash<steno::Uuid> {
    std::size_t operator()(const steno::Uuid& id) const noexcept {
        std::size_t value = 0;
        for (int i = 8; i < 16; ++i) value = value << 8 | id.bytes[static_cast<std::size_t>(i)];
        return value;
    }
};
