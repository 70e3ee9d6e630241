#include "journal/format.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace steno::journal {
namespace {

constexpr std::string_view kMagic = "STENOJNL";
constexpr std::string_view kChainSeed = "steno-journal-1";
constexpr std::size_t kHeaderFrameFixed = 12;   ///< up to the optional ids
constexpr std::size_t kPayloadFrameFixed = 28;  ///< up to the key id
constexpr std::size_t kSaltBytes = 16;
enum Flag : std::uint8_t { kOpens = 1, kCloses = 2, kAdopts = 4 };
enum Form : std::uint8_t { kPlain = 0, kRedacted = 1 };

std::string_view view(const Uuid& id) {
    return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

Uuid uuid_from(ByteReader& in) {
    Uuid id;
    const std::string_view raw = in.raw(id.bytes.size());
    if (in.ok()) std::memcpy(id.bytes.data(), raw.data(), id.bytes.size());
    return id;
}

Sha256 digest_from(ByteReader& in) {
    Sha256 digest{};
    const std::string_view raw = in.raw(digest.size());
    if (in.ok()) std::memcpy(digest.data(), raw.data(), digest.size());
    return digest;
}

std::unexpected<Error> damaged(std::string reason) {
    return fail(Code::DataLoss, std::move(reason));
}

/// Writes size and checksum of the frame that began at `start` and ends at the end of `bytes`.
void seal_frame(std::string& bytes, std::size_t start) {
    const auto size = static_cast<std::uint32_t>(bytes.size() - start);
    std::memcpy(bytes.data() + start + 4, &size, 4);
    const std::uint32_t crc = crc32c(std::string_view(bytes).substr(start + 4));
    std::memcpy(bytes.data() + start, &crc, 4);
}

/// Cuts a frame with a right checksum off the front.
Result<std::string_view> take_frame(std::string_view& bytes, std::size_t least, std::string_view what) {
    ByteReader in(bytes);
    const auto crc = in.fixed<std::uint32_t>();
    const auto size = in.fixed<std::uint32_t>();
    if (!in.ok() || size < least || size > bytes.size()) {
        return damaged(fmt::format("the size of the {} frame is impossible", what));
    }
    if (crc32c(bytes.substr(4, size - 4)) != crc)
        return damaged(fmt::format("the checksum of the {} frame is wrong", what));
    const std::string_view frame = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return frame;
}

}  // namespace

Sha256 chain_start(const Uuid& stream) {
    return sha256(kChainSeed, view(stream));
}

Sha256 chain_next(const Sha256& before, std::uint64_t sequence, const Sha256& record_digest) {
    char bytes[72];
    std::memcpy(bytes, before.data(), 32);
    std::memcpy(bytes + 32, &sequence, 8);
    std::memcpy(bytes + 40, record_digest.data(), 32);
    return sha256({bytes, sizeof bytes});
}

std::string build_segment_header(const SegmentHeader& header) {
    const std::size_t size = kSegmentFixedBytes + header.open.size() * 24 + header.adopted.size() * 40 + 4;
    std::string bytes;
    bytes.reserve(size);
    ByteWriter out(bytes);
    out.raw(kMagic);
    out.fixed(kVersion);
    out.fixed(std::uint16_t{0});
    out.fixed(static_cast<std::uint32_t>(size));
    out.raw(view(header.stream));
    out.fixed(header.number);
    out.fixed(header.first_sequence);
    out.raw(as_text(header.chain_before));
    out.fixed(header.created_unix_nanos);
    out.fixed(static_cast<std::uint32_t>(header.open.size()));
    out.fixed(static_cast<std::uint32_t>(header.adopted.size()));
    for (const Opening& call : header.open) {
        out.raw(view(call.id));
        out.fixed(call.at.sequence);
    }
    for (const Opening& call : header.adopted) {
        out.raw(view(call.id));
        out.raw(view(call.at.stream));
        out.fixed(call.at.sequence);
    }
    out.fixed(crc32c(bytes));
    return bytes;
}

Result<std::uint64_t> segment_header_size(std::string_view fixed) {
    ByteReader in(fixed);
    if (in.raw(kMagic.size()) != kMagic) return damaged("the file does not begin like a journal segment");
    (void)in.fixed<std::uint32_t>();  // version and flags: believed when the checksum holds
    const auto size = in.fixed<std::uint32_t>();
    if (!in.ok()) return damaged("the segment header is cut off");
    if (size < kSegmentFixedBytes + 4 || size > kMaxSegmentHeaderBytes)
        return damaged("the segment header is impossible");
    return size;
}

Result<SegmentHeader> parse_segment_header(std::string_view bytes) {
    STENO_ASSIGN(const std::uint64_t size, segment_header_size(bytes));
    if (bytes.size() < size) return damaged("the segment header is cut off");
    bytes = bytes.substr(0, size);
    ByteReader tail(bytes.substr(size - 4));
    if (crc32c(bytes.substr(0, size - 4)) != tail.fixed<std::uint32_t>()) {
        return damaged("the checksum of the segment header is wrong");
    }
    ByteReader in(bytes.substr(kMagic.size()));
    const auto version = in.fixed<std::uint16_t>();
    const auto flags = in.fixed<std::uint16_t>();
    if (version > kVersion || flags != 0) {
        return fail(
            Code::FailedPrecondition,
            fmt::format("the segment has format version {}, this program knows {}", version, kVersion),
            "use the newer Steno that wrote this folder");
    }
    if (version == 0) return damaged("the segment header is impossible");
    (void)in.fixed<std::uint32_t>();  // the size
    SegmentHeader header;
    header.header_size = size;
    header.stream = uuid_from(in);
    header.number = in.fixed<std::uint64_t>();
    header.first_sequence = in.fixed<std::uint64_t>();
    header.chain_before = digest_from(in);
    header.created_unix_nanos = in.fixed<std::int64_t>();
    const auto open = in.fixed<std::uint32_t>();
    const auto adopted = in.fixed<std::uint32_t>();
    if (size != kSegmentFixedBytes + open * std::uint64_t{24} + adopted * std::uint64_t{40} + 4 ||
        header.first_sequence == 0) {
        return damaged("the segment header is impossible");
    }
    header.open.reserve(open);
    for (std::uint32_t i = 0; i < open; ++i) {
        const Uuid id = uuid_from(in);
        header.open.push_back({id, {header.stream, in.fixed<std::uint64_t>()}});
    }
    header.adopted.reserve(adopted);
    for (std::uint32_t i = 0; i < adopted; ++i) {
        const Uuid id = uuid_from(in);
        const Uuid stream = uuid_from(in);
        header.adopted.push_back({id, {stream, in.fixed<std::uint64_t>()}});
    }
    return header;
}

Sha256 payload_digest(std::string_view salt, const StoredPayload& payload) {
    char start[kSaltBytes + 2];
    std::memcpy(start, salt.data(), kSaltBytes);
    start[kSaltBytes] = static_cast<char>(payload.kind);
    start[kSaltBytes + 1] = static_cast<char>(payload.subject.size());
    return sha256({start, sizeof start}, payload.subject, payload.bytes);
}

Result<Sha256> add_record(std::string& bytes, const Entry& entry, Random& random) {
    if (entry.payloads.size() > kMaxPayloads) {
        return fail(Code::InvalidArgument, fmt::format("a record has at most {} payloads", kMaxPayloads));
    }
    std::uint64_t content = entry.header.size();
    std::size_t size = kPrefixBytes + kHeaderFrameFixed + 72 + entry.header.size();
    for (const Payload& payload : entry.payloads) {
        if (payload.key_id.size() > 255 || payload.subject.size() > 255) {
            return fail(Code::InvalidArgument, "a payload's key id and subject have at most 255 bytes each");
        }
        content += payload.bytes.size();
        size += sizeof(Sha256) + kPayloadFrameFixed + payload.key_id.size() + payload.subject.size() +
                payload.bytes.size();
    }
    if (content > kMaxRecordBytes) {
        return fail(Code::InvalidArgument, fmt::format("a record has at most {} bytes", kMaxRecordBytes));
    }

    const std::size_t begin = bytes.size();
    if (bytes.capacity() - begin < size) bytes.reserve(std::max(begin + size, 2 * begin));
    bytes.append(kPrefixBytes + kFrameStart, '\0');
    ByteWriter out(bytes);
    out.fixed(entry.kind);
    out.fixed(static_cast<std::uint8_t>((entry.opens ? kOpens : 0) | (entry.closes ? kCloses : 0) |
                                        (entry.adopts ? kAdopts : 0)));
    out.fixed(static_cast<std::uint16_t>(entry.payloads.size()));
    if (entry.opens) out.raw(view(*entry.opens));
    if (entry.closes) out.raw(view(*entry.closes));
    if (entry.adopts) {
        out.raw(view(entry.adopts->id));
        out.raw(view(entry.adopts->at.stream));
        out.fixed(entry.adopts->at.sequence);
    }
    const std::size_t digests = bytes.size();
    bytes.append(entry.payloads.size() * sizeof(Sha256), '\0');
    out.raw(entry.header);
    const std::size_t header_end = bytes.size();

    for (std::size_t i = 0; i < entry.payloads.size(); ++i) {
        const Payload& payload = entry.payloads[i];
        const std::size_t start = bytes.size();
        bytes.append(kFrameStart, '\0');
        out.fixed(static_cast<std::uint8_t>(payload.kind));
        out.fixed(std::uint8_t{kPlain});
        out.fixed(static_cast<std::uint8_t>(payload.key_id.size()));
        out.fixed(static_cast<std::uint8_t>(payload.subject.size()));
        std::uint8_t salt[kSaltBytes];
        random.fill(salt);
        const std::string_view salt_view(reinterpret_cast<const char*>(salt), kSaltBytes);
        out.raw(salt_view);
        out.raw(payload.key_id);
        out.raw(payload.subject);
        out.raw(payload.bytes);
        seal_frame(bytes, start);
        const Sha256 digest = payload_digest(
            salt_view, {payload.kind, false, false, payload.key_id, payload.subject, payload.bytes});
        std::memcpy(bytes.data() + digests + i * sizeof digest, digest.data(), sizeof digest);
    }

    const std::string_view record = std::string_view(bytes).substr(begin);
    const auto header_size = static_cast<std::uint32_t>(header_end - begin - kPrefixBytes);
    std::memcpy(bytes.data() + begin + kPrefixBytes + 4, &header_size, 4);
    const std::uint32_t crc = crc32c(record.substr(kPrefixBytes + 4, header_size - 4));
    std::memcpy(bytes.data() + begin + kPrefixBytes, &crc, 4);
    return sha256(record.substr(kPrefixBytes + kFrameStart, header_size - kFrameStart));
}

Result<BuiltRecord> build_record(const Entry& entry, Random& random) {
    BuiltRecord built;
    STENO_ASSIGN(built.digest, add_record(built.bytes, entry, random));
    return built;
}

void place_record(std::span<char> record, std::uint64_t sequence, std::uint64_t durable,
                  const Sha256& chain) {
    const auto size = static_cast<std::uint32_t>(record.size());
    std::memcpy(record.data() + 4, &size, 4);
    std::memcpy(record.data() + 8, &sequence, 8);
    std::memcpy(record.data() + 16, &durable, 8);
    std::memcpy(record.data() + 24, chain.data(), chain.size());
    const std::uint32_t crc = crc32c({record.data() + 4, kPrefixBytes - 4});
    std::memcpy(record.data(), &crc, 4);
}

Result<Prefix> parse_prefix(std::string_view bytes) {
    ByteReader in(bytes);
    const auto crc = in.fixed<std::uint32_t>();
    Prefix prefix;
    prefix.size = in.fixed<std::uint32_t>();
    prefix.sequence = in.fixed<std::uint64_t>();
    prefix.durable = in.fixed<std::uint64_t>();
    prefix.chain = digest_from(in);
    if (!in.ok()) return damaged("the record is cut off");
    if (crc32c(bytes.substr(4, kPrefixBytes - 4)) != crc)
        return damaged("the checksum of the record prefix is wrong");
    if (prefix.size < kPrefixBytes + kHeaderFrameFixed || prefix.size > kMaxStoredBytes ||
        prefix.sequence == 0) {
        return damaged("the record prefix is impossible");
    }
    return prefix;
}

namespace {

Result<void> header_start_from(ByteReader& in, ParsedRecord& record) {
    record.kind = in.fixed<std::uint8_t>();
    const auto flags = in.fixed<std::uint8_t>();
    const auto count = in.fixed<std::uint16_t>();
    if (flags > (kOpens | kCloses | kAdopts) || count > kMaxPayloads)
        return damaged("the header frame is impossible");
    if ((flags & kOpens) != 0) record.opens = uuid_from(in);
    if ((flags & kCloses) != 0) record.closes = uuid_from(in);
    if ((flags & kAdopts) != 0) {
        const Uuid id = uuid_from(in);
        const Uuid stream = uuid_from(in);
        record.adopts = Opening{id, {stream, in.fixed<std::uint64_t>()}};
    }
    record.payloads.resize(count);
    return {};
}

Result<PayloadFrame> parse_payload(std::string_view& left) {
    STENO_ASSIGN(const std::string_view frame, take_frame(left, kPayloadFrameFixed, "payload"));
    ByteReader in(frame.substr(kFrameStart));
    PayloadFrame result;
    StoredPayload& payload = result.payload;
    payload.kind = static_cast<PayloadClass>(in.fixed<std::uint8_t>());
    const auto form = in.fixed<std::uint8_t>();
    const auto key_size = in.fixed<std::uint8_t>();
    const auto subject_size = in.fixed<std::uint8_t>();
    result.salt = in.raw(kSaltBytes);
    payload.key_id = in.raw(key_size);
    payload.subject = in.raw(subject_size);
    payload.bytes = in.raw(in.left());
    payload.redacted = form == kRedacted;
    if (!in.ok() || form > kRedacted ||
        (payload.kind != PayloadClass::Durable && payload.kind != PayloadClass::Ephemeral) ||
        (payload.redacted && frame.size() != kPayloadFrameFixed)) {
        return damaged("a payload frame is impossible");
    }
    return result;
}

}  // namespace

Result<void> parse_header_start(std::string_view head, ParsedRecord& record) {
    ByteReader in(head);
    STENO_TRY(header_start_from(in, record));
    if (!in.ok() || !in.at_end()) return damaged("the header frame is impossible");
    return {};
}

namespace {

/// Prefix and header frame; `left` is what follows them.
Result<ParsedRecord> parse_start(std::string_view bytes, std::string_view& left) {
    ParsedRecord record;
    STENO_ASSIGN(record.prefix, parse_prefix(bytes));
    if (bytes.size() < record.prefix.size) return damaged("the record is cut off");
    left = bytes.substr(kPrefixBytes, record.prefix.size - kPrefixBytes);
    STENO_ASSIGN(const std::string_view frame, take_frame(left, kHeaderFrameFixed, "header"));
    record.digested = frame.substr(kFrameStart);
    ByteReader in(record.digested);
    STENO_TRY(header_start_from(in, record));
    if (in.left() < record.payloads.size() * sizeof(Sha256)) return damaged("the header frame is impossible");
    for (PayloadFrame& payload : record.payloads) payload.stated_digest = digest_from(in);
    record.header = in.raw(in.left());
    if (!in.ok()) return damaged("the header frame is impossible");
    return record;
}

}  // namespace

Result<ParsedRecord> parse_record(std::string_view bytes) {
    std::string_view left;
    STENO_ASSIGN(ParsedRecord record, parse_start(bytes, left));
    for (PayloadFrame& payload : record.payloads) {
        const Sha256 stated = payload.stated_digest;
        STENO_ASSIGN(payload, parse_payload(left));
        payload.stated_digest = stated;
    }
    if (!left.empty()) return damaged("the record is longer than its frames");
    return record;
}

Result<ParsedRecord> parse_damaged_record(std::string_view bytes) {
    std::string_view left;
    STENO_ASSIGN(ParsedRecord record, parse_start(bytes, left));
    for (PayloadFrame& payload : record.payloads) {
        const Sha256 stated = payload.stated_digest;
        auto parsed = parse_payload(left);
        if (parsed && (parsed->payload.redacted || payload_digest(parsed->salt, parsed->payload) == stated)) {
            payload = *parsed;
        } else {
            payload.payload.damaged = true;
            ByteReader in(left);  // perhaps the frame's size is as it was
            (void)in.fixed<std::uint32_t>();
            const auto size = in.fixed<std::uint32_t>();
            if (!parsed) left.remove_prefix(in.ok() ? std::min<std::size_t>(size, left.size()) : left.size());
        }
        payload.stated_digest = stated;
    }
    return record;
}

Result<std::string_view> parse_header_frame(std::string_view bytes) {
    STENO_ASSIGN(const std::string_view frame, take_frame(bytes, kHeaderFrameFixed, "header"));
    return frame.substr(kFrameStart);
}

std::string segment_file_name(std::uint64_t number) {
    return fmt::format("{:016}.stj", number);
}

std::optional<std::uint64_t> segment_number_of(std::string_view file_name) noexcept {
    if (file_name.size() != 20 || !file_name.ends_with(".stj")) return std::nullopt;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(file_name.data(), file_name.data() + 16, number);
    if (error != std::errc{} || end != file_name.data() + 16 || number == 0) return std::nullopt;
    return number;
}

std::string journal_folder(const std::string& data_folder) {
    return data_folder + "/journal";
}
std::string stream_folder(const std::string& data_folder, const Uuid& stream) {
    return journal_folder(data_folder) + "/" + stream.to_string();
}
std::string stream_lock_path(const std::string& data_folder, const Uuid& stream) {
    return stream_folder(data_folder, stream) + ".lock";
}
std::string closed_mark_path(const std::string& data_folder, const Uuid& stream) {
    return stream_folder(data_folder, stream) + "/closed";
}

std::string Position::to_string() const {
    return fmt::format("{}/{}", stream.to_string(), sequence);
}

std::optional<Position> Position::parse(std::string_view text) noexcept {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos || slash + 1 == text.size()) return std::nullopt;
    const auto stream = Uuid::parse(text.substr(0, slash));
    std::uint64_t sequence = 0;
    const auto [end, error] = std::from_chars(text.data() + slash + 1, text.data() + text.size(), sequence);
    if (!stream || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return Position{*stream, sequence};
}

}  // namespace steno::journal
