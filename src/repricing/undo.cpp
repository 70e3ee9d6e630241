#include "repricing/undo.hpp"

#include "pricing/cost.hpp"

#include <charconv>
#include <string_view>
#include <utility>

namespace steno::repricing {

namespace {

/// "openai/gpt-4o@2026-12-01/own-17" -> 17; 0: it is none of the user's.
std::int64_t own_number(std::string_view id) {
    constexpr std::string_view kOwn = "/own-";
    const std::size_t at = id.rfind(kOwn);
    if (at == std::string_view::npos) return 0;
    const std::string_view digits = id.substr(at + kOwn.size());
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return error == std::errc() && end == digits.data() + digits.size() ? number : 0;
}

}  // namespace

Undo::Undo(std::shared_ptr<const pricing::Catalogue> prices, PriceBook* book)
    : prices_(std::move(prices)), book_(book) {
    for (pricing::Price& price : prices_->list()) {
        std::string id = price.id();
        known_.emplace(std::move(id), std::move(price));
    }
}

const pricing::Price* Undo::price_of(const std::string& id) {
    if (const auto found = known_.find(id); found != known_.end()) return &found->second;
    const std::int64_t number = own_number(id);
    if (number == 0 || book_ == nullptr) return nullptr;
    const auto [own, is_new] = own_.try_emplace(id);
    if (is_new) {
        if (auto version = book_->version(number); version && version->price.id() == id)
            own->second = std::move(version->price);
    }
    return own->second ? &*own->second : nullptr;
}

Judgement Undo::judge(const Call& call) {
    const FormerCost& former = call.cost.former;
    Cost cost;
    cost.total = former.total;
    cost.currency = former.currency;
    cost.price_id = former.price_id;
    cost.source = former.source;
    const pricing::Price* const price =
        former.total && is_of_our_making(cost) ? price_of(former.price_id) : nullptr;
    if (price != nullptr) {
        pricing::Explanation explanation;
        explanation.price = *price;
        pricing::sum_up(explanation, call);
        if (explanation.total == former.total && price->currency == former.currency) {
            Cost parts = pricing::Catalogue::cost_of(explanation, call);
            cost.input = parts.input;
            cost.output = parts.output;
            cost.cache = parts.cache;
            cost.other = parts.other;
        }
    }
    return {Verdict::Changed, std::move(cost), {}};
}

}  // namespace steno::repricing
