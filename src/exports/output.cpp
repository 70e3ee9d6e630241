#include "exports/output.hpp"

#include "base/random.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
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

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

/// The name of a file in this folder lasts.
void sync_folder(const std::string& folder) {
    if (const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

constexpr std::string_view kPart = ".part";
constexpr std::size_t kHexDigits = 16;

/// The name of the file of which this is a part. Empty: it is none.
std::string_view whole_of(std::string_view name) {
    if (!name.ends_with(kPart)) return {};
    name.remove_suffix(kPart.size());
    if (name.size() < kHexDigits + 2 || name[name.size() - kHexDigits - 1] != '.' ||
        name.find_first_not_of("0123456789abcdef", name.size() - kHexDigits) != std::string_view::npos)
        return {};
    return name.substr(0, name.size() - kHexDigits - 1);
}

/// A file's part, new and locked as long as this lives.
class Part {
  public:
    static Result<Part> make(const std::string& of) {
        for (;;) {
            std::string path = fmt::format("{}.{:016x}{}", of, system_random().next_u64(), kPart);
            const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
            if (fd < 0 && errno == EEXIST) continue;
            if (fd < 0)
                return fail(Code::Unavailable, fmt::format("opening {}: {}", of, std::strerror(errno)),
                            "name a file that can be written");
            Part part(std::move(path), fd);
            // Some file systems know no locks: there parts are not removed by others either.
            (void)flock(fd, LOCK_EX);
            struct stat now{};
            if (fstat(fd, &now) == 0 && now.st_nlink > 0) return part;  // not removed before it was locked
        }
    }
    Part(Part&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
    Part& operator=(Part&&) = delete;
    ~Part() {
        if (fd_ < 0) return;
        if (!named_) ::unlink(path_.c_str());
        ::close(fd_);
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    Result<void> name(const std::string& path) {
        named_ = std::rename(path_.c_str(), path.c_str()) == 0;
        if (named_) return {};
        return fail(Code::Unavailable, fmt::format("naming {}: {}", path, std::strerror(errno)));
    }

  private:
    Part(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

    std::string path_;
    int fd_;
    bool named_ = false;
};

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
    const std::string folder = folder_of(path);
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    remove_parts(folder, [&](std::string_view of) { return of == name; });
    STENO_ASSIGN(Part part, Part::make(path));
    STENO_TRY(write(part.path()));
    STENO_TRY(part.name(path));
    sync_folder(folder);
    return {};
}

void remove_parts(const std::string& folder, const std::function<bool(std::string_view name)>& of) {
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder, error);
         !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
        const std::string whole(whole_of(at->path().filename().native()));
        if (whole.empty() || !of(whole)) continue;
        const std::string path = at->path().native();
        struct stat what{};
        if (lstat(path.c_str(), &what) != 0 || !S_ISREG(what.st_mode)) continue;
        const int fd = ::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0) continue;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
        ::close(fd);
    }
}

Result<void> write_whole(const std::string& path, std::string_view content) {
    return write_whole(path, "", [&](const std::string& to) -> Result<void> {
        STENO_ASSIGN(Output output, Output::open(to));
        STENO_TRY(output.write(content));
        return output.finish();
    });
}

}  // namespace steno::exports
