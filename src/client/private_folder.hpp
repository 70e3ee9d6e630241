#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

/// Files that are the program's user's own.
namespace steno::client {

/// Of errno: "making /x/y: No space left on device".
std::unexpected<Error> failed(std::string_view doing, const std::string& path);

/// PermissionDenied: a folder of somebody else's, or one that everybody may write to. It could be read by
/// them, and what they put there would be taken as ours: that matters where the name can be guessed, as under
/// /tmp.
Result<void> check_private_folder(const std::string& folder);
/// Makes it with mode 0700, if it is missing, and what is above it; and checks it.
Result<void> make_private_folder(const std::string& folder);

/// The bytes in one write, to a file that has `size` bytes. A file must not grow beyond the program's limit:
/// that raises a signal.
Result<void> write_whole(int descriptor, std::uint64_t size, std::string_view bytes, const std::string& path);

}  // namespace steno::client
