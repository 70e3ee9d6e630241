#pragma once

#include "base/error.hpp"
#include "budgets/budget.hpp"
#include "budgets/ledger.hpp"
#include "control/database.hpp"

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace steno::budgets {

/// The budgets of a data folder: their definitions, kept in the control database, and the ledger that keeps
/// to them. A change is in force when it is on disk. Blocking; any thread.
class Budgets {
  public:
    explicit Budgets(Ledger& ledger) : ledger_(ledger) {}

    /// Reads them, and begins to keep to them. After an error there are none, AI calls go on, and everything
    /// else here tries once more, and gives that error.
    Result<void> open(control::Database& database);
    /// Instead: there is no database, for this reason.
    void stay_closed(Error why);

    /// Without those that cannot be understood: see `trouble`.
    [[nodiscard]] Result<std::vector<Budget>> all();
    /// Why some or all of them are not kept to; empty: all are.
    [[nodiscard]] std::string trouble();
    /// NotFound: says which there are.
    [[nodiscard]] Result<Budget> get(std::string_view name);
    /// With `is_new` AlreadyExists: there is one of that name; else it is replaced, or added.
    /// InvalidArgument: see check. ResourceExhausted: there are kMaxBudgets.
    Result<Budget> put(Budget budget, bool is_new, Timestamp now);
    Result<void> remove(std::string_view name);

    [[nodiscard]] Ledger& ledger() { return ledger_; }

  private:
    // All of these need the lock.
    Result<void> be_open();
    Result<std::vector<Budget>> read();
    Result<void> take_over();

    Ledger& ledger_;
    mutable std::mutex mutex_;
    control::Database* database_ = nullptr;
    bool open_ = false;
    std::string unreadable_;  ///< which, and why; as of the last look
    Error error_{Code::Unavailable, "the budgets of this folder are not open"};
};

}  // namespace steno::budgets
