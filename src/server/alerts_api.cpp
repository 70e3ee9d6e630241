#include "alerts/observation.hpp"
#include "alerts/preview.hpp"
#include "alerts/rule.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "budgets/budgets.hpp"
#include "calendar/period.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <semaphore>

namespace steno::server {

namespace {

namespace dom = simdjson::dom;
using alerts::Event;
using alerts::KeptRule;
using alerts::Level;
using alerts::Standing;

constexpr std::uint64_t kMostHistory = 1000;
constexpr std::int64_t kLongestMute = 366;  ///< days

void write_group(JsonWriter& json, const std::string& group) {
    json.member_raw("group", group.empty() ? "[]" : group);
}

void write_amount(JsonWriter& json, std::string_view key, alerts::Unit unit,
                  const std::optional<Decimal>& amount) {
    json.key(key);
    if (amount)
        alerts::write_amount(json, unit, *amount);
    else
        json.null();
}

/// What a list shows first: muted, not evaluated yet, or the worst of its groups, which is the first.
std::string_view state_of(const KeptRule& kept, const std::vector<Standing>& standings,
                          const std::optional<alerts::Evaluated>& last, Timestamp now) {
    if (kept.muted(now)) return "muted";
    if (standings.empty()) return last && last->at ? "no_data" : "waiting";
    const Level worst = standings.front().level;
    const bool learning =
        worst == Level::NoData && last &&
        std::ranges::any_of(last->groups, [](const auto& group) { return group.second.learning; });
    return learning ? "learning" : to_string(worst);
}

void write_rule(JsonWriter& json, const KeptRule& kept, std::vector<Standing> standings,
                const std::optional<alerts::Evaluated>& last, Timestamp now) {
    std::ranges::sort(standings, [](const Standing& a, const Standing& b) {
        return a.level != b.level ? a.level > b.level : a.group < b.group;
    });
    json.begin_object();
    json.member("name", kept.rule.name);
    json.member("state", state_of(kept, standings, last, now));
    write_moment(json, "muted_until", kept.muted(now) ? kept.muted_until : std::nullopt);
    if (kept.muted(now) && !kept.mute_reason.empty()) json.member("mute_reason", kept.mute_reason);
    alerts::write_members(json, kept.rule);
    json.member("unit", unit_name(kept.rule));
    write_moment(json, "evaluated_at", last ? last->at : std::nullopt);
    json.key("error");
    if (last && last->error)
        json.string(last->error->message);
    else
        json.null();
    json.member("more_groups", last && last->truncated);
    json.key("groups");
    json.begin_array();
    for (const Standing& standing : standings) {
        json.begin_object();
        write_group(json, standing.group);
        json.member("level", to_string(standing.level));
        write_moment(json, "since", standing.since);
        const auto* seen = static_cast<const alerts::Evaluated::Group*>(nullptr);
        if (last) {
            const auto found = last->groups.find(standing.group);
            if (found != last->groups.end()) seen = &found->second;
        }
        write_amount(json, "value", kept.rule.unit(), seen != nullptr ? seen->value : std::nullopt);
        if (seen != nullptr && !seen->value)
            json.member("because", seen->because);
        else if (seen != nullptr && standing.level == Level::NoData && seen->calls < kept.rule.min_calls)
            json.member("because", fmt::format("of {} calls only: with fewer than {} it is not judged",
                                               seen->calls, kept.rule.min_calls));
        if (seen != nullptr && !seen->currency.empty()) json.member("currency", seen->currency);
        if (seen != nullptr) json.member("what", seen->what);
        json.key("calls");
        if (seen != nullptr)
            json.number(seen->calls);
        else
            json.null();
        json.end_object();
    }
    json.end_array();
    json.end_object();
}

Result<void> append_rule(JsonWriter& json, AlertServices& alerts, const KeptRule& kept, Timestamp now) {
    STENO_ASSIGN(const alerts::Standings by_group, alerts.book.standings(kept.rule.name));
    std::vector<Standing> standings;
    for (const auto& [group, standing] : by_group) standings.push_back(standing);
    write_rule(json, kept, std::move(standings), alerts.watcher.last(kept.rule.name), now);
    return {};
}

Result<ApiAnswer> answer_with_rule(AlertServices& alerts, const std::string& name) {
    STENO_ASSIGN(const KeptRule kept, alerts.book.rule(name));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    STENO_TRY(append_rule(json, alerts, kept, system_clock().now()));
    return answer;
}

/// `told`: of a preview alone.
void write_event(JsonWriter& json, const Event& event, std::optional<bool> told = {}) {
    json.begin_object();
    json.member("at", event.at.to_string());
    json.member("rule", event.rule);
    write_group(json, event.group);
    json.member("from", to_string(event.from));
    json.member("to", to_string(event.to));
    json.member("what", event.what);
    // Of any unit: text is exact.
    const auto text = [&](std::string_view key, const std::optional<Decimal>& amount) {
        json.key(key);
        if (amount)
            json.string(amount->to_short_string());
        else
            json.null();
    };
    text("value", event.value);
    text("threshold", event.threshold);
    json.key("samples");
    json.begin_array();
    for (const std::string& id : event.samples) json.string(id);
    json.end_array();
    json.member("muted", event.muted);
    if (told) json.member("told", *told);
    json.end_object();
}

Result<dom::object> object_of(dom::parser& parser, std::string_view body, std::string_view example) {
    dom::object object;
    if (parser.parse(body.data(), body.size()).get(object) != simdjson::SUCCESS)
        return fail(Code::InvalidArgument, "the body is no JSON object", fmt::format("such as {}", example));
    return object;
}

Result<std::string> text_member(dom::object object, std::string_view name) {
    dom::element value;
    std::string_view text;
    if (object[name].get(value) != simdjson::SUCCESS || value.is_null()) return std::string();
    if (value.get(text) != simdjson::SUCCESS)
        return fail(Code::InvalidArgument, fmt::format("{} must be a text", name));
    return std::string(text);
}

Result<void> only_members(dom::object object, std::initializer_list<std::string_view> names) {
    for (const auto [key, value] : object)
        if (std::ranges::find(names, key) == names.end())
            return fail(Code::InvalidArgument, fmt::format("unknown member \"{}\"", utf8_prefix(key, 60)),
                        fmt::format("{} are known", fmt::join(names, ", ")));
    return {};
}

/// The period that a preview is about.
Result<calendar::Period> preview_period(dom::object object, const calendar::Zone& zone) {
    STENO_ASSIGN(const std::string period, text_member(object, "period"));
    STENO_ASSIGN(const std::string from, text_member(object, "from"));
    STENO_ASSIGN(const std::string to, text_member(object, "to"));
    const Timestamp now = system_clock().now();
    if (!period.empty() && !(from + to).empty())
        return fail(Code::InvalidArgument, "a period has a beginning and an end of its own",
                    "period, or from and to");
    if (!from.empty()) return calendar::between(from, to, zone, now);
    if (!to.empty())
        return fail(Code::InvalidArgument, "the period has no beginning", "from and to, or period");
    return calendar::parse_period(period.empty() ? "7d" : period, zone, now);
}

/// Is there the budget that it watches?
Result<void> check_budget(Services& services, const alerts::Rule& rule) {
    if (rule.budget.empty()) return {};
    auto known = services.budgets.get(rule.budget);
    if (known) return {};
    Error error = std::move(known).error();
    if (error.code == Code::NotFound) error.code = Code::InvalidArgument;  // it is the rule that is wrong
    return std::unexpected(std::move(error).with_context("budget"));
}

/// The rule of that name, or the one that is described.
Result<alerts::Rule> rule_to_preview(AlertServices& alerts, dom::object object) {
    STENO_ASSIGN(const std::string name, text_member(object, "name"));
    dom::element described;
    const bool given = object["rule"].get(described) == simdjson::SUCCESS;
    if (given == !name.empty())
        return fail(Code::InvalidArgument, "which rule?",
                    R"({"name": "failure-rate"} of one that there is, or {"rule": {"metric": …}})");
    if (given) return alerts::rule_from_json("preview", simdjson::minify(described));
    STENO_ASSIGN(KeptRule kept, alerts.book.rule(name));
    return std::move(kept.rule);
}

}  // namespace

Result<AlertServices*> alerts_of(const Services& services) {
    if (services.alerts != nullptr) return services.alerts;
    return fail(Code::FailedPrecondition, "alerts cannot be used: their database cannot be opened",
                "the log of the start says why");
}

Result<ApiAnswer> list_alerts(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(AlertServices* const alerts, alerts_of(services));
    STENO_ASSIGN(const std::vector<KeptRule> rules, alerts->book.rules());
    const Timestamp now = system_clock().now();
    const alerts::WatcherStats stats = alerts->watcher.stats();
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.key("alerts");
    json.begin_array();
    for (const KeptRule& kept : rules) STENO_TRY(append_rule(json, *alerts, kept, now));
    json.end_array();
    json.key("evaluation");
    json.begin_object();
    json.member("running", alerts->watcher.running());
    json.member("evaluations", stats.evaluations);
    json.member("failures", stats.failures);
    json.member("postponed", stats.postponed);
    json.end_object();
    json.end_object();
    return answer;
}

Result<ApiAnswer> show_alert(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(AlertServices* const alerts, alerts_of(services));
    return answer_with_rule(*alerts, request.captures[0]);
}

Result<ApiAnswer> set_alert(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(AlertServices* const alerts, alerts_of(services));
    STENO_ASSIGN(const alerts::Rule rule, alerts::rule_from_json(request.captures[0], request.body));
    STENO_TRY(check_budget(services, rule));
    STENO_TRY(alerts->book.set(rule));
    alerts->watcher.rules_changed();
    return answer_with_rule(*alerts, rule.name);
}

Result<ApiAnswer> remove_alert(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(AlertServices* const alerts, alerts_of(services));
    STENO_TRY(alerts->book.remove(request.captures[0]));
    alerts->watcher.rules_changed();
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("removed", request.captures[0]);
    json.end_object();
    return answer;
}

Result<ApiAnswer> mute_alert(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(AlertServices* const alerts, alerts_of(services));
    dom::parser parser;
    STENO_ASSIGN(const dom::object object,
                 object_of(parser, request.body, R"({"for": "2h", "reason": "maintenance"})"));
    STENO_TRY(only_members(object, {"for", "until", "reason"}));
    STENO_ASSIGN(const std::string span, text_member(object, "for"));
    STENO_ASSIGN(const std::string until, text_member(object, "until"));
    STENO_ASSIGN(const std::string reason, text_member(object, "reason"));
    if (span.empty() == until.empty())
        return fail(Code::InvalidArgument, "how long?",
                    R"({"for": "2h"}, or {"until": "2026-11-24T08:00:00Z"})");
    const Timestamp now = system_clock().now();
    Timestamp end;
    if (!span.empty()) {
        STENO_ASSIGN(const Duration duration, alerts::parse_span("for", span));
        end = {now.unix_nanos + duration.nanos, 0};
    } else {
        STENO_ASSIGN(end, calendar::parse_moment(until, calendar::Zone(), false));
    }
    if (end <= now) return fail(Code::InvalidArgument, "that is over already", "a moment in the future");
    if (end.unix_nanos - now.unix_nanos > kLongestMute * calendar::kDay)
        return fail(Code::InvalidArgument, fmt::format("that is longer than {} days", kLongestMute),
                    "remove the rule, if nobody wants it any more");
    STENO_TRY(alerts->book.mute(request.captures[0], end, utf8_prefix(reason, 300)));
    alerts->watcher.rules_changed();
    return answer_with_rule(*alerts, request.captures[0]);
}

Result<ApiAnswer> unmute_alert(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(AlertServices* const alerts, alerts_of(services));
    STENO_TRY(alerts->book.mute(request.captures[0], std::nullopt, ""));
    alerts->watcher.rules_changed();
    return answer_with_rule(*alerts, request.captures[0]);
}

Result<ApiAnswer> alert_history(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"limit"}));
    STENO_ASSIGN(AlertServices* const alerts, alerts_of(services));
    STENO_ASSIGN(const std::uint64_t limit, number_parameter(request, "limit", 100, 1, kMostHistory));
    const std::string name = request.captures.empty() ? "" : request.captures[0];
    if (!name.empty()) STENO_TRY(alerts->book.rule(name));
    STENO_ASSIGN(const std::vector<Event> events,
                 alerts->book.history(name, static_cast<std::int64_t>(limit)));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.key("events");
    json.begin_array();
    for (const Event& event : events) write_event(json, event);
    json.end_array();
    json.end_object();
    return answer;
}

Result<ApiAnswer> preview_alert(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(AlertServices* const alerts, alerts_of(services));
    // It asks the store up to thousands of questions: one at a time.
    static std::binary_semaphore turn{1};
    dom::parser parser;
    STENO_ASSIGN(const dom::object object,
                 object_of(parser, request.body, R"({"name": "failure-rate", "period": "7d"})"));
    STENO_TRY(only_members(object, {"name", "rule", "period", "from", "to", "tz"}));
    STENO_ASSIGN(const std::string tz, text_member(object, "tz"));
    STENO_ASSIGN(const calendar::Zone zone, calendar::Zone::find(tz));
    STENO_ASSIGN(const calendar::Period period, preview_period(object, zone));
    STENO_ASSIGN(const alerts::Rule rule, rule_to_preview(*alerts, object));
    if (!turn.try_acquire())
        return fail(Code::Unavailable, "another preview is being made", "try again when it has ended");
    struct Release {
        ~Release() { turn.release(); }
    } release;
    services.data.calls().catch_up();
    alerts::PreviewOptions options;
    options.from = period.from;
    options.to = period.to;
    std::vector<budgets::Budget> budgets;
    if (rule.kind == alerts::Rule::Kind::Budget) {
        STENO_TRY(check_budget(services, rule));
        STENO_ASSIGN(budgets, services.budgets.all());
    }
    STENO_ASSIGN(const auto calls, services.data.store().snapshot());
    STENO_ASSIGN(const alerts::Preview preview, alerts::preview(*calls, rule, options, budgets));
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("from", zone.at(preview.from.unix_nanos).to_string());
    json.member("to", zone.at(preview.to.unix_nanos).to_string());
    json.member("every", alerts::span_text(preview.every));
    json.member("evaluations", std::uint64_t{preview.evaluations});
    json.member("notifications", std::uint64_t{preview.notifications});
    json.member("judged", std::uint64_t{preview.judged});
    json.member("unknown", std::uint64_t{preview.unknown});
    if (preview.unknown > 0) json.member("because", preview.because);
    write_moment(json, "looked_from", preview.looked_from);
    json.member("more_events", std::uint64_t{preview.more_events});
    json.key("events");
    json.begin_array();
    for (const alerts::PreviewEvent& one : preview.events) write_event(json, one.event, one.told);
    json.end_array();
    json.end_object();
    return answer;
}

Result<ApiAnswer> add_default_alerts(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    STENO_ASSIGN(AlertServices* const alerts, alerts_of(services));
    STENO_ASSIGN(const std::vector<KeptRule> there, alerts->book.rules());
    std::vector<std::string> added, kept;
    for (const alerts::Rule& rule : alerts::default_rules()) {
        const bool known =
            std::ranges::any_of(there, [&](const KeptRule& one) { return one.rule.name == rule.name; });
        if (!known) STENO_TRY(alerts->book.set(rule));
        (known ? kept : added).push_back(rule.name);
    }
    alerts->watcher.rules_changed();
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    for (const auto& [key, names] : {std::pair{"added", &added}, std::pair{"kept", &kept}}) {
        json.key(key);
        json.begin_array();
        for (const std::string& name : *names) json.string(name);
        json.end_array();
    }
    json.end_object();
    return answer;
}

}  // namespace steno::server
