#include "journal/journal.hpp"

#include "journal/format.hpp"
#include "journal/stream_writer.hpp"

#include <fmt/format.h>

namespace steno::journal {
namespace {

constexpr std::uint64_t kLeastSegmentBytes = 4096;

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(io::FileSystem& files, std::string data_folder,
                                               Options options) {
    if (options.segment_bytes < kLeastSegmentBytes) {
        return fail(Code::InvalidArgument,
                    fmt::format("a segment has at least {} bytes", kLeastSegmentBytes));
    }
    STENO_TRY(files.make_directories(journal_folder(data_folder)));
    STENO_ASSIGN(auto key, SigningKey::load_or_make(files, data_folder));
    auto recovery = options.recover ? Recovery::begin(files, data_folder) : Recovery(files, data_folder);
    if (!recovery) return std::unexpected(std::move(recovery).error());
    const bool at_once = options.begin_at_once;
    auto writer = std::make_unique<StreamWriter>(files, std::move(data_folder), std::move(options),
                                                 *std::move(recovery), std::move(key));
    if (at_once) STENO_TRY(writer->begin());
    return writer;
}

}  // namespace steno::journal
