#include "budgets/ledger.hpp"

#include "base/log.hpp"
#include "base/money.hpp"
#include "tokens/encoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <limits>
#include <utility>

namespace steno::budgets {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

/// The same calls in the same periods and money: what was spent of one is what was spent of the other.
bool count_the_same(const Budget& a, const Budget& b) {
    return a.scope == b.scope && a.per == b.per && a.zone == b.zone && a.currency == b.currency;
}

gateway::OverBudget refusal(const Budget& budget, const Span& period, Decimal spent, Decimal reserved,
                            const std::optional<UpperCost>& cost, std::int64_t now) {
    gateway::OverBudget over;
    over.budget = budget.name;
    over.status = static_cast<int>(budget.answer);
    const std::string limit =
        fmt::format("{} a {}", money_text(budget.limit, budget.currency), to_string(budget.per));
    if (spent >= budget.limit) {
        over.message = fmt::format("the budget {} is used up: {} spent of {}", budget.name,
                                   money_text(spent, budget.currency), limit);
    } else {
        over.message = fmt::format("the budget {} of {} does not have room for this call: {} spent",
                                   budget.name, limit, money_text(spent, budget.currency));
        if (reserved > Decimal{})
            over.message += fmt::format(", {} set aside for calls under way", money_text(reserved, budget.currency));
        if (cost) over.message += fmt::format(", and this one may cost {}", money_text(cost->amount, cost->currency));
    }
    over.remedy = fmt::format("it begins anew at {}; to raise it: steno budgets set {} --limit AMOUNT",
                              budget.zone.at(period.end).to_string(), budget.name);
    if (budget.answer == Refusing::TooManyRequests) {
        // For calls under way to end.
        const bool waits = spent < budget.limit && (!cost || spent + cost->amount <= budget.limit);
        over.retry_after_s =
            waits ? 1 : std::max<std::int64_t>(1, (period.end - now + kSecond - 1) / kSecond);
    }
    return over;
}

}  // namespace

void Ledger::define(const std::vector<Budget>& budgets, bool complete) {
    // Event loops ask the tokenizers, and should not have to make them.
    if (std::ranges::any_of(budgets, &Budget::hard))
        for (const auto encoding : {tokens::Encoding::Cl100k, tokens::Encoding::O200k})
            static_cast<void>(tokens::Encoder::of(encoding));
    const std::int64_t now = clock_.now().unix_nanos;
    const std::scoped_lock lock(mutex_);
    if (accounts_.empty()) since_ = now;
    std::vector<AccountPtr> accounts;
    for (const Budget& budget : budgets) {
        const auto same = std::ranges::find_if(accounts_, [&](const AccountPtr& account) {
            return account->budget.name == budget.name && count_the_same(account->budget, budget);
        });
        if (same != accounts_.end()) {
            (*same)->budget = budget;
            accounts.push_back(*same);
        } else {
            accounts.push_back(std::make_shared<Account>(budget, period_at(budget, now)));
        }
    }
    std::ranges::sort(accounts, {}, [](const AccountPtr& account) { return account->budget.name; });
    accounts_ = std::move(accounts);
    complete_ = complete;
    note_turns();
    if (accounts_.empty()) {
        reserved_.clear();
        pending_.clear();
        pending_order_.clear();
    }
    idle_.store(accounts_.empty(), std::memory_order_relaxed);
    known_.notify_all();
    if (wake_) wake_();
}

void Ledger::note_turns() {
    turns_ = {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
    for (const AccountPtr& account : accounts_) {
        turns_.begin = std::max(turns_.begin, account->period.begin);
        turns_.end = std::min(turns_.end, account->period.end);
    }
}

void Ledger::turn(std::int64_t now) {
    if (turns_.holds(now)) return;
    for (AccountPtr& account : accounts_) {
        if (account->period.holds(now)) continue;
        account = std::make_shared<Account>(account->budget, period_at(account->budget, now));
    }
    note_turns();
    if (wake_) wake_();
}

std::vector<Ledger::AccountPtr> Ledger::counting(const Call& call) const {
    std::vector<AccountPtr> found;
    if (!reaches_a_model(call.kind)) return found;  // as selection_of has it
    for (const AccountPtr& account : accounts_)
        if (account->counts(call)) found.push_back(account);
    return found;
}

std::optional<UpperCost> Ledger::upper_cost(const Call& call, Count count) {
    const auto prices = prices_ ? prices_() : nullptr;
    return prices ? upper_costs_.of(call, prices, count) : std::nullopt;
}

Ledger::Account* Ledger::over(const Call& call, const std::optional<UpperCost>& cost) const {
    for (const AccountPtr& account : accounts_) {
        const Budget& budget = account->budget;
        if (!budget.hard || !account->pays_for(call)) continue;
        const Decimal taken = account->spent() + account->reserved;
        if (cost && cost->currency != budget.currency) continue;
        if (taken >= budget.limit || (cost && taken + cost->amount > budget.limit)) return account.get();
    }
    return nullptr;
}

void Ledger::set_aside(const Call& call, const std::optional<UpperCost>& cost) {
    Reserved reserved{{}, cost};
    std::ranges::copy_if(accounts_, std::back_inserter(reserved.in),
                         [&](const AccountPtr& account) { return account->pays_for(call); });
    if (reserved.in.empty()) return;
    const auto [at, is_new] = reserved_.try_emplace(call.id, std::move(reserved));
    if (!is_new) return;
    for (const AccountPtr& account : at->second.in) {
        ++account->under_way;
        if (cost && cost->currency == account->budget.currency) account->reserved += cost->amount;
    }
}

void Ledger::give_back(const Uuid& id) {
    const auto found = reserved_.find(id);
    if (found == reserved_.end()) return;
    const auto& [accounts, cost] = found->second;
    for (const AccountPtr& account : accounts) {
        --account->under_way;
        // Its currency is what it was: with another one it is another account.
        if (cost && cost->currency == account->budget.currency) account->reserved -= cost->amount;
    }
    reserved_.erase(found);
}

std::optional<gateway::OverBudget> Ledger::try_reserve(const Call& call) {
    const std::int64_t now = clock_.now().unix_nanos;
    {
        const std::scoped_lock lock(mutex_);
        turn(now);
        if (std::ranges::none_of(accounts_, [&](const AccountPtr& one) { return one->pays_for(call); }))
            return std::nullopt;
    }
    auto cost = upper_cost(call, Count::Quick);
    const auto fits = [&](const std::optional<UpperCost>& how_much) {
        const std::scoped_lock lock(mutex_);
        return over(call, how_much) == nullptr;
    };
    // Close to the limit it is worth counting the text, unless less than there can be does not fit either.
    if (cost && !fits(cost) && fits(upper_cost(call, Count::Least))) cost = upper_cost(call, Count::Exact);
    const std::scoped_lock lock(mutex_);
    Account* const account = over(call, cost);
    if (account == nullptr) {
        set_aside(call, cost);
        return std::nullopt;
    }
    ++account->refused;
    return refusal(account->budget, account->period, account->spent(), account->reserved, cost, now);
}

std::optional<gateway::OverBudget> Ledger::reserve(const Call& call) noexcept {
    if (idle()) return std::nullopt;
    try {
        return try_reserve(call);
    } catch (const std::exception& error) {  // no memory: the call must not be the worse for it
        log::error("the budgets were not asked for a call: {}", error.what());
        return std::nullopt;
    }
}

void Ledger::reserve_anyway(const Call& call) noexcept {
    if (idle()) return;
    try {
        const auto cost = upper_cost(call, Count::Quick);
        const std::int64_t now = clock_.now().unix_nanos;
        const std::scoped_lock lock(mutex_);
        turn(now);
        set_aside(call, cost);
    } catch (const std::exception& error) {
        log::error("nothing was set aside for a call: {}", error.what());
    }
}

void Ledger::release(const Uuid& id) noexcept {
    const std::scoped_lock lock(mutex_);
    give_back(id);
}

void Ledger::call_ended(const Call& call) noexcept {
    if (idle()) return;
    const std::scoped_lock lock(mutex_);
    try {
        turn(clock_.now().unix_nanos);
        add_pending(call);
    } catch (const std::exception& error) {
        begin_anew(error.what());
    }
    // What somebody delivers about a call under way does not end it.
    if (call.source == Source::Gateway) give_back(call.id);
}

void Ledger::begin_anew(const char* why) noexcept {
    for (const AccountPtr& account : accounts_) {
        account->stored = {};
        account->pending = {};
        ask_again(*account);
    }
    pending_.clear();
    pending_order_.clear();
    log::error("what is spent of the budgets is asked of the store once more: {}", why);
}

void Ledger::ask_again(Account& account) noexcept {
    account.known = false;
    ++account.asked;
}

void Ledger::add_pending(const Call& call) {
    const Share share = share_of(call);
    if (const auto found = pending_.find(call.id); found != pending_.end()) {
        // Told once more before the store has it. What an amendment leaves out stays.
        Pending& pending = found->second;
        if (!share.cost || pending.project != call.project) return;
        for (const AccountPtr& account : pending.in) {
            account->pending.take(pending.share);
            account->pending.add(share);
        }
        pending.share = share;
        return;
    }
    // What is delivered may be in the store in an older form: it counts when the store has it. The same goes
    // for results of a batch that are fetched once more, and for what ended before anything was followed.
    if (call.source != Source::Gateway || stored_.contains(call.id)) return;
    const bool may_be_known =
        call.provider.batch.value_or(false) || (call.ended_at && call.ended_at->unix_nanos <= since_);
    if (may_be_known && !reserved_.contains(call.id)) return;
    std::vector<AccountPtr> in = counting(call);
    if (in.empty()) return;
    for (const AccountPtr& account : in) account->pending.add(share);
    pending_.emplace(call.id, Pending{call.project, std::move(in), share});
    pending_order_.push_back(call.id);
    while (pending_.size() > kMaxPending) {
        if (const auto oldest = pending_.find(pending_order_.front()); oldest != pending_.end()) {
            for (const AccountPtr& account : oldest->second.in) account->pending.take(oldest->second.share);
            pending_.erase(oldest);
        }
        pending_order_.pop_front();
    }
}

void Ledger::forget_pending(const Call& call) {
    const auto found = pending_.find(call.id);
    if (found == pending_.end() || found->second.project != call.project) return;
    for (const AccountPtr& account : found->second.in) account->pending.take(found->second.share);
    pending_.erase(found);
    while (!pending_order_.empty() && !pending_.contains(pending_order_.front())) pending_order_.pop_front();
    // One that stays long must not make the line behind it grow.
    if (pending_order_.size() > 2 * kMaxPending)
        std::erase_if(pending_order_, [this](const Uuid& id) { return !pending_.contains(id); });
}

void Ledger::call_changed(const Call* before, const Call& now) noexcept {
    if (idle()) return;
    const std::scoped_lock lock(mutex_);
    try {
        if (before != nullptr)
            for (const AccountPtr& account : counting(*before)) account->stored.take(share_of(*before));
        for (const AccountPtr& account : counting(now)) account->stored.add(share_of(now));
        forget_pending(now);
        if (now.source == Source::Gateway || !reserved_.contains(now.id)) stored_.insert(now.id);
    } catch (const std::exception& error) {
        begin_anew(error.what());
    }
}

void Ledger::calls_forgotten() {
    const std::scoped_lock lock(mutex_);
    for (const AccountPtr& account : accounts_) ask_again(*account);
    if (wake_ && !accounts_.empty()) wake_();
}

void Ledger::rest(store::CallStore& store, bool history_fed) {
    const std::int64_t began = clock_.steady_nanos();
    std::vector<AccountPtr> unknown;
    {
        const std::scoped_lock lock(mutex_);
        history_fed_ = history_fed;
        if (accounts_.empty()) return;
        turn(clock_.now().unix_nanos);
        std::ranges::copy_if(accounts_, std::back_inserter(unknown),
                             [](const AccountPtr& account) { return !account->known; });
    }
    // Those that could not be asked for the last time come last: one must not keep the others waiting.
    std::ranges::partition(unknown, [](const AccountPtr& account) { return account->trouble.empty(); });
    for (const AccountPtr& account : unknown) {
        ask(store, *account);
        if (clock_.steady_nanos() - began <= std::chrono::nanoseconds(kPatience).count()) continue;
        if (wake_) wake_();
        break;
    }
    known_.notify_all();
}

void Ledger::ask(store::CallStore& store, Account& account) {
    Budget budget;
    std::uint64_t asked = 0;
    {
        const std::scoped_lock lock(mutex_);
        budget = account.budget;
        asked = account.asked;
    }
    auto spent = spent_in(store, budget, account.period);
    const std::scoped_lock lock(mutex_);
    const std::string trouble = spent ? std::string() : spent.error().message;
    if (!trouble.empty() && account.trouble != trouble)
        log::warning("what is spent of the budget {} is not known yet: {}", budget.name, trouble);
    account.trouble = trouble;
    if (!spent || account.asked != asked) return;
    account.stored = std::move(*spent);
    account.known = true;
}

bool Ledger::wait_until_known(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    const auto all_known = [this] {
        return history_fed_ &&
               std::ranges::all_of(accounts_, [](const AccountPtr& one) { return one->known; });
    };
    if (accounts_.empty() || all_known()) return true;
    if (wake_) wake_();
    return known_.wait_for(lock, patience, all_known);
}

std::vector<State> Ledger::states() {
    const std::int64_t now = clock_.now().unix_nanos;
    const std::scoped_lock lock(mutex_);
    turn(now);
    std::vector<State> states;
    for (const AccountPtr& account : accounts_) {
        State state;
        state.budget = account->budget;
        state.period = account->period;
        state.known = account->known && history_fed_;
        state.spent = account->stored;
        state.spent += account->pending;
        state.reserved = account->reserved;
        state.under_way = account->under_way;
        state.refused = account->refused;
        state.at = now;
        states.push_back(std::move(state));
    }
    return states;
}

Ledger::Stats Ledger::stats() const {
    const std::scoped_lock lock(mutex_);
    Stats stats{accounts_.size(), reserved_.size(), pending_.size(), {}};
    const auto troubled =
        std::ranges::find_if(accounts_, [](const AccountPtr& account) { return !account->trouble.empty(); });
    if (troubled != accounts_.end()) stats.last_error = (*troubled)->trouble;
    return stats;
}

}  // namespace steno::budgets
