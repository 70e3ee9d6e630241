#include "client/private_folder.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sys/resource.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace steno::client {

std::unexpected<Error> failed(std::string_view doing, const std::string& path) {
    const int error = errno;
    return fail(error == ENOSPC || error == EDQUOT ? Code::ResourceExhausted : Code::Unavailable,
                fmt::format("{} {}: {}", doing, path, std::strerror(error)));
}

Result<void> check_private_folder(const std::string& folder) {
    struct stat facts{};
    if (::stat(folder.c_str(), &facts) != 0) return failed("looking at", folder);
    if (facts.st_uid != ::geteuid()) {
        return fail(Code::PermissionDenied,
                    fmt::format("the spool folder {} belongs to another user", folder),
                    "name one of your own: STENO_SPOOL");
    }
    if ((facts.st_mode & S_IWOTH) != 0) {
        return fail(Code::PermissionDenied,
                    fmt::format("the spool folder {} may be written to by everybody", folder),
                    "chmod 700 it, or name another one: STENO_SPOOL");
    }
    return {};
}

Result<void> make_private_folder(const std::string& folder) {
    std::error_code ignored;
    const std::filesystem::path path(folder);
    if (!std::filesystem::exists(path, ignored)) {
        std::filesystem::create_directories(path.parent_path(), ignored);
        if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed("making", folder);
    }
    return check_private_folder(folder);
}

Result<void> write_whole(int descriptor, std::uint64_t size, std::string_view bytes,
                         const std::string& path) {
    struct rlimit most{};
    if (::getrlimit(RLIMIT_FSIZE, &most) == 0 && size + bytes.size() > most.rlim_cur) {
        errno = EFBIG;
        return failed("writing", path);
    }
    ssize_t written = 0;
    do {
        written = ::write(descriptor, bytes.data(), bytes.size());
    } while (written < 0 && errno == EINTR);
    if (written == static_cast<ssize_t>(bytes.size())) return {};
    if (written >= 0) errno = ENOSPC;
    return failed("writing", path);
}

}  // namespace steno::client
