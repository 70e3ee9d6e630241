#include "intercept/run_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace steno::intercept {

namespace {

std::unexpected<Error> cannot(const std::string& path, int why) {
    return fail(Code::Unavailable, path + " cannot be made: " + std::strerror(why),
                "set TMPDIR to a folder in which you may write");
}

constexpr std::string_view kPrefix = "steno-run-";

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

int open_folder(int around, const char* name) {
    return ::openat(around, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/// Removes this user's folders of runs that were killed. A run that lives holds a lock on its own.
void remove_leftovers(const std::string& place) {
    const Folder around(::opendir(place.c_str()), ::closedir);
    while (const dirent* const found = around ? ::readdir(around.get()) : nullptr) {
        const std::string name = found->d_name;
        if (!name.starts_with(kPrefix)) continue;
        const Folder left(::fdopendir(open_folder(::dirfd(around.get()), name.c_str())), ::closedir);
        if (!left) continue;
        const int folder = ::dirfd(left.get());
        struct stat about{};
        if (::fstat(folder, &about) != 0 || about.st_uid != ::geteuid()) continue;
        if (::flock(folder, LOCK_EX | LOCK_NB) != 0) continue;
        while (const dirent* const file = ::readdir(left.get())) ::unlinkat(folder, file->d_name, 0);
        ::unlinkat(::dirfd(around.get()), name.c_str(), AT_REMOVEDIR);
    }
}

/// A lock on the folder, until it is closed; -1, with `errno`. ENOENT: a run that began at the same time has
/// taken the folder, which had no lock yet, for a leftover.
int lock_of(const std::string& path) {
    const int folder = open_folder(AT_FDCWD, path.c_str());
    if (folder < 0) return -1;
    struct stat still{};
    if (::flock(folder, LOCK_EX) == 0 && ::stat(path.c_str(), &still) == 0) return folder;
    const int why = errno;
    ::close(folder);
    errno = why;
    return -1;
}

}  // namespace

RunFolder::~RunFolder() {
    for (const std::string& file : files_) ::unlink(file.c_str());
    if (!path_.empty()) ::rmdir(path_.c_str());
    if (lock_ >= 0) ::close(lock_);
}

Result<std::string> RunFolder::place(std::string_view name) {
    if (path_.empty()) {
        constexpr std::size_t kMost = 80;  // of the 107 that a socket's path may have (unix(7))
        const char* const given = std::getenv("TMPDIR");
        const std::string_view place = given != nullptr && *given == '/' ? given : "/tmp";
        const std::string around(place.size() > kMost ? "/tmp" : place);
        remove_leftovers(around);
        std::string path;
        do {
            path = around + "/" + std::string(kPrefix) + "XXXXXX";
            if (::mkdtemp(path.data()) == nullptr) return cannot(path, errno);
            lock_ = lock_of(path);
        } while (lock_ < 0 && errno == ENOENT);
        path_ = std::move(path);
        if (lock_ < 0 || ::chmod(path_.c_str(), 0755) != 0) return cannot(path_, errno);
    }
    return files_.emplace_back(path_ + "/" + std::string(name));
}

Result<std::string> RunFolder::add(std::string_view name, std::string_view content) {
    STENO_ASSIGN(std::string path, place(name));
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return cannot(path, errno);
    while (!content.empty()) {
        const ssize_t written = ::write(file, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) break;
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    const int why = errno;
    const bool readable = ::fchmod(file, 0644) == 0;
    ::close(file);
    if (!content.empty() || !readable) return cannot(path, why);
    return path;
}

}  // namespace steno::intercept
