#include "alerts/telling.hpp"

#include "base/json_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

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
    if (const auto threshold = rule.threshold(told.standing.level))
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
    json.member("calls", observation.calls);
    json.key("window");
    json.begin_object();
    json.member("from", told.window.from.to_string());
    json.member("to", told.window.to.to_string());
    json.end_object();
    json.key("samples");
    json.begin_array();
    for (const std::string& id : told.samples) json.string(id);
    json.end_array();
    json.end_object();
    return out;
}

}  // namespace

std::string sentence(const Rule& rule, const Observation& observation, Level level) {
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
                                shown(rule.metric.unit, *observation.now, observation.currency),
                                shown(rule.metric.unit, *observation.before, observation.currency));
    } else {
        text = fmt::format("{} in {} is {}", rule.metric.name, rule.window,
                           shown(rule.unit(), *observation.value, observation.currency));
    }
    if (const auto threshold = rule.threshold(level); threshold && observation.value)
        text += fmt::format(", {} {}", rule.above ? "not below" : "not above",
                            shown(rule.unit(), *threshold, observation.currency));
    if (level == Level::NoData && observation.value && observation.calls < rule.min_calls)
        text += fmt::format(", of {} calls only", observation.calls);
    return text;
}

notify::Message message_of(const Told& told, Timestamp now) {
    notify::Message message;
    message.type = type_of(told.telling);
    message.tone = tone_of(told.standing.level);
    message.at = now;
    const std::string group = group_text(told.observation.group);
    message.title = notify::one_line(
        fmt::format("{}: {}{}{}: {}", heading(told), told.rule.name, group.empty() ? "" : " · ", group,
                    sentence(told.rule, told.observation, told.standing.level)),
        kMostTitle);
    if (!told.rule.description.empty())
        message.facts.emplace_back("Rule", notify::one_line(told.rule.description, kMostTitle));
    message.facts.emplace_back("Calls in the window", std::to_string(told.observation.calls));
    if (told.observation.unpriced_calls > 0)
        message.facts.emplace_back("Without a price",
                                   fmt::format("{} calls", told.observation.unpriced_calls));
    message.facts.emplace_back("Window", fmt::format("{} to {}", told.window.from.to_string().substr(0, 19),
                                                     told.window.to.to_string().substr(0, 19)));
    if (told.standing.since && told.telling == Telling::Reminder)
        message.facts.emplace_back("Since", told.standing.since->to_string().substr(0, 19));
    if (!told.samples.empty())
        message.facts.emplace_back("Calls", fmt::format("{}", fmt::join(told.samples, ", ")));
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
