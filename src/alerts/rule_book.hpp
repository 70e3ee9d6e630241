#pragma once

#include "alerts/judgement.hpp"
#include "alerts/rule.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "control/database.hpp"
#include "notify/outbox.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steno::alerts {

/// A rule as it is kept.
struct KeptRule {
    Rule rule;
    std::int64_t version = 0;  ///< another one with each change
    std::optional<Timestamp> muted_until;
    std::string mute_reason;

    [[nodiscard]] bool muted(Timestamp now) const { return muted_until && *muted_until > now; }
};

/// One change of a level.
struct Event {
    Timestamp at;
    std::string rule;
    std::string group;  ///< see Observation::group
    Level from = Level::NoData;
    Level to = Level::NoData;
    std::string what;  ///< in words
    std::optional<Decimal> value;
    std::optional<Decimal> threshold;
    std::vector<std::string> samples;  ///< ids of calls
    bool muted = false;
};

/// What an evaluation changes, in one transaction: standings, history, and what is to be told.
struct Outcome {
    std::vector<Standing> standings;  ///< those that are not as they were kept
    std::vector<std::string> gone;    ///< groups that nobody asks about any more
    std::vector<Event> events;
    std::vector<notify::Message> messages;

    [[nodiscard]] bool empty() const {
        return standings.empty() && gone.empty() && events.empty() && messages.empty();
    }
};

/// Rules, how they stand, and their history, in the control database. Blocking; any thread.
class RuleBook {
  public:
    static constexpr std::int64_t kMostEvents = 1000;  ///< of a rule; the oldest go

    /// Brings its tables up to date. Both must outlive it.
    static Result<std::unique_ptr<RuleBook>> open(control::Database& database, notify::Outbox& outbox);

    /// By name. One that cannot be read (of a newer version) is logged and left out.
    Result<std::vector<KeptRule>> rules();
    /// NotFound names the nearest.
    Result<KeptRule> rule(std::string_view name);
    /// Replaces the one with its name, which stays muted if it was. If another thing is watched from now on,
    /// how it stood is forgotten. InvalidArgument: a channel that there is not.
    Result<void> set(const Rule& rule);
    /// With its history. What waits in the outbox is still delivered.
    Result<void> remove(std::string_view name);
    /// Absent: no longer.
    Result<void> mute(std::string_view name, std::optional<Timestamp> until, std::string_view reason);

    Result<Standings> standings(std::string_view name);
    /// The newest first; an empty name: of all rules.
    Result<std::vector<Event>> history(std::string_view name, std::int64_t most);
    /// Rules that name the channel.
    Result<std::vector<std::string>> who_uses(std::string_view channel);

    /// False: the rule has changed meanwhile, and nothing was kept.
    Result<bool> keep(const KeptRule& rule, const Outcome& outcome);

  private:
    RuleBook(control::Database& database, notify::Outbox& outbox) : database_(database), outbox_(outbox) {}
    Result<void> check_channels(const Rule& rule);

    control::Database& database_;
    notify::Outbox& outbox_;
};

}  // namespace steno::alerts
