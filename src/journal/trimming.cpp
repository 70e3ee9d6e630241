#include "journal/trimming.hpp"

#include "journal/sealed_segment.hpp"
#include "journal/segment_scanner.hpp"

#include <fmt/format.h>

namespace steno::journal {
namespace {

constexpr std::uint64_t kMaxMarkBytes = 64 * 1024;

std::string mark_path(const std::string& data_folder, const Uuid& stream) {
    return stream_folder(data_folder, stream) + "/trimmed";
}

}  // namespace

Result<std::optional<Head>> read_trimmed_mark(io::FileSystem& files, const std::string& data_folder,
                                              const Uuid& stream) {
    const std::string path = mark_path(data_folder, stream);
    if (!files.exists(path)) return std::optional<Head>();
    STENO_ASSIGN(const std::string json, io::read_file(files, path, kMaxMarkBytes));
    auto head = parse_head(json);
    if (!head || head->streams.size() != 1 || head->streams[0].stream != stream || head->streams[0].closed)
        return fail(Code::DataLoss, fmt::format("{} does not name a place in its stream", path));
    return std::optional<Head>(std::move(*head));
}

Result<StreamHead> trim_stream(io::FileSystem& files, const std::string& data_folder, const Uuid& stream,
                               std::uint64_t last_segment, Clock& clock, const SigningKey& key) {
    STENO_ASSIGN(const StreamFiles found, list_segments(files, data_folder, stream));
    StreamHead end{stream, 0, {}, false};
    for (const SegmentFile& segment : found.segments) {
        if (segment.number > last_segment) break;
        if (!segment.sealed) return fail(Code::FailedPrecondition, "only sealed segments can be removed");
        if (segment.number != last_segment) continue;
        STENO_ASSIGN(std::shared_ptr<io::File> file, files.open_read(segment.path));
        STENO_ASSIGN(const auto sealed, SealedSegment::open(std::move(file)));
        end.sequence = sealed->end_sequence() - 1;
        end.chain = sealed->directory().chain_after;
    }
    if (end.sequence == 0) return fail(Code::NotFound, fmt::format("there is no segment {}", last_segment));
    STENO_ASSIGN(const auto before, read_trimmed_mark(files, data_folder, stream));
    // A smaller mark would declare missing what an earlier call removed.
    if (!before || before->streams[0].sequence < end.sequence) {
        STENO_TRY(
            io::replace_file(files, mark_path(data_folder, stream), build_head({end}, clock.now(), key)));
    }
    STENO_TRY(finish_trimming(files, data_folder, stream));
    return end;
}

Result<void> finish_trimming(io::FileSystem& files, const std::string& data_folder, const Uuid& stream) {
    STENO_ASSIGN(const auto mark, read_trimmed_mark(files, data_folder, stream));
    if (!mark) return {};
    STENO_ASSIGN(StreamFiles found, list_segments(files, data_folder, stream));
    std::erase_if(found.segments, [&](const SegmentFile& segment) {
        return segment.header.first_sequence > mark->streams[0].sequence;
    });
    if (found.segments.empty()) return {};
    // Who died may not have made the mark's name durable.
    STENO_TRY(files.sync_directory(stream_folder(data_folder, stream)));
    for (const SegmentFile& segment : found.segments) STENO_TRY(files.unlink(segment.path));
    STENO_TRY(files.sync_directory(stream_folder(data_folder, stream)));
    return {};
}

void leave_out_trimmed(StreamFiles& found, std::uint64_t trimmed) {
    std::erase_if(found.segments,
                  [&](const SegmentFile& segment) { return segment.header.first_sequence <= trimmed; });
}

}  // namespace steno::journal
