#include "net/unix_listener.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace steno::net {

namespace {

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

/// Takes away what nobody listens on any more.
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
    return fail(Code::Unavailable, fmt::format("another process listens on {} already", path),
                fmt::format("Stop it (`ss -xlp | grep {}` names it), or choose another path.", path));
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
    struct stat there{};
    if (!path_.empty() && ::lstat(path_.c_str(), &there) == 0 && there.st_dev == device_ &&
        there.st_ino == inode_)
        ::unlink(path_.c_str());
}

Result<int> SocketFile::listen(const std::string& path) {
    STENO_ASSIGN(const sockaddr_un address, address_of(path));
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
