#include "journal/owned_record.hpp"

#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace steno::journal {

Record own_record(const Uuid& stream, const ParsedRecord& from, std::uint64_t segment) {
    Record record;
    record.position = {stream, from.prefix.sequence};
    record.kind = from.kind;
    record.opens = from.opens;
    record.closes = from.closes;
    record.adopts = from.adopts;
    record.segment = segment;
    std::size_t size = from.header.size();
    for (const PayloadFrame& frame : from.payloads)
        size += frame.payload.key_id.size() + frame.payload.subject.size() + frame.payload.bytes.size();
    record.bytes = std::make_unique_for_overwrite<char[]>(size);
    char* to = record.bytes.get();
    const auto own = [&](std::string_view part) -> std::string_view {
        if (part.empty()) return {};
        std::memcpy(to, part.data(), part.size());
        return {std::exchange(to, to + part.size()), part.size()};
    };
    record.header = own(from.header);
    record.payloads.reserve(from.payloads.size());
    for (const PayloadFrame& frame : from.payloads) {
        StoredPayload payload = frame.payload;
        payload.key_id = own(payload.key_id);
        payload.subject = own(payload.subject);
        payload.bytes = own(payload.bytes);
        record.payloads.push_back(payload);
    }
    return record;
}

}  // namespace steno::journal
