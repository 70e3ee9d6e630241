#pragma once

#include "base/text.hpp"

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steno::providers {

inline std::string big_endian(std::uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
    return bytes;
}

inline std::uint32_t crc32_of(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

/// One string header.
inline std::string header(std::string_view name, std::string_view value) {
    std::string bytes(1, static_cast<char>(name.size()));
    bytes += name;
    bytes += '\x07';
    bytes += big_endian(static_cast<std::uint32_t>(value.size())).substr(2);
    bytes += value;
    return bytes;
}

inline std::string frame(std::string_view headers, std::string_view payload) {
    std::string bytes = big_endian(static_cast<std::uint32_t>(16 + headers.size() + payload.size()));
    bytes += big_endian(static_cast<std::uint32_t>(headers.size()));
    bytes += big_endian(crc32_of(bytes));
    bytes += headers;
    bytes += payload;
    bytes += big_endian(crc32_of(bytes));
    return bytes;
}

inline std::string event(std::string_view type, std::string_view payload) {
    return frame(header(":event-type", type) + header(":content-type", "application/json") +
                     header(":message-type", "event"),
                 payload);
}

inline std::string exception(std::string_view type, std::string_view payload) {
    return frame(header(":exception-type", type) + header(":message-type", "exception"), payload);
}

/// A message of InvokeModelWithResponseStream.
inline std::string chunk(std::string_view native) {
    return event("chunk", R"({"bytes":")" + to_base64(native) + R"(","p":"abc"})");
}

}  // namespace steno::providers
