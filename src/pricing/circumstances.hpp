#pragma once

#include "base/time.hpp"
#include "pricing/catalogue.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace steno::pricing {

/// What besides provider and model decides which price holds for a call.
struct Circumstances {
    std::string tier;     ///< canonical: "" for every name of the standard tier
    std::string region;   ///< "" not known
    std::string variant;  ///< of images: "1024x1024 hd"; of documents "annotated"; else ""
    std::optional<Timestamp> at;
    std::int64_t input_tokens = 0;
};

Circumstances circumstances_of(const Call& call);

/// One that says `same_as` and no tier applies in every tier, for the other model has its prices for each.
bool applies(const Price& price, const Circumstances& circumstances);
/// Whether that is in the price's time; `at` absent: only in that of a price without dates.
bool holds_at(const Price& price, const std::optional<Timestamp>& at);

/// Orders prices that apply: by tier, region, variant, size band, then the latest start, then the earliest
/// end.
std::tuple<bool, bool, bool, std::int64_t, bool, std::int64_t, std::int64_t> specificity(const Price& price);

/// Why the provider does not bill the call at all; empty: it does.
std::string_view free_because(const Call& call);

}  // namespace steno::pricing
