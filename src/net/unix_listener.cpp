#include "net/unix_listener.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace steno::net {

namespace {

/// One who looks at a file, removes or makes one is soon done with it.
constexpr int kTries = 100;
constexpr std::chrono::milliseconds kBetweenTries{10};

int new_socket() {
    return ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return fail(Code::InvalidArgument,
                    fmt::format("the path of the socket is longer than {} bytes: {}",
                                sizeof address.sun_path - 1, path),
                    "Choose a shorter one, such as /run/user/1000/steno.sock.");
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

std::unexpected<Error> cannot(const std::string& path, int why) {
    return fail(Code::InvalidArgument, fmt::format("cannot listen on {}: {}", path, std::strerror(why)),
                "Choose a path in a folder of your own.");
}

std::unexpected<Error> taken(const std::string& path) {
    return fail(Code::Unavailable, fmt::format("another process listens on {} already", path),
                fmt::format("Stop it (`ss -xlp | grep {}` names it), or choose another path.", path));
}

/// The lock beside a socket.
class LockBeside {
  public:
    LockBeside() = default;
    LockBeside(const LockBeside&) = delete;
    LockBeside& operator=(const LockBeside&) = delete;
    ~LockBeside() {
        if (file_ < 0) return;
        ::unlink(name_.c_str());
        ::close(file_);
    }

    /// 0, or why not. EWOULDBLOCK: another has had it all the time, which is longer than anybody needs it.
    int take(const std::string& path) {
        name_ = path + ".lock";
        for (int tries = 0;; ++tries) {
            const int file = ::open(name_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
            if (file < 0) return errno;
            if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
                const int why = errno;
                ::close(file);
                if (why != EINTR && (why != EWOULDBLOCK || tries >= kTries)) return why;
                std::this_thread::sleep_for(kBetweenTries);
                continue;
            }
            // Who had it has removed it: then this one lies nowhere, and the next one locks another.
            struct stat here{};
            struct stat there{};
            if (::fstat(file, &here) == 0 && ::lstat(name_.c_str(), &there) == 0 &&
                here.st_dev == there.st_dev && here.st_ino == there.st_ino) {
                file_ = file;
                return 0;
            }
            ::close(file);
        }
    }

  private:
    std::string name_;
    int file_ = -1;
};

/// Takes away what nobody listens on any more. Under the lock.
Result<void> make_room(const std::string& path, const sockaddr_un& address) {
    struct stat there{};
    if (::lstat(path.c_str(), &there) != 0) return {};
    if (!S_ISSOCK(there.st_mode)) {
        return fail(Code::InvalidArgument, fmt::format("{} exists and is no socket", path),
                    "Choose another path; nothing but a socket is replaced.");
    }
    const int asking = new_socket();
    const bool answered = ::connect(asking, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    const int why = errno;
    ::close(asking);
    if (!answered && why == ECONNREFUSED) {
        if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
        return cannot(path, errno);
    }
    if (!answered && why == ENOENT) return {};
    return taken(path);
}

}  // namespace

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
    return *this;
}

SocketFile::~SocketFile() {
    if (path_.empty()) return;
    LockBeside lock;
    if (lock.take(path_) == EWOULDBLOCK) return;
    struct stat there{};
    if (::lstat(path_.c_str(), &there) == 0 && there.st_dev == device_ && there.st_ino == inode_)
        ::unlink(path_.c_str());
}

Result<int> SocketFile::listen(const std::string& path) {
    STENO_ASSIGN(const sockaddr_un address, address_of(path));
    LockBeside lock;
    if (const int why = lock.take(path); why == EWOULDBLOCK) {
        return taken(path);
    } else if (why != 0) {
        return cannot(path, why);
    }
    STENO_TRY(make_room(path, address));
    const int socket = new_socket();
    // Nobody can connect before `listen`, and then the file is closed to others already.
    struct stat made{};
    if (socket < 0 || ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::chmod(path.c_str(), 0600) != 0 || ::lstat(path.c_str(), &made) != 0 ||
        ::listen(socket, 4096) != 0) {
        const int why = errno;
        if (socket >= 0) ::close(socket);
        return cannot(path, why);
    }
    path_ = path;
    device_ = made.st_dev;
    inode_ = made.st_ino;
    return socket;
}

}  // namespace steno::net
