#include "base/json_writer.hpp"
#include "budgets/budgets.hpp"
#include "budgets/spent.hpp"
#include "budgets/states.hpp"
#include "record/json_reader.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace steno::server {

namespace {

using budgets::Budget;
using budgets::State;

constexpr std::chrono::seconds kPatience{2};

void append_spent(JsonWriter& json, const budgets::Spent& spent, const std::string& currency) {
    json.member("spent", spent.in(currency).to_string());
    json.member("calls", spent.calls);
    json.member("unpriced_calls", spent.unpriced);
    json.member("estimated_calls", spent.estimated);
    json.key("other_currencies");
    json.begin_array();
    for (const auto& [other, amount] : spent.by_currency) {
        if (other == currency) continue;
        json.begin_object();
        json.member("currency", other);
        json.member("spent", amount.to_string());
        json.end_object();
    }
    json.end_array();
}

void append_definition(JsonWriter& json, const Budget& budget) {
    json.member("name", budget.name);
    json.key("scope");
    json.begin_object();
    for (const budgets::ScopePart& part : budgets::kScopeParts)
        if (const std::string& wanted = budget.scope.*part.member; !wanted.empty())
            json.member(part.name, wanted);
    json.end_object();
    json.member("per", budgets::to_string(budget.per));
    json.member("tz", budget.zone.name());
    json.member("limit", budget.limit.to_string());
    json.member("currency", budget.currency);
    json.key("soft");
    json.begin_array();
    for (const int percent : budget.soft) json.number(std::int64_t{percent});
    json.end_array();
    json.member("hard", budget.hard);
    json.member("answer", static_cast<int>(budget.answer));
    json.member("changed_at", budget.changed_at.to_string());
}

/// What is spent on each day, and what was left at its end.
void append_days(JsonWriter& json, const Budget& budget, const std::vector<budgets::Stretch>& days) {
    json.key("days");
    json.begin_array();
    Decimal so_far;
    for (const budgets::Stretch& day : days) {
        so_far += day.spent.in(budget.currency);
        json.begin_object();
        json.member("day", budget.zone.at(day.begin.unix_nanos).to_string().substr(0, 10));
        append_spent(json, day.spent, budget.currency);
        json.member("remaining", (budget.limit - so_far).to_string());
        json.end_object();
    }
    json.end_array();
}

void append_state(JsonWriter& json, const State& state, const std::vector<budgets::Stretch>* days) {
    const Budget& budget = state.budget;
    json.begin_object();
    append_definition(json, budget);
    json.key("period");
    json.begin_object();
    json.member("from", budget.zone.at(state.period.begin).to_string());
    json.member("to", budget.zone.at(state.period.end).to_string());
    json.end_object();
    json.member("known", state.known);
    append_spent(json, state.spent, budget.currency);
    json.member("reserved", state.reserved.to_string());
    json.member("calls_under_way", state.under_way);
    json.member("remaining", state.remaining().to_string());
    json.key("percent");
    if (const auto percent = state.percent())
        json.number(*percent);
    else
        json.null();
    json.key("crossed");
    json.begin_array();
    for (const int percent : state.crossed()) json.number(std::int64_t{percent});
    json.end_array();
    json.member("used_up", state.used_up());
    json.key("projected_end");
    if (const auto moment = state.used_up_at())
        json.string(moment->to_string());
    else
        json.null();
    json.member("refused_calls", state.refused);
    if (days != nullptr) append_days(json, budget, *days);
    json.end_object();
}

/// Without days, where the store cannot be asked for them: what was set is in force all the same.
void append_state_by_day(JsonWriter& json, Services& services, const State& state) {
    const auto days =
        budgets::spent_by(services.data.store(), state.budget, state.period, store::Bucket::Unit::Day);
    append_state(json, state, days ? &*days : nullptr);
}

/// Up to now, as far as that can be had.
std::vector<State> states_now(Services& services) {
    services.data.calls().catch_up();
    (void)services.budgets.ledger().wait_until_known(kPatience);
    return services.budgets.ledger().states();
}

Result<void> wrong(std::string_view member, std::string_view takes) {
    return fail(Code::InvalidArgument, fmt::format("{}: {}", member, takes));
}

/// Reads a budget's members over what `budget` has.
class BudgetReader {
  public:
    explicit BudgetReader(std::string_view text) : json_(text) {}

    Result<void> read(Budget& budget) {
        STENO_TRY(read_members(budget));
        if (!limited_) return fail(Code::InvalidArgument, "limit is missing", R"({"limit": "50"})");
        return {};
    }

  private:
    Result<void> read_members(Budget& budget) {
        Result<void> good;
        const bool whole = json_.object([&](std::string_view name) {
            good = member(name, budget);
            return good.has_value();
        });
        STENO_TRY(good);
        if (!whole || !json_.at_end())
            return fail(Code::InvalidArgument, "the body is no JSON object: " + json_.problem(),
                        R"({"limit": "50", "per": "month", "scope": {"project": "shop"}})");
        return {};
    }

    Result<void> member(std::string_view name, Budget& budget) {
        if (name == "name") return text(name, budget.name);
        if (name == "scope") return scope(budget.scope);
        if (name == "per") {
            std::string per;
            STENO_TRY(text(name, per));
            const auto known = budgets::parse_per(per);
            if (!known) return wrong(name, "day, week or month");
            budget.per = *known;
            return {};
        }
        if (name == "tz") {
            std::string zone;
            STENO_TRY(text(name, zone));
            STENO_ASSIGN(budget.zone, calendar::Zone::find(zone));
            return {};
        }
        if (name == "limit") return limit(budget.limit);
        if (name == "currency") return text(name, budget.currency);
        if (name == "soft") return soft(budget.soft);
        if (name == "hard") {
            if (!json_.boolean(budget.hard)) return wrong(name, "true or false");
            return {};
        }
        if (name == "answer") {
            std::string_view number;
            const bool read = json_.peek() == JsonReader::Type::Number && json_.number(number);
            if (!read || (number != "402" && number != "429"))
                return wrong(name, "402 (payment required) or 429 (too many requests, with Retry-After)");
            budget.answer =
                number == "402" ? budgets::Refusing::PaymentRequired : budgets::Refusing::TooManyRequests;
            return {};
        }
        return fail(Code::InvalidArgument, fmt::format("a budget has no \"{}\"", name),
                    "name, scope, per, tz, limit, currency, soft, hard, answer");
    }

    Result<void> text(std::string_view name, std::string& into) {
        into.clear();
        if (json_.peek() != JsonReader::Type::String || !json_.string(into)) return wrong(name, "a text");
        return {};
    }

    Result<void> scope(budgets::Scope& scope) {
        scope = {};
        if (json_.peek() != JsonReader::Type::Object)
            return wrong("scope", R"(an object such as {"project": "shop"}; {} is all calls)");
        Result<void> good;
        const bool whole = json_.object([&](std::string_view name) {
            const auto part = std::ranges::find(budgets::kScopeParts, name, &budgets::ScopePart::name);
            if (part == std::ranges::end(budgets::kScopeParts)) {
                good =
                    fail(Code::InvalidArgument, fmt::format("scope: calls have no \"{}\" to count by", name),
                         "project, user, api_key, agent, agent_subtree, prompt_type, model");
            } else {
                good = text(part->name, scope.*part->member);
            }
            return good.has_value();
        });
        STENO_TRY(good);
        return whole ? Result<void>() : wrong("scope", "an object");
    }

    Result<void> limit(Decimal& limit) {
        std::string amount;
        if (json_.peek() == JsonReader::Type::Number) {
            std::string_view number;
            (void)json_.number(number);
            amount = number;
        } else if (json_.peek() == JsonReader::Type::String) {
            (void)json_.string(amount);
        }
        const auto read = Decimal::parse(amount);
        if (!read) return wrong("limit", "an amount such as \"50\" or \"12.50\", with at most twelve places");
        limit = *read;
        limited_ = true;
        return {};
    }

    Result<void> soft(std::vector<int>& soft) {
        soft.clear();
        std::string numbers;
        const bool whole = json_.peek() == JsonReader::Type::Array && json_.array([&] {
            std::string_view number;
            if (json_.peek() != JsonReader::Type::Number || !json_.number(number)) return false;
            numbers += (numbers.empty() ? "" : ",") + std::string(number);
            return true;
        });
        if (!whole) return wrong("soft", "a list of percentages such as [50, 80, 100]");
        STENO_ASSIGN(soft, budgets::parse_soft(numbers));
        return {};
    }

    JsonReader json_;
    bool limited_ = false;
};

Result<ApiAnswer> answer_with(Services& services, std::string_view name, int status) {
    services.data.calls().catch_up();
    (void)services.budgets.ledger().wait_until_known(kPatience);
    const auto states = services.budgets.ledger().states();
    const auto state = std::ranges::find(states, name, [](const State& one) { return one.budget.name; });
    if (state == states.end())
        return fail(Code::Unavailable, fmt::format("the budget {} is not kept to; the log says why", name));
    ApiAnswer answer;
    answer.status = status;
    JsonWriter json(answer.body);
    append_state_by_day(json, services, *state);
    return answer;
}

}  // namespace

Result<ApiAnswer> list_budgets(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"days"}));
    const auto with_days = request.parameter("days");
    if (with_days && *with_days != "true" && *with_days != "false")
        return fail(Code::InvalidArgument, "days takes true or false");
    STENO_TRY(services.budgets.all());  // that cannot be read is no empty list
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.key("budgets");
    json.begin_array();
    for (const State& state : states_now(services)) {
        if (with_days == "true")
            append_state_by_day(json, services, state);
        else
            append_state(json, state, nullptr);
    }
    json.end_array();
    json.end_object();
    return answer;
}

Result<ApiAnswer> show_budget(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_TRY(services.budgets.get(request.captures.front()));
    return answer_with(services, request.captures.front(), 200);
}

Result<ApiAnswer> add_budget(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    Budget budget;
    STENO_TRY(BudgetReader(request.body).read(budget));
    STENO_ASSIGN(const Budget added, services.budgets.put(std::move(budget), true, system_clock().now()));
    return answer_with(services, added.name, 201);
}

Result<ApiAnswer> set_budget(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    const std::string& name = request.captures.front();
    Budget budget;
    STENO_TRY(BudgetReader(request.body).read(budget));
    if (!budget.name.empty() && budget.name != name)
        return fail(Code::InvalidArgument, "the body names another budget than the path",
                    "a budget keeps its name: add a new one and remove this");
    budget.name = name;
    STENO_ASSIGN(const Budget set, services.budgets.put(std::move(budget), false, system_clock().now()));
    return answer_with(services, set.name, 200);
}

Result<ApiAnswer> remove_budget(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_TRY(services.budgets.remove(request.captures.front()));
    ApiAnswer answer;
    answer.status = 204;
    answer.content_type.clear();
    return answer;
}

}  // namespace steno::server
