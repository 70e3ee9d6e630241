#include "providers/event_stream.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace steno::providers {

namespace {

constexpr std::uint32_t kPrelude = 12;
constexpr std::uint32_t kLeast = kPrelude + 4;

std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
    return value;
}

std::uint32_t crc_of(std::string_view bytes) {
    return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// Takes that many bytes from the front; nullopt if there are fewer.
std::optional<std::string_view> take(std::string_view& bytes, std::size_t count) {
    if (bytes.size() < count) return std::nullopt;
    const std::string_view taken = bytes.substr(0, count);
    bytes.remove_prefix(count);
    return taken;
}

std::optional<std::size_t> take_number(std::string_view& bytes, std::size_t width) {
    const auto taken = take(bytes, width);
    if (!taken) return std::nullopt;
    std::size_t value = 0;
    for (const char c : *taken) value = value << 8 | static_cast<std::uint8_t>(c);
    return value;
}

/// Bytes of a header value of that type; those of variable length (byte array, string) say it themselves.
std::optional<std::size_t> value_size(std::size_t type, std::string_view& headers) {
    constexpr std::array<std::size_t, 10> kFixed{0, 0, 1, 2, 4, 8, 0, 0, 8, 16};
    constexpr std::size_t kByteArray = 6;
    constexpr std::size_t kString = 7;
    if (type >= kFixed.size()) return std::nullopt;
    return type == kByteArray || type == kString ? take_number(headers, 2) : kFixed[type];
}

bool read_headers(std::string_view headers, EventStreamMessage& message) {
    static constexpr std::array kNames{
        std::pair{std::string_view(":message-type"), &EventStreamMessage::message_type},
        std::pair{std::string_view(":event-type"), &EventStreamMessage::event_type},
        std::pair{std::string_view(":exception-type"), &EventStreamMessage::exception_type},
        std::pair{std::string_view(":error-code"), &EventStreamMessage::error_code},
        std::pair{std::string_view(":error-message"), &EventStreamMessage::error_message},
        std::pair{std::string_view(":content-type"), &EventStreamMessage::content_type},
    };
    constexpr std::size_t kString = 7;
    while (!headers.empty()) {
        const auto name_size = take_number(headers, 1);
        const auto name = take(headers, *name_size);
        const auto type = name ? take_number(headers, 1) : std::nullopt;
        const auto size = type ? value_size(*type, headers) : std::nullopt;
        const auto value = size ? take(headers, *size) : std::nullopt;
        if (!value) return false;
        if (*type != kString) continue;
        for (const auto& [known, member] : kNames) {
            if (*name == known) message.*member = *value;
        }
    }
    return true;
}

}  // namespace

std::uint32_t EventStreamParser::length_of(std::string_view prelude) {
    const std::uint32_t total = u32_at(prelude, 0);
    const std::uint32_t headers = u32_at(prelude, 4);
    const bool fits = headers <= kMaxHeaders && total >= kLeast && headers <= total - kLeast &&
                      total - kLeast - headers <= kMaxPayload;
    return fits && crc_of(prelude.substr(0, 8)) == u32_at(prelude, 8) ? total : 0;
}

void EventStreamParser::read_message(std::string_view message, const Sink& sink) {
    const std::size_t end = message.size() - 4;
    const std::uint32_t headers = u32_at(message, 4);
    EventStreamMessage read;
    if (crc_of(message.substr(0, end)) != u32_at(message, end) ||
        !read_headers(message.substr(kPrelude, headers), read)) {
        malformed_ = true;
        return;
    }
    read.payload = message.substr(kPrelude + headers, end - kPrelude - headers);
    sink(read);
}

void EventStreamParser::feed(std::string_view bytes, const Sink& sink) {
    while (!bytes.empty() && !lost_) {
        if (wanted_ == 0) {
            const std::size_t missing = kPrelude - begun_.size();
            if (bytes.size() < missing) {
                begun_.append(bytes);
                return;
            }
            std::string prelude = begun_;
            prelude.append(bytes.substr(0, missing));
            wanted_ = length_of(prelude);
            if (wanted_ == 0) {
                malformed_ = lost_ = true;
                begun_.clear();
                return;
            }
        }
        const std::size_t missing = wanted_ - begun_.size();
        const std::string_view piece = bytes.substr(0, missing);
        const bool whole_here = begun_.empty() && piece.size() == missing;
        if (!whole_here) begun_.append(piece);
        if (piece.size() < missing) return;
        read_message(whole_here ? piece : std::string_view(begun_), sink);
        begun_.clear();
        wanted_ = 0;
        bytes.remove_prefix(missing);
    }
}

}  // namespace steno::providers
