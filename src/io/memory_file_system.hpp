#pragma once

#include "base/random.hpp"
#include "io/file_system.hpp"

#include <map>
#include <mutex>
#include <set>

namespace steno::io {

/// Files in memory, with the page cache's morals: what was not synced is there until the power goes. Folders
/// must be made before files are put into them.
class MemoryFileSystem final : public FileSystem {
  public:
    /// The machine loses power and starts again. Of each file the synced bytes are left; of what was appended
    /// since, a random part, possibly with garbage at its end (a torn write). Entries whose folder was not
    /// synced are there or not, by chance. Files that are still open see the new content. Locks stay with
    /// their holders.
    void lose_power(Random& random);
    /// From now on syncing this file persists nothing, though it reports success: what Linux does to pages
    /// whose write-back failed.
    void lose_writes(const std::string& path);

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
    struct Node;
    class OpenFile;
    class Lock;
    using Names = std::map<std::string, std::shared_ptr<Node>>;
    using LockTable = std::pair<std::mutex, std::set<std::string>>;

    std::mutex mutex_;
    Names names_;          ///< path to file
    Names durable_names_;  ///< as of the last sync_directory of each folder
    std::set<std::string> folders_{"", ".", "/"};
    std::shared_ptr<LockTable> locks_ =
        std::make_shared<LockTable>();  ///< shared with the locks, which may live longer
};

}  // namespace steno::io
