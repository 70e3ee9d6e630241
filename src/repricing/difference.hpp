#pragma once

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "pricing/catalogue.hpp"
#include "record/call.hpp"
#include "record/field_table.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

/// What calls would cost by other prices.
namespace steno::repricing {

/// What becomes of one call that reached a model.
enum class Verdict : std::uint8_t {
    Same,     ///< it costs what it did; also: it has no cost, and needs none (it failed at once)
    Changed,  ///< it costs something else
    Priced,   ///< it had no cost, and gets one
    Kept,     ///< its cost is not one of Steno's making (the provider reported it), and stays
    Unpriced  ///< no cost can be said now; the one that it has, if any, stays
};

struct Judgement {
    Verdict verdict = Verdict::Same;
    Cost cost = {};        ///< of Changed and Priced: the new one, without its re-pricing and what was before
    std::string why = {};  ///< of Unpriced
};

/// `billed_too`: also costs that the provider, or whoever delivered the call, said. `with_request`: the call
/// has its request payload, if it ever had one; images and documents that are billed by the piece need it,
/// for size and quality stand there.
Judgement judge(const pricing::Catalogue& catalogue, const Call& call, bool billed_too, bool with_request);
/// The fields that a price and a verdict depend on, but for what stands in payloads: indices in
/// scalar_fields().
std::span<const std::size_t> judged_fields();
/// A call that has these values of its judged_fields().
Result<Call> judged_call(std::span<const FieldValue> values);
/// Whether `judge` wants the request payload of such a call.
bool needs_request(const Call& call);
/// Whether Steno made this cost, by its prices.
bool is_of_our_making(const Cost& cost);

/// A sum before and after, of one currency.
struct Change {
    Decimal before;
    Decimal after;
    std::int64_t calls = 0;  ///< that have a cost in it, before or after
    friend bool operator==(const Change&, const Change&) = default;
};
using Changes = std::map<std::string, Change>;  ///< by currency; nothing is converted

/// Of one model, and only of its calls that change.
struct ModelChange {
    std::int64_t calls = 0;
    std::int64_t priced = 0;  ///< of these: had no cost
    Changes totals;
    friend bool operator==(const ModelChange&, const ModelChange&) = default;
};

/// What a re-pricing makes of many calls: counts of each verdict, and exact sums. Bounded: names beyond
/// kMaxNames of a kind are counted as "others".
struct Difference {
    static constexpr std::size_t kMaxNames = 1000;

    std::int64_t looked_at = 0;
    std::int64_t same = 0;
    std::int64_t changed = 0;
    std::int64_t cleared = 0;  ///< of `changed`: have no cost any more, as before what is undone
    std::int64_t priced = 0;
    std::int64_t kept = 0;
    std::int64_t unpriced = 0;
    std::int64_t unpriced_with_cost = 0;  ///< of `unpriced`: have a cost, which stays
    std::map<std::string, std::int64_t> kept_by_source;
    std::map<std::string, std::int64_t> reasons;                        ///< of `unpriced`
    Changes totals;                                                     ///< of all that were looked at
    Changes amended;                                                    ///< of those that change alone
    std::map<std::pair<std::string, std::string>, ModelChange> models;  ///< by provider, model
    std::map<std::string, std::int64_t> prices;                         ///< calls that get a cost by price id

    /// Counts a call with what was judged of it.
    void add(const Call& call, const Judgement& judgement);

    struct Sum {
        std::string currency;
        std::optional<Decimal> total;
    };
    /// Counts calls of one model that got costs by one price, of whom `had_one` had a cost before, as the
    /// store adds them up.
    void add_amended(const std::string& provider, const std::string& model, const std::string& price_id,
                     std::int64_t calls, std::int64_t had_one, const Sum& before, const Sum& after);
    /// Calls that change.
    [[nodiscard]] std::int64_t to_amend() const { return changed + priced; }
    friend bool operator==(const Difference&, const Difference&) = default;

  private:
    void add_names(const std::string& provider, const std::string& model, const std::string& price_id,
                   std::int64_t calls, std::int64_t had_one, const Sum& before, const Sum& after);
};

}  // namespace steno::repricing
