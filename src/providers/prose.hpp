#pragma once

#include "providers/errors.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What providers tell in the prose of their error messages and nowhere else. Facts in tables, looked for in
/// the first kLookedAt bytes: the point is made early, and what follows may be an echoed prompt.
namespace steno::providers {

inline constexpr std::size_t kLookedAt = 4000;

/// "Please try again in 6m0s", "retry after 59 seconds", "replenished in 20:08:55": milliseconds, rounded up.
std::optional<std::int64_t> wait_in(std::string_view message);

/// The moment from which calls are allowed again, milliseconds since 1970.
std::optional<std::int64_t> moment_in(std::string_view message);

/// The size of a request that is too long for its model, in tokens.
struct TooLong {
    std::optional<std::int64_t> tokens;
    std::optional<std::int64_t> maximum;
};
TooLong too_long_in(std::string_view message);

/// The limit that was hit.
struct LimitHit {
    std::string_view name;              ///< "tokens per minute"; empty: it was not named
    std::optional<std::int64_t> limit;  ///< so many
    std::optional<std::int64_t> requested;

    /// This one request is larger than the limit will ever allow.
    [[nodiscard]] bool beyond_reach() const { return limit && requested && *requested > *limit; }
};
LimitHit limit_hit_in(const ProviderError& error);

}  // namespace steno::providers
