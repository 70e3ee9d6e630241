#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// Little-endian numbers, LEB128 varints and length-prefixed strings: the alphabet of our files.
namespace steno {

static_assert(std::endian::native == std::endian::little,
              "the file formats are little-endian; port bytes.hpp first");

class ByteWriter {
  public:
    explicit ByteWriter(std::string& out) : out_(out) {}

    template <std::integral T>
    void fixed(T value) {
        char raw[sizeof value];
        std::memcpy(raw, &value, sizeof value);
        out_.append(raw, sizeof value);
    }
    void varint(std::uint64_t value) {
        while (value >= 0x80) {
            out_.push_back(static_cast<char>(value | 0x80));
            value >>= 7;
        }
        out_.push_back(static_cast<char>(value));
    }
    /// Zigzag, so that small negative numbers stay short.
    void svarint(std::int64_t value) {
        varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
    }
    void text(std::string_view value) {
        varint(value.size());
        out_.append(value);
    }
    void raw(std::string_view value) { out_.append(value); }
    [[nodiscard]] std::size_t size() const { return out_.size(); }

  private:
    std::string& out_;
};

/// Reads what ByteWriter wrote. Never reads past the end: after the first failure `ok()` is false, and every
/// further read gives zero or nothing. Views point into the bytes given.
class ByteReader {
  public:
    explicit ByteReader(std::string_view bytes) : left_(bytes) {}

    template <std::integral T>
    T fixed() {
        T value{};
        if (left_.size() < sizeof value) return failed(), T{};
        std::memcpy(&value, left_.data(), sizeof value);
        left_.remove_prefix(sizeof value);
        return value;
    }
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (left_.empty()) return failed(), 0;
            const auto byte = static_cast<std::uint8_t>(left_.front());
            left_.remove_prefix(1);
            if (shift == 63 && byte > 1) return failed(), 0;
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return value;
        }
        return failed(), 0;
    }
    std::int64_t svarint() {
        const std::uint64_t value = varint();
        return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
    }
    std::string_view text() { return raw(varint()); }
    std::string_view raw(std::uint64_t size) {
        if (size > left_.size()) return failed(), std::string_view{};
        const std::string_view value = left_.substr(0, size);
        left_.remove_prefix(size);
        return value;
    }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool at_end() const { return left_.empty(); }
    [[nodiscard]] std::size_t left() const { return left_.size(); }

  private:
    void failed() {
        ok_ = false;
        left_ = {};
    }
    std::string_view left_;
    bool ok_ = true;
};

}  // namespace steno
