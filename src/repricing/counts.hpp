#pragma once

#include "base/json_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

namespace steno::repricing {

/// Of how many calls something is true, by its name: a reason, a model, a price.
using Counts = std::vector<std::pair<std::string_view, std::int64_t>>;

/// [{"reason": "no_price", "calls": 12}, …] with `name` for "reason": those of the most calls first, equals
/// by name, and at most so many.
void write_counts(JsonWriter& json, std::string_view key, std::string_view name, Counts counts,
                  std::size_t most = std::numeric_limits<std::size_t>::max());

}  // namespace steno::repricing
