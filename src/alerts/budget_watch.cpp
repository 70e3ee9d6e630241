#include "alerts/observation.hpp"

#include <fmt/format.h>

namespace steno::alerts {

namespace {

/// What the beginning of a period says of its end is believed from this part of it on: a tenth.
constexpr int kBegun = 10;

/// What will be spent of the limit if the rest of the period is as its beginning.
std::optional<Decimal> projected(const budgets::State& state) {
    const std::int64_t elapsed = state.at - state.period.begin, whole = state.period.end - state.period.begin;
    if (elapsed <= 0) return std::nullopt;
    const auto share = ratio(state.total(), state.budget.limit);
    return share ? std::optional(share->times(whole, elapsed)) : std::nullopt;
}

Observation seen(const Rule& rule, const budgets::State& state, bool projection) {
    Observation seen;
    const std::string& name = state.budget.name;  // letters, digits, "._-": needs no escape
    seen.key = {store::Value(name)};
    seen.group = projection ? fmt::format(R"(["{}","projected"])", name) : fmt::format(R"(["{}"])", name);
    seen.calls = state.spent.calls;
    seen.currency = state.budget.currency;
    seen.unpriced_calls = state.spent.unpriced;
    seen.budget = BudgetSight{state, projection, 0};
    for (const int percent : rule.at.value_or(state.budget.soft))
        if (!projection && state.reached(percent)) seen.budget->step = percent;
    if (!state.known)
        seen.because = "the record has not been asked yet what was spent";
    else if (state.budget.limit == Decimal())
        seen.because = "its limit is 0";
    else if (projection && (state.at - state.period.begin) * kBegun < state.period.end - state.period.begin)
        seen.because = "its period has only begun: a tenth of it says where it ends";
    else
        seen.value = projection ? projected(state) : ratio(state.total(), state.budget.limit);
    return seen;
}

}  // namespace

Observations observe_budgets(const Rule& rule, std::span<const budgets::State> states, bool complete) {
    Observations found;
    found.complete = complete;
    for (const budgets::State& state : states) {
        if (!rule.budget.empty() && state.budget.name != rule.budget) continue;
        found.groups.push_back(seen(rule, state, false));
        if (rule.projected) found.groups.push_back(seen(rule, state, true));
    }
    if (found.groups.empty() && !rule.budget.empty()) {
        Observation missing;
        missing.group = fmt::format(R"(["{}"])", rule.budget);
        missing.because = complete ? "there is no such budget" : "not all budgets can be read";
        found.groups.push_back(std::move(missing));
    }
    return found;
}

}  // namespace steno::alerts
