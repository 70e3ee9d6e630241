#pragma once

#include "base/error.hpp"
#include "base/uuid.hpp"
#include "record/binary.hpp"
#include "store/call_queries.hpp"
#include "store/follower.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

/// The store: a view of the journal that can be searched and measured. It can be deleted at any time and fed
/// again from the journal to the same content.
namespace steno::store {

/// How far a stream has been read: every record up to and with `sequence` is in the store.
using Watermark = Position;

/// A call that ended. Identity is (project, id). Payload fields in `row.call` are ignored.
struct Upsert {
    Row row;
    /// The same call may be in the store already (a late half, a second arrival by another source). Then what
    /// the newcomer says amends what is there, field by field, and what it leaves out stays. Costs a look-up,
    /// so gateways, whose ids are new, leave it false; a call whose id is twice in one batch needs no flag.
    bool may_exist = false;
    // What the record at row.closed_at brings itself. A half that a newcomer does not bring is still read
    // where it stood before (folding.hpp).
    bool has_request = false;
    bool has_response = true;
};

/// In the journal's order. `Said` with an empty project means the call with this id, whatever its project.
/// What is said of a call that is not there yet is kept and folded in when it comes.
using Change = std::variant<Upsert, Said>;

/// The calls of one retention class whose closing records stand from `first` to `last` in a stream.
struct LostPayloads {
    Uuid stream;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::string retention_class;  ///< empty: the calls without one
};

struct StoreStats {
    std::uint64_t rows = 0;
    std::uint64_t waiting = 0;  ///< things said of calls that have not come yet
    std::uint64_t bytes = 0;    ///< on disk (in memory: 0)
    std::uint64_t unused = 0;   ///< of those: left by calls that are gone, to be filled by new ones
};

/// Lifecycle: opened by the function of its backend (duckdb/duckdb_store.hpp, memory/memory_store.hpp),
/// closed by its destructor, which no other call may overlap.
///
/// Threads: all from any; `apply`, `forget` and `checkpoint` take turns, everything else runs beside them. A
/// read sees the content after some whole `apply`.
///
/// Text that is not UTF-8 is kept with U+FFFD for what is not, as in the JSON form. Empty fields are absent.
class CallStore : public CallQueries {
  public:
    /// From now on `follower`, which must outlive the store, is told of every change. One at most, before the
    /// first `apply`.
    virtual void follow(Follower& follower) = 0;

    /// All of it or nothing, in one transaction with the watermarks, which must name every stream that the
    /// changes come from. What is said is folded in, last word by order of application. When it returns,
    /// readers see it; it is durable no later than the watermarks are, so after a crash feeding goes on from
    /// `watermarks()`.
    virtual Result<void> apply(std::span<const Change> changes, std::span<const Watermark> watermarks) = 0;

    /// The journal has lost its records up to and with these (retention removed them): the calls whose
    /// closing record was among them are gone, all in one transaction. A stream of which the store has seen
    /// no more than that has no watermark any longer. Idempotent.
    virtual Result<void> forget(std::span<const Position> until) = 0;

    /// The payloads of these calls are gone from the journal: their previews go too. All in one transaction.
    virtual Result<void> forget_payloads(std::span<const LostPayloads> lost) = 0;

    /// One a stream, sorted by stream.
    virtual Result<std::vector<Watermark>> watermarks() = 0;

    /// The calls as they are now: for answers that ask more than one question. `at_once`, 1 to
    /// kMostAtOnce, of its questions are answered at the same time. Whoever applies does not wait for it,
    /// but what it has to see still takes memory and disk, so it is not for keeping: it counts as `at_once`
    /// concurrent reads, and must not outlive the store. It is a NumberScanner, too, where the store is one.
    virtual Result<std::unique_ptr<CallQueries>> snapshot(unsigned at_once = 1) = 0;
    static constexpr unsigned kMostAtOnce = 4;

    virtual Result<StoreStats> stats() = 0;

    /// Folds the engine's log into its file. Takes up to seconds, in which nobody reads: call it at quiet
    /// moments, and not while this thread has a snapshot. Unavailable: others read all the time.
    virtual Result<void> checkpoint() = 0;
};

}  // namespace steno::store
