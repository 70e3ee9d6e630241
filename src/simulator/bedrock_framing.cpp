// The framing application/vnd.amazon.eventstream: prelude with lengths and its CRC-32, headers, payload, and
// the CRC-32 of it all.

#include "base/text.hpp"
#include "simulator/bedrock.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <cstdint>

namespace steno::simulator {

namespace {

void append_number(std::string& out, std::uint32_t number, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        out.push_back(static_cast<char>(number >> shift));
}

void append_crc(std::string& out) {
    append_number(out,
                  static_cast<std::uint32_t>(
                      crc32(0, reinterpret_cast<const Bytef*>(out.data()), static_cast<uInt>(out.size()))),
                  4);
}

}  // namespace

std::string amazon_message(const std::vector<std::pair<std::string_view, std::string_view>>& headers,
                           std::string_view payload) {
    std::string coded;
    for (const auto& [name, value] : headers) {
        constexpr int kString = 7;
        append_number(coded, static_cast<std::uint32_t>(name.size()), 1);
        coded += name;
        append_number(coded, kString, 1);
        append_number(coded, static_cast<std::uint32_t>(value.size()), 2);
        coded += value;
    }
    constexpr std::size_t kAround = 16;
    std::string message;
    append_number(message, static_cast<std::uint32_t>(kAround + coded.size() + payload.size()), 4);
    append_number(message, static_cast<std::uint32_t>(coded.size()), 4);
    append_crc(message);
    message += coded;
    message += payload;
    append_crc(message);
    return message;
}

std::string amazon_event(std::string_view type, std::string_view payload) {
    return amazon_message(
        {{":event-type", type}, {":content-type", "application/json"}, {":message-type", "event"}}, payload);
}

std::string amazon_chunk(std::string_view native) {
    return amazon_event("chunk", fmt::format(R"({{"bytes":"{}","p":"abcdefghijkl"}})", to_base64(native)));
}

}  // namespace steno::simulator
