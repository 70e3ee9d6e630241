#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "prompt_types/types.hpp"
#include "store/call_store.hpp"

#include <functional>
#include <string>
#include <vector>

namespace steno::prompt_types {

/// Switches kinds of prompts off that cost or fail too much, where their settings say so
/// (Settings::disable_over_budget, disable_failure_rate). What goes off is what is kept of their calls, never
/// the calls. It happens once for each cause, with an entry in the trail by "steno"; only people switch them
/// on again, and who does begins anew: the same budget does not switch it off once more in that period unless
/// its limit was changed, and of failures those count that began since the last change of the settings.
///
/// One thread at a time. All must outlive it.
class SwitchingOff {
  public:
    /// A budget for one kind of prompt that is used up.
    struct UsedUp {
        std::string type;
        Cause cause;  ///< its key: this budget, with this limit, in this period
    };
    using Budgets = std::function<std::vector<UsedUp>()>;

    SwitchingOff(Types& types, store::CallStore& store, Budgets used_up)
        : types_(types), store_(store), used_up_(std::move(used_up)) {}

    /// Asks the store and the budgets where any settings want it, and acts. Bounded: a question for a
    /// thousand kinds that have the same beginning of their window.
    Result<void> look(Timestamp now);

  private:
    Result<void> look_at_failures(const std::vector<Entry>& entries, Timestamp now);
    Result<void> switch_off(const Entry& entry, const Cause& cause, Timestamp now);

    Types& types_;
    store::CallStore& store_;
    Budgets used_up_;
};

}  // namespace steno::prompt_types
