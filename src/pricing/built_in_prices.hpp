#pragma once

#include "base/error.hpp"
#include "pricing/catalogue.hpp"

#include <string_view>
#include <vector>

namespace steno::pricing {

struct BuiltIn {
    std::vector<CatalogueModel> models;
    std::vector<Price> prices;
};

/// The text of catalogue.csv, as built into the program.
std::string_view catalogue_csv();

/// Reads the table, and completes it by `rates` (pricing/rates.hpp): size bands, service tiers, cache writes,
/// regions, dated changes, other units. Every price's `source` names the rows that made it. Figures that are
/// not certain give no price.
Result<BuiltIn> read_catalogue(std::string_view csv, std::string_view rates);

}  // namespace steno::pricing
