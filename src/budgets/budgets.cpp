#include "budgets/budgets.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace steno::budgets {

namespace {

constexpr std::array<std::string_view, 2> kSteps = {
    R"(
CREATE TABLE budgets(
  name TEXT PRIMARY KEY,
  project TEXT NOT NULL, user TEXT NOT NULL, api_key TEXT NOT NULL, agent TEXT NOT NULL, prompt_type TEXT NOT NULL,
  model TEXT NOT NULL,
  per TEXT NOT NULL,
  zone TEXT NOT NULL,
  amount TEXT NOT NULL,
  currency TEXT NOT NULL,
  soft TEXT NOT NULL,
  hard INTEGER NOT NULL,
  answer INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT)",
    "ALTER TABLE budgets ADD COLUMN agent_subtree TEXT NOT NULL DEFAULT ''"};

Result<Budget> budget_of(const control::Row& row) {
    Budget budget;
    budget.name = row.text(0);
    budget.scope = {.project = row.text(1),
                    .user = row.text(2),
                    .api_key = row.text(3),
                    .agent = row.text(4),
                    .agent_subtree = row.text(15),
                    .prompt_type = row.text(5),
                    .model = row.text(6)};
    const auto per = parse_per(row.text(7));
    auto zone = calendar::Zone::find(row.text(8));
    const auto limit = Decimal::parse(row.text(9));
    auto soft = parse_soft(row.text(11));
    if (!zone) return std::unexpected(std::move(zone).error().with_context("the budget " + budget.name));
    if (!per || !limit || !soft)
        return fail(Code::DataLoss, "the budget " + budget.name + " cannot be understood",
                    "set it again: steno budgets set");
    budget.per = *per;
    budget.zone = *zone;
    budget.limit = *limit;
    budget.currency = row.text(10);
    budget.soft = std::move(*soft);
    budget.hard = row.integer(12) != 0;
    budget.answer = row.integer(13) == 429 ? Refusing::TooManyRequests : Refusing::PaymentRequired;
    budget.changed_at = {row.integer(14), 0};
    return budget;
}

}  // namespace

Result<void> Budgets::open(control::Database& database) {
    const std::scoped_lock lock(mutex_);
    database_ = &database;
    return be_open();
}

Result<void> Budgets::be_open() {
    if (open_) return {};
    if (database_ == nullptr) return std::unexpected(error_);
    STENO_TRY(database_->bring_up_to("budgets", kSteps));
    STENO_TRY(take_over());
    open_ = true;
    return {};
}

void Budgets::stay_closed(Error why) {
    const std::scoped_lock lock(mutex_);
    error_ = std::move(why);
}

Result<std::vector<Budget>> Budgets::read() {
    STENO_ASSIGN(
        const auto rows,
        database_->rows(
            "SELECT name, project, user, api_key, agent, prompt_type, model, per, zone, "
            "amount, currency, soft, hard, answer, changed_at, agent_subtree FROM budgets ORDER BY name"));
    std::vector<Budget> budgets;
    std::string unreadable;
    for (const control::Row& row : rows) {
        auto budget = budget_of(row);
        // One that is damaged, or whose zone this machine does not know, does not take the others with it.
        if (budget)
            budgets.push_back(std::move(*budget));
        else
            unreadable += (unreadable.empty() ? "" : "; ") + budget.error().message;
    }
    if (!unreadable.empty() && unreadable != unreadable_)
        log::error("not all budgets are kept to: {}", unreadable);
    unreadable_ = std::move(unreadable);
    return budgets;
}

Result<void> Budgets::take_over() {
    STENO_ASSIGN(const auto budgets, read());
    ledger_.define(budgets, unreadable_.empty());
    return {};
}

Result<std::vector<Budget>> Budgets::all() {
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    return read();
}

std::string Budgets::trouble() {
    if (const auto budgets = all(); !budgets) return budgets.error().message;
    const std::scoped_lock lock(mutex_);
    return unreadable_;
}

Result<Budget> Budgets::get(std::string_view name) {
    STENO_ASSIGN(const auto budgets, all());
    std::string known;
    for (const Budget& budget : budgets) {
        if (budget.name == name) return budget;
        if (known.size() < 300) known += (known.empty() ? "" : ", ") + budget.name;
    }
    return fail(Code::NotFound, fmt::format("there is no budget named \"{}\"", name),
                known.empty() ? "there are none yet: steno budgets set NAME --limit 50 --per month"
                              : "there are: " + known);
}

Result<Budget> Budgets::put(Budget budget, bool is_new, Timestamp now) {
    STENO_TRY(check(budget));
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    STENO_ASSIGN(const auto budgets, read());
    const bool there = std::ranges::find(budgets, budget.name, &Budget::name) != budgets.end();
    if (is_new && there)
        return fail(Code::AlreadyExists, "there is a budget named " + budget.name + " already",
                    "PUT /api/v1/budgets/" + budget.name + " changes it");
    if (!there && budgets.size() >= kMaxBudgets)
        return fail(Code::ResourceExhausted, fmt::format("there are {} budgets already", kMaxBudgets),
                    "remove some that nobody needs: steno budgets remove NAME");
    budget.changed_at = now;
    std::string soft;
    for (const int percent : budget.soft) soft += fmt::format("{}{}", soft.empty() ? "" : ",", percent);
    STENO_TRY(database_->write([&](control::Statements& statements) {
        return statements.run(
            "INSERT OR REPLACE INTO budgets(name, project, user, api_key, agent, prompt_type, model, per, "
            "zone, amount, "
            "currency, soft, hard, answer, changed_at, agent_subtree) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
            "?, ?, "
            "?, ?, ?, ?)",
            {budget.name, budget.scope.project, budget.scope.user, budget.scope.api_key, budget.scope.agent,
             budget.scope.prompt_type, budget.scope.model, std::string(to_string(budget.per)),
             budget.zone.name(), budget.limit.to_short_string(), budget.currency, soft,
             std::int64_t{budget.hard}, static_cast<std::int64_t>(budget.answer), now.unix_nanos,
             budget.scope.agent_subtree});
    }));
    STENO_TRY(take_over());
    return budget;
}

Result<void> Budgets::remove(std::string_view name) {
    std::int64_t removed = 0;
    {
        const std::scoped_lock lock(mutex_);
        STENO_TRY(be_open());
        // Also one that cannot be read.
        STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
            STENO_TRY(statements.run("DELETE FROM budgets WHERE name = ?", {std::string(name)}));
            removed = statements.changed();
            return {};
        }));
        if (removed > 0) return take_over();
    }
    STENO_TRY(get(name));  // says which there are
    return {};
}

}  // namespace steno::budgets
