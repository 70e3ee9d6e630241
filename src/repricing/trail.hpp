#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "control/database.hpp"
#include "repricing/difference.hpp"
#include "repricing/price_book.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steno::repricing {

enum class RunStatus : std::uint8_t {
    Running,
    Done,
    Cancelled,    ///< somebody ended it; what was done stays
    Failed,       ///< see `error`; what was done stays
    Interrupted,  ///< its process died; what was done stays
};
std::string_view to_string(RunStatus status);

/// A re-pricing, or a look at what one would change.
struct Run {
    std::string id;      ///< "2026-11-22-3f9c0a": the day it began, and what tells it from others
    bool apply = false;  ///< false: nothing is written
    Timestamp at;
    Author author;
    std::optional<Timestamp> from, to;  ///< of the calls' beginnings
    std::vector<std::string> filters;   ///< as they were asked for: "project=shop"
    bool billed_too = false;
    std::string undoes;     ///< the re-pricing whose calls get back what they cost before; empty: none
    std::string undone_by;  ///< the latest that has undone something of this one; empty: none
    /// Of an undoing that found nothing to undo, and is not on the trail: why, and what can be done.
    std::string note;
    std::string catalogue;            ///< the day of which the built-in prices were
    std::optional<std::int64_t> own;  ///< the latest version among the own prices; absent: there were none

    RunStatus status = RunStatus::Running;
    std::string error;
    std::optional<Timestamp> ended_at;
    std::int64_t looked_at = 0;  ///< so far
    std::int64_t expected = 0;   ///< calls to look at; 0: not known yet
    /// JSON (see to_json): of one that is done all of it, else what was written; empty while it runs, and
    /// until the store can be asked.
    std::string difference;
};

/// {"changed", "priced", "cleared", "amended", "models", "prices"}, and what was counted beside them if
/// `complete`.
std::string to_json(const Difference& difference, bool complete);

/// The calls that it gave another cost, by its `difference`; absent: that is not known yet.
std::optional<std::int64_t> amended_by(const Run& run);

/// What stands between a re-pricing and its undoing.
struct Later {
    /// Later re-pricings that are not undone, the latest first: a call that one of them priced keeps its
    /// cost.
    std::vector<std::string> in_force;
    /// Undoings of later ones, with none of those in between: a call that has its cost from one of these
    /// costs what it did before what that undid.
    std::vector<std::string> ways_back;
};
/// `runs`: those after it, in order.
Later what_came_later(const std::vector<Run>& runs);

/// What re-pricings did: rows of the control database that are never deleted. Blocking; any thread.
class Trail {
  public:
    /// Null: there is no control database, and every function gives FailedPrecondition.
    explicit Trail(control::Database* database) : database_(database) {}

    /// Writes down that it begins, before it changes anything.
    Result<void> begin(const Run& run);
    /// Does nothing where it has ended already.
    Result<void> end(const Run& run);
    /// The sums of one that has ended without them. Does nothing where they are known.
    Result<void> add_sums(const Run& run);
    /// The latest first.
    Result<std::vector<Run>> latest(std::uint64_t limit);
    /// NotFound.
    Result<Run> get(std::string_view id);
    /// Those that came after it, in order.
    Result<std::vector<Run>> later_than(std::string_view id);
    /// Those that were begun and never ended, and those that ended while nobody could say their sums.
    Result<std::vector<Run>> unsettled();

  private:
    Result<void> be_open();
    Result<std::vector<Run>> read(std::string_view condition, std::initializer_list<control::Value> values);

    control::Database* const database_;
    std::mutex mutex_;
    bool open_ = false;
};

}  // namespace steno::repricing
