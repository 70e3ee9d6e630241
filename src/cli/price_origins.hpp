#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"
#include "cli/question.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace steno::cli {

/// Which prices made the cost of the AI calls that fit, and why others have none; the numbers add up to all
/// of them: "catalogue 2026-11-20 (1,203 calls), own-3 (40, re-priced 2026-11-22), provider (5), no price
/// (3), failed without usage (12)". Empty where no call has a cost.
Result<std::string> price_origins(Api& api, const PeriodFlags& period,
                                  const std::vector<std::string>& filters);

/// "prices: …" behind `indent`, in lines of at most 80 characters, of which the further ones begin below the
/// first price; nothing where there are none. `head`: what stands in front.
void print_price_origins(std::string_view origins, std::string_view indent = {},
                         std::string_view head = "prices");

}  // namespace steno::cli
