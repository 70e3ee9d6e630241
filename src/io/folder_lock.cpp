#include "io/folder_lock.hpp"

#include <fmt/format.h>

namespace steno::io {

Result<FolderLock> FolderLock::take(FileSystem& files, const std::string& data_folder) {
    STENO_TRY(files.make_directories(data_folder));
    auto lock = files.lock(data_folder + "/steno.lock");
    if (!lock && lock.error().code == Code::FailedPrecondition) {
        return fail(Code::FailedPrecondition,
                    fmt::format("the data folder {} is in use by another process", data_folder),
                    "stop that process, or talk to the server that runs on this folder");
    }
    if (!lock) return std::unexpected(std::move(lock).error());
    return FolderLock(std::move(*lock));
}

}  // namespace steno::io
