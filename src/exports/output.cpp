#include "exports/output.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace steno::exports {

namespace {

constexpr std::size_t kEnough = 256u << 10;

std::unexpected<Error> write_error(const std::string& path, int number) {
    const std::string name = path == "-" ? "standard output" : path;
    if (number == EPIPE) return fail(Code::Cancelled, "nobody reads the output any more");
    if (number == ENOSPC || number == EDQUOT || number == EFBIG)
        return fail(Code::ResourceExhausted, fmt::format("writing {}: {}", name, std::strerror(number)),
                    "free disk space, or name a file on another disk");
    return fail(Code::Unavailable, fmt::format("writing {}: {}", name, std::strerror(number)));
}

}  // namespace

Output::Output(std::string path, int fd) : path_(std::move(path)), fd_(fd) {
    buffer_.reserve(kEnough + (64u << 10));
}

Result<Output> Output::open(const std::string& path) {
    if (path == "-") return Output(path, STDOUT_FILENO);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return fail(Code::Unavailable, fmt::format("opening {}: {}", path, std::strerror(errno)),
                    "name a file that can be written");
    return Output(path, fd);
}

Output::~Output() {
    if (fd_ > STDERR_FILENO) ::close(fd_);
}

Result<void> Output::write(std::string_view bytes) {
    buffer_ += bytes;
    return buffer_.size() < kEnough ? Result<void>{} : flush();
}

Result<void> Output::flush() {
    std::string_view rest = buffer_;
    while (!rest.empty()) {
        const ssize_t done = ::write(fd_, rest.data(), rest.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return write_error(path_, errno);
        rest.remove_prefix(static_cast<std::size_t>(done));
    }
    size_ += buffer_.size();
    buffer_.clear();
    return {};
}

Result<void> Output::rewrite(std::uint64_t at, std::string_view bytes) {
    if (at >= size_) {
        buffer_.replace(at - size_, bytes.size(), bytes);
        return {};
    }
    if (at + bytes.size() > size_) STENO_TRY(flush());
    while (!bytes.empty()) {
        const ssize_t done = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return write_error(path_, errno);
        bytes.remove_prefix(static_cast<std::size_t>(done));
        at += static_cast<std::uint64_t>(done);
    }
    return {};
}

Result<void> Output::finish() {
    STENO_TRY(flush());
    struct stat what{};
    const bool file = fstat(fd_, &what) == 0 && S_ISREG(what.st_mode);
    if (file && path_ != "-" && fsync(fd_) != 0) return write_error(path_, errno);
    return {};
}

}  // namespace steno::exports
