#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "record/call.hpp"

/// Dated prices of models, and the cost of a usage. Exact decimals throughout; an unknown price is unknown, not zero.
namespace steno::pricing {

/// One price: for one model of one provider, one unit of one thing, in one period and size band. Several rows with the
/// same key but other things (input, output, cache_read, …) make up what a call costs.
struct Price {
    std::string provider;  ///< gen_ai name
    std::string model;     ///< exact id as requested or served
    std::string region;    ///< "" any
    std::string tier;      ///< service tier: "" standard; "batch", "flex", "priority", …
    std::optional<Timestamp> from;  ///< absent: since ever
    std::optional<Timestamp> to;    ///< exclusive; absent: until further notice
    std::int64_t min_input_tokens = 0;  ///< this band holds for calls with at least so many input tokens
    std::string currency = "USD";
    std::optional<Decimal> input;           ///< each per million tokens …
    std::optional<Decimal> output;
    std::optional<Decimal> cache_read;
    std::optional<Decimal> cache_write_5m;
    std::optional<Decimal> cache_write_1h;
    std::optional<Decimal> audio_input;
    std::optional<Decimal> audio_output;
    std::optional<Decimal> image_input;
    std::optional<Decimal> per_image;       ///< … these each per one
    std::optional<Decimal> per_second;
    std::optional<Decimal> per_page;
    std::optional<Decimal> per_search;
    std::optional<Decimal> per_million_characters;
    std::string source;  ///< where the figure is from, e.g. "catalogue as of 2026-11-20", "custom"
    [[nodiscard]] std::string id() const;  ///< "openai/gpt-4o-mini@2024-07-18" or …"@2026-11-20" when undated
};

/// One line of an explanation: 1000 input tokens at 0.15 per million = 0.00015.
struct CostLine {
    std::string thing;
    std::int64_t count = 0;
    std::int64_t per = 1'000'000;
    Decimal price;
    Decimal amount;
};

struct Explanation {
    std::optional<Price> price;
    std::vector<CostLine> lines;
    std::string missing;  ///< why there is no total: "no price is known for …", "no price for cache writes of …"
};

/// Immutable once built; share it between threads by shared_ptr and swap it whole when prices change.
class Catalogue {
  public:
    /// The prices built into the program.
    static std::shared_ptr<const Catalogue> built_in();
    /// The same, with custom prices laid over (custom wins where both apply).
    static std::shared_ptr<const Catalogue> with(std::vector<Price> custom);

    /// Fills call.cost from call.usage, provider, model (served first, then requested), service tier and start time.
    /// Leaves it absent when no price is known, or when a thing that was used has none. A cost that the provider itself
    /// reported (cost.source "provider") is left alone.
    void price(Call& call) const;
    [[nodiscard]] Explanation explain(const Call& call) const;
    [[nodiscard]] std::vector<Price> list(std::string_view provider = {}, std::string_view model = {}) const;

    ~Catalogue();
    struct Impl;

  private:
    explicit Catalogue(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// The JSON form of prices, for `steno prices import` and the custom-price file: an array of objects with Price's member
/// names; decimals are strings. Every error names the row. A price above 10 000 per million tokens, or one per token
/// by mistake (below 0.000001 per million), is refused with what was probably meant.
Result<std::vector<Price>> prices_from_json(std::string_view text);
std::string prices_to_json(const std::vector<Price>& prices);

}  // namespace steno::pricing
