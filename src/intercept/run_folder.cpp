#include "intercept/run_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace steno::intercept {

namespace {

std::unexpected<Error> cannot(const std::string& path, int why) {
    return fail(Code::Unavailable, path + " cannot be made: " + std::strerror(why),
                "set TMPDIR to a folder in which you may write");
}

}  // namespace

RunFolder::~RunFolder() {
    for (const std::string& file : files_) ::unlink(file.c_str());
    if (!path_.empty()) ::rmdir(path_.c_str());
}

Result<std::string> RunFolder::place(std::string_view name) {
    if (path_.empty()) {
        constexpr std::size_t kMost = 80;  // of the 107 that a socket's path may have (unix(7))
        const char* const given = std::getenv("TMPDIR");
        const std::string_view place = given != nullptr && *given == '/' ? given : "/tmp";
        std::string path = std::string(place.size() > kMost ? "/tmp" : place) + "/steno-run-XXXXXX";
        if (::mkdtemp(path.data()) == nullptr || ::chmod(path.c_str(), 0755) != 0) return cannot(path, errno);
        path_ = std::move(path);
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
