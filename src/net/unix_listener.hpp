#pragma once

// Private to src/net: a listening socket in the file system.

#include "base/error.hpp"

#include <string>
#include <sys/types.h>

namespace steno::net {

/// The file of a Unix socket that this process listens on. Removed with this object, unless another process
/// has put its own there meanwhile. Files are looked at, removed and made under the lock of PATH.lock
/// (flock(2)), which lies there for no longer and is waited for, a second at most: of several that come to
/// what a dead process has left, one gets it.
class SocketFile {
  public:
    SocketFile() = default;
    SocketFile(SocketFile&& other) noexcept;
    SocketFile& operator=(SocketFile&& other) noexcept;
    ~SocketFile();

    /// Listens at `path`, for the user of this process alone (mode 0600). What a process that is gone has
    /// left there is replaced. Unavailable: another process listens there, or keeps the lock.
    /// InvalidArgument: something else is there, or no file can be. Returns the listening descriptor, for the
    /// caller to close.
    Result<int> listen(const std::string& path);

  private:
    std::string path_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace steno::net
