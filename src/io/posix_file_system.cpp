#include "io/file_system.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace steno::io {
namespace {

std::unexpected<Error> os_error(int number, std::string_view doing, const std::string& path) {
    std::string text = fmt::format("cannot {} {}: {}", doing, path, std::generic_category().message(number));
    switch (number) {
        case ENOENT:
        case ENOTDIR:
            return fail(Code::NotFound, std::move(text));
        case EEXIST:
            return fail(Code::AlreadyExists, std::move(text));
        case EACCES:
        case EPERM:
        case EROFS:
            return fail(Code::PermissionDenied, std::move(text),
                        "check the owner and mode of the data folder");
        case ENOSPC:
        case EDQUOT:
            return fail(Code::ResourceExhausted, std::move(text), "free some space on this disk");
        case EMFILE:
        case ENFILE:
            return fail(Code::ResourceExhausted, std::move(text),
                        "raise the limit of open files (ulimit -n)");
        default:
            return fail(Code::Unavailable, std::move(text));
    }
}

template <class Call>
auto retry_interrupted(Call call) {
    auto result = call();
    while (result == -1 && errno == EINTR) result = call();
    return result;
}

/// Owns a file descriptor.
class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool valid() const { return fd_ >= 0; }

  private:
    int fd_;
};

Descriptor open_descriptor(const std::string& path, int flags) {
    return Descriptor(retry_interrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0600); }));
}

class PosixFile final : public File {
  public:
    PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

    Result<std::size_t> read(std::uint64_t offset, std::span<char> out) override {
        std::size_t done = 0;
        while (done < out.size()) {
            const ssize_t got = retry_interrupted([&] {
                return ::pread(fd_.get(), out.data() + done, out.size() - done,
                               static_cast<off_t>(offset + done));
            });
            if (got < 0) return os_error(errno, "read", path_);
            if (got == 0) break;
            done += static_cast<std::size_t>(got);
        }
        return done;
    }

    Result<std::size_t> append(std::string_view bytes) override {
        const ssize_t written =
            retry_interrupted([&] { return ::write(fd_.get(), bytes.data(), bytes.size()); });
        if (written < 0) return os_error(errno, "write", path_);
        return static_cast<std::size_t>(written);
    }

    Result<void> sync() override {
        // Not repeated on EINTR: after any failure the page cache may have dropped what was not written.
        if (::fdatasync(fd_.get()) != 0) return os_error(errno, "sync", path_);
        return {};
    }

    Result<void> truncate(std::uint64_t size) override {
        if (retry_interrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
            return os_error(errno, "truncate", path_);
        }
        return {};
    }

    Result<std::uint64_t> size() override {
        struct stat facts{};
        if (::fstat(fd_.get(), &facts) != 0) return os_error(errno, "stat", path_);
        return static_cast<std::uint64_t>(facts.st_size);
    }

    Result<bool> is_at(const std::string& path) override {
        struct stat own{};
        if (::fstat(fd_.get(), &own) != 0) return os_error(errno, "stat", path_);
        struct stat named{};
        if (::stat(path.c_str(), &named) == 0)
            return own.st_dev == named.st_dev && own.st_ino == named.st_ino;
        if (errno == ENOENT || errno == ENOTDIR) return false;
        return os_error(errno, "stat", path);
    }

  private:
    Descriptor fd_;
    std::string path_;
};

/// flock(2) belongs to the open file, so it also excludes within a process, and ends with the process.
class PosixFileLock final : public FileLock {
  public:
    PosixFileLock(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

    Result<void> write(std::string_view bytes) override {
        const ssize_t written =
            retry_interrupted([&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), 0); });
        if (written < 0) return os_error(errno, "write", path_);
        if (static_cast<std::size_t>(written) == bytes.size()) return {};
        return fail(Code::ResourceExhausted, fmt::format("{} could not be written whole", path_));
    }

  private:
    Descriptor fd_;
    const std::string path_;
};

class PosixFileSystem final : public FileSystem {
  public:
    Result<std::unique_ptr<File>> open_read(const std::string& path) override {
        return open_file(path, O_RDONLY);
    }
    Result<std::unique_ptr<File>> open_append(const std::string& path) override {
        return open_file(path, O_RDWR | O_APPEND | O_CREAT);
    }
    Result<std::unique_ptr<File>> create(const std::string& path) override {
        return open_file(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL);
    }

    Result<void> rename(const std::string& from, const std::string& to) override {
        if (::rename(from.c_str(), to.c_str()) != 0) return os_error(errno, "rename", from);
        return {};
    }

    Result<void> unlink(const std::string& path) override {
        if (::unlink(path.c_str()) != 0) return os_error(errno, "remove", path);
        return {};
    }

    Result<void> make_directories(const std::string& path) override {
        for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
            const std::string part = path.substr(0, end);
            if (!part.empty() && part.back() != '/') {
                if (::mkdir(part.c_str(), 0700) == 0) {
                    const auto slash = part.rfind('/');
                    STENO_TRY(sync_directory(slash == std::string::npos ? "." : part.substr(0, slash + 1)));
                } else if (const int number = errno; !is_directory(part)) {
                    return os_error(number, "make the folder", part);
                }
            }
            if (end == std::string::npos) return {};
        }
    }

    Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
        const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
        if (!folder) return os_error(errno, "list", path);
        std::vector<DirectoryEntry> entries;
        for (errno = 0; const dirent* entry = ::readdir(folder.get()); errno = 0) {
            const std::string name = entry->d_name;
            if (name == "." || name == "..") continue;
            // Some file systems do not tell the type here.
            const bool directory =
                entry->d_type == DT_DIR || (entry->d_type == DT_UNKNOWN && is_directory(path + "/" + name));
            entries.push_back({name, directory});
        }
        if (errno != 0) return os_error(errno, "list", path);
        std::ranges::sort(entries, {}, &DirectoryEntry::name);
        return entries;
    }

    bool exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

    Result<void> sync_directory(const std::string& path) override {
        const Descriptor fd = open_descriptor(path, O_RDONLY | O_DIRECTORY);
        if (!fd.valid()) return os_error(errno, "open the folder", path);
        if (::fsync(fd.get()) != 0) return os_error(errno, "sync the folder", path);
        return {};
    }

    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
        Descriptor fd = open_descriptor(path, O_RDWR | O_CREAT);
        if (fd.valid()) return lock(std::move(fd), path);
        if (errno != EROFS) return os_error(errno, "open", path);
        Descriptor readable = open_descriptor(path, O_RDONLY);
        if (readable.valid()) return lock(std::move(readable), path);
        if (errno != ENOENT) return os_error(errno, "open", path);
        // Without the file nobody has it locked, and nobody can write here.
        return std::make_unique<PosixFileLock>(std::move(readable), path);
    }

  private:
    static Result<std::unique_ptr<FileLock>> lock(Descriptor fd, const std::string& path) {
        if (retry_interrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
            if (errno != EWOULDBLOCK) return os_error(errno, "lock", path);
            return fail(Code::FailedPrecondition, fmt::format("{} is locked by someone else", path));
        }
        return std::make_unique<PosixFileLock>(std::move(fd), path);
    }

    static Result<std::unique_ptr<File>> open_file(const std::string& path, int flags) {
        // Without O_NONBLOCK, opening a pipe would wait for somebody at its other end.
        Descriptor fd = open_descriptor(path, flags | O_NONBLOCK);
        if (!fd.valid() && (errno == EISDIR || errno == ENXIO))
            return fail(Code::DataLoss, fmt::format("{} is no file", path));
        if (!fd.valid()) return os_error(errno, "open", path);
        struct stat facts{};
        if (::fstat(fd.get(), &facts) != 0) return os_error(errno, "stat", path);
        if (!S_ISREG(facts.st_mode)) return fail(Code::DataLoss, fmt::format("{} is no file", path));
        return std::make_unique<PosixFile>(std::move(fd), path);
    }

    static bool is_directory(const std::string& path) {
        struct stat facts{};
        return ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
    }
};

}  // namespace

FileSystem& posix_file_system() {
    static PosixFileSystem files;
    return files;
}

}  // namespace steno::io
