#pragma once

#include "base/cancellation.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "experiments/experiments.hpp"
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

namespace steno::experiment_watch {

/// What looking at an experiment came to.
struct Looked {
    Timestamp at;
    std::chrono::nanoseconds took{0};
    std::vector<std::string> done;  ///< in words, as it stands in the log: "stopped the variant …"
    std::optional<Error> error;     ///< it could not be looked at
};

/// Looks at the experiments that run, on one thread of its own, and does what their definitions say: a guard
/// that is breached stops its variant, a rule concludes, a bandit's weights are set anew. All of it by
/// experiments::Experiments, as a person would, with the reason in the trail; on a condition (If-Match): if
/// somebody changed the experiment meanwhile, nothing is done, and it is looked at again.
///
/// What it does follows from the record and the definition alone (draws are seeded by experiment and
/// revision), and each thing that is done makes itself undue: nothing is kept here that a restart would
/// forget, and nothing is done twice.
class Watcher {
  public:
    struct Parts {
        experiments::Experiments& experiments;
        store::CallStore& store;
        Clock& clock;
        /// Brings the store up to now; an error: it does not have all that was recorded, and one waits.
        std::function<Result<void>()> bring_up_to_date;
    };
    explicit Watcher(Parts parts);
    ~Watcher();
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

    void start();
    void stop();  ///< ends an evaluation under way; idempotent

    /// Every experiment that runs, and has something to be watched, whose time has come. For start()'s thread
    /// and for tests.
    void look();
    /// This one, now. NotFound; FailedPrecondition: it does not run. Any thread.
    Result<Looked> look_at(std::string_view name);

    /// By id: the last time; absent: not since the start of the program.
    [[nodiscard]] std::optional<Looked> last(std::string_view id) const;

  private:
    void run();
    Looked looked_at(const experiments::Experiment& experiment, Timestamp now);
    Result<void> act(experiments::Experiment experiment, Timestamp now, std::vector<std::string>& done);

    Parts parts_;
    std::mutex one_at_a_time_;
    mutable std::mutex mutex_;
    std::condition_variable stops_;
    bool stopping_ = false;
    std::map<std::string, Looked, std::less<>> last_;
    Cancellation stopped_;  ///< of the thread's questions
    std::thread thread_;
};

}  // namespace steno::experiment_watch
