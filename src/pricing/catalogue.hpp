#pragma once

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "record/call.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Dated prices of models, and the cost of a usage. Exact decimals throughout; an unknown price is unknown,
/// not zero.
namespace steno::pricing {

/// The day of which the built-in figures are.
inline constexpr std::string_view kCatalogueDay = "2026-11-20";

/// What the units of one model of one provider cost, in one region, service tier, period and size band.
struct Price {
    std::string provider;  ///< gen_ai name
    std::string
        model;  ///< exact id as requested or served; "*" (custom prices): any model that has no other price
    std::string region;   ///< "" any; else "us", one of "us|eu", or "!global": any known one but that
    std::string tier;     ///< service tier: "" standard; "batch", "flex", "priority", "fast", …
    std::string variant;  ///< of images size and quality, "1024x1024 hd"; of documents "annotated"; "" any
    std::optional<Timestamp> from;  ///< absent: since ever
    std::optional<Timestamp> to;    ///< exclusive; absent: until further notice
    std::int64_t min_input_tokens =
        0;  ///< holds for calls with at least so many input tokens, cache included
    std::string currency = "USD";
    std::optional<Decimal> input;   ///< each per million tokens …
    std::optional<Decimal> output;  ///< reasoning included
    std::optional<Decimal> cache_read;
    std::optional<Decimal> cache_write_5m;
    std::optional<Decimal> cache_write_30m;
    std::optional<Decimal> cache_write_1h;
    std::optional<Decimal> cache_write_12h;
    std::optional<Decimal> cache_write;  ///< where the provider names no duration
    std::optional<Decimal> audio_input;
    std::optional<Decimal> audio_output;
    std::optional<Decimal> audio_cache_read;
    std::optional<Decimal> image_input;       ///< absent: as `input`
    std::optional<Decimal> image_output;      ///< absent: as `output`
    std::optional<Decimal> image_cache_read;  ///< absent: as `cache_read`, if `image_input` is absent too
    std::optional<Decimal> per_image;         ///< … these each per one
    std::optional<Decimal> per_second;
    std::optional<Decimal> per_hour;        ///< of audio, where the provider bills by the hour
    std::optional<Decimal> least_for_time;  ///< what a call by second or hour costs at least
    std::optional<Decimal> per_page;
    std::optional<Decimal> per_search;          ///< a search, or Cohere's search unit
    std::optional<Decimal> per_searching_call;  ///< once for a call that searched, however often
    std::optional<Decimal> per_million_characters;
    std::string same_as;  ///< custom prices: no amounts of its own, but those of this model (a deployment)
    std::string source;   ///< where the figures are from, e.g. "catalogue as of 2026-11-20", "custom"
    std::int64_t version = 0;  ///< of a price that was set in the program: the change that made it; else 0

    /// "openai/gpt-4o-mini@2026-11-20": the day of `from`, "until-" the day of `to`, else that of the
    /// catalogue, or "undated"; then whatever else tells this row from others:
    /// "…@2026-11-20/batch/eu/from-272001-tokens", "…@2026-12-01/own-17" (of version 17).
    [[nodiscard]] std::string id() const;
    bool operator==(const Price&) const = default;
};

/// Which of the record's cost fields a line adds to.
enum class CostPart : std::uint8_t { Input, Output, Cache, Other };

/// One line of an explanation: 1000 input tokens at 0.15 per million = 0.00015.
struct CostLine {
    std::string thing;
    std::int64_t count = 0;
    std::int64_t per = 1'000'000;
    Decimal price;
    Decimal amount;
    CostPart part = CostPart::Input;
};

/// How a call's cost comes about. Either `total` is there, or `missing` says why not.
struct Explanation {
    std::optional<Price> price;
    bool custom = false;  ///< the price is one of the custom ones
    std::string rule;  ///< how the price was found: "the model that answered", "the model asked for, without
                       ///< its date"
    std::vector<CostLine> lines;
    std::optional<Decimal> total;
    std::string missing;  ///< "no price is known for …", "no price for cache writes of …"
};

/// What the catalogue knows of a model besides its price. Absent: not known.
struct CatalogueModel {
    std::string provider;
    std::string model;
    std::string mode;                            ///< chat, responses, embedding, image_generation, …
    std::optional<std::int64_t> context_window;  ///< tokens
    std::optional<std::int64_t> max_output;      ///< tokens
    std::optional<bool> vision;
    std::optional<bool> tools;
    std::optional<bool> json_schema;
    std::string deprecation_date;  ///< "2026-11-04"
};

/// Immutable once built; share it between threads by shared_ptr and swap it whole when prices change.
class Catalogue {
  public:
    /// The prices built into the program.
    static std::shared_ptr<const Catalogue> built_in();
    /// The same, with custom prices laid over: a custom price wins where both apply. `own`: laid over these
    /// in turn.
    static std::shared_ptr<const Catalogue> with(std::vector<Price> custom, std::vector<Price> own = {});

    /// Fills call.cost from call.usage, provider, model (served first, then requested), service tier and
    /// start time. Leaves it absent when no price is known, when a thing that was used has none, or when the
    /// usage is incomplete. A cost that the provider itself reported (cost.source "provider") is left alone.
    void price(Call& call) const;
    /// What `price` makes of an explanation of the call; empty where that has no total.
    [[nodiscard]] static Cost cost_of(const Explanation& explanation, const Call& call);
    /// The same sum, with its lines; never looks at call.cost.
    [[nodiscard]] Explanation explain(const Call& call) const;
    /// All prices of a provider and model (each may be empty: any), custom ones included, in a stable order.
    [[nodiscard]] std::vector<Price> list(std::string_view provider = {}, std::string_view model = {}) const;
    /// The facts of a model, found by the same rules of names as its price.
    [[nodiscard]] std::optional<CatalogueModel> model_facts(std::string_view provider,
                                                            std::string_view model) const;

    ~Catalogue();
    struct Impl;

  private:
    explicit Catalogue(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// The JSON form of prices, for `steno prices import` and the custom-price file: an array of objects with
/// Price's member names; amounts are strings, times RFC 3339 or a day (its midnight UTC). Every error names
/// the row and member. Refused, with what was probably meant: a token price above 10 000 per million, a
/// positive one below 0.001 per million (a figure per token), the same price twice, a row without any price,
/// unknown members.
Result<std::vector<Price>> prices_from_json(std::string_view text);
/// One object a line; absent members are left out. prices_from_json reads it back to the same prices.
std::string prices_to_json(const std::vector<Price>& prices);
/// One of these objects.
std::string price_to_json(const Price& price);
/// What tells two prices apart: those that agree in it (and so in their start) would both hold for the same
/// calls.
std::string identity(const Price& price);
/// Whether they hold for the same calls but for the time.
bool same_but_for_time(const Price& a, const Price& b);

}  // namespace steno::pricing
