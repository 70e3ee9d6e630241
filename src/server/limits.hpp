#pragma once

#include "base/time.hpp"
#include "ingest/recorder.hpp"
#include "store/call_store.hpp"

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// What the providers said last of their limits: for each key and model how much is left, when it is full
/// again, and whether a call made now would be refused.
namespace steno::server {

/// One limit as it was told last.
struct LimitWindow {
    std::optional<std::int64_t> limit;
    std::optional<std::int64_t> remaining;
    std::optional<std::int64_t> resets_at;  ///< nanoseconds since 1970, by our clock
    std::int64_t told_at = 0;               ///< likewise
};

/// When the window called `name` is full again: as told, or as long after it was told as a minute or a day
/// last, if that is its name. Until then what was said of what is left holds; afterwards nobody knows.
std::optional<std::int64_t> full_again_at(std::string_view name, const LimitWindow& window);

/// A refusal for want of quota.
struct Refusal {
    std::int64_t at = 0;  ///< nanoseconds since 1970
    ErrorType type = ErrorType::RateLimit;
    std::optional<std::int64_t> retry_after_ms;
    std::string advice;
};

struct LimitState {
    // What the provider counts by. The host too: each resource of Azure and region of AWS has limits of its
    // own.
    std::string provider;
    std::string host;
    std::string api_key_id;  ///< empty: no key
    std::string model;

    std::map<std::string, LimitWindow> windows;  ///< by name: "requests", "tokens", "input_tokens", …
    std::optional<Refusal> refusal;              ///< the last one
    std::int64_t served_at = 0;  ///< when the latest call that was not refused began; likewise
    std::int64_t last_seen = 0;  ///< likewise

    /// A call made at `now` would be refused, as far as the provider has told: a limit has nothing left and
    /// is not full again yet, a wait is not over, or the quota is used up and no call got through since.
    [[nodiscard]] bool exhausted(std::int64_t now) const;
    /// The moment until which that is so; absent if it is not, or nobody said.
    [[nodiscard]] std::optional<std::int64_t> exhausted_until(std::int64_t now) const;
    /// The smallest remaining/limit of all windows that are not full again, 1 when nothing is known.
    [[nodiscard]] double least_left(std::int64_t now) const;
};

/// Follows the calls as they end. Bounded: beyond `kMaxStates` the least recently seen state makes room.
/// Any thread; `call_ended` takes a microsecond.
class Limits final : public ingest::Consumer {
  public:
    static constexpr std::size_t kMaxStates = 10'000;
    static constexpr std::uint32_t kRemembered = 5'000;  ///< calls that are looked at after a start

    explicit Limits(Clock& clock = system_clock()) : clock_(clock) {}

    void call_began(const Call&) override {}
    void call_ended(const Call& call) override { note(call); }

    /// Takes what a call tells. Calls may come in any order: of each limit the latest word counts.
    void note(const Call& call);
    /// Once, whoever asks first: notes the latest calls of the store, for after a restart. Reads the store.
    Result<void> remember(store::CallStore& store);

    /// A copy of all states, the most pressing first: exhausted, then by how little is left, then the latest
    /// seen.
    [[nodiscard]] std::vector<LimitState> all() const;
    /// The `most` latest seen, for metrics.
    [[nodiscard]] std::vector<LimitState> latest(std::size_t most) const;
    [[nodiscard]] std::uint64_t forgotten() const;
    [[nodiscard]] std::int64_t now() const { return clock_.now().unix_nanos; }

  private:
    LimitState& state_of(const Call& call, std::string key, std::int64_t moment);
    void make_room();

    Clock& clock_;
    mutable std::mutex mutex_;
    struct Entry {
        std::string key;
        LimitState state;
    };
    std::list<Entry> entries_;  ///< the latest seen first
    std::unordered_map<std::string, std::list<Entry>::iterator> places_;
    std::uint64_t forgotten_ = 0;
    std::mutex remember_mutex_;
    bool remembered_ = false;
};

}  // namespace steno::server
