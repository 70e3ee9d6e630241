#include "exports/output.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
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

/// The name of a file in this folder lasts.
void sync_folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    if (const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); fd >= 0) {
        fsync(fd);
        close(fd);
    }
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

Result<void> write_whole(const std::string& path, std::string_view files_only,
                         const std::function<Result<void>(const std::string& path)>& write) {
    struct stat there{};
    const bool exists = path != "-" && stat(path.c_str(), &there) == 0;
    if (exists && S_ISDIR(there.st_mode))
        return fail(Code::InvalidArgument, fmt::format("{} is a folder", path), "name a file in it");
    if (path == "-" || (exists && !S_ISREG(there.st_mode))) {
        if (!files_only.empty())
            return fail(Code::InvalidArgument, fmt::format("{} can be written to files only", files_only),
                        fmt::format("--output FILE.{}", files_only));
        return write(path);
    }
    const std::string part = path + ".part";
    Result<void> written = write(part);
    if (written && std::rename(part.c_str(), path.c_str()) != 0)
        written = fail(Code::Unavailable, fmt::format("naming {}: {}", path, std::strerror(errno)));
    if (!written) {
        unlink(part.c_str());
        return written;
    }
    sync_folder_of(path);
    return {};
}

Result<void> write_whole(const std::string& path, std::string_view content) {
    return write_whole(path, "", [&](const std::string& to) -> Result<void> {
        STENO_ASSIGN(Output output, Output::open(to));
        STENO_TRY(output.write(content));
        return output.finish();
    });
}

}  // namespace steno::exports
