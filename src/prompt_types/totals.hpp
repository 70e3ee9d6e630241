#pragma once

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "control/database.hpp"
#include "custody/heir.hpp"
#include "ingest/call_reader.hpp"
#include "record/call.hpp"
#include "store/call_store.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace steno::prompt_types {

/// What the AI calls of one kind of prompt come to: those of the record, and those that retention has removed
/// from it.
struct Total {
    struct Money {
        Decimal sum;
        std::int64_t calls = 0;  ///< that have a cost in this currency
    };
    std::int64_t calls = 0;
    std::int64_t failures = 0;
    std::int64_t unpriced = 0;          ///< see store::CostSum
    std::map<std::string, Money> cost;  ///< by currency
    std::optional<Timestamp> first;     ///< when they began
    std::optional<Timestamp> last;
    std::int64_t removed = 0;  ///< of the calls, those that are not on the record any more

    void add(const Total& other);
};

/// Totals and the latest call of each kind of prompt. The record alone is asked; what retention takes from it
/// is added up before in the control database, once: in the same steps by which the calls go, so that each
/// call counts in one place or the other, wherever a process dies. Blocking; any thread.
class Totals final : public custody::Heir {
  public:
    using ByType = std::map<std::string, Total, std::less<>>;

    /// All must outlive it.
    Totals(store::CallStore& store, ingest::CallReader& calls) : store_(store), calls_(calls) {}

    /// After an error nothing can be asked, and nothing may be removed from the record; everything here tries
    /// once more.
    Result<void> open(control::Database& database);
    /// Instead: there is no database, for this reason.
    void stay_closed(Error why);

    /// Of all kinds that AI calls have or had, after Custodian::finish_interrupted().
    Result<ByType> all();
    /// Of one; absent where it never had a call.
    Result<std::optional<Total>> of(std::string_view type);
    /// Which kinds AI calls have or had, without what they come to.
    Result<std::set<std::string>> types();
    /// The call of this kind that began last, with prompt and answer where they are kept; absent where it
    /// never had one.
    Result<std::optional<Call>> latest(std::string_view type);

    Result<void> resume(std::span<const store::Position> removed, const Remove& remove) override;
    Result<void> inherit(const store::Position& until, const Remove& remove) override;

  private:
    // All of these need the lock.
    Result<void> be_open();
    /// Of the calls of the record.
    Result<ByType> on_record(const store::Selection& selection);
    Result<void> add_removed(ByType& totals, std::string_view type);
    Result<std::optional<Call>> newest(const store::Selection& selection);
    /// Notes what these calls come to, in the place of what was noted of the stream before.
    Result<void> note(const store::Position& until, const ByType& sums, const std::vector<Call>* latest);
    /// What was noted of these counts from now on.
    Result<void> settle(std::span<const store::Position> removed);
    /// Makes up for a settling that failed.
    Result<void> settle_rest();

    store::CallStore& store_;
    ingest::CallReader& calls_;
    std::shared_mutex mutex_;  ///< exclusively while calls go from the one place to the other
    std::mutex opening_;
    control::Database* database_ = nullptr;
    bool open_ = false;
    std::vector<store::Position> unsettled_;
    Error error_{Code::Unavailable, "the totals of prompt types are not open"};
};

}  // namespace steno::prompt_types
