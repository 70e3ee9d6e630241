#include "pricing/catalogue.hpp"

#include "base/log.hpp"
#include "pricing/built_in_prices.hpp"
#include "pricing/circumstances.hpp"
#include "pricing/cost.hpp"
#include "pricing/model_names.hpp"
#include "pricing/rates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace steno::pricing {

namespace {

std::string key_of(std::string_view provider, std::string_view model) {
    std::string key(provider);
    key.push_back('\0');
    key += model;
    return key;
}

/// Rows, and where those of each (provider, model) are.
template <class Row>
struct Indexed {
    std::vector<Row> rows;
    std::unordered_map<std::string, std::vector<std::size_t>> by_name;

    explicit Indexed(std::vector<Row> all) : rows(std::move(all)) {
        for (std::size_t i = 0; i < rows.size(); ++i)
            by_name[key_of(rows[i].provider, rows[i].model)].push_back(i);
    }
    [[nodiscard]] std::span<const std::size_t> find(std::string_view provider, std::string_view model) const {
        if (rows.empty()) return {};
        const auto found = by_name.find(key_of(provider, model));
        return found == by_name.end() ? std::span<const std::size_t>{} : std::span(found->second);
    }
};

const Price* best(const Indexed<Price>& prices, const NameCandidate& name, Circumstances circumstances) {
    if (!name.region.empty()) circumstances.region = name.region;
    const Price* found = nullptr;
    for (const std::size_t i : prices.find(name.provider, name.model)) {
        const Price& price = prices.rows[i];
        if (!price.same_as.empty() || !applies(price, circumstances) ||
            (name.region_has_its_own_price && price.region.empty()))
            continue;
        if (!found || specificity(price) > specificity(*found)) found = &price;
    }
    return found;
}

struct BuiltInTables {
    Indexed<Price> prices{{}};
    Indexed<CatalogueModel> models{{}};

    BuiltInTables() {
        auto read = read_catalogue(catalogue_csv(), rates_csv());
        if (!read) {
            log::error("the built-in catalogue cannot be read: {}", read.error().message);
            return;
        }
        prices = Indexed<Price>(std::move(read->prices));
        models = Indexed<CatalogueModel>(std::move(read->models));
    }
    static const BuiltInTables& get() {
        static const BuiltInTables tables;
        return tables;
    }
};

const Indexed<Price>& built_in_prices() {
    return BuiltInTables::get().prices;
}
const Indexed<CatalogueModel>& built_in_models() {
    return BuiltInTables::get().models;
}

std::string tier_words(const Circumstances& circumstances) {
    return circumstances.tier.empty() ? std::string{}
                                      : fmt::format(" in the service tier \"{}\"", circumstances.tier);
}

}  // namespace

struct Catalogue::Impl {
    Indexed<Price> own{{}};
    Indexed<Price> custom{{}};

    /// Where both apply, a price of an earlier one holds.
    [[nodiscard]] std::array<const Indexed<Price>*, 3> layers() const {
        return {&own, &custom, &built_in_prices()};
    }
    /// The model that a price of the user's names as the one with the same price; empty: none. Only the price
    /// that holds is asked: the most specific of the first layer that has one, be it by amounts.
    [[nodiscard]] std::string_view same_as(std::string_view provider, std::string_view model,
                                           const Circumstances& circumstances) const {
        for (const Indexed<Price>* prices : {&own, &custom}) {
            const Price* found = nullptr;
            for (const std::size_t i : prices->find(provider, model)) {
                const Price& price = prices->rows[i];
                if (!applies(price, circumstances)) continue;
                if (!found || specificity(price) > specificity(*found)) found = &price;
            }
            if (found != nullptr) return found->same_as;
        }
        return {};
    }
};

Catalogue::Catalogue(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Catalogue::~Catalogue() = default;

std::shared_ptr<const Catalogue> Catalogue::built_in() {
    static const std::shared_ptr<const Catalogue> catalogue = with({});
    return catalogue;
}

std::shared_ptr<const Catalogue> Catalogue::with(std::vector<Price> custom, std::vector<Price> own) {
    auto impl = std::make_unique<Impl>();
    impl->own = Indexed<Price>(std::move(own));
    impl->custom = Indexed<Price>(std::move(custom));
    return std::shared_ptr<const Catalogue>(new Catalogue(std::move(impl)));
}

Explanation Catalogue::explain(const Call& call) const {
    Explanation out;
    if (!reaches_a_model(call.kind)) {
        out.missing =
            fmt::format("calls of the kind \"{}\" are not billed by themselves", to_string(call.kind));
        return out;
    }
    if (const std::string_view reason = free_because(call); !reason.empty()) {
        out.rule = reason;
        out.total = Decimal{};
        return out;
    }

    const Circumstances circumstances = circumstances_of(call);
    const auto take = [&](const Indexed<Price>& prices, const NameCandidate& name, std::string_view who) {
        const Price* price = best(prices, name, circumstances);
        if (!price) return false;
        out.price = *price;
        out.custom = &prices != &built_in_prices();
        out.rule = fmt::format("{}{}", who, name.rule);
        return true;
    };

    // The names as they are before any alias of them, which few calls need; custom prices before built-in
    // ones in each of the two rounds.
    struct Asked {
        std::string_view model;
        std::string who;
    };
    std::vector<Asked> asked;
    const auto ask_for = [&](std::string_view model, std::string who) {
        if (model.empty()) return;
        if (const std::string_view twin = impl_->same_as(call.provider.name, model, circumstances);
            !twin.empty()) {
            who += fmt::format(", which costs what {} costs", twin);
            model = twin;
        }
        asked.push_back({model, std::move(who)});
    };
    ask_for(call.model.served, "the model that answered");
    if (call.model.requested != call.model.served) ask_for(call.model.requested, "the model asked for");
    using Named = std::vector<std::pair<NameCandidate, std::string_view>>;
    const auto search = [&](const Named& names) {
        for (const Indexed<Price>* prices : impl_->layers())
            for (const auto& [name, who] : names)
                if (take(*prices, name, who)) return true;
        return false;
    };
    const auto search_exact = [&] {
        Named names;
        for (const Asked& one : asked)
            names.emplace_back(NameCandidate{call.provider.name, std::string(one.model), "", "", false},
                               one.who);
        return search(names);
    };
    const auto search_aliases = [&] {
        Named names;
        for (const Asked& one : asked) {
            auto candidates = name_candidates(call.provider.name, one.model);
            for (std::size_t i = 1; i < candidates.size(); ++i)
                names.emplace_back(std::move(candidates[i]), one.who);
        }
        return search(names);
    };
    if (!search_exact() && !search_aliases()) {
        const NameCandidate any{call.provider.name, "*", "", "", false};
        constexpr std::string_view kAny = "any model of this provider";
        if (!take(impl_->own, any, kAny) && !take(impl_->custom, any, kAny)) {
            const std::string& model = call.model.served.empty() ? call.model.requested : call.model.served;
            out.missing = fmt::format("no price is known for {}/{}{}", call.provider.name, model,
                                      tier_words(circumstances));
            return out;
        }
    }
    sum_up(out, call);
    return out;
}

Cost Catalogue::cost_of(const Explanation& explanation, const Call& call) {
    Cost cost;
    if (!explanation.total) return cost;
    const auto part = [&](CostPart wanted) -> std::optional<Decimal> {
        std::optional<Decimal> sum;
        for (const CostLine& line : explanation.lines)
            if (line.part == wanted) sum = sum.value_or(Decimal{}) + line.amount;
        return sum;
    };
    cost.input = part(CostPart::Input);
    cost.output = part(CostPart::Output);
    cost.cache = part(CostPart::Cache);
    cost.other = part(CostPart::Other);
    cost.total = explanation.total;
    cost.currency = explanation.price ? explanation.price->currency : "USD";
    cost.price_id = explanation.price ? explanation.price->id() : "";
    cost.source = call.usage.estimated.value_or(false) ? "estimated"
                  : explanation.custom                 ? "custom"
                                                       : "catalogue";
    return cost;
}

void Catalogue::price(Call& call) const {
    if (call.cost.source == "provider") return;
    Cost cost = cost_of(explain(call), call);
    cost.unknown = std::move(call.cost.unknown);
    call.cost = std::move(cost);
}

std::vector<Price> Catalogue::list(std::string_view provider, std::string_view model) const {
    std::vector<Price> out;
    for (const Indexed<Price>* prices : impl_->layers())
        for (const Price& price : prices->rows)
            if ((provider.empty() || price.provider == provider) && (model.empty() || price.model == model))
                out.push_back(price);
    std::ranges::sort(out, {}, [](const Price& price) {
        return std::tuple(std::string_view(price.provider), std::string_view(price.model),
                          std::string_view(price.tier), std::string_view(price.region),
                          std::string_view(price.variant), price.min_input_tokens,
                          price.from.value_or(Timestamp{}).unix_nanos, std::string_view(price.source));
    });
    return out;
}

std::optional<CatalogueModel> Catalogue::model_facts(std::string_view provider,
                                                     std::string_view model) const {
    const auto& models = built_in_models();
    for (const NameCandidate& name : name_candidates(provider, model))
        for (const std::size_t i : models.find(name.provider, name.model)) return models.rows[i];
    return std::nullopt;
}

std::string Price::id() const {
    std::string day = "undated";
    if (from) {
        day = from->to_string().substr(0, 10);
    } else if (to) {
        day = "until-" + to->to_string().substr(0, 10);
    } else if (source.starts_with("catalogue")) {
        day = kCatalogueDay;
    }
    std::string text = fmt::format("{}/{}@{}", provider, model, day);
    if (!tier.empty()) text += fmt::format("/{}", tier);
    if (!region.empty()) text += fmt::format("/{}", region);
    if (!variant.empty()) text += fmt::format("/{}", variant);
    if (min_input_tokens > 0) text += fmt::format("/from-{}-tokens", min_input_tokens);
    if (version > 0) text += fmt::format("/own-{}", version);
    return text;
}

}  // namespace steno::pricing
