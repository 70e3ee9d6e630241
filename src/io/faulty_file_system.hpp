#pragma once

#include "io/memory_file_system.hpp"

#include <mutex>
#include <optional>

namespace steno::io {

/// A MemoryFileSystem that fails on purpose. Operations are counted from 1 over all files: open, read,
/// append, sync, truncate, size, rename, unlink, make_directories, list, sync_directory, lock. Any thread.
class FaultyFileSystem final : public FileSystem {
  public:
    explicit FaultyFileSystem(std::uint64_t seed = 1) : random_(seed) {}

    /// The process dies at the n-th operation from now: an append writes a random part of its bytes,
    /// everything else does not happen, and all that follows fails. The "page cache" is kept: see crash().
    void die_at(std::uint64_t operations_from_now);
    /// Back to life after die_at. Destroy what used the file system first.
    void revive();
    /// Loses the power (MemoryFileSystem::lose_power), then revives.
    void crash();

    /// Appends fail with ResourceExhausted once this many bytes more were written; the last one is short.
    void set_free_bytes(std::optional<std::uint64_t> bytes);
    /// Appends take at most this many bytes at a time.
    void set_short_writes(std::optional<std::size_t> bytes);
    /// The next `count` syncs (of files) fail with Unavailable, and what they should have persisted is lost
    /// for good.
    void fail_syncs(std::uint64_t count);
    /// The next `count` appends fail with Unavailable after writing a random part.
    void fail_appends(std::uint64_t count);
    /// From now on this folder is another user's, as is what lies in it, and beside it with its name as the
    /// beginning (a lock): PermissionDenied, and what lies in it is not there to be seen.
    void give_away(const std::string& folder);
    /// The next `count` truncations fail with Unavailable.
    void fail_truncations(std::uint64_t count);

    [[nodiscard]] std::uint64_t operations() const;
    /// Syncs of files of which one had failed: whoever asks again believes an answer that means nothing.
    [[nodiscard]] std::uint64_t syncs_after_failure() const;
    [[nodiscard]] bool dead() const;
    MemoryFileSystem& memory() { return memory_; }

    Result<std::unique_ptr<File>> open_read(const std::string& path) override;
    Result<std::unique_ptr<File>> open_append(const std::string& path) override;
    Result<std::unique_ptr<File>> create(const std::string& path) override;
    Result<void> rename(const std::string& from, const std::string& to) override;
    Result<void> unlink(const std::string& path) override;
    Result<void> make_directories(const std::string& path) override;
    Result<std::vector<DirectoryEntry>> list(const std::string& path) override;
    bool exists(const std::string& path) override;
    Result<void> sync_directory(const std::string& path) override;
    Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

  private:
    class FaultyFile;

    /// Counts an operation; an error if the process is dead or dies of it.
    Result<void> count();
    /// As that, of an operation on this path.
    Result<void> count(const std::string& path);
    Result<std::unique_ptr<File>> wrap(Result<std::unique_ptr<File>> file, const std::string& path);
    Result<std::size_t> append(File& file, std::string_view bytes);
    Result<void> sync(File& file, const std::string& path, bool& failed);
    Result<void> truncate(File& file, std::uint64_t size);

    MemoryFileSystem memory_;
    mutable std::mutex mutex_;
    SeededRandom random_;
    std::uint64_t operations_ = 0;
    std::uint64_t syncs_after_failure_ = 0;
    std::optional<std::uint64_t> die_at_;
    bool dead_ = false;
    std::optional<std::uint64_t> free_bytes_;
    std::optional<std::size_t> short_writes_;
    std::uint64_t failing_syncs_ = 0;
    std::uint64_t failing_appends_ = 0;
    std::uint64_t failing_truncations_ = 0;
    std::string foreign_;  ///< folder; empty: none
};

}  // namespace steno::io
