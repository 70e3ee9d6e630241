#pragma once

#include "base/error.hpp"
#include "io/file_system.hpp"

#include <string>

namespace steno::ingest {

/// The secret of this name of a data folder: 32 random bytes in keys/NAME.key, readable by its owner only,
/// made when it is missing. Whoever calls holds the folder's lock. A file that is no such secret is an error
/// (DataLoss), never replaced: what was derived from it would change its meaning.
Result<std::string> folder_secret(io::FileSystem& files, const std::string& data_folder,
                                  const std::string& name);

}  // namespace steno::ingest
