#include "budgets/states.hpp"

#include <cmath>

namespace steno::budgets {

std::optional<double> State::percent() const {
    if (budget.limit == Decimal{}) return std::nullopt;
    return 100 * total().to_double() / budget.limit.to_double();
}

bool State::reached(int percent) const {
    return total().units() * 100 >= budget.limit.units() * percent;
}

std::vector<int> State::crossed() const {
    std::vector<int> crossed;
    for (const int percent : budget.soft)
        if (reached(percent)) crossed.push_back(percent);
    return crossed;
}

std::optional<Timestamp> State::used_up_at() const {
    const Decimal so_far = total();
    if (used_up() || so_far <= Decimal{} || at <= period.begin) return std::nullopt;
    const double elapsed = static_cast<double>(at - period.begin);
    const double whole = elapsed * (budget.limit.to_double() / so_far.to_double());
    if (!(whole < static_cast<double>(period.end - period.begin))) return std::nullopt;
    return budget.zone.at(period.begin + std::llround(whole));
}

}  // namespace steno::budgets
