#include "repricing/fit.hpp"

#include "base/cancellation.hpp"
#include "pricing/amounts.hpp"
#include "repricing/difference.hpp"
#include "store/call_scan.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace steno::repricing {

namespace {

using pricing::Catalogue;
using pricing::Price;

/// Without its dates: a price that holds from next month on is for the calls of this one, too.
Price at_any_time(Price price) {
    price.from.reset();
    price.to.reset();
    return price;
}

/// With an amount for everything: what cannot be priced by it lacks no amount, but a usage.
Price for_everything(Price price) {
    price.same_as.clear();
    for (const pricing::Amount& one : pricing::amounts()) price.*one.member = Decimal::from_units(1);
    return price;
}

/// Prices that do not hold for the same calls, so that a call is of one of them at most.
struct Layer {
    std::vector<Price> prices;
    std::shared_ptr<const Catalogue> whose, said;
};

std::vector<Layer> layers_of(std::span<const Price> own) {
    std::vector<Layer> layers;
    for (const Price& price : own) {
        const auto free = std::ranges::find_if(layers, [&](const Layer& layer) {
            return std::ranges::none_of(layer.prices,
                                        [&](const Price& other) { return same_but_for_time(price, other); });
        });
        (free == layers.end() ? layers.emplace_back() : *free).prices.push_back(at_any_time(price));
    }
    for (Layer& layer : layers) {
        std::vector<Price> whose;
        for (const Price& price : layer.prices) whose.push_back(for_everything(price));
        layer.whose = Catalogue::with({}, std::move(whose));
        layer.said = Catalogue::with({}, layer.prices);
    }
    return layers;
}

/// Whether a call to the model that this one is to cost as has a price.
bool knows_twin(const Catalogue& prices, const Price& price) {
    Call call;
    call.kind = Kind::Chat;
    call.provider.name = price.provider;
    call.model.requested = price.same_as;
    return prices.explain(call).price.has_value();
}

template <class Map, class Key>
void count(Map& names, const Key& name) {
    if (const auto found = names.find(name); found != names.end())
        ++found->second;
    else if (names.size() < kMaxFitNames)
        names.emplace(name, 1);
}

}  // namespace

Result<Fits> fits(store::CallStore& store, std::span<const Price> own, const Catalogue& prices,
                  Timestamp from, Timestamp to, std::chrono::milliseconds patience) {
    Fits found;
    found.of.resize(own.size());
    std::map<std::int64_t, Fit*> by_version;
    for (std::size_t i = 0; i < own.size(); ++i) {
        by_version.emplace(own[i].version, &found.of[i]);
        found.of[i].model_unknown = !own[i].same_as.empty() && !knows_twin(prices, own[i]);
    }
    const std::vector<Layer> layers = layers_of(own);
    store::Selection selection;
    selection.from = from;
    selection.to = to;
    selection.filters.push_back(store::ai_calls());
    const auto fields = judged_fields();
    STENO_ASSIGN(store::CallScanner* const scanner, store::scanner_of(store));
    STENO_ASSIGN(const auto scan, scanner->scan(selection, fields));
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;; ++found.looked_at) {
        constexpr std::int64_t kLook = 1000;
        if (found.looked_at % kLook == 0) {
            if (Cancellation::asked()) return fail(Code::Cancelled, "nobody waits for this any more");
            found.complete = std::chrono::steady_clock::now() < until;
            if (!found.complete) break;
        }
        STENO_ASSIGN(const std::span<const FieldValue> values, scan->next());
        if (values.empty()) break;
        Call call;
        for (std::size_t i = 0; i < fields.size(); ++i) STENO_TRY(set_value(call, fields[i], values[i]));
        count(found.providers, call.provider.name);
        if (std::ranges::find(own, call.provider.name, &Price::provider) == own.end()) continue;
        count(found.models, std::pair(call.provider.name, call.model.requested));
        for (const Layer& layer : layers) {
            const pricing::Explanation whose = layer.whose->explain(call);
            const auto fit = by_version.find(whose.price ? whose.price->version : 0);
            if (fit == by_version.end()) continue;
            ++fit->second->calls;
            if (!whose.total) continue;
            const pricing::Explanation said = layer.said->explain(call);
            if (said.total) continue;
            ++fit->second->unpriced;
            count(fit->second->reasons, said.missing);
        }
    }
    return found;
}

}  // namespace steno::repricing
