#pragma once

#include "assignment/plan.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "control/author.hpp"
#include "control/condition.hpp"
#include "control/database.hpp"
#include "experiments/definition.hpp"
#include "experiments/table.hpp"
#include "prompts/registry.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steno::experiments {

using control::Author;
using control::Condition;

/// draft → running ⇄ paused → concluded.
enum class State : std::uint8_t {
    Draft,
    Running,
    Paused,     ///< nobody is assigned: all get what they would get without it
    Concluded,  ///< for good
};
std::string_view to_string(State state);  ///< "draft", "running", "paused", "concluded"
std::optional<State> parse_state(std::string_view text);

struct Experiment {
    std::string id;  ///< what calls carry (prompt.experiment.id), and what units are divided by
    Definition definition;
    State state = State::Draft;
    std::string winner;         ///< of Concluded; empty: none
    std::int64_t revision = 0;  ///< counts its changes
    Timestamp created_at;
    Timestamp changed_at;
    std::string changed_by;
    std::optional<Timestamp> started_at;  ///< first
    std::optional<Timestamp> concluded_at;

    /// For ETag and If-Match: another whenever something of it is.
    [[nodiscard]] std::string tag() const;
    [[nodiscard]] assignment::Plan plan() const { return plan_of(id, revision, definition); }
};

/// One change, as the trail has it.
struct Change {
    std::int64_t revision = 0;  ///< that the experiment has since
    Timestamp at;
    Author author;
    std::string action;     ///< "created", "changed", "started", "paused", "concluded", "stopped"
    std::string before;     ///< JSON object of the members that changed, as they were; of "created": {}
    std::string after;      ///< and as they are since
    State state;            ///< since
    assignment::Plan plan;  ///< since: with it each assignment can be made again
};

/// All experiments of a data folder, kept in the control database, each change in a trail. A change is whole,
/// on disk when it is answered, and holds for the next call that is asked about; of two at the same time one
/// comes after the other, and sees it. Blocking; any thread.
///
/// Where a name is asked for, the id will do. NotFound, with the nearest name.
class Experiments {
  public:
    static constexpr std::size_t kMaxExperiments = 2000;

    /// `registry`: whose prompts and versions they name. `table`: what is looked into at each call. Both must
    /// outlive this.
    Experiments(prompts::Registry& registry, PublishedTable& table);

    /// Reads them, and begins to keep to them. After an error everything else here tries once more, and gives
    /// that error.
    Result<void> open(control::Database& database);
    /// Instead: there is no database, for this reason.
    void stay_closed(Error why);
    /// Tries once more where something failed, and heeds what another process has changed.
    Result<void> be_in_force();

    /// Those that run now. Waits for nothing.
    [[nodiscard]] std::shared_ptr<const Table> running() const noexcept { return table_.now(); }

    /// The last one that was made first.
    Result<std::vector<Experiment>> all();
    Result<Experiment> get(std::string_view name);

    /// A draft. AlreadyExists: there is one of that name. NotFound: the prompt, or a version that it names.
    /// ResourceExhausted: there are kMaxExperiments.
    Result<Experiment> create(const Definition& definition, const Author& author, Timestamp now);
    /// FailedPrecondition: it is concluded; or it was started, and the edit changes what it asks
    /// (same_question). What changes nothing leaves no trace.
    using Edit = std::function<Result<void>(Definition&)>;
    Result<Experiment> change(std::string_view name, const Edit& edit, const Author& author, Timestamp now,
                              Condition& condition);
    /// A draft, or one that is paused. AlreadyExists: another one runs for the same prompt or kind of prompt.
    /// One that runs already is left as it is.
    Result<Experiment> start(std::string_view name, const Author& author, Timestamp now,
                             Condition& condition);
    Result<Experiment> pause(std::string_view name, const Author& author, Timestamp now,
                             Condition& condition);
    /// `winner`: the name of a variant; empty: none. FailedPrecondition: that variant was stopped.
    Result<Experiment> conclude(std::string_view name, const std::string& winner, const Author& author,
                                Timestamp now, Condition& condition);
    /// Units of this variant get the control from now on, and nobody else moves. For good.
    Result<Experiment> stop_variant(std::string_view name, const std::string& variant, const Author& author,
                                    Timestamp now, Condition& condition);
    /// A draft, with its trail. FailedPrecondition: it was started, and calls may name it.
    Result<void> remove(std::string_view name, Condition& condition);

    /// The last first.
    Result<std::vector<Change>> history(std::string_view name, std::uint64_t limit);
    /// By which units were assigned then: at a revision, or at a moment; absent: now. State is that of then,
    /// too: only while it was Running somebody was assigned. NotFound: it was not there yet.
    struct Then {
        std::optional<std::int64_t> revision;
        std::optional<Timestamp> at;
    };
    Result<Change> change_before(std::string_view name, const Then& then);

  private:
    using Doing = std::function<Result<void>(control::Statements&, Experiment&)>;
    /// One transaction: the change, its line of the trail, and what holds after it.
    Result<Experiment> changed(std::string_view name, std::string_view action, const Author& author,
                               Timestamp now, Condition& condition, const Doing& change);
    Result<void> find_what_is_named(const Definition& definition);
    Result<control::Database*> database();
    /// From now on what is on disk holds; be_in_force() makes up for what fails here.
    void put_into_force();
    // These need the lock.
    Result<void> be_open();
    Result<void> take_over();

    prompts::Registry& registry_;
    PublishedTable& table_;
    std::mutex mutex_;
    control::Database* database_ = nullptr;
    bool open_ = false;
    std::optional<std::int64_t> others_;  ///< the database's state when it was last read
    Error error_{Code::Unavailable, "the experiments of this folder are not open"};
};

}  // namespace steno::experiments
