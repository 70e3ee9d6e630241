#pragma once

#include "base/time.hpp"
#include "io/file_system.hpp"
#include "journal/head.hpp"
#include "journal/segment_scanner.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// Removing the oldest segments of a stream for good, so that it still verifies: a signed mark says up to
/// where they were removed, and with which value of the hash chain they ended.
namespace steno::journal {

/// Removes the segments of a stream up to and with this one, which must all be sealed (FailedPrecondition
/// otherwise; DataLoss if the last of them is damaged). The mark is durable before the first file goes: of
/// what an interruption leaves behind nobody reads anything. Returns the end of what was removed.
Result<StreamHead> trim_stream(io::FileSystem& files, const std::string& data_folder, const Uuid& stream,
                               std::uint64_t last_segment, Clock& clock, const SigningKey& key);

/// Removes what an interrupted trim_stream() left behind.
Result<void> finish_trimming(io::FileSystem& files, const std::string& data_folder, const Uuid& stream);

/// How far the stream was trimmed; nothing if it was not. DataLoss if the mark is unreadable.
Result<std::optional<Head>> read_trimmed_mark(io::FileSystem& files, const std::string& data_folder,
                                              const Uuid& stream);

/// Takes the segments out of the list that are removed by the mark's word, though their files may be there
/// still.
void leave_out_trimmed(StreamFiles& found, std::uint64_t trimmed);

}  // namespace steno::journal
