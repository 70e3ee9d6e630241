#pragma once

#include "record/call.hpp"
#include "store/field.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// All tokens of a call: a field that is not in the record's table, and that calls can be filtered, grouped
/// and ordered by and measured as by those that are.
namespace steno::store {

inline constexpr std::string_view kTotalTokensPath = "usage.total_tokens";
/// What `Field::index` is of it.
inline constexpr std::size_t kTotalTokens = Field::kScores - 1;

/// Input and output, of what is known of them; absent where neither is. The nearest number to what exceeds 64
/// bits: calls can say anything.
std::optional<std::int64_t> total_tokens(const Usage& usage);

}  // namespace steno::store
