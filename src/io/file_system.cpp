#include "io/file_system.hpp"

#include <fmt/format.h>

namespace steno::io {

Result<std::string> read_file(FileSystem& files, const std::string& path, std::uint64_t max_bytes) {
    STENO_ASSIGN(const auto file, files.open_read(path));
    STENO_ASSIGN(const std::uint64_t size, file->size());
    if (size > max_bytes) {
        return fail(Code::ResourceExhausted,
                    fmt::format("{}: {} bytes, more than the {} that it may have", path, size, max_bytes));
    }
    std::string bytes(size, '\0');
    STENO_ASSIGN(const std::size_t got, file->read(0, bytes));
    bytes.resize(got);
    return bytes;
}

namespace {

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> write_new(FileSystem& files, const std::string& path, std::string_view bytes) {
    STENO_ASSIGN(const auto file, files.open_append(path));
    STENO_TRY(file->truncate(0));
    STENO_TRY(append_all(*file, bytes));
    return file->sync();
}

}  // namespace

Result<void> replace_file(FileSystem& files, const std::string& path, std::string_view bytes) {
    const std::string draft = path + ".tmp";
    if (auto written = write_new(files, draft, bytes); !written) {
        (void)files.unlink(draft);
        return written;
    }
    STENO_TRY(files.rename(draft, path));
    return files.sync_directory(folder_of(path));
}

Result<void> append_all(File& file, std::string_view bytes) {
    while (!bytes.empty()) {
        STENO_ASSIGN(const std::size_t written, file.append(bytes));
        if (written == 0) return fail(Code::Unavailable, "the file system accepts no more bytes");
        bytes.remove_prefix(written);
    }
    return {};
}

}  // namespace steno::io
