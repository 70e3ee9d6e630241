#pragma once

#include "alerts/observation.hpp"
#include "alerts/rule_book.hpp"
#include "base/cancellation.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "store/call_store.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace steno::alerts {

/// What the last evaluation of a rule saw.
struct Evaluated {
    std::optional<Timestamp> at;  ///< absent: there was none yet
    std::chrono::nanoseconds took{0};
    std::optional<Error> error;  ///< it could not be evaluated since
    bool truncated = false;      ///< it has more groups than are watched
    bool again = false;          ///< after a start: not all was known, and it is looked at again soon
    struct Group {
        std::optional<Decimal> value;
        std::string because;
        std::string currency;
        std::int64_t calls = 0;
        Level level = Level::NoData;
        std::string what;       ///< in words
        bool learning = false;  ///< see Observation
    };
    std::map<std::string, Group> groups;
};

struct WatcherStats {
    std::uint64_t evaluations = 0;
    std::uint64_t failures = 0;   ///< evaluations that the store or the database did not let happen
    std::uint64_t postponed = 0;  ///< rounds that waited because the store did not have the newest calls
    std::chrono::nanoseconds longest{0};
    std::uint64_t warning = 0, critical = 0;  ///< groups that stand so now
};

/// Evaluates the rules as the time comes, on one thread of its own: dear questions hold up later rules, and
/// nothing else. What an evaluation changes is one transaction with what is to be told of it.
class Watcher {
  public:
    struct Parts {
        RuleBook& book;
        store::CallStore& store;
        Clock& clock;
        /// Brings the store up to now; an error: it does not have all that was recorded, and nothing may be
        /// concluded from what is missing.
        std::function<Result<void>()> bring_up_to_date;
        std::function<void()> told;          ///< there is something new in the outbox
        budgets::States* budgets = nullptr;  ///< without them, rules of kind Budget see none
    };
    explicit Watcher(Parts parts);
    ~Watcher();
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

    void start();
    void stop();  ///< ends an evaluation under way; idempotent
    /// A rule was changed: it is evaluated at once.
    void rules_changed();

    /// Evaluates every rule that is due, and says when the next one is. For start()'s thread and for tests.
    Timestamp evaluate_due();

    [[nodiscard]] std::optional<Evaluated> last(std::string_view rule) const;
    [[nodiscard]] WatcherStats stats() const;
    [[nodiscard]] bool running() const { return running_; }

  private:
    void run();
    /// False: it could not be, or not all of it.
    bool evaluate(const KeptRule& kept, Timestamp now);
    Result<Evaluated> evaluated(const KeptRule& kept, Timestamp now);
    /// To say that calls are missing.
    [[nodiscard]] bool too_early(const Rule& rule, const calendar::Period& window, Timestamp now) const;

    Parts parts_;
    Timestamp started_at_;
    std::atomic<bool> running_{false};
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false, look_ = false;
    struct Pace {
        std::int64_t version = 0;
        Timestamp next;
    };
    std::map<std::string, Pace> paces_;  ///< of the thread that evaluates alone
    std::map<std::string, Evaluated, std::less<>> last_;
    WatcherStats stats_;
    Cancellation stopped_;  ///< of the thread's questions
    std::thread thread_;
};

}  // namespace steno::alerts
