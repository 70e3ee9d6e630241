#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "custody/retention.hpp"
#include "store/query.hpp"

#include <functional>
#include <span>

namespace steno::custody {

/// Keeps what is to outlive calls that retention removes: sums of them, say. Where nothing else is said it is
/// asked on the custodian's thread, while feeding goes on.
class Heir {
  public:
    /// What may be kept of calls, texts above all, at this moment.
    struct Terms {
        const RetentionRules& retention;
        bool keep_latest = true;  ///< see Custodian::Options
        Timestamp now;
    };
    /// Takes the calls out of the journal and then out of the store.
    using Remove = std::function<Result<void>()>;
    virtual ~Heir() = default;

    /// At the start, before any `inherit`, and after one that failed: the journal says that calls were
    /// removed up to and with these places, one a stream. Who did so may have stopped in the middle: they may
    /// be in the store still, from which `remove` takes them. On the thread of who calls
    /// Custodian::finish_interrupted, while nothing is fed.
    virtual Result<void> resume(std::span<const store::Position> removed, const Remove& remove) = 0;

    /// Before `inherit` with the same place: what takes long.
    virtual Result<void> prepare(const store::Position& until, const Terms& terms) = 0;

    /// The calls whose closing records stand up to there (store::Selection::closed_until) are to go: notes,
    /// durably, what of them is to stay, calls `remove`, and only then counts what it noted. While nothing is
    /// fed: what the store says of the calls is the last that will ever be said of them. After an error of
    /// `remove` nobody knows how far that came, and `resume` finds out; after its own nothing was removed.
    virtual Result<void> inherit(const store::Position& until, const Remove& remove) = 0;

    /// Of what was inherited, lets go what the terms do not let it keep any longer.
    virtual Result<void> tidy(const Terms& terms) = 0;
};

}  // namespace steno::custody
