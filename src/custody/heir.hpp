#pragma once

#include "base/error.hpp"
#include "store/query.hpp"

#include <functional>
#include <span>

namespace steno::custody {

/// Keeps what is to outlive calls that retention removes: sums of them, say. Asked on the custodian's thread,
/// or on that of who calls Custodian::finish_interrupted, while nothing is fed: what the store says of the
/// calls is the last that will ever be said of them.
class Heir {
  public:
    /// Takes the calls out of the journal and then out of the store.
    using Remove = std::function<Result<void>()>;
    virtual ~Heir() = default;

    /// At the start, before any `inherit`: the journal says that calls were removed up to and with these
    /// places, one a stream. The process that did so may have died in the middle: they may be in the store
    /// still, from which `remove` takes them.
    virtual Result<void> resume(std::span<const store::Position> removed, const Remove& remove) = 0;

    /// The calls whose closing records stand up to there (store::Selection::closed_until) are to go: notes,
    /// durably, what of them is to stay, calls `remove`, and only then counts what it noted. After an error
    /// of `remove` it forgets it again; after its own nothing was removed.
    virtual Result<void> inherit(const store::Position& until, const Remove& remove) = 0;
};

}  // namespace steno::custody
