#include "repricing/fit.hpp"

#include "base/cancellation.hpp"
#include "pricing/amounts.hpp"
#include "pricing/model_names.hpp"
#include "repricing/difference.hpp"
#include "store/call_scan.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
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

using Names = std::set<std::pair<std::string, std::string>>;  ///< provider, model

/// The names under which the price of the model may stand that this one is to cost as.
void add_twin(Names& names, const Price& price) {
    if (price.same_as.empty()) return;
    for (pricing::NameCandidate& name : pricing::name_candidates(price.provider, price.same_as))
        names.emplace(std::move(name.provider), std::move(name.model));
    names.emplace(price.provider, "*");
}

/// Prices that do not hold for the same calls, so that a call is of one of them at most; and the others in
/// force by their names and those of their twins, which may hold in their place or say their amounts.
struct Layer {
    std::vector<Price> prices;
    std::map<std::int64_t, Fit*> fits;  ///< by version
    std::shared_ptr<const Catalogue> whose, said;

    void look_up(const Catalogue& in_force) {
        Names names;
        for (const Price& price : prices) {
            names.emplace(price.provider, price.model);
            add_twin(names, price);
        }
        std::vector<Price> custom, own;
        for (const auto& [provider, model] : names) {
            const std::vector<Price> built_in = Catalogue::built_in()->list(provider, model);
            for (Price& other : in_force.list(provider, model)) {
                const bool replaced = std::ranges::any_of(
                    prices, [&](const Price& price) { return same_but_for_time(price, other); });
                if (other.version > 0 && !replaced)
                    own.push_back(std::move(other));
                else if (other.version == 0 && std::ranges::find(built_in, other) == built_in.end())
                    custom.push_back(std::move(other));
            }
        }
        std::vector<Price> with_all = own;
        for (const Price& price : prices) with_all.push_back(for_everything(price));
        whose = Catalogue::with(custom, std::move(with_all));
        own.insert(own.end(), prices.begin(), prices.end());
        said = Catalogue::with(std::move(custom), std::move(own));
    }
};

std::vector<Layer> layers_of(std::span<const Price> own, std::vector<Fit>& fits, const Catalogue& in_force) {
    std::vector<Layer> layers;
    for (std::size_t i = 0; i < own.size(); ++i) {
        if (!fits[i].judged) continue;
        auto free = std::ranges::find_if(layers, [&](const Layer& layer) {
            return std::ranges::none_of(layer.prices,
                                        [&](const Price& other) { return same_but_for_time(own[i], other); });
        });
        Layer& layer = free == layers.end() ? layers.emplace_back() : *free;
        layer.prices.push_back(at_any_time(own[i]));
        layer.fits.emplace(own[i].version, &fits[i]);
    }
    for (Layer& layer : layers) layer.look_up(in_force);
    return layers;
}

/// Whether the model that this one is to cost as has a price, for whatever calls.
bool knows_twin(const Catalogue& prices, const Price& price) {
    Names names;
    add_twin(names, price);
    return std::ranges::any_of(names, [&](const auto& name) {
        return std::ranges::any_of(prices.list(name.first, name.second),
                                   [](const Price& one) { return one.same_as.empty(); });
    });
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
    for (std::size_t i = 0; i < own.size(); ++i) {
        found.of[i].judged = own[i].variant.empty();
        found.of[i].model_unknown = !own[i].same_as.empty() && !knows_twin(prices, own[i]);
    }
    const std::vector<Layer> layers = layers_of(own, found.of, prices);
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
        STENO_ASSIGN(const Call call, judged_call(values));
        if (call.started_at) found.last = call.started_at;
        count(found.providers, call.provider.name);
        if (std::ranges::find(own, call.provider.name, &Price::provider) == own.end()) continue;
        count(found.models, std::pair(call.provider.name, call.model.requested));
        for (const Layer& layer : layers) {
            const pricing::Explanation whose = layer.whose->explain(call);
            const auto fit = layer.fits.find(whose.price ? whose.price->version : 0);
            if (fit == layer.fits.end()) continue;
            // One for any model is for those alone that have no price by name.
            if (whose.price->model == "*") {
                const pricing::Explanation now = prices.explain(call);
                if (now.price && now.price->model != "*") continue;
            }
            ++fit->second->calls;
            if (!whose.total || needs_request(call)) continue;
            const pricing::Explanation said = layer.said->explain(call);
            if (said.total) continue;
            ++fit->second->unpriced;
            count(fit->second->reasons, said.missing);
        }
    }
    return found;
}

}  // namespace steno::repricing
