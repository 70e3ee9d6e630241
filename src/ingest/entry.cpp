#include "ingest/entry.hpp"

#include "base/bytes.hpp"

#include <cstring>

namespace steno::ingest {

namespace {
constexpr std::uint8_t kWithoutOpening = 0;
constexpr std::uint8_t kWithOpening = 1;
}  // namespace

void append_entry_header(std::string& out, const std::optional<journal::Position>& opening) {
    ByteWriter writer(out);
    if (!opening) {
        writer.fixed(kWithoutOpening);
        return;
    }
    writer.fixed(kWithOpening);
    writer.raw({reinterpret_cast<const char*>(opening->stream.bytes.data()), opening->stream.bytes.size()});
    writer.varint(opening->sequence);
}

Result<EntryHeader> read_entry_header(std::string_view bytes) {
    ByteReader reader(bytes);
    EntryHeader header;
    const auto form = reader.fixed<std::uint8_t>();
    if (form == kWithOpening) {
        journal::Position opening;
        const std::string_view stream = reader.raw(opening.stream.bytes.size());
        if (stream.size() == opening.stream.bytes.size()) {
            std::memcpy(opening.stream.bytes.data(), stream.data(), stream.size());
        }
        opening.sequence = reader.varint();
        header.opening = opening;
    } else if (form != kWithoutOpening) {
        return fail(Code::DataLoss, "a record's header has an unknown form",
                    "it may have been written by a newer version of Steno");
    }
    if (!reader.ok()) return fail(Code::DataLoss, "a record's header is cut short");
    header.call = reader.raw(reader.left());
    return header;
}

}  // namespace steno::ingest
