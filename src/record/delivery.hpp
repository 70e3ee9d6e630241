#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <string>
#include <string_view>

/// The binary form in which programs deliver calls that they recorded (docs/formats/delivery.md): a head, and
/// a frame for each call. Who writes it and who reads it have this in common.
namespace steno {

inline constexpr std::string_view kDeliveryType = "application/vnd.steno.calls.v1";
/// "STNC", the version, three bytes for later.
inline constexpr std::string_view kDeliveryHead{"STNC\1\0\0\0", 8};

/// Appends the frame of a call from its three encoded parts (record/binary.hpp); payloads may be empty.
inline void append_delivered_call(std::string& out, std::string_view header, std::string_view request_payload,
                                  std::string_view response_payload) {
    const auto sized = [](std::string_view part) {
        std::size_t prefix = 1;
        for (std::size_t left = part.size(); left >= 0x80; left >>= 7) ++prefix;
        return prefix + part.size();
    };
    ByteWriter writer(out);
    writer.varint(sized(header) + sized(request_payload) + sized(response_payload));
    for (const std::string_view part : {header, request_payload, response_payload}) writer.text(part);
}

}  // namespace steno
