#pragma once

#include "base/bytes.hpp"
#include "base/decimal.hpp"
#include "record/fields.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

/// Writing fields of a record one by one in the binary form (docs/formats/record.md), without a Call in
/// between: what an instrumented program pays for a call is copying its texts. The form allows it: a group
/// may come more than once and is filled field by field.
namespace steno::client {

/// The name of a field, as an argument of a template.
template <std::size_t Size>
struct FieldName {
    char text[Size];
    consteval FieldName(const char (&name)[Size]) { std::copy_n(name, Size, text); }
};

/// A place for a group that is never made: only the names of its fields are asked for.
template <class Group>
union Unmade {
    char nothing = 0;
    Group group;
    constexpr Unmade() {}
    constexpr ~Unmade() {}
};

template <class Group, FieldName Name>
consteval std::uint32_t find_number() {
    std::uint32_t found = 0;
    Unmade<Group> unmade;
    describe(unmade.group, [&](std::uint32_t number, std::string_view name, const auto&, Place) {
        if (name == Name.text) found = number;
    });
    if (found == 0) throw "the group has no such field";
    return found;
}

/// The number of a group's field, by its name in record/fields.hpp, which alone knows it: number<Call,
/// "id">(). A name that does not exist does not compile.
template <class Group, FieldName Name>
constexpr std::uint32_t number() {
    return find_number<Group, Name>();
}

/// Each field is put behind the others in one step: room for the most that it may take is made once, and the
/// bytes are written at a pointer.
class RecordWriter {
  public:
    explicit RecordWriter(std::string& out) : bytes_(out) {}

    [[gnu::always_inline]] void text(std::uint32_t number, std::string_view value) {
        if (value.empty()) return;
        put(2 * kLongestVarint + value.size(), [&](char* at) {
            at = varint_at(varint_at(at, tag(number, kBytes)), value.size());
            std::memcpy(at, value.data(), value.size());
            return at + value.size();
        });
    }
    void integer(std::uint32_t number, std::int64_t value) { name(number, zigzag(value)); }
    void boolean(std::uint32_t number, bool value) { name(number, value ? 1 : 0); }
    void real(std::uint32_t number, double value) {
        put(kLongestVarint + sizeof value, [&](char* at) {
            at = varint_at(at, tag(number, kFixed64));
            std::memcpy(at, &value, sizeof value);
            return at + sizeof value;
        });
    }
    void decimal(std::uint32_t number, Decimal value) {
        __int128 units = value.units();
        char bytes[sizeof units];
        std::memcpy(bytes, &units, sizeof units);
        std::size_t size = sizeof units;
        // The leading bytes that only repeat the sign are left out.
        const auto repeats = [&] {
            const char sign = units < 0 ? '\xff' : '\0';
            const bool next_has_sign = size == 1 ? units == 0 : ((bytes[size - 2] ^ sign) & 0x80) == 0;
            return bytes[size - 1] == sign && next_has_sign;
        };
        while (size > 0 && repeats()) --size;
        put(2 * kLongestVarint + size, [&](char* at) {
            at = varint_at(varint_at(at, tag(number, kBytes)), size);
            std::memcpy(at, bytes, size);
            return at + size;
        });
    }
    /// Of a fixed list, by its place.
    [[gnu::always_inline]] void name(std::uint32_t number, std::uint64_t place) {
        two(tag(number, kVarint), place);
    }
    void moment(std::uint32_t number, Timestamp at) {
        put(3 * kLongestVarint + sizeof at.unix_nanos, [&](char* to) {
            to = varint_at(to, tag(number, kBytes));
            const std::uint64_t offset = zigzag(at.offset_minutes);
            *to++ = static_cast<char>(sizeof at.unix_nanos + (offset < 0x80 ? 1 : 2));
            std::memcpy(to, &at.unix_nanos, sizeof at.unix_nanos);
            return varint_at(to + sizeof at.unix_nanos, offset);
        });
    }
    /// Fields that `write(RecordWriter&)` writes, as a group; nothing if it writes none.
    template <class Write>
    void group(std::uint32_t number, Write&& write) {
        // The length stands before the fields and is mostly one byte: that is kept free, and widened if need
        // be.
        const std::size_t begin = bytes_.size();
        two(tag(number, kBytes), 0);
        const std::size_t length_at = bytes_.size() - 1;
        write(*this);
        const std::size_t length = bytes_.size() - length_at - 1;
        if (length == 0) {
            bytes_.resize(begin);
        } else if (length < 0x80) {
            bytes_[length_at] = static_cast<char>(length);
        } else {
            char prefix[kLongestVarint];
            bytes_.replace(length_at, 1, prefix,
                           static_cast<std::size_t>(varint_at(prefix, length) - prefix));
        }
    }
    void raw(std::string_view fields) { bytes_.append(fields); }
    /// A list, or a map, from its items.
    void items(std::uint32_t number, std::string_view items) { text(number, items); }
    void varint(std::uint64_t value) {
        put(kLongestVarint, [&](char* at) { return varint_at(at, value); });
    }
    /// So many bytes will follow, about.
    void expect(std::size_t bytes) {
        // Not less than doubled, so that what grows by little steps is not copied at each.
        const std::size_t wanted = bytes_.size() + bytes + 2 * kLongestVarint;
        if (wanted > bytes_.capacity()) bytes_.reserve(std::max(wanted, 2 * bytes_.capacity()));
    }

  private:
    static constexpr std::uint32_t kVarint = 0;
    static constexpr std::uint32_t kFixed64 = 1;
    static constexpr std::uint32_t kBytes = 2;
    static constexpr std::size_t kLongestVarint = 10;
    static constexpr std::uint64_t tag(std::uint32_t number, std::uint32_t wire_type) {
        return std::uint64_t{number} << 3 | wire_type;
    }
    static constexpr std::uint64_t zigzag(std::int64_t value) {
        return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
    }
    [[gnu::always_inline]] static char* varint_at(char* at, std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
        *at++ = static_cast<char>(value);
        return at;
    }
    [[gnu::always_inline]] void two(std::uint64_t first, std::uint64_t second) {
        put(2 * kLongestVarint, [&](char* at) { return varint_at(varint_at(at, first), second); });
    }
    /// `write(char*)` gives the end of what it wrote, at most `most` bytes. Inlined, because tags are then
    /// known when it is compiled: a field costs half as much.
    template <class Write>
    [[gnu::always_inline]] void put(std::size_t most, Write&& write) {
        const std::size_t before = bytes_.size();
        [[clang::always_inline]] bytes_.resize_and_overwrite(before + most, [&](char* begin, std::size_t) {
            return static_cast<std::size_t>(write(begin + before) - begin);
        });
    }

    std::string& bytes_;
};

}  // namespace steno::client
