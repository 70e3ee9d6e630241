#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace steno::daily {

inline constexpr std::string_view kArchive = "archive";  ///< the folder in the folder

/// Takes the daily files of days before `first_kept` out of the folder: into its archive, compressed with
/// gzip, or for good. A file goes when its archived form is whole and on disk. Says how many went. What has
/// another name is left alone.
Result<std::uint64_t> rotate(const std::string& folder, std::string_view first_kept, bool archive);

/// Removes what a process left that was killed while it wrote into the folder.
void remove_parts(const std::string& folder);

}  // namespace steno::daily
