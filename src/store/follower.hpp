#pragma once

#include "record/call.hpp"

namespace steno::store {

/// Told of what happens to the calls of a store, by who keeps sums of them: always equal to what the store
/// would answer, without asking it. Told on the thread of the `apply`, after its transaction and before it
/// returns; must not throw.
class Follower {
  public:
    virtual ~Follower() = default;
    /// An `apply` has brought this call (`before` is null), or changed it. Payload fields mean nothing.
    virtual void call_changed(const Call* before, const Call& now) = 0;
    /// Calls are gone that the journal does not have any more.
    virtual void calls_forgotten() = 0;
};

}  // namespace steno::store
