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

/// Reads the table and adds what providers state as rules beyond its columns (size bands, batch and flex
/// tiers, cache writes, dated changes); every row's `source` names its rule. Figures that are not certain
/// give no price.
Result<BuiltIn> read_catalogue(std::string_view csv);

}  // namespace steno::pricing
