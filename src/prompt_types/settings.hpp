#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace steno::prompt_types {

inline constexpr std::size_t kMaxType = 200;  ///< bytes of a kind's name: as many as a call may carry
inline constexpr std::size_t kMaxDescription = 4000;
inline constexpr std::size_t kMaxRetention = 200;
inline constexpr std::int64_t kMostTextLimit = 1'000'000'000;

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

    bool operator==(const Settings&) const = default;
};

/// By the kind's name.
using TypeSettings = std::map<std::string, Settings, std::less<>>;

/// What holds where a kind's settings say nothing.
struct Defaults {
    bool track_full_data = true;
    bool operator==(const Defaults&) const = default;
};

/// InvalidArgument: this cannot be the name of a kind of prompt.
Result<void> check_type(std::string_view type);

/// All members; null what is absent.
std::string to_json(const Settings& settings);
/// Lays what the object says over `settings`; null stands for a member's default. InvalidArgument names the
/// member and what it takes.
Result<void> from_json(std::string_view object, Settings& settings);
/// The same of what to_json wrote, this or another version's: members that are not known here are passed
/// over, and what is damaged does not take the rest with it. False: some of it could not be understood.
bool from_stored(std::string_view object, Settings& settings);

}  // namespace steno::prompt_types
