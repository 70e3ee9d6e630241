#include "journal/sealed_format.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

namespace steno::journal {
namespace {

constexpr std::string_view kMagic = "STENOSLD";
constexpr std::string_view kEndMagic = "STENOEND";
constexpr std::uint16_t kSealedVersion = 1;
constexpr std::size_t kPlaceBytes = 28;
constexpr std::size_t kSpineBytes = kPlaceBytes + 40;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kMaxClassName = 65535;

std::unexpected<Error> damaged(std::string reason) {
    return fail(Code::DataLoss, std::move(reason));
}

void put(ByteWriter& out, const BlockPlace& place) {
    out.fixed(place.offset);
    out.fixed(place.stored);
    out.fixed(place.raw);
    out.fixed(place.crc);
}

BlockPlace place_from(ByteReader& in) {
    BlockPlace place;
    place.offset = in.fixed<std::uint64_t>();
    place.stored = in.fixed<std::uint64_t>();
    place.raw = in.fixed<std::uint64_t>();
    place.crc = in.fixed<std::uint32_t>();
    return place;
}

Sha256 digest_from(ByteReader& in) {
    Sha256 digest{};
    const std::string_view raw = in.raw(digest.size());
    if (in.ok()) std::memcpy(digest.data(), raw.data(), digest.size());
    return digest;
}

bool lies_within(const BlockPlace& place, std::uint64_t end) {
    return place.offset <= end && place.stored <= end - place.offset && place.raw <= kMaxBlockBytes;
}

}  // namespace

std::string build_sealed_start(std::string_view segment_header) {
    std::string bytes;
    ByteWriter out(bytes);
    out.raw(kMagic);
    out.fixed(kSealedVersion);
    out.fixed(std::uint16_t{0});
    out.fixed(static_cast<std::uint32_t>(segment_header.size()));
    out.raw(segment_header);
    return bytes;
}

Result<std::uint64_t> sealed_header_size(std::string_view fixed) {
    ByteReader in(fixed);
    if (in.raw(kMagic.size()) != kMagic) return damaged("the file does not begin like a sealed segment");
    const auto version = in.fixed<std::uint16_t>();
    const auto flags = in.fixed<std::uint16_t>();
    const auto size = in.fixed<std::uint32_t>();
    if (!in.ok()) return damaged("the sealed segment is cut off");
    if (version != kSealedVersion || flags != 0) {
        return damaged(fmt::format("the sealed segment has format version {}, this program knows {}", version,
                                   kSealedVersion));
    }
    if (size < kSegmentFixedBytes + 4 || size > kMaxSegmentHeaderBytes)
        return damaged("the sealed segment's header is impossible");
    return size;
}

Result<SegmentHeader> parse_sealed_header(std::string_view bytes) {
    auto header = parse_segment_header(bytes);
    if (!header) return damaged(std::move(header).error().message);
    if (header->header_size != bytes.size()) return damaged("the sealed segment's header is impossible");
    return header;
}

std::string build_sealed_end(const SealedDirectory& directory, std::uint64_t offset) {
    std::string bytes;
    ByteWriter out(bytes);
    const SealedFacts& facts = directory.facts;
    out.fixed(facts.records);
    out.fixed(facts.payloads);
    out.fixed(facts.redacted);
    out.fixed(facts.bytes_before);
    out.fixed(facts.oldest_unix_nanos);
    out.fixed(facts.newest_unix_nanos);
    out.raw(as_text(directory.chain_after));
    out.fixed(static_cast<std::uint32_t>(directory.spine.size()));
    out.fixed(static_cast<std::uint32_t>(directory.blocks.size()));
    out.fixed(static_cast<std::uint32_t>(directory.classes.size()));
    for (const SpineBlock& block : directory.spine) {
        put(out, block.place);
        out.fixed(block.first_sequence);
        out.raw(as_text(block.chain_before));
    }
    for (const PayloadBlock& block : directory.blocks) {
        put(out, block.place);
        put(out, block.words);
    }
    for (const SealedClass& one : directory.classes) {
        const std::string_view name = std::string_view(one.name).substr(0, kMaxClassName);
        out.fixed(static_cast<std::uint16_t>(name.size()));
        out.raw(name);
        out.fixed(one.records);
        out.fixed(one.newest_unix_nanos);
    }
    out.fixed(crc32c(bytes));
    const std::uint64_t size = bytes.size();
    std::string trailer;
    ByteWriter end(trailer);
    end.fixed(offset);
    end.fixed(size);
    end.fixed(crc32c(trailer));
    end.raw(kEndMagic);
    return bytes + trailer;
}

Result<DirectoryPlace> parse_sealed_trailer(std::string_view trailer) {
    ByteReader in(trailer);
    DirectoryPlace place;
    place.offset = in.fixed<std::uint64_t>();
    place.size = in.fixed<std::uint64_t>();
    const auto crc = in.fixed<std::uint32_t>();
    if (in.raw(kEndMagic.size()) != kEndMagic || !in.ok() || crc32c(trailer.substr(0, 16)) != crc ||
        place.size > kMaxDirectoryBytes) {
        return damaged("the sealed segment does not end as it should");
    }
    return place;
}

Result<SealedDirectory> parse_sealed_directory(std::string_view bytes, std::uint64_t end) {
    if (bytes.size() < 4 || ByteReader(bytes.substr(bytes.size() - 4)).fixed<std::uint32_t>() !=
                                crc32c(bytes.substr(0, bytes.size() - 4))) {
        return damaged("the checksum of the sealed segment's directory is wrong");
    }
    bytes.remove_suffix(4);
    ByteReader in(bytes);
    SealedDirectory directory;
    SealedFacts& facts = directory.facts;
    facts.records = in.fixed<std::uint64_t>();
    facts.payloads = in.fixed<std::uint64_t>();
    facts.redacted = in.fixed<std::uint64_t>();
    facts.bytes_before = in.fixed<std::uint64_t>();
    facts.oldest_unix_nanos = in.fixed<std::int64_t>();
    facts.newest_unix_nanos = in.fixed<std::int64_t>();
    directory.chain_after = digest_from(in);
    const auto spine = in.fixed<std::uint32_t>();
    const auto blocks = in.fixed<std::uint32_t>();
    const auto classes = in.fixed<std::uint32_t>();
    if (in.left() / kSpineBytes < spine || in.left() / (2 * kPlaceBytes) < blocks)
        return damaged("the sealed segment's directory is impossible");
    directory.spine.resize(spine);
    bool good = true;
    std::uint64_t before = 0;
    for (SpineBlock& block : directory.spine) {
        block.place = place_from(in);
        block.first_sequence = in.fixed<std::uint64_t>();
        block.chain_before = digest_from(in);
        good = good && lies_within(block.place, end) && block.first_sequence > before;
        before = block.first_sequence;
    }
    directory.blocks.resize(blocks);
    for (PayloadBlock& block : directory.blocks) {
        block.place = place_from(in);
        block.words = place_from(in);
        good = good && lies_within(block.place, end) && lies_within(block.words, end);
    }
    for (std::uint32_t i = 0; i < classes && in.ok(); ++i) {
        SealedClass one;
        one.name = in.raw(in.fixed<std::uint16_t>());
        one.records = in.fixed<std::uint64_t>();
        one.newest_unix_nanos = in.fixed<std::int64_t>();
        directory.classes.push_back(std::move(one));
    }
    if (!good || !in.ok() || !in.at_end()) return damaged("the sealed segment's directory is impossible");
    return directory;
}

void append_spine_entry(std::string& out, std::string_view head, const ParsedRecord& record,
                        std::span<const PayloadPlace> places) {
    ByteWriter to(out);
    to.text(head);
    to.text(record.header);
    for (std::size_t i = 0; i < record.payloads.size(); ++i) {
        const PayloadFrame& frame = record.payloads[i];
        to.fixed(static_cast<std::uint8_t>(frame.payload.kind));
        to.fixed(static_cast<std::uint8_t>(frame.payload.redacted ? 1 : 0));
        if (frame.payload.redacted) {
            to.raw(as_text(frame.stated_digest));
            continue;
        }
        to.raw(frame.salt);
        to.text(frame.payload.key_id);
        to.text(frame.payload.subject);
        to.varint(places[i].block);
        to.varint(places[i].offset);
        to.varint(places[i].size);
    }
}

Result<SpineEntry> take_spine_entry(std::string_view& bytes) {
    ByteReader in(bytes);
    SpineEntry entry;
    entry.head = in.text();
    entry.record.header = in.text();
    STENO_TRY(parse_header_start(entry.head, entry.record));
    entry.places.resize(entry.record.payloads.size());
    for (std::size_t i = 0; i < entry.places.size(); ++i) {
        PayloadFrame& frame = entry.record.payloads[i];
        PayloadPlace& place = entry.places[i];
        frame.payload.kind = static_cast<PayloadClass>(in.fixed<std::uint8_t>());
        frame.payload.redacted = in.fixed<std::uint8_t>() != 0;
        if (frame.payload.kind != PayloadClass::Durable && frame.payload.kind != PayloadClass::Ephemeral)
            return damaged("a sealed record is impossible");
        if (frame.payload.redacted) {
            frame.stated_digest = digest_from(in);
            continue;
        }
        frame.salt = in.raw(kSaltBytes);
        frame.payload.key_id = in.text();
        frame.payload.subject = in.text();
        const std::uint64_t block = in.varint();
        place.offset = in.varint();
        place.size = in.varint();
        if (block > UINT32_MAX || frame.payload.key_id.size() > 255 || frame.payload.subject.size() > 255)
            return damaged("a sealed record is impossible");
        place.block = static_cast<std::uint32_t>(block);
    }
    if (!in.ok()) return damaged("a sealed record is cut off");
    bytes.remove_prefix(bytes.size() - in.left());
    return entry;
}

std::string sealed_file_name(std::uint64_t number) {
    return fmt::format("{:016}.sts", number);
}

std::optional<std::uint64_t> sealed_number_of(std::string_view file_name) noexcept {
    if (file_name.size() != 20 || !file_name.ends_with(".sts")) return std::nullopt;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(file_name.data(), file_name.data() + 16, number);
    if (error != std::errc{} || end != file_name.data() + 16 || number == 0) return std::nullopt;
    return number;
}

}  // namespace steno::journal
