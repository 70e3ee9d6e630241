#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "control/database.hpp"
#include "custody/heir.hpp"
#include "custody/latest_calls.hpp"
#include "ingest/call_reader.hpp"
#include "prompt_types/sums.hpp"
#include "record/call.hpp"
#include "store/call_store.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace steno::prompt_types {

/// Totals and the latest call of each kind of prompt. The record alone is asked; what retention takes from it
/// is added up before in the control database, once: in the same steps by which the calls go, so that each
/// call counts in one place or the other, wherever a process dies. Blocking; any thread.
///
/// The latest call of a kind goes there, too, as JSON: with its texts where the rules of retention let them
/// be kept, else its figures. Memory is bounded whatever calls name as their kinds: those are gone through a
/// page at a time, and calls that are carried one after the other.
class Totals final : public custody::Heir {
  public:
    using ByType = TotalsByType;
    /// `all` answers for so many; sums of more are kept all the same.
    static constexpr std::size_t kMostTypes = 100'000;
    /// Latest calls that are carried, those that began last, and the bytes of those with texts.
    static constexpr std::size_t kMostCarried = 10'000;
    static constexpr std::int64_t kMostCarriedBytes = 256 << 20;

    /// All must outlive it.
    Totals(store::CallStore& store, ingest::CallReader& calls) : store_(store), calls_(calls) {}

    /// After an error nothing can be asked, and nothing may be removed from the record; everything here tries
    /// once more.
    Result<void> open(control::Database& database);
    /// Instead: there is no database, for this reason.
    void stay_closed(Error why);

    /// Of all kinds that AI calls have or had, after Custodian::finish_interrupted(). ResourceExhausted: they
    /// are more than kMostTypes.
    Result<ByType> all();
    /// Of one; absent where it never had a call.
    Result<std::optional<Total>> of(std::string_view type);
    /// Which kinds AI calls have or had, without what they come to: of any number those that fit.
    /// ResourceExhausted: they are more than kMostTypes.
    Result<std::set<std::string>> types(const std::function<bool(const std::string&)>& fits);
    /// The latest call of this kind (custody/latest_calls.hpp), with prompt and answer where they are kept;
    /// absent where it never had one, or where it was removed and is not carried.
    Result<std::optional<Call>> latest(std::string_view type);

    Result<void> resume(std::span<const store::Position> removed, const Remove& remove) override;
    /// Notes the latest calls that are to go, as the record has them now.
    Result<void> prepare(const store::Position& until, const Terms& terms) override;
    Result<void> inherit(const store::Position& until, const Remove& remove) override;
    /// Drops carried calls that are not the latest any more or are too many, and texts by the terms.
    Result<void> tidy(const Terms& terms) override;

  private:
    /// With `opening_`.
    Result<void> be_open();
    /// Open, and without anything that a settling left undone.
    Result<void> be_ready();
    Result<void> add_removed(ByType& totals, std::string_view type);
    Result<std::optional<Call>> read_call(std::string_view type, const Uuid& id);
    /// A latest call that is about to go.
    struct Going {
        std::string type;
        custody::LatestCall place;
    };
    Result<std::vector<Going>> latest_that_go(const store::Position& until, Timestamp now);
    // These need the lock.
    /// Notes what the calls up to there come to, in the place of what was noted of the stream before; false,
    /// and nothing is changed: there are none.
    Result<bool> note_sums(const store::Position& until);
    /// What was noted of these counts from now on: in one transaction, which settle_now tries, and
    /// settle_rest (which takes the lock) once more if that failed.
    Result<void> settle(std::span<const store::Position> removed);
    Result<void> settle_now(std::span<const store::Position> removed);
    Result<void> settle_rest();

    store::CallStore& store_;
    ingest::CallReader& calls_;
    std::shared_mutex mutex_;  ///< exclusively while calls go from the one place to the other
    std::mutex opening_;
    control::Database* database_ = nullptr;
    bool open_ = false;
    std::vector<store::Position> unsettled_;
    std::atomic<bool> is_settled_{true};  ///< unsettled_ is empty
    Error error_{Code::Unavailable, "the totals of prompt types are not open"};
};

}  // namespace steno::prompt_types
