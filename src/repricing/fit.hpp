#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "pricing/catalogue.hpp"
#include "store/call_store.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Whether prices that somebody sets are what the calls on record need: a wrong name never applies, and a
/// price that lacks an amount leaves calls without a cost.
namespace steno::repricing {

/// Of one price.
struct Fit {
    std::int64_t calls = 0;                       ///< that it is for, whatever time it holds in
    std::int64_t unpriced = 0;                    ///< of these: used a thing that it has no amount for
    std::map<std::string, std::int64_t> reasons;  ///< of `unpriced`: which
    bool model_unknown = false;                   ///< of one with `same_as`: no price is known for that model
};

struct Fits {
    std::vector<Fit> of;  ///< as the prices were given
    std::int64_t looked_at = 0;
    bool complete = true;                           ///< false: patience was over; these are the earliest
    std::map<std::string, std::int64_t> providers;  ///< that AI calls were made to
    using Models = std::map<std::pair<std::string, std::string>, std::int64_t>;
    Models models;  ///< by provider and model as it was asked for: of the providers of these prices
};
inline constexpr std::size_t kMaxFitNames = 10'000;

/// Looks at the AI calls that began in [from, to). `own`: versions of own prices, each with its number.
/// `prices`: those in force. Blocking; memory does not grow with the number of calls. Cancelled by the
/// thread's Cancellation.
Result<Fits> fits(store::CallStore& store, std::span<const pricing::Price> own,
                  const pricing::Catalogue& prices, Timestamp from, Timestamp to,
                  std::chrono::milliseconds patience = std::chrono::seconds(10));

}  // namespace steno::repricing
