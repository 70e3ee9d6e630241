#include "alerts/telling.hpp"

#include "base/json_writer.hpp"
#include "calendar/zone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace steno::alerts {

namespace {

constexpr std::size_t kMostTitle = 1500;  ///< bytes

std::string_view type_of(Telling telling) {
    switch (telling) {
        case Telling::Recovered:
            return "alert.recovered";
        case Telling::Reminder:
            return "alert.reminder";
        default:
            return "alert.firing";
    }
}

notify::Tone tone_of(Level level) {
    switch (level) {
        case Level::Critical:
            return notify::Tone::Critical;
        case Level::Warning:
            return notify::Tone::Warning;
        default:
            return notify::Tone::Good;
    }
}

std::string heading(const Told& told) {
    const std::string_view level = told.standing.level == Level::Critical ? "CRITICAL" : "WARNING";
    switch (told.telling) {
        case Telling::Recovered:
            return "OK AGAIN";
        case Telling::Reminder:
            return fmt::format("STILL {}", level);
        default:
            return std::string(level);
    }
}

/// "2026-11-24 14:00"
std::string minute(Timestamp moment) {
    std::string text = moment.to_string().substr(0, 16);
    text[10] = ' ';
    return text;
}

/// From when to when the calls count.
std::pair<Timestamp, Timestamp> window_of(const Told& told) {
    if (!told.observation.budget) return {told.window.from, told.window.to};
    const budgets::State& state = told.observation.budget->state;
    return {state.budget.zone.at(state.period.begin), state.budget.zone.at(state.period.end)};
}

void write_budget(JsonWriter& json, const BudgetSight& sight, const Standing& standing) {
    const budgets::State& state = sight.state;
    json.key("budget");
    json.begin_object();
    json.member("name", state.budget.name);
    json.member("limit", state.budget.limit.to_string());
    json.member("spent", state.total().to_string());
    json.member("currency", state.budget.currency);
    json.member("step", std::int64_t{standing.step});
    json.member("projected", sight.projection);
    json.key("projected_end");
    if (const auto end = state.used_up_at())
        json.string(end->to_string());
    else
        json.null();
    json.end_object();
}

void write_hour(JsonWriter& json, const analysis::Judgement& hour) {
    json.member("expected", hour.expected.value_or(0));
    json.member("low", hour.low);
    json.member("high", hour.high);
    json.member("score", hour.far_score);
    json.member("hours", std::int64_t{hour.hours});
}

/// "$40.20 of $50.00 of this month is spent (80.4 %)"
std::string budget_sentence(const Observation& observation, const Standing& standing) {
    const BudgetSight& sight = *observation.budget;
    const budgets::State& state = sight.state;
    const budgets::Budget& budget = state.budget;
    const std::string per(to_string(budget.per));
    const auto of_limit = ratio(state.total(), budget.limit);
    std::string spent = fmt::format(
        "{} of {} {} is spent", shown(Unit::Money, state.total(), budget.currency),
        shown(Unit::Money, budget.limit, budget.currency), per == "day" ? "a day" : "this " + per);
    if (of_limit) spent += fmt::format(" ({})", measured(Unit::Share, *of_limit));
    if (!observation.value) return fmt::format("{}; not judged: {}", spent, observation.because);
    const auto end = state.used_up_at();
    const bool on = firing(standing.level);
    if (sight.projection) {
        if (!on) return fmt::format("at this rate it lasts until the {} ends: {}", per, spent);
        if (state.used_up()) return fmt::format("it is used up before the {} ends: {}", per, spent);
        if (!end) return fmt::format("at this rate it hardly lasts until the {} ends: {}", per, spent);
        return fmt::format("at this rate it is used up at {}, and the {} ends at {}: {}", minute(*end), per,
                           minute(budget.zone.at(state.period.end)), spent);
    }
    if (!on) return spent;
    std::string text = standing.step == 100 ? "the limit is reached: " + spent
                                            : fmt::format("{} % is reached: {}", standing.step, spent);
    if (end) text += fmt::format("; at this rate it is used up at {}", minute(*end));
    return text;
}

std::string hour_sentence(const Rule& rule, const Observation& observation) {
    const analysis::Judgement& hour = *observation.hour;
    const auto amount = [&](double value) {  // an estimate: four digits say all that there is
        const double rounded = std::strtod(fmt::format("{:.3e}", value).c_str(), nullptr);
        return measured(rule.metric.unit, decimal_of(rounded).value_or(Decimal()), observation.currency);
    };
    const Timestamp end{hour.begin.unix_nanos + calendar::kHour, hour.begin.offset_minutes};
    const std::string is = observation.now
                               ? measured(rule.metric.unit, *observation.now, observation.currency)
                               : amount(hour.value.value_or(0));
    std::string text = fmt::format("{} from {} to {} is {}; expected {}, usual {} to {}", rule.metric.name,
                                   minute(hour.begin), minute(end).substr(11), is, amount(*hour.expected),
                                   amount(hour.low), amount(hour.high));
    if (hour.hours > 1 && hour.far_score != 0)
        text += fmt::format("; the last {} hours are {}", hour.hours, hour.far_score > 0 ? "high" : "low");
    text += fmt::format(" (score {:.1f})", std::abs(hour.far_score));
    return observation.value ? text : fmt::format("{}; not judged: {}", text, observation.because);
}

std::string data_of(const Told& told) {
    const Rule& rule = told.rule;
    const Observation& observation = told.observation;
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("rule", rule.name);
    json.member("level", to_string(told.standing.level));
    json.member("previous_level", to_string(told.before));
    json.member("since", told.standing.since.value_or(Timestamp()).to_string());
    json.member("metric", rule.metric.name);
    json.key("group_by");
    json.begin_array();
    if (observation.budget) json.string("budget");
    for (const store::Field& field : rule.group_by) json.string(field.path());
    json.end_array();
    json.member_raw("group", observation.group.empty() ? "[]" : observation.group);
    json.key("value");
    if (observation.value)
        write_amount(json, rule.unit(), *observation.value);
    else
        json.null();
    json.member("unit", unit_name(rule));
    if (!observation.currency.empty()) json.member("currency", observation.currency);
    json.key("threshold");
    if (const auto threshold = threshold_of(rule, observation, told.standing))
        write_amount(json, rule.unit(), *threshold);
    else
        json.null();
    if (observation.now) {
        json.key("now");
        write_amount(json, rule.metric.unit, *observation.now);
    }
    if (observation.before) {
        json.key("before");
        write_amount(json, rule.metric.unit, *observation.before);
    }
    if (observation.budget) write_budget(json, *observation.budget, told.standing);
    if (observation.hour) write_hour(json, *observation.hour);
    json.member("calls", observation.calls);
    const auto [from, to] = window_of(told);
    json.key("window");
    json.begin_object();
    json.member("from", from.to_string());
    json.member("to", to.to_string());
    json.end_object();
    json.key("samples");
    json.begin_array();
    for (const std::string& id : told.samples) json.string(id);
    json.end_array();
    json.end_object();
    return out;
}

}  // namespace

std::string sentence(const Rule& rule, const Observation& observation, const Standing& standing) {
    const Level level = standing.level;
    if (observation.budget) return budget_sentence(observation, standing);
    if (observation.hour) return hour_sentence(rule, observation);
    if (rule.kind == Rule::Kind::MissingData)
        return observation.calls == 0 ? fmt::format("no calls in {}", rule.window)
                                      : fmt::format("{} calls in {}", observation.calls, rule.window);
    if (rule.kind == Rule::Kind::Calls) {
        const Unit unit = rule.field->type() == FieldType::Duration  ? Unit::Milliseconds
                          : rule.field->type() == FieldType::Decimal ? Unit::Money
                                                                     : Unit::Number;
        return fmt::format("{} calls in {} with {} over {}",
                           shown(Unit::Number, observation.value.value_or(Decimal())), rule.window,
                           rule.field->path(), shown(unit, *rule.over));
    }
    std::string text;
    if (!observation.value) {
        text = fmt::format("{} is not known: {}", rule.metric.name, observation.because);
    } else if (rule.against_before) {
        text = fmt::format("{} in {} is {} times what it was before", rule.metric.name, rule.window,
                           shown(Unit::Number, *observation.value));
        if (observation.now && observation.before)
            text += fmt::format(" ({}, {} before)",
                                measured(rule.metric.unit, *observation.now, observation.currency),
                                measured(rule.metric.unit, *observation.before, observation.currency));
    } else {
        text = fmt::format("{} in {} is {}", rule.metric.name, rule.window,
                           measured(rule.unit(), *observation.value, observation.currency));
    }
    if (const auto threshold = rule.threshold(level); threshold && observation.value)
        text += fmt::format(", {} {}", rule.above ? "not below" : "not above",
                            shown(rule.unit(), *threshold, observation.currency));
    if (level == Level::NoData && observation.value && observation.calls < rule.min_calls)
        text += fmt::format(", of {} calls only", observation.calls);
    return text;
}

std::string why_unknown(const Rule& rule, const Observation& observation) {
    if (!observation.because.empty()) return observation.because;
    return fmt::format("fewer than {} calls in {}", rule.min_calls, rule.window);
}

notify::Message message_of(const Told& told, Timestamp now) {
    notify::Message message;
    message.type = type_of(told.telling);
    message.tone = tone_of(told.standing.level);
    message.at = now;
    const std::string group = group_text(told.observation.group);
    message.title = notify::one_line(
        fmt::format("{}: {}{}{}: {}", heading(told), told.rule.name, group.empty() ? "" : " · ", group,
                    sentence(told.rule, told.observation, told.standing)),
        kMostTitle);
    if (!told.rule.description.empty())
        message.facts.emplace_back("Rule", notify::one_line(told.rule.description, kMostTitle));
    message.facts.emplace_back(told.observation.budget ? "Calls" : "Calls in the window",
                               std::to_string(told.observation.calls));
    if (told.observation.unpriced_calls > 0)
        message.facts.emplace_back("Without a price",
                                   fmt::format("{} calls", told.observation.unpriced_calls));
    const auto [from, to] = window_of(told);
    message.facts.emplace_back(
        told.observation.budget ? "Period" : "Window",
        fmt::format("{} to {}", from.to_string().substr(0, 19), to.to_string().substr(0, 19)));
    if (told.standing.since && told.telling == Telling::Reminder)
        message.facts.emplace_back("Since", told.standing.since->to_string().substr(0, 19));
    if (!told.samples.empty())
        message.facts.emplace_back(told.observation.budget ? "The dearest" : "Calls",
                                   fmt::format("{}", fmt::join(told.samples, ", ")));
    message.data = data_of(told);
    return message;
}

notify::Message digest_of(const Rule& rule, std::vector<notify::Message> messages, Timestamp now) {
    using notify::Tone;
    std::ranges::sort(messages, [](const notify::Message& a, const notify::Message& b) {
        return a.tone != b.tone ? a.tone > b.tone : a.title < b.title;
    });
    const auto count = [&](Tone tone) { return std::ranges::count(messages, tone, &notify::Message::tone); };
    notify::Message digest;
    digest.type = "alert.digest";
    digest.tone = messages.front().tone;
    digest.at = now;
    digest.title = fmt::format("{} groups of {}: {} critical, {} warning, {} ok again", messages.size(),
                               rule.name, count(Tone::Critical), count(Tone::Warning), count(Tone::Good));
    if (!rule.description.empty())
        digest.facts.emplace_back("Rule", notify::one_line(rule.description, kMostTitle));
    const std::size_t shown = kMostMessages - 2;  // Slack takes ten
    for (std::size_t i = 0; i < messages.size() && i < shown; ++i)
        digest.facts.emplace_back(fmt::format("{} of {}", i + 1, messages.size()), messages[i].title);
    if (messages.size() > shown)
        digest.facts.emplace_back("All of them", fmt::format("steno alerts show {}", rule.name));
    JsonWriter json(digest.data);
    digest.data.clear();
    json.begin_object();
    json.member("rule", rule.name);
    json.key("alerts");
    json.begin_array();
    for (const notify::Message& message : messages) {
        json.begin_object();
        json.member("type", message.type);
        json.member_raw("data", message.data);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return digest;
}

}  // namespace steno::alerts
