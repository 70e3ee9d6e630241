#pragma once

#include "base/error.hpp"
#include "io/file_system.hpp"
#include "journal/head.hpp"
#include "journal/journal.hpp"

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

/// What dead processes left behind.
namespace steno::journal {

/// Where a stream ends, and which calls are open there, from its last segment alone.
struct StreamEnd {
    StreamHead head;
    std::int64_t created_unix_nanos = 0;
    std::vector<Opening> open;     ///< in the order of opening
    std::vector<Opening> adopted;  ///< orphans of other streams that this one closes
};

/// `make_durable`: syncs the last segment first, so that all that is found is durable. Where the stream ends
/// in damage, head.lost_through says as far as it is known to have gone; that is logged, too. `until`: as if
/// the stream ended with this record, for one that is being written.
Result<StreamEnd> find_end(io::FileSystem& files, const std::string& data_folder, const Uuid& stream,
                           bool make_durable, std::optional<std::uint64_t> until = std::nullopt);

/// Whether a process that wrote a stream of this folder, other than `own`, is dead, and nobody has cleaned up
/// after it. Told by the lock files alone, of which only such streams and those of living processes have one.
/// `left_alone` are not asked about; a lock that is another user's counts as held.
Result<bool> somebody_died(io::FileSystem& files, const std::string& data_folder, const Uuid& own,
                           const std::unordered_set<Uuid>& left_alone);

/// The recovery of one data folder, from open() to the marking of the dead streams. One thread.
class Recovery {
  public:
    /// Of nothing.
    Recovery(io::FileSystem& files, std::string data_folder)
        : files_(&files), folder_(std::move(data_folder)) {}
    /// Takes the recovery lock; if another process has it, there is nothing to do here. Locks every dead
    /// stream that is not marked as closed and finds its orphans. Of the living only `own` is read, which may
    /// have adopted some of them: nobody else does while we hold the folder.
    static Result<Recovery> begin(io::FileSystem& files, const std::string& data_folder,
                                  const std::optional<Uuid>& own = std::nullopt);

    [[nodiscard]] const std::vector<Orphan>& orphans() const { return orphans_; }
    [[nodiscard]] std::vector<StreamHead> ends() const;
    /// Dead streams that cannot be read here: see is_left_alone.
    [[nodiscard]] const std::unordered_set<Uuid>& left_alone() const { return left_alone_; }
    /// Somebody knows that this record was durable. A dead stream that ends before it has lost it.
    void expect_durable(const Position& position);
    /// Marks the dead streams whose orphans are all among `adopted` (durable by now), and lets go of all
    /// locks. Returns the streams marked.
    Result<std::vector<Uuid>> finish(const std::vector<Opening>& adopted, Clock& clock,
                                     const SigningKey& key);

  private:
    struct DeadStream {
        StreamEnd end;
        std::unique_ptr<io::FileLock> lock;
    };

    Result<void> look_at(const Uuid& stream, bool own, std::vector<Opening>& adopted);
    void leave_alone(const Uuid& stream, const Error& why);
    Result<void> find_orphans(const std::vector<Opening>& adopted);
    [[nodiscard]] bool may_mark(const DeadStream& stream) const;
    Result<void> sync_marks_behind(const DeadStream& stream);

    io::FileSystem* files_;
    std::string folder_;
    std::unique_ptr<io::FileLock> lock_;
    std::vector<DeadStream> dead_;
    std::vector<Orphan> orphans_;
    std::unordered_set<Uuid> left_alone_;
};

/// Writes the mark that nothing will be added to the stream.
Result<void> mark_closed(io::FileSystem& files, const std::string& data_folder, StreamHead head, Clock& clock,
                         const SigningKey& key);
/// The end that the mark names; nothing if there is no mark. DataLoss if it is unreadable. Whether its
/// signature holds is for the caller to judge.
Result<std::optional<Head>> read_closed_mark(io::FileSystem& files, const std::string& data_folder,
                                             const Uuid& stream);

}  // namespace steno::journal
