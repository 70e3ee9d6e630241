#pragma once

#include "base/time.hpp"
#include "budgets/budget.hpp"
#include "budgets/spent.hpp"
#include "budgets/states.hpp"
#include "budgets/upper_cost.hpp"
#include "ingest/latest_ids.hpp"
#include "ingest/recorder.hpp"
#include "sources/gateway/spending.hpp"
#include "store/call_store.hpp"
#include "store/follower.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace steno::budgets {

/// What is spent of each budget, in memory, at every moment: what the store has (asked once, then followed
/// call by call), what is in the journal and not in the store yet, and what is set aside for calls under way.
///
///   spent = stored + pending          pending: ended, and the store does not have them yet
///
/// A call is in exactly one of these. One of the gateway becomes pending when its end is recorded
/// (`call_ended`), and stored when the store tells that it has it (`call_changed`); what is delivered or
/// imported counts when it is stored, for the store alone knows whether it is new. `rest`, on the thread that
/// feeds the store, asks the store for the sums of what is new here: a budget, a period; then nothing else
/// changes the store, so the sum is what was followed. While there is no budget nothing is followed.
///
/// Any thread, one lock; only `rest` reads the store, without the lock.
class Ledger final : public gateway::SpendingControl,
                     public ingest::Consumer,
                     public store::Follower,
                     public States {
  public:
    using Prices = std::function<std::shared_ptr<const pricing::Catalogue>()>;
    /// Ended calls that the store does not have yet: beyond that the oldest are counted when it has them.
    static constexpr std::size_t kMaxPending = 1'000'000;

    explicit Ledger(Clock& clock = system_clock()) : clock_(clock) {}

    /// Where prices for reservations come from. Before the first call.
    void set_prices(Prices prices) { prices_ = std::move(prices); }
    /// Called when `rest` has something to do. Before the first budget.
    void on_restless(std::function<void()> wake) { wake_ = std::move(wake); }

    /// Keeps to these from now on. What is spent of those that were there and count the same calls is kept.
    /// `complete`: these are all that there are. Before the first time nobody knows.
    void define(const std::vector<Budget>& budgets, bool complete = true);

    // gateway::SpendingControl
    [[nodiscard]] bool idle() const noexcept override { return idle_.load(std::memory_order_relaxed); }
    std::optional<gateway::OverBudget> reserve(const Call& call) noexcept override;
    void reserve_anyway(const Call& call) noexcept override;
    void release(const Uuid& id) noexcept override;

    // ingest::Consumer
    void call_began(const Call&) override {}
    void call_ended(const Call& call) noexcept override;

    // store::Follower
    void call_changed(const Call* before, const Call& now) noexcept override;
    void calls_forgotten() override;

    /// On the thread that feeds the store, when it does not. Takes kPatience at most, but for the first
    /// question; what is left is asked the next time. `history_fed`: the store has what earlier processes
    /// left; until then nothing is known for good.
    void rest(store::CallStore& store, bool history_fed = true);
    static constexpr std::chrono::milliseconds kPatience{200};
    /// Blocks until the store was asked for all budgets. False: not within `patience`.
    bool wait_until_known(std::chrono::milliseconds patience);

    std::vector<State> states() override;
    [[nodiscard]] bool complete() const override { return complete_; }

    struct Stats {
        std::uint64_t budgets = 0;
        std::uint64_t reservations = 0;
        std::uint64_t pending = 0;
        std::string last_error;  ///< why the store could not be asked; empty: it could
    };
    [[nodiscard]] Stats stats() const;

  private:
    /// A budget in one period. When that ends, another takes its place, and this goes with the last call that
    /// it was told of.
    struct Account {
        Account(Budget of, Span in) : budget(std::move(of)), period(in) {}
        Budget budget;
        Span period;
        Spent stored;
        Spent pending;
        Decimal reserved;
        std::int64_t under_way = 0;
        std::uint64_t refused = 0;
        bool known = false;       ///< the store was asked
        std::uint64_t asked = 0;  ///< counts what makes an answer that is on its way a wrong one
        std::string trouble;      ///< why the store could not be asked the last time
        [[nodiscard]] bool counts(const Call& call) const {
            return call.started_at && period.holds(call.started_at->unix_nanos) && budget.scope.holds(call);
        }
        /// Whether what the call may cost is set aside here: that of one that began just before the period
        /// did, too, though it will count in that before.
        [[nodiscard]] bool pays_for(const Call& call) const {
            return call.started_at && call.started_at->unix_nanos < period.end && budget.scope.holds(call);
        }
        [[nodiscard]] Decimal spent() const {
            return stored.in(budget.currency) + pending.in(budget.currency);
        }
    };
    using AccountPtr = std::shared_ptr<Account>;
    struct Reserved {
        std::vector<AccountPtr> in;
        std::optional<UpperCost> cost;
    };
    struct Pending {
        std::string project;
        std::vector<AccountPtr> in;
        Share share;
    };

    // All of these need the lock.
    void turn(std::int64_t now);
    void note_turns();
    [[nodiscard]] std::vector<AccountPtr> counting(const Call& call) const;
    /// The first of the hard ones that the cost does not fit into. Null: none.
    [[nodiscard]] Account* over(const Call& call, const std::optional<UpperCost>& cost) const;
    void set_aside(const Call& call, const std::optional<UpperCost>& cost);
    void give_back(const Uuid& id);
    void add_pending(const Call& call);
    void forget_pending(const Call& call);
    static void ask_again(Account& account) noexcept;
    /// After an exception (no memory), when nobody knows which accounts have a call: what is journaled and
    /// not stored is counted when the store has it.
    void begin_anew(const char* why) noexcept;

    std::optional<gateway::OverBudget> try_reserve(const Call& call);
    void ask(store::CallStore& store, Account& account);
    [[nodiscard]] std::optional<UpperCost> upper_cost(const Call& call, Count count);

    Clock& clock_;
    Prices prices_;
    std::function<void()> wake_;
    UpperCosts upper_costs_;
    std::atomic<bool> idle_{true};
    std::atomic<bool> complete_{false};

    mutable std::mutex mutex_;
    std::condition_variable known_;
    std::vector<AccountPtr> accounts_;  ///< by name
    Span turns_ = {};                   ///< outside of this some account's period is not the present one
    std::int64_t since_ = 0;  ///< when the first budget came: what ended before is left to the store
    std::unordered_map<Uuid, Reserved> reserved_;
    std::unordered_map<Uuid, Pending> pending_;
    std::deque<Uuid> pending_order_;  ///< with those that are gone already, 2 * kMaxPending at most
    /// What the store has told of lately: such a call is not pending, though its end may be told later, or
    /// once more.
    ingest::LatestIds stored_{100'000};
    bool history_fed_ = false;
};

}  // namespace steno::budgets
