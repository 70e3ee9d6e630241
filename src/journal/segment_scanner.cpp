#include "journal/segment_scanner.hpp"

#include "journal/owned_record.hpp"
#include "journal/sealed_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <optional>

namespace steno::journal {
namespace {

constexpr std::size_t kSearchBytes = 256 * 1024;
constexpr int kListAttempts = 5;

std::string_view as_view(const std::vector<char>& bytes) {
    return {bytes.data(), bytes.size()};
}

}  // namespace

Result<SegmentHeader> read_segment_header(io::File& file) {
    std::string bytes(kSegmentFixedBytes + 4, '\0');
    STENO_ASSIGN(std::size_t got, file.read(0, bytes));
    STENO_ASSIGN(const std::uint64_t wanted, segment_header_size(std::string_view(bytes).substr(0, got)));
    STENO_ASSIGN(const std::uint64_t there, file.size());
    bytes.resize(std::min(wanted, there));
    STENO_ASSIGN(got, file.read(0, bytes));
    return parse_segment_header(std::string_view(bytes).substr(0, got));
}

Result<SegmentHeader> read_sealed_header(io::File& file) {
    std::string bytes(kSealedFixedBytes, '\0');
    STENO_ASSIGN(std::size_t got, file.read(0, bytes));
    STENO_ASSIGN(const std::uint64_t wanted, sealed_header_size(std::string_view(bytes).substr(0, got)));
    STENO_ASSIGN(const std::uint64_t there, file.size());
    bytes.resize(std::min(wanted, there));
    STENO_ASSIGN(got, file.read(kSealedFixedBytes, bytes));
    return parse_sealed_header(std::string_view(bytes).substr(0, got));
}

namespace {

/// The segments' files by number. Of one that is there plain and sealed, the sealed one (the plain one is
/// left by a process that died before it removed it), unless it is unreadable.
std::map<std::uint64_t, std::vector<SegmentFile>> files_by_number(
    const std::string& folder, const std::vector<io::DirectoryEntry>& entries) {
    std::map<std::uint64_t, std::vector<SegmentFile>> files;
    for (const auto& entry : entries) {
        if (entry.is_directory) continue;
        SegmentFile file;
        file.path = folder + "/" + entry.name;
        if (const auto number = segment_number_of(entry.name)) {
            file.number = *number;
            files[file.number].push_back(std::move(file));
        } else if (const auto sealed = sealed_number_of(entry.name)) {
            file.number = *sealed;
            file.sealed = true;
            auto& row = files[file.number];
            row.insert(row.begin(), std::move(file));
        }
    }
    return files;
}

/// Nothing if a file that was listed is gone.
Result<std::optional<StreamFiles>> try_list_segments(io::FileSystem& files, const std::string& folder,
                                                     const Uuid& stream) {
    STENO_ASSIGN(const auto entries, files.list(folder));
    StreamFiles found;
    for (auto& [number, candidates] : files_by_number(folder, entries)) {
        std::vector<UnreadableSegment> unreadable;
        for (SegmentFile& segment : candidates) {
            auto file = files.open_read(segment.path);
            if (!file && file.error().code == Code::NotFound) return std::optional<StreamFiles>();
            if (!file && file.error().code == Code::DataLoss) {  // no file
                unreadable.push_back({segment.path, number, 0, file.error().message, segment.sealed});
                continue;
            }
            if (!file) return std::unexpected(std::move(file).error());
            STENO_ASSIGN(segment.size, (*file)->size());
            auto header = segment.sealed ? read_sealed_header(**file) : read_segment_header(**file);
            if (!header && header.error().code != Code::DataLoss) {
                return std::unexpected(std::move(header).error().with_context(segment.path));
            }
            std::string reason;
            if (!header) {
                reason = header.error().message;
            } else if (header->stream != stream || header->number != number) {
                reason = "the segment belongs to another place";
            }
            if (!reason.empty()) {
                unreadable.push_back({segment.path, number, segment.size, std::move(reason), segment.sealed});
                continue;
            }
            unreadable.clear();
            segment.header = std::move(*header);
            found.add(std::move(segment));
            break;
        }
        std::ranges::move(unreadable, std::back_inserter(found.unreadable));
    }
    return std::optional(std::move(found));
}

}  // namespace

Result<StreamFiles> list_segments(io::FileSystem& files, const std::string& data_folder, const Uuid& stream) {
    // Sealing and retention change the folder while it is read: then it is read again.
    for (int attempt = 0;; ++attempt) {
        STENO_ASSIGN(auto found, try_list_segments(files, stream_folder(data_folder, stream), stream));
        if (found) return std::move(*found);
        if (attempt == kListAttempts)
            return fail(Code::Unavailable, "the journal's folder changes faster than it can be read");
    }
}

void StreamFiles::add(SegmentFile segment) {
    while (!segments.empty() && segments.back().header.first_sequence >= segment.header.first_sequence) {
        segments.pop_back();
    }
    if (!segments.empty()) segments.back().end_sequence = segment.header.first_sequence;
    segments.push_back(std::move(segment));
}

Result<std::vector<Uuid>> list_streams(io::FileSystem& files, const std::string& data_folder) {
    auto entries = files.list(journal_folder(data_folder));
    std::vector<Uuid> streams;
    if (!entries) {
        if (entries.error().code == Code::NotFound) return streams;
        return std::unexpected(std::move(entries).error());
    }
    for (const auto& entry : *entries) {
        if (const auto id = entry.is_directory ? Uuid::parse(entry.name) : std::nullopt)
            streams.push_back(*id);
    }
    return streams;
}

Result<std::string_view> SegmentScanner::fetch(std::size_t wanted) {
    const auto have = [&]() -> std::string_view {
        if (offset_ < buffer_offset_ || offset_ > buffer_offset_ + buffer_.size()) return {};
        return as_view(buffer_).substr(offset_ - buffer_offset_);
    };
    if (have().size() >= wanted) return have();
    if (wanted > chunk_bytes_) {
        // A size that a prefix claims is not believed before the file has that many bytes.
        STENO_ASSIGN(const std::uint64_t there, file_.size());
        wanted = std::min<std::uint64_t>(wanted, there > offset_ ? there - offset_ : 0);
    }
    buffer_.resize(std::max(wanted, chunk_bytes_));
    buffer_offset_ = offset_;
    auto got = file_.read(offset_, buffer_);
    buffer_.resize(got ? *got : 0);
    if (!got) return std::unexpected(std::move(got).error());
    return have();
}

Result<SegmentScanner::Step> SegmentScanner::next() {
    Step step;
    step.offset = offset_;
    if (due_ >= end_) return step;
    STENO_ASSIGN(std::string_view bytes, fetch(kPrefixBytes));
    if (bytes.empty()) {
        if (end_ != kNoEnd) {
            step.state = State::Bad;
            step.reason = fmt::format("the file ends before record {}", due_);
        }
        return step;
    }
    step.state = State::Bad;
    const auto prefix = parse_prefix(bytes);
    if (!prefix) {
        step.reason = prefix.error().message;
        return step;
    }
    if (prefix->sequence != due_) {
        step.reason = fmt::format("record {} stands where record {} should", prefix->sequence, due_);
        return step;
    }
    STENO_ASSIGN(bytes, fetch(prefix->size));
    auto record = parse_record(bytes);
    if (!record) {
        step.reason = record.error().message;
        return step;
    }
    step.state = State::Record;
    step.bytes = bytes.substr(0, prefix->size);
    step.record = std::move(*record);
    offset_ += prefix->size;
    ++due_;
    return step;
}

Result<std::uint64_t> durable_behind(io::File& file, std::uint64_t offset, std::uint64_t sequence) {
    std::vector<char> chunk(kSearchBytes);
    std::uint64_t highest = 0;
    for (;;) {
        STENO_ASSIGN(const std::size_t got, file.read(offset, chunk));
        if (got < kPrefixBytes) return highest;
        const std::string_view bytes(chunk.data(), got);
        const std::size_t places = got - kPrefixBytes + 1;
        for (std::size_t at = 0; at < places; ++at) {
            std::uint64_t durable;
            std::memcpy(&durable, bytes.data() + at + 16, sizeof durable);
            if (durable < sequence || durable <= highest) continue;
            const auto prefix = parse_prefix(bytes.substr(at, kPrefixBytes));
            if (prefix && prefix->sequence > sequence && durable < prefix->sequence) highest = durable;
        }
        offset += places;
    }
}

Record own_record(const Uuid& stream, const SegmentScanner::Step& step, std::uint64_t segment) {
    Record record = own_record(stream, step.record, segment);
    record.offset = step.offset;
    record.size = step.bytes.size();
    return record;
}

}  // namespace steno::journal
