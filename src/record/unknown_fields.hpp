#pragma once

#include "base/bytes.hpp"
#include "record/call.hpp"

#include <cstdint>
#include <string_view>

/// How a group keeps the fields that this version does not know: chunks, at most one for each part that they
/// came in, so that what came in a payload is written back into that payload and goes when the payload goes.
/// A chunk is the part (1 byte), the length (8 bytes), the encoded fields.
namespace steno::unknown_fields {

/// The part of groups in lists and maps, which are always written whole.
inline constexpr std::uint8_t kWhole = 0;

inline constexpr std::size_t kChunkHead = 1 + sizeof(std::uint64_t);

/// Calls fn(part, fields) for each chunk.
template <class F>
void for_each(const UnknownFields& unknown, F&& fn) {
    ByteReader in(unknown);
    while (!in.at_end()) {
        const auto part = in.fixed<std::uint8_t>();
        const auto fields = in.raw(in.fixed<std::uint64_t>());
        if (in.ok()) fn(part, fields);
    }
}

/// The fields that came in `part`.
inline std::string_view of_part(const UnknownFields& unknown, std::uint8_t part) {
    std::string_view found;
    if (unknown.empty()) return found;
    for_each(unknown, [&](std::uint8_t at, std::string_view fields) {
        if (at == part) found = fields;
    });
    return found;
}

/// Adds to the chunk of `part`. That chunk becomes the last one, so that a run of additions costs one copy
/// each.
inline void add(UnknownFields& unknown, std::uint8_t part, std::string_view fields) {
    if (fields.empty()) return;
    UnknownFields kept;
    std::string_view ours;
    bool last = false;
    std::size_t ours_at = 0;
    for_each(unknown, [&](std::uint8_t at, std::string_view chunk) {
        last = at == part;
        if (!last) return;
        ours = chunk;
        ours_at = static_cast<std::size_t>(chunk.data() - unknown.data()) - kChunkHead;
    });
    if (!last) {
        for_each(unknown, [&](std::uint8_t at, std::string_view chunk) {
            if (at == part) return;
            ByteWriter out(kept);
            out.fixed(at);
            out.fixed<std::uint64_t>(chunk.size());
            out.raw(chunk);
        });
        ByteWriter out(kept);
        ours_at = kept.size();
        out.fixed(part);
        out.fixed<std::uint64_t>(ours.size());
        out.raw(ours);
        unknown = std::move(kept);
    }
    const std::uint64_t size = unknown.size() - ours_at - kChunkHead + fields.size();
    std::memcpy(unknown.data() + ours_at + 1, &size, sizeof size);
    unknown.append(fields);
}

}  // namespace steno::unknown_fields
