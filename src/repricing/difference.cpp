#include "repricing/difference.hpp"

#include "record/field_table.hpp"
#include "store/answers.hpp"
#include "store/query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace steno::repricing {

namespace {

/// Whether two costs are the same money. By which price does not matter: a cost is not made again to say
/// another name.
bool same_money(const Cost& a, const Cost& b) {
    const auto nothing_is_zero = [](const std::optional<Decimal>& part) { return part.value_or(Decimal{}); };
    return a.total == b.total && (!a.total || a.currency == b.currency) &&
           nothing_is_zero(a.input) == nothing_is_zero(b.input) &&
           nothing_is_zero(a.output) == nothing_is_zero(b.output) &&
           nothing_is_zero(a.cache) == nothing_is_zero(b.cache) &&
           nothing_is_zero(a.other) == nothing_is_zero(b.other);
}

/// Size, quality and annotations stand in the request alone.
bool is_billed_by_the_piece(const pricing::Explanation& explanation) {
    return std::ranges::any_of(explanation.lines, [](const pricing::CostLine& line) {
        return line.thing == "images" || line.thing == "pages";
    });
}

void add_to(Changes& sums, std::int64_t had_one, const Difference::Sum& before, std::int64_t calls,
            const Difference::Sum& after) {
    const bool mixed = before.currency != after.currency;
    if (before.total) {
        Change& change = sums[before.currency];
        change.before += *before.total;
        if (mixed || !after.total) change.calls += had_one;
    }
    if (after.total) {
        Change& change = sums[after.currency];
        change.after += *after.total;
        change.calls += calls;
    }
}

void add_to(Changes& sums, const Cost& before, const Cost& after) {
    add_to(sums, 1, {before.currency, before.total}, 1, {after.currency, after.total});
}

const std::string kOthers = "others";

/// The entry of that name, or of the others.
template <class Map, class Key>
auto& bounded(Map& map, const Key& key, const Key& others) {
    const auto found = map.find(key);
    if (found != map.end()) return found->second;
    return map[map.size() < Difference::kMaxNames ? key : others];
}

}  // namespace

std::span<const std::size_t> judged_fields() {
    static const std::vector<std::size_t> fields = [] {
        std::vector<std::size_t> out;
        for (const std::size_t index : store::column_fields()) {
            const FieldInfo& field = scalar_fields()[index];
            constexpr std::array kPaths = {"id",
                                           "kind",
                                           "project",
                                           "status",
                                           "started_at",
                                           "ended_at",
                                           "model.requested",
                                           "model.served",
                                           "cache.hit",
                                           "provider.batch",
                                           "provider.endpoint.method",
                                           "provider.endpoint.host",
                                           "provider.name",
                                           "provider.region",
                                           "provider.service_tier",
                                           "provider.speed"};
            const bool needed = std::ranges::find(kPaths, field.path) != kPaths.end() ||
                                field.path.starts_with("usage.") || field.path.starts_with("cost.");
            if (needed) out.push_back(index);
        }
        return out;
    }();
    return fields;
}

Result<Call> judged_call(std::span<const FieldValue> values) {
    const auto fields = judged_fields();
    Call call;
    for (std::size_t i = 0; i < fields.size(); ++i) STENO_TRY(set_value(call, fields[i], values[i]));
    return call;
}

bool is_of_our_making(const Cost& cost) {
    return cost.source == "catalogue" || cost.source == "custom" || cost.source == "estimated";
}

bool needs_request(const Call& call) {
    return call.kind == Kind::Image || (call.kind == Kind::Vision && call.usage.pages);
}

Judgement judge(const pricing::Catalogue& catalogue, const Call& call, bool billed_too, bool with_request) {
    if (call.cost.total && !billed_too && !is_of_our_making(call.cost)) return {Verdict::Kept};
    const pricing::Explanation explanation = catalogue.explain(call);
    if (!explanation.total) {
        const bool needs_none = !call.cost.total && store::cost_count(call) == store::CostCount::Nothing;
        return needs_none ? Judgement{} : Judgement{Verdict::Unpriced, {}, explanation.missing};
    }
    if (!with_request && needs_request(call) && is_billed_by_the_piece(explanation))
        return {Verdict::Unpriced, {}, "its request, which says size and quality, is not kept any more"};
    Cost cost = pricing::Catalogue::cost_of(explanation, call);
    if (same_money(call.cost, cost)) return {};
    return {call.cost.total ? Verdict::Changed : Verdict::Priced, std::move(cost)};
}

void Difference::add(const Call& call, const Judgement& judgement) {
    ++looked_at;
    const bool changes = judgement.verdict == Verdict::Changed || judgement.verdict == Verdict::Priced;
    add_to(totals, call.cost, changes ? judgement.cost : call.cost);
    switch (judgement.verdict) {
        case Verdict::Same:
            ++same;
            return;
        case Verdict::Kept:
            ++kept;
            ++bounded(kept_by_source, call.cost.source.empty() ? std::string("delivered") : call.cost.source,
                      kOthers);
            return;
        case Verdict::Unpriced:
            ++unpriced;
            if (call.cost.total) ++unpriced_with_cost;
            ++bounded(reasons, judgement.why, kOthers);
            return;
        case Verdict::Changed:
            ++changed;
            if (!judgement.cost.total) ++cleared;
            break;
        case Verdict::Priced:
            ++priced;
            break;
    }
    add_names(call.provider.name, call.model.requested, judgement.cost.price_id, 1,
              judgement.verdict == Verdict::Changed ? 1 : 0, {call.cost.currency, call.cost.total},
              {judgement.cost.currency, judgement.cost.total});
}

void Difference::add_amended(const std::string& provider, const std::string& model,
                             const std::string& price_id, std::int64_t calls, std::int64_t had_one,
                             const Sum& before, const Sum& after) {
    changed += had_one;
    priced += calls - had_one;
    if (!after.total) cleared += had_one;
    add_names(provider, model, price_id, calls, had_one, before, after);
}

void Difference::add_names(const std::string& provider, const std::string& model, const std::string& price_id,
                           std::int64_t calls, std::int64_t had_one, const Sum& before, const Sum& after) {
    add_to(amended, had_one, before, calls, after);
    ModelChange& change = bounded(models, std::pair(provider, model), std::pair(std::string(), kOthers));
    change.calls += calls;
    change.priced += calls - had_one;
    add_to(change.totals, had_one, before, calls, after);
    if (!price_id.empty()) bounded(prices, price_id, kOthers) += calls;
}

}  // namespace steno::repricing
