#pragma once

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "control/database.hpp"
#include "notify/channel.hpp"
#include "notify/message.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace steno::notify {

/// One message on its way to one channel.
struct Delivery {
    enum class State : std::uint8_t { Waiting, Delivered, GivenUp };
    std::string id;  ///< the same for each try: receivers know a repeat by it
    std::string channel;
    std::string about;  ///< the rule that it tells of
    Message message;
    State state = State::Waiting;
    std::int64_t attempts = 0;  ///< that ended, whatever the outcome
    Timestamp created_at;
    std::optional<Timestamp> next_at;  ///< of one that waits
    std::optional<Timestamp> done_at;  ///< delivered or given up
    std::string error;                 ///< of the last attempt
};
std::string_view to_string(Delivery::State state);

struct OutboxLimits {
    std::chrono::seconds first_pause{5};  ///< after a first failure; doubled with each
    std::chrono::seconds longest_pause{3600};
    std::chrono::hours give_up_after{24};  ///< since it was added
    std::int64_t most_waiting = 1000;      ///< of a channel; then the oldest is given up
    std::int64_t most_done = 5000;         ///< are remembered, of all channels
};

/// Channels, and what is to be sent to them, in the control database. A message is added in the transaction
/// of what it tells of, and is there until it was delivered or given up: at least once, over any restart.
/// Blocking; any thread.
class Outbox {
  public:
    static constexpr std::int64_t kMostChannels = 50;

    /// Brings its tables up to date. All must outlive it.
    static Result<std::unique_ptr<Outbox>> open(control::Database& database, Clock& clock, Random& random,
                                                OutboxLimits limits = {});

    /// By name; the log is always one of them. One that cannot be read is logged and left out.
    Result<std::vector<Channel>> channels();
    /// NotFound names the nearest.
    Result<Channel> channel(std::string_view name);
    /// Replaces the one with its name. The log cannot be.
    Result<void> set(const Channel& channel);
    /// What waits for it is given up. NotFound.
    Result<void> remove(std::string_view name);

    /// Each message to each channel, within a transaction of the database. Their ids, message by message.
    Result<std::vector<std::string>> add(control::Statements& statements,
                                         std::span<const std::string> channels, std::string_view about,
                                         std::span<const Message> messages);

    /// Those that are to be tried by now, the oldest of each channel first, at most `most`.
    Result<std::vector<Delivery>> due(std::size_t most);
    /// When the next one is.
    Result<std::optional<Timestamp>> next_due();
    Result<void> delivered(const Delivery& delivery);
    /// It is tried again after a pause with jitter, not before `not_before`; or given up, if that would be
    /// too late. Returns which.
    Result<Delivery::State> failed(const Delivery& delivery, std::string_view why,
                                   std::chrono::seconds not_before = {});

    /// The newest first. `state`, `channel`, `about`: only of these.
    struct Wanted {
        std::optional<Delivery::State> state;
        std::string channel, about;
        std::int64_t most = 100;
    };
    Result<std::vector<Delivery>> deliveries(const Wanted& wanted);
    /// How many wait.
    Result<std::int64_t> waiting();

  private:
    Outbox(control::Database& database, Clock& clock, Random& random, OutboxLimits limits)
        : database_(database), clock_(clock), random_(random), limits_(limits) {}
    /// One that cannot be read is logged, left out, and given up if it waits.
    Result<std::vector<Delivery>> read(std::string_view sql, std::initializer_list<control::Value> values);

    /// Of what is done, all but the newest.
    Result<void> forget_old(control::Statements& statements) const;

    control::Database& database_;
    Clock& clock_;
    Random& random_;
    OutboxLimits limits_;
};

}  // namespace steno::notify
