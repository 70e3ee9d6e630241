#pragma once

#include "base/error.hpp"
#include "io/file_system.hpp"

#include <memory>
#include <string>

namespace steno::io {

/// Exclusive use of a data folder's store, and of all in its journal but the streams that others write: the
/// lock on `<data>/steno.lock`. The server holds it while it runs; a command that works on the folder itself
/// takes it, or, if it is taken, talks to the server. Who only writes a stream of its own needs it not.
class FolderLock {
  public:
    /// Makes the folder if it is missing. FailedPrecondition: another process uses the folder.
    static Result<FolderLock> take(FileSystem& files, const std::string& data_folder);

  private:
    explicit FolderLock(std::unique_ptr<FileLock> lock) : lock_(std::move(lock)) {}
    std::unique_ptr<FileLock> lock_;
};

}  // namespace steno::io
