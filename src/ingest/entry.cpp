#include "ingest/entry.hpp"

#include "base/bytes.hpp"

#include <cstring>

namespace steno::ingest {

namespace {
// Bits of the first byte.
constexpr std::uint8_t kWithOpening = 1;
constexpr std::uint8_t kMayBeKnown = 2;
}  // namespace

void append_entry_header(std::string& out, const std::optional<journal::Position>& opening,
                         bool may_be_known) {
    ByteWriter writer(out);
    writer.fixed(static_cast<std::uint8_t>((opening ? kWithOpening : 0) | (may_be_known ? kMayBeKnown : 0)));
    if (!opening) return;
    writer.raw({reinterpret_cast<const char*>(opening->stream.bytes.data()), opening->stream.bytes.size()});
    writer.varint(opening->sequence);
}

void mark_may_be_known(std::string& header) {
    header.front() = static_cast<char>(static_cast<std::uint8_t>(header.front()) | kMayBeKnown);
}

bool keeps_payload(const Call& call) {
    return call.privacy.full_data.value_or(true);
}

journal::Payload payload_of(std::string_view bytes, std::string_view subject, bool ephemeral) {
    journal::Payload payload;
    payload.kind = ephemeral ? journal::PayloadClass::Ephemeral : journal::PayloadClass::Durable;
    payload.subject = subject.substr(0, 255);
    payload.bytes = bytes;
    return payload;
}

Result<EntryHeader> read_entry_header(std::string_view bytes) {
    ByteReader reader(bytes);
    EntryHeader header;
    const auto form = reader.fixed<std::uint8_t>();
    if (form > (kWithOpening | kMayBeKnown)) {
        return fail(Code::DataLoss, "a record's header has an unknown form",
                    "it may have been written by a newer version of Steno");
    }
    header.may_be_known = (form & kMayBeKnown) != 0;
    if ((form & kWithOpening) != 0) {
        journal::Position opening;
        const std::string_view stream = reader.raw(opening.stream.bytes.size());
        if (stream.size() == opening.stream.bytes.size()) {
            std::memcpy(opening.stream.bytes.data(), stream.data(), stream.size());
        }
        opening.sequence = reader.varint();
        header.opening = opening;
    }
    if (!reader.ok()) return fail(Code::DataLoss, "a record's header is cut short");
    header.call = reader.raw(reader.left());
    return header;
}

}  // namespace steno::ingest
