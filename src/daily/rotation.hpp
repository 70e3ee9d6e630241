#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace steno::daily {

inline constexpr std::string_view kArchive = "archive";  ///< the folder in the folder

struct Rotation {
    std::uint64_t gone = 0;  ///< files
    Result<void> trouble;    ///< the last, where a file could not go; it holds no other up
};
/// Takes the daily files of days before `first_kept` out of the folder: into its archive, compressed with
/// gzip, or for good. A file goes when its archived form is whole and on disk. An archived file is never
/// replaced: where one of that name has other content, both stay. What has another name, or is no regular
/// file, is left alone. Ends with Cancelled where the thread's Cancellation asks for it.
Rotation rotate(const std::string& folder, std::string_view first_kept, bool archive);

/// Removes what processes left that were killed while they wrote daily files into the folder.
void remove_parts(const std::string& folder);

}  // namespace steno::daily
