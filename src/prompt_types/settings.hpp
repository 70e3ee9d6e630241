#pragma once

#include "base/error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace steno::prompt_types {

inline constexpr std::size_t kMaxDescription = 4000;
inline constexpr std::size_t kMaxRetention = 200;
inline constexpr std::int64_t kMostTextLimit = 1'000'000'000;

inline constexpr std::int64_t kMostWindowMinutes = 7 * 24 * 60;
inline constexpr std::int64_t kMostLeastCalls = 1'000'000;

/// How much of each call is written to the server's log, in the words that the SDKs have for how much of a
/// call is recorded. The higher one includes the lower.
enum class LogLevel : std::uint8_t {
    Off,
    MetricsOnly,  ///< what it was, how it ended, how long it took, tokens and cost
    Summary,      ///< the beginnings of prompt and answer besides
    Detailed,     ///< prompt and answer
};
/// In the order of LogLevel.
inline constexpr std::array<std::string_view, 4> kLogLevels = {"off", "metrics-only", "summary", "detailed"};

/// What is masked in prompts and answers. Credentials are in any case, where a call comes in.
enum class Masking : std::uint8_t {
    Credentials,
    Strict,  ///< personal data, too: ingest/personal_data.hpp
};
inline constexpr std::array<std::string_view, 2> kMaskings = {"credentials", "strict"};

/// What is switched off when a kind of prompt costs or fails too much.
enum class Switch : std::uint8_t { IsActive, TrackFullData };
inline constexpr std::array<std::string_view, 2> kSwitches = {"is_active", "track_full_data"};

/// What is kept of the calls of one kind of prompt (prompt.type). As they are here: of a kind for which
/// nobody has set anything.
struct Settings {
    std::string description;
    std::optional<bool> track_full_data;  ///< prompts and answers are kept; absent: as Defaults say
    bool is_active = true;                ///< false: figures alone are kept, and lists leave the calls out
    /// The share of calls whose prompts and answers are kept, from 0 to 1. Which ones follows from their ids:
    /// the same everywhere, and each time.
    double sample_rate = 1;
    std::int64_t text_limit = 0;  ///< bytes that are kept of each prompt and answer; 0: all
    std::string retention;        ///< the class of those calls that name none (privacy.retention)
    Masking masking = Masking::Credentials;
    LogLevel log_level = LogLevel::Off;

    // What switches it off by itself (switching_off.hpp).
    bool disable_over_budget = false;            ///< once a budget for this kind of prompt is used up
    std::optional<double> disable_failure_rate;  ///< once more of its calls fail, from 0 to 1
    std::int64_t disable_window_minutes = 60;    ///< of the calls that began within so long,
    std::int64_t disable_least_calls = 20;       ///< and not before they are so many
    Switch disable_switches = Switch::IsActive;

    [[nodiscard]] bool switches_off_by_itself() const { return disable_over_budget || disable_failure_rate; }

    bool operator==(const Settings&) const = default;
};

/// By the kind's name.
using TypeSettings = std::map<std::string, Settings, std::less<>>;

/// What holds where a kind's settings say nothing.
struct Defaults {
    bool track_full_data = true;
    bool operator==(const Defaults&) const = default;
};

/// All members; null what is absent.
std::string to_json(const Settings& settings);
/// Lays what the object says over `settings`; null stands for a member's default. InvalidArgument names the
/// member and what it takes.
Result<void> from_json(std::string_view object, Settings& settings);
/// The same of what to_json wrote, this or another version's: members that are not known here are passed
/// over, and what is damaged does not take the rest with it. False: some of it could not be understood.
bool from_stored(std::string_view object, Settings& settings);

}  // namespace steno::prompt_types
