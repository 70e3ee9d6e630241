#pragma once

#include "base/decimal.hpp"

#include <optional>
#include <string>

namespace steno {

/// Fields that a newer version wrote and this one does not know, as encoded. They survive reading and
/// writing.
using UnknownFields = std::string;

/// What a call had cost until it was re-priced.
struct FormerCost {
    std::optional<Decimal> total;  ///< absent: no price was known
    std::string currency;
    std::string price_id;
    std::string source;
    UnknownFields unknown;
    bool operator==(const FormerCost&) const = default;
};

struct Cost {
    std::optional<Decimal> input;
    std::optional<Decimal> output;
    std::optional<Decimal> cache;
    std::optional<Decimal> other;
    std::optional<Decimal> total;  ///< absent: no price is known
    std::string currency;
    std::string price_id;
    std::string source;     ///< catalogue, provider, custom, estimated
    std::string repricing;  ///< the re-pricing that made it; empty: it is as the call was recorded
    FormerCost former;      ///< before that re-pricing
    UnknownFields unknown;
    bool operator==(const Cost&) const = default;
};

}  // namespace steno
