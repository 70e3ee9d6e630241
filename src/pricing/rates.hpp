#pragma once

#include "base/error.hpp"
#include "pricing/amounts.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The table rates.csv: what the providers say of many models at once ("batch costs half") and what they ask
/// for beyond the columns of catalogue.csv. Each row names its source.
namespace steno::pricing {

/// The text of rates.csv, as built into the program.
std::string_view rates_csv();

/// One figure of a row: "input=2.5", "inputs=x2" (each amount of the group, times 2), "output=x3/2",
/// "cache_write_1h=2*input", "cache_read=unknown".
struct Rate {
    std::string_view names;         ///< an amount's name, or inputs, caches, outputs, all
    std::vector<const Amount*> of;  ///< the amounts that `names` means
    const Amount* base = nullptr;   ///< multiplied by factor / divisor; null: each amount itself
    std::optional<Decimal> figure;  ///< the price itself; then factor is 0
    std::int64_t factor = 0;        ///< 0 and no figure: unknown
    std::int64_t divisor = 1;
};

/// One row of the table. Views into the table's text.
struct RateRow {
    std::vector<std::string_view> providers;
    std::vector<std::string_view> models;  ///< patterns with "*"; a leading "!" excludes
    std::vector<std::string_view> modes;   ///< empty: any
    std::string_view variant;
    std::string_view tier;    ///< "": the standard tier
    std::string_view region;  ///< as in Price
    std::int64_t above = 0;   ///< holds above so many input tokens
    std::optional<Timestamp> from;
    std::optional<Timestamp> to;
    std::vector<Rate> rates;
    std::string_view source;
    int line = 0;

    [[nodiscard]] bool concerns(std::string_view provider, std::string_view model,
                                std::string_view mode) const;
    /// Puts the row's figures into `price` and its source behind the price's. Multiples are of the amounts
    /// that the price had before.
    void apply_to(Price& price) const;
};

Result<std::vector<RateRow>> read_rates(std::string_view csv);

/// All prices of one model: `base`, which holds what catalogue.csv says, with the rows that concern it.
///
/// 1. Rows without tier, region, band, variant and dates complete the base, in the table's order. Such rows
///    with dates make a base of their own for that time; the first base ends, or begins, there.
/// 2. Rows with a band make a dearer price of each base; 3. rows with a tier one of each of these (a row with
/// tier and band only of that band); 4. rows with a variant one of each base; 5. rows with a region one of
/// every price so far. A later row for the same circumstances amends the price of an earlier one.
std::vector<Price> with_rates(Price base, std::string_view mode, const std::vector<RateRow>& rows);

}  // namespace steno::pricing
