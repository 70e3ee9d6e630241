#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Files as the journal needs them, behind an interface, so that tests can run in memory and make the disk
/// fail. Errors: NotFound, AlreadyExists, PermissionDenied; ResourceExhausted (disk full, too many open
/// files); FailedPrecondition (locked by someone else); DataLoss (what stands there is no file, but a folder,
/// a pipe, a device); Unavailable (everything that a disk does when it fails).
namespace steno::io {

/// An open file. read() and size() may be called from any thread; append(), truncate() and sync() one at a
/// time each, but sync() may run beside append(). Closed on destruction, which syncs nothing.
class File {
  public:
    virtual ~File() = default;
    /// Fills `out` from `offset` on; gives fewer bytes only at the end of the file.
    virtual Result<std::size_t> read(std::uint64_t offset, std::span<char> out) = 0;
    /// Writes to the end with one system call. May write less than was given (then the disk is probably full
    /// and the next append says so); returns how much.
    virtual Result<std::size_t> append(std::string_view bytes) = 0;
    /// When it returns, all that was appended before the call is on the disk. After an error nothing is known
    /// about any byte since the last success, and a later success means nothing for them.
    virtual Result<void> sync() = 0;
    virtual Result<void> truncate(std::uint64_t size) = 0;
    virtual Result<std::uint64_t> size() = 0;
    /// Whether this very file is what the path names: false when it was removed, moved or replaced.
    virtual Result<bool> is_at(const std::string& path) = 0;
};

/// Held until destroyed; freed by the operating system when the process dies. After fork() the child holds
/// it, too, until it destroys its own, which leaves the parent the lock.
class FileLock {
  public:
    virtual ~FileLock() = default;
    /// Puts these bytes at the beginning of the locked file, in the place of what stood there: a word of its
    /// holder to whoever reads the file. Nothing makes it durable, and who reads may see half of it. One
    /// thread at a time.
    virtual Result<void> write(std::string_view bytes) = 0;
};

struct DirectoryEntry {
    std::string name;
    bool is_directory = false;
};

/// All functions may be called from any thread. Paths are as in POSIX. New files are readable by their owner
/// only (0600), new directories 0700: they hold what people said to a model.
class FileSystem {
  public:
    virtual ~FileSystem() = default;
    virtual Result<std::unique_ptr<File>> open_read(const std::string& path) = 0;
    /// For append(), and for read(). Made if missing.
    virtual Result<std::unique_ptr<File>> open_append(const std::string& path) = 0;
    /// As open_append, but AlreadyExists if the file is there.
    virtual Result<std::unique_ptr<File>> create(const std::string& path) = 0;
    /// Replaces `to` if it exists. Durable after sync_dir() of the folder.
    virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
    virtual Result<void> unlink(const std::string& path) = 0;
    /// With all missing parents; no error if it exists. Makes the new entries durable.
    virtual Result<void> make_directories(const std::string& path) = 0;
    /// Sorted by name, without "." and "..".
    virtual Result<std::vector<DirectoryEntry>> list(const std::string& path) = 0;
    virtual bool exists(const std::string& path) = 0;
    /// Makes the creation, renaming and unlinking of entries of this folder durable.
    virtual Result<void> sync_directory(const std::string& path) = 0;
    /// Takes the lock on this file (made if missing) or gives FailedPrecondition at once. Locks exclude each
    /// other between processes and within one.
    virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

/// The operating system's.
FileSystem& posix_file_system();

/// At most `max_bytes`, else ResourceExhausted.
Result<std::string> read_file(FileSystem& files, const std::string& path, std::uint64_t max_bytes);
/// Replaces the file as a whole, durably: at every moment either the old or the new content is there.
Result<void> replace_file(FileSystem& files, const std::string& path, std::string_view bytes);
/// Loops over short writes. On an error the file may hold a part.
Result<void> append_all(File& file, std::string_view bytes);

}  // namespace steno::io
