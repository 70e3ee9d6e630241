// Any bytes as a sealed segment: as the whole file, as its directory, or as the content of its blocks, with
// checksums put right, or nothing would ever get past them. Reading ends, and stays within its bounds.
#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "fuzz.hpp"
#include "io/memory_file_system.hpp"
#include "journal/compression.hpp"
#include "journal/owned_record.hpp"
#include "journal/sealed_segment.hpp"
#include "journal/word_list.hpp"

#include <algorithm>
#include <cstring>
#include <string>

using namespace steno;
using fuzz::expect;

namespace {

constexpr std::uint64_t kMaxRecordsRead = 2000;

std::string start_of_file() {
    journal::SegmentHeader header;
    header.number = 1;
    header.first_sequence = 1;
    return journal::build_sealed_start(journal::build_segment_header(header));
}

journal::BlockPlace add_block(std::string& file, std::string_view raw) {
    const std::string stored = journal::compress(raw, 1).value();
    const journal::BlockPlace place{file.size(), stored.size(), raw.size(), crc32c(stored)};
    file += stored;
    return place;
}

/// The first byte says how much of the rest is the spine; what follows that are payloads.
std::string file_of_contents(std::string_view bytes) {
    const std::size_t spine = bytes.size() * static_cast<std::uint8_t>(bytes[0]) / 255;
    std::string file = start_of_file();
    journal::SealedDirectory directory;
    directory.facts.records = 1 + spine / 8;
    directory.spine.push_back({add_block(file, bytes.substr(0, spine)), 1, {}});
    journal::PayloadBlock payloads;
    payloads.place = add_block(file, bytes.substr(spine));
    if (const auto words = journal::list_words(bytes.substr(spine))) payloads.words = add_block(file, *words);
    directory.blocks.push_back(payloads);
    return file + journal::build_sealed_end(directory, file.size());
}

std::string file_of_directory(std::string_view bytes) {
    std::string file = start_of_file() + std::string(bytes.substr(0, bytes.size() / 2));
    const std::uint64_t offset = file.size();
    std::string directory(bytes.substr(bytes.size() / 2));
    ByteWriter(directory).fixed(crc32c(directory));
    std::string trailer;
    ByteWriter out(trailer);
    out.fixed(offset);
    out.fixed(std::uint64_t{directory.size()});
    out.fixed(crc32c(trailer));
    out.raw("STENOEND");
    return file + directory + trailer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view input = fuzz::as_text(data, size).substr(1);
    const std::string bytes = data[0] % 3 == 0   ? std::string(input)
                              : data[0] % 3 == 1 ? file_of_contents(input)
                                                 : file_of_directory(input);
    io::MemoryFileSystem files;
    expect(files.make_directories("/data").has_value());
    expect(io::replace_file(files, "/data/file", bytes).has_value());
    const auto segment =
        journal::SealedSegment::open(std::shared_ptr<io::File>(files.open_read("/data/file").value()));
    if (!segment) return 0;
    journal::BlockCache cache(1 << 20);
    const std::uint64_t first = (*segment)->header().first_sequence;
    const std::uint64_t end = std::min((*segment)->end_sequence(), first + kMaxRecordsRead);
    for (std::uint64_t sequence = first; sequence < end; ++sequence) {
        const auto record = (*segment)->record(sequence, cache);
        if (!record) continue;
        const journal::Record own = journal::own_record({}, record->record, 1);
        expect(own.payloads.size() == record->record.payloads.size());
        for (const journal::StoredPayload& payload : own.payloads) {
            const auto fragments = journal::fragments_of(payload.bytes.substr(0, 100));
            const auto blocks = (*segment)->blocks_of(sequence, cache);
            expect(blocks.has_value());
            if (data[0] % 3 != 1 || payload.bytes.empty()) continue;
            expect(std::ranges::any_of(*blocks, [&](std::uint32_t block) {
                return (*segment)->block_may_contain(block, fragments);
            }));
        }
        if (record->damage.empty()) (void)journal::digested_part(*record);
    }
    return 0;
}
