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

/// The number of a group's field, by its name in record/fields.hpp, which alone knows it: number<Call,
/// "id">(). Looked up once. A name that does not exist ends the program.
template <class Group, FieldName Name>
std::uint32_t number() {
    static const std::uint32_t found = [] {
        Group group;
        std::uint32_t of = 0;
        describe(group, [&](std::uint32_t number, std::string_view name, const auto&, Place) {
            if (name == Name.text) of = number;
        });
        if (of == 0) std::abort();
        return of;
    }();
    return found;
}

class RecordWriter {
  public:
    explicit RecordWriter(std::string& out) : bytes_(out), out_(out) {}

    void text(std::uint32_t number, std::string_view value) {
        if (value.empty()) return;
        tag(number, kBytes);
        out_.text(value);
    }
    void integer(std::uint32_t number, std::int64_t value) {
        tag(number, kVarint);
        out_.svarint(value);
    }
    void boolean(std::uint32_t number, bool value) { name(number, value ? 1 : 0); }
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
        tag(number, kBytes);
        out_.text({bytes, size});
    }
    /// Of a fixed list, by its place.
    void name(std::uint32_t number, std::uint64_t place) {
        tag(number, kVarint);
        out_.varint(place);
    }
    void moment(std::uint32_t number, Timestamp at) {
        tag(number, kBytes);
        const bool one_byte = at.offset_minutes > -64 && at.offset_minutes < 64;  // zigzag, seven bits
        out_.varint(sizeof at.unix_nanos + (one_byte ? 1 : 2));
        out_.fixed(at.unix_nanos);
        out_.svarint(at.offset_minutes);
    }
    /// Fields that `write(RecordWriter&)` writes, as a group; nothing if it writes none.
    template <class Write>
    void group(std::uint32_t number, Write&& write) {
        // The length stands before the fields and is mostly one byte: that is kept free, and widened if need
        // be.
        const std::size_t begin = bytes_.size();
        tag(number, kBytes);
        const std::size_t length_at = bytes_.size();
        bytes_.push_back(0);
        write(*this);
        const std::size_t length = bytes_.size() - length_at - 1;
        if (length == 0) {
            bytes_.resize(begin);
        } else if (length < 0x80) {
            bytes_[length_at] = static_cast<char>(length);
        } else {
            std::string prefix;
            ByteWriter(prefix).varint(length);
            bytes_.replace(length_at, 1, prefix);
        }
    }
    void raw(std::string_view fields) { out_.raw(fields); }
    /// A list, or a map, from its items.
    void items(std::uint32_t number, std::string_view items) { text(number, items); }

  private:
    static constexpr std::uint32_t kVarint = 0;
    static constexpr std::uint32_t kBytes = 2;
    void tag(std::uint32_t number, std::uint32_t wire_type) { out_.varint(number << 3 | wire_type); }

    std::string& bytes_;
    ByteWriter out_;
};

}  // namespace steno::client
