// Any bytes as the only segment of a stream: every reader of the journal ends, and agrees with the others.
// Checksums are put right first, or nothing would ever get past them.
#include "base/hash.hpp"
#include "base/log.hpp"
#include "fuzz.hpp"
#include "io/memory_file_system.hpp"
#include "journal/format.hpp"
#include "journal/reader.hpp"
#include "journal/recovery.hpp"
#include "journal/verify.hpp"

#include <algorithm>
#include <cstring>
#include <string>

using namespace steno;
using fuzz::expect;

namespace {

constexpr std::string_view kFolder = "/data";

std::uint32_t u32_at(const std::string& bytes, std::size_t at) {
    std::uint32_t value = 0;
    if (at + 4 <= bytes.size()) std::memcpy(&value, bytes.data() + at, 4);
    return value;
}

void put_crc(std::string& bytes, std::size_t at, std::size_t from, std::size_t end) {
    if (from > end || end > bytes.size() || at + 4 > bytes.size()) return;
    const std::uint32_t crc = crc32c(std::string_view(bytes).substr(from, end - from));
    std::memcpy(bytes.data() + at, &crc, 4);
}

void repair_checksums(std::string& bytes) {
    const std::size_t header = u32_at(bytes, 12);
    if (header < 4 || header > bytes.size()) return;
    put_crc(bytes, header - 4, 0, header - 4);
    for (std::size_t at = header; at + journal::kPrefixBytes < bytes.size();) {
        put_crc(bytes, at, at + 4, at + journal::kPrefixBytes);
        const std::size_t size = u32_at(bytes, at + 4);
        const std::size_t end = std::min(bytes.size(), at + std::max(size, journal::kPrefixBytes + 8));
        for (std::size_t frame = at + journal::kPrefixBytes; frame + 8 <= end;) {
            const std::size_t frame_size = std::max<std::size_t>(u32_at(bytes, frame + 4), 8);
            put_crc(bytes, frame, frame + 4, frame + frame_size);
            frame += frame_size;
        }
        at = end;
    }
}

void mark_end(io::FileSystem& files, const std::string& folder, const Uuid& stream, std::string_view bytes) {
    static const auto key = *journal::SigningKey::load_or_make(files, folder);
    journal::StreamHead end{stream, 0, journal::chain_start(stream), true, 0};
    for (std::size_t at = u32_at(std::string(bytes), 12); at < bytes.size();) {
        const auto prefix = journal::parse_prefix(bytes.substr(at));
        if (!prefix) break;
        end.sequence = prefix->sequence;
        end.chain = prefix->chain;
        at += prefix->size;
    }
    expect(journal::mark_closed(files, folder, end, system_clock(), *key).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    log::configure(log::Level::Off, false);
    std::string bytes(fuzz::as_text(data, size));
    repair_checksums(bytes);
    Uuid stream;
    if (bytes.size() >= 32) std::memcpy(stream.bytes.data(), bytes.data() + 16, stream.bytes.size());

    io::MemoryFileSystem files;
    const std::string folder(kFolder);
    expect(files.make_directories(journal::stream_folder(folder, stream)).has_value());
    const std::string path = journal::stream_folder(folder, stream) + "/" + journal::segment_file_name(1);
    expect(io::replace_file(files, path, bytes).has_value());

    // Ended where its prefixes say, so that what stands behind damage is looked for.
    const bool marked = size > 0 && data[size - 1] % 2 == 0;
    if (marked) mark_end(files, folder, stream, bytes);
    const auto end = journal::find_end(files, folder, stream, false);
    const auto reader = journal::Reader::open(files, folder);
    std::uint64_t records = 0;
    bool damaged = false;
    if (const auto cursor = (*reader)->scan(stream)) {
        for (std::uint64_t before = 0;;) {
            const auto record = (*cursor)->next();
            if (record && !*record) break;
            if (!record) {
                damaged = true;
                before = (*cursor)->sequence();
                if (!(*cursor)->skip_damage().value_or(false)) break;
                expect((*cursor)->sequence() > before);
                continue;
            }
            ++records;
            expect((*record)->size <= bytes.size());
            expect((*reader)->read((*record)->position).has_value());
            for (const journal::StoredPayload& payload : (*record)->payloads)
                damaged = damaged || payload.damaged;
        }
        // (The mark may name an earlier end than the records have.)
        if (records > 0 && !damaged && !marked)
            expect(end && end->head.sequence + 1 == (*cursor)->sequence());
    }
    const auto report = journal::verify(files, folder);
    if (report && report->intact) expect(!damaged);
    if (report && report->intact && records > 0)
        expect(report->streams.size() == 1 && report->streams[0].records == records);
    return 0;
}
