#include "alerts/rule.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "budgets/budget.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace steno::alerts {

namespace {

namespace dom = simdjson::dom;

constexpr std::array<std::string_view, 4> kLevels{"no_data", "ok", "warning", "critical"};
constexpr std::array<std::string_view, 5> kKinds{"threshold", "missing_data", "calls", "budget", "anomaly"};
constexpr std::array<std::string_view, 3> kSides{"either", "above", "below"};
constexpr std::array<std::string_view, 26> kMembers{
    "description", "kind",  "metric",   "filters",       "group_by", "window",  "tz",
    "delay",       "when",  "warning",  "critical",      "recover",  "against", "at_least",
    "field",       "over",  "severity", "min_calls",     "budget",   "at",      "projected",
    "for",         "every", "renotify", "tell_recovery", "channels"};
/// What the API says besides; a rule that was shown can be set again.
constexpr std::array<std::string_view, 9> kShown{
    "name", "state", "muted_until", "mute_reason", "evaluated_at", "error", "more_groups", "groups", "unit"};

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLongestSpan = 366 * 86'400 * kSecond;
constexpr std::int64_t kLongestWindow = 400 * 86'400 * kSecond;
constexpr std::size_t kMostFilters = 20;
constexpr std::size_t kMostChannels = 50;

std::string_view to_string(Rule::Kind kind) {
    return kKinds[static_cast<std::size_t>(kind)];
}

std::unexpected<Error> wrong(std::string_view member, std::string_view why, std::string remedy = {}) {
    return fail(Code::InvalidArgument, fmt::format("{}: {}", member, why), std::move(remedy));
}

/// Reads the members of a rule's JSON object.
class Reader {
  public:
    Reader(Rule& rule, dom::object object) : rule_(rule), object_(object) {}

    Result<void> read() {
        STENO_TRY(only_known());
        STENO_TRY(text("description", rule_.description));
        if (rule_.description.size() > 1000) return wrong("description", "it is longer than 1000 bytes");
        STENO_TRY(kind());
        STENO_TRY(selection());
        if (rule_.kind != Rule::Kind::Budget && rule_.kind != Rule::Kind::Anomaly) STENO_TRY(window());
        STENO_TRY(judged());
        STENO_TRY(pace());
        return texts("channels", rule_.channels, kMostChannels);
    }

  private:
    Result<void> only_known() const {
        for (const auto [key, value] : object_) {
            if (std::ranges::find(kMembers, key) != kMembers.end() ||
                std::ranges::find(kShown, key) != kShown.end())
                continue;
            const std::string_view meant = nearest(key, kMembers);
            return fail(Code::InvalidArgument, fmt::format("a rule has no \"{}\"", utf8_prefix(key, 60)),
                        meant.empty() ? fmt::format("it has {}", fmt::join(kMembers, ", "))
                                      : fmt::format("did you mean {}?", meant));
        }
        return {};
    }
    [[nodiscard]] bool has(std::string_view name) const {
        dom::element value;
        return object_[name].get(value) == simdjson::SUCCESS && !value.is_null();
    }
    Result<void> text(std::string_view name, std::string& into) const {
        if (!has(name)) return {};
        std::string_view found;
        if (object_[name].get(found) != simdjson::SUCCESS) return wrong(name, "it must be a text");
        into = found;
        return {};
    }
    /// A list of texts, or one text with commas.
    Result<void> texts(std::string_view name, std::vector<std::string>& into, std::size_t most) const {
        if (!has(name)) return {};
        std::string_view one;
        dom::array list;
        if (object_[name].get(one) == simdjson::SUCCESS) {
            for (const std::string_view piece : split(one, ',')) into.emplace_back(piece);
        } else if (object_[name].get(list) == simdjson::SUCCESS) {
            for (const dom::element item : list) {
                std::string_view piece;
                if (item.get(piece) != simdjson::SUCCESS) return wrong(name, "it must be a list of texts");
                into.emplace_back(piece);
            }
        } else {
            return wrong(name, "it must be a list of texts");
        }
        if (into.size() > most) return wrong(name, fmt::format("at most {}", most));
        return {};
    }
    Result<void> whole(std::string_view name, std::int64_t& into, std::int64_t least,
                       std::int64_t most) const {
        if (!has(name)) return {};
        std::int64_t found = 0;
        if (object_[name].get(found) != simdjson::SUCCESS || found < least || found > most)
            return wrong(name, fmt::format("it must be a whole number from {} to {}", least, most));
        into = found;
        return {};
    }
    Result<void> span(std::string_view name, Duration& into) const {
        std::string found;
        STENO_TRY(text(name, found));
        if (found.empty()) return {};
        STENO_ASSIGN(into, parse_span(name, found));
        return {};
    }
    Result<void> amount(std::string_view name, Unit unit, std::optional<Decimal>& into) const {
        if (!has(name)) return {};
        std::string_view found;
        double number = 0;
        if (object_[name].get(found) == simdjson::SUCCESS) {
            STENO_ASSIGN(into, parse_amount(unit, name, found));
        } else if (object_[name].get(number) == simdjson::SUCCESS) {
            STENO_ASSIGN(into, parse_amount(unit, name, fmt::format("{}", number)));
        } else {
            return wrong(name, "it must be a number");
        }
        if (*into < Decimal()) return wrong(name, "it is below zero");
        if (unit == Unit::Share && *into > Decimal::from_units(Decimal::kOne))
            return wrong(name, "a share is at most 1", "0.05 or 5%");
        return {};
    }

    Result<void> kind() {
        std::string kind = "threshold";
        STENO_TRY(text("kind", kind));
        const auto found = std::ranges::find(kKinds, std::string_view(kind));
        if (found == kKinds.end())
            return wrong("kind", fmt::format("there is no \"{}\"", utf8_prefix(kind, 40)),
                         fmt::format("{}", fmt::join(kKinds, ", ")));
        rule_.kind = static_cast<Rule::Kind>(found - kKinds.begin());
        STENO_TRY(only_of_its_kind(kind));
        std::string metric;
        STENO_TRY(text("metric", metric));
        if (rule_.kind == Rule::Kind::Budget) {
            rule_.metric.name = "spent";
            rule_.metric.unit = Unit::Share;
            return {};
        }
        if (rule_.kind == Rule::Kind::MissingData || rule_.kind == Rule::Kind::Calls) {
            if (!metric.empty() && metric != "calls")
                return wrong("metric", fmt::format("a rule of kind {} has none", kind));
            metric = "calls";
        }
        if (metric.empty())
            return wrong("metric", "it is missing", "such as failure_rate, cost or duration_p95");
        if (rule_.kind == Rule::Kind::Anomaly) return hourly_metric(metric);
        STENO_ASSIGN(rule_.metric, make_metric(metric));
        return {};
    }

    /// Members that say something to other kinds alone.
    Result<void> only_of_its_kind(std::string_view kind) const {
        constexpr unsigned kThreshold = 1, kMissing = 2, kCalls = 4, kBudget = 8, kAnomaly = 16;
        struct Of {
            std::string_view member;
            unsigned kinds;
        };
        constexpr std::array kOf{Of{"metric", kThreshold | kMissing | kCalls | kAnomaly},
                                 Of{"window", kThreshold | kMissing | kCalls},
                                 Of{"tz", kThreshold | kMissing | kCalls | kAnomaly},
                                 Of{"delay", kThreshold | kMissing | kCalls | kAnomaly},
                                 Of{"when", kThreshold | kAnomaly},
                                 Of{"warning", kThreshold | kAnomaly},
                                 Of{"critical", kThreshold | kAnomaly},
                                 Of{"recover", kThreshold | kAnomaly},
                                 Of{"at_least", kThreshold | kAnomaly},
                                 Of{"against", kThreshold},
                                 Of{"min_calls", kThreshold},
                                 Of{"for", kThreshold | kMissing | kCalls},
                                 Of{"field", kCalls},
                                 Of{"over", kCalls},
                                 Of{"severity", kMissing | kCalls},
                                 Of{"budget", kBudget},
                                 Of{"at", kBudget},
                                 Of{"projected", kBudget}};
        const unsigned mine = 1U << static_cast<unsigned>(rule_.kind);
        for (const Of& of : kOf) {
            if (!has(of.member) || (of.kinds & mine) != 0) continue;
            const bool level = mine == kMissing || mine == kCalls;
            return wrong(of.member, fmt::format("a rule of kind {} has none", kind),
                         mine == kBudget ? "the budget says whose calls count, and when"
                         : level         ? "severity says which level it has"
                                         : "");
        }
        return {};
    }

    Result<void> hourly_metric(const std::string& name) {
        STENO_ASSIGN(rule_.measure, analysis::trend_measure(name));
        if (!rule_.measure->anomalies)
            return wrong("metric", fmt::format("anomalies of {} are not looked for", name),
                         "calls, cost, requests, tokens, failures, failure_rate, duration_p95, ttft_p50, …");
        if (auto metric = make_metric(name)) rule_.metric = std::move(*metric);  // which calls show it
        rule_.metric.name = name;
        switch (rule_.measure->unit) {
            case analysis::Unit::Money:
                rule_.metric.unit = Unit::Money;
                break;
            case analysis::Unit::Share:
                rule_.metric.unit = Unit::Share;
                break;
            case analysis::Unit::Milliseconds:
                rule_.metric.unit = Unit::Milliseconds;
                break;
            case analysis::Unit::Count:
            case analysis::Unit::Number:
                rule_.metric.unit = Unit::Number;
        }
        return {};
    }

    Result<void> selection() {
        dom::array list;
        std::string_view one;
        // Values may hold commas, so a text is one filter.
        if (has("filters") && object_["filters"].get(one) == simdjson::SUCCESS)
            rule_.filters.emplace_back(one);
        else
            STENO_TRY(texts("filters", rule_.filters, kMostFilters));
        for (const std::string& filter : rule_.filters) {
            const std::size_t equals = filter.find('=');
            if (equals == std::string::npos || equals + 1 == filter.size())
                return wrong("filters", fmt::format("\"{}\" is none", utf8_prefix(filter, 80)),
                             "FIELD[.OP]=VALUE, such as trace.agent=billing");
            auto made = store::make_filter(filter.substr(0, equals), filter.substr(equals + 1));
            if (!made) return std::unexpected(std::move(made).error().with_context("filters"));
            rule_.parsed_filters.push_back(std::move(*made));
        }
        std::vector<std::string> fields;
        STENO_TRY(texts("group_by", fields, 3));
        for (const std::string& field : fields) {
            auto made = store::make_field(field);
            if (!made) return std::unexpected(std::move(made).error().with_context("group_by"));
            rule_.group_by.push_back(std::move(*made));
        }
        if (rule_.kind == Rule::Kind::Budget && !(rule_.group_by.empty() && rule_.filters.empty()))
            return wrong(rule_.filters.empty() ? "group_by" : "filters", "a rule of kind budget has none",
                         "the budget says whose calls count");
        return {};
    }

    Result<void> window() {
        std::string zone;
        STENO_TRY(text("tz", zone));
        STENO_ASSIGN(rule_.zone, calendar::Zone::find(zone));
        STENO_TRY(text("window", rule_.window));
        STENO_TRY(span("delay", rule_.delay));
        if (rule_.delay.nanos > 86'400 * kSecond) return wrong("delay", "it is longer than a day");
        constexpr std::string_view kWindows =
            "5m, 1h, 24h, today, this-week, this-month, 7d, yesterday or last-week";
        // The same window a while later must be another one.
        const Timestamp now{1'763'600'000 * kSecond, 0}, later{now.unix_nanos + 800 * 86'400 * kSecond, 0};
        const auto period = calendar::parse_period(rule_.window, rule_.zone, now);
        const auto moved = calendar::parse_period(rule_.window, rule_.zone, later);
        if (!period || !moved || period->from == moved->from || rule_.window.starts_with("20"))
            return wrong("window",
                         fmt::format("\"{}\" is no window that moves on", utf8_prefix(rule_.window, 40)),
                         std::string(kWindows));
        const std::int64_t length = period->to.unix_nanos - period->from.unix_nanos;
        if (length < 60 * kSecond || length > kLongestWindow)
            return wrong("window", "it must be 1 minute to 400 days long", std::string(kWindows));
        return {};
    }

    Result<void> judged() {
        if (rule_.kind == Rule::Kind::Budget) return budget();
        if (rule_.kind == Rule::Kind::Anomaly) return odd_hours();
        if (rule_.kind != Rule::Kind::Threshold) {
            std::string severity = "warning";
            STENO_TRY(text("severity", severity));
            const auto level = parse_level(severity);
            if (!level || !firing(*level)) return wrong("severity", "it must be warning or critical");
            rule_.severity = *level;
            if (rule_.kind == Rule::Kind::MissingData) return no_calendar_window("calls are missing");
            rule_.tell_recovery = false;
            return single_calls();
        }
        std::string when = "above", against;
        STENO_TRY(text("when", when));
        if (when != "above" && when != "below") return wrong("when", "it must be above or below");
        rule_.above = when == "above";
        STENO_TRY(text("against", against));
        if (!against.empty() && against != "before")
            return wrong("against", "it must be before: the window of the same shape before");
        rule_.against_before = !against.empty();
        STENO_TRY(amount("warning", rule_.unit(), rule_.warning));
        STENO_TRY(amount("critical", rule_.unit(), rule_.critical));
        STENO_TRY(amount("recover", rule_.unit(), rule_.recovery));
        STENO_TRY(amount("at_least", rule_.metric.unit, rule_.at_least));
        if (!rule_.warning && !rule_.critical)
            return fail(Code::InvalidArgument, "there is no threshold", "give warning, critical or both");
        STENO_TRY(thresholds(when));
        const Decimal first = rule_.warning.value_or(rule_.critical.value_or(Decimal()));
        if (!rule_.above && first == Decimal() && !rule_.critical)
            return wrong("warning", "nothing is below zero", "a rule of kind missing_data tells of no calls");
        if (!rule_.above && !rule_.against_before && rule_.metric.zero_without_calls())
            STENO_TRY(no_calendar_window(fmt::format("{} is small", rule_.metric.name)));
        return whole("min_calls", rule_.min_calls, 0, 1'000'000'000);
    }
    /// Do they contradict each other?
    Result<void> thresholds(std::string_view when) const {
        const auto worse = [&](Decimal a, Decimal b) { return rule_.above ? a > b : a < b; };
        if (rule_.warning && rule_.critical && worse(*rule_.warning, *rule_.critical))
            return wrong(
                "warning",
                fmt::format("it is beyond critical ({} {})", when, shown(rule_.unit(), *rule_.critical)),
                rule_.above ? "warning is the smaller one" : "warning is the greater one: when is below");
        const Decimal first = rule_.warning.value_or(rule_.critical.value_or(Decimal()));
        if (rule_.recovery && worse(*rule_.recovery, first))
            return wrong("recover", fmt::format("it is beyond the threshold {}", shown(rule_.unit(), first)),
                         rule_.above ? "it is at most the threshold" : "it is at least the threshold");
        return {};
    }
    Result<void> budget() {
        STENO_TRY(text("budget", rule_.budget));
        if (rule_.budget.size() > budgets::kMaxName) return wrong("budget", "no budget has such a long name");
        if (has("projected") && object_["projected"].get(rule_.projected) != simdjson::SUCCESS)
            return wrong("projected", "it must be true or false");
        if (!has("at")) return {};
        dom::array list;
        std::string percentages;
        if (object_["at"].get(list) != simdjson::SUCCESS)
            return wrong("at", "it must be a list of percentages", "[50, 80, 100]");
        for (const dom::element item : list) {
            std::int64_t percent = 0;
            if (item.get(percent) != simdjson::SUCCESS)
                return wrong("at", "it must be a list of whole numbers", "[50, 80, 100]");
            percentages += (percentages.empty() ? "" : ",") + std::to_string(percent);
        }
        auto at = budgets::parse_soft(percentages);
        if (!at) return std::unexpected(std::move(at).error().with_context("at"));
        if (at->empty() && !rule_.projected)
            return wrong("at", "without any, and without projected, there is nothing to tell",
                         "[50, 80, 100]; leave it out for the budget's own");
        rule_.at = std::move(*at);
        return {};
    }
    Result<void> odd_hours() {
        std::string zone, when = "either";
        STENO_TRY(text("tz", zone));
        STENO_ASSIGN(rule_.zone, calendar::Zone::find(zone));
        rule_.window = "1h";
        rule_.delay = Duration{300 * kSecond};
        STENO_TRY(span("delay", rule_.delay));
        if (rule_.delay.nanos > 86'400 * kSecond) return wrong("delay", "it is longer than a day");
        STENO_TRY(text("when", when));
        const auto side = std::ranges::find(kSides, std::string_view(when));
        if (side == kSides.end()) return wrong("when", "it must be either, above or below");
        rule_.side = static_cast<Rule::Side>(side - kSides.begin());
        STENO_TRY(amount("warning", Unit::Number, rule_.warning));
        STENO_TRY(amount("critical", Unit::Number, rule_.critical));
        STENO_TRY(amount("recover", Unit::Number, rule_.recovery));
        STENO_TRY(amount("at_least", rule_.metric.unit, rule_.at_least));
        if (!rule_.warning && !rule_.critical) {
            rule_.warning = Decimal::parse("4.5");
            rule_.critical = Decimal::parse("9");
        }
        const Decimal least = Decimal::from_units(2 * Decimal::kOne);
        for (const auto& [name, score] :
             {std::pair("warning", rule_.warning), std::pair("critical", rule_.critical)})
            if (score && *score < least)
                return wrong(name, "scores below 2 are those of usual hours", "4.5 and 9 are the defaults");
        return thresholds("above");
    }
    /// At the beginning of such a window there are no calls, every time.
    Result<void> no_calendar_window(std::string_view what) const {
        const Timestamp now{1'763'600'000 * kSecond, 0};
        STENO_ASSIGN(const auto period, calendar::parse_period(rule_.window, rule_.zone, now));
        const Timestamp soon{period.from.unix_nanos + 60 * kSecond, 0};
        STENO_ASSIGN(const auto begun, calendar::parse_period(rule_.window, rule_.zone, soon));
        if (!begun.unfinished || begun.from != period.from) return {};
        return wrong("window", fmt::format("when \"{}\" has just begun, {} every time", rule_.window, what),
                     "24h, 7d, yesterday or last-week");
    }

    Result<void> single_calls() {
        std::string name;
        STENO_TRY(text("field", name));
        if (name.empty())
            return wrong("field", "it is missing", "such as time.duration_ms or usage.output_tokens");
        auto field = store::make_field(name);
        if (!field) return std::unexpected(std::move(field).error().with_context("field"));
        const FieldType type = field->type();
        if (type != FieldType::Integer && type != FieldType::Number && type != FieldType::Duration &&
            type != FieldType::Decimal)
            return wrong("field", fmt::format("{} is no number", name));
        const Unit unit = type == FieldType::Duration  ? Unit::Milliseconds
                          : type == FieldType::Decimal ? Unit::Money
                                                       : Unit::Number;
        STENO_TRY(amount("over", unit, rule_.over));
        if (!rule_.over) return wrong("over", "it is missing", "a call that has more than that is told of");
        auto filter = store::make_filter(name, store::Op::Gt, rule_.over->to_short_string());
        if (!filter) return std::unexpected(std::move(filter).error().with_context("over"));
        rule_.metric.unit = Unit::Number;
        rule_.metric.top.filters = {*filter};
        rule_.metric.sample_filters = {*filter};
        rule_.metric.sample_order = "-" + name;
        rule_.field = std::move(*field);
        return {};
    }

    Result<void> pace() {
        STENO_TRY(whole("for", rule_.evaluations, 1, 1000));
        const bool hourly = rule_.kind == Rule::Kind::Anomaly;
        if (hourly) rule_.every = Duration{600 * kSecond};
        STENO_TRY(span("every", rule_.every));
        if (hourly && rule_.every.nanos < 60 * kSecond)
            return wrong("every", "an hour is over once an hour", "10m, or 1 minute at least");
        if (rule_.every.nanos < kSecond || rule_.every.nanos > 86'400 * kSecond)
            return wrong("every", "it must be 1 second to 1 day");
        STENO_TRY(span("renotify", rule_.renotify));
        if (rule_.renotify.nanos != 0 && rule_.renotify.nanos < 60 * kSecond)
            return wrong("renotify", "it must be a minute or longer, or 0 for never");
        if (has("tell_recovery") && object_["tell_recovery"].get(rule_.tell_recovery) != simdjson::SUCCESS)
            return wrong("tell_recovery", "it must be true or false");
        return {};
    }

    Rule& rule_;
    dom::object object_;
};

void write_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
    json.key(key);
    json.begin_array();
    for (const std::string& text : texts) json.string(text);
    json.end_array();
}

}  // namespace

std::string_view to_string(Level level) {
    return kLevels[static_cast<std::size_t>(level)];
}

std::optional<Level> parse_level(std::string_view text) {
    const auto found = std::ranges::find(kLevels, text);
    if (found == kLevels.end()) return std::nullopt;
    return static_cast<Level>(found - kLevels.begin());
}

std::optional<Decimal> Rule::threshold(Level level) const {
    if (level == Level::Critical) return critical;
    if (level == Level::Warning) return warning;
    return std::nullopt;
}

std::string_view unit_name(const Rule& rule) {
    if (rule.against_before) return "ratio";
    if (rule.kind == Rule::Kind::Anomaly) return "score";
    switch (rule.unit()) {
        case Unit::Share:
            return "share";
        case Unit::Money:
            return "money";
        case Unit::Milliseconds:
            return "milliseconds";
        case Unit::Number:
            break;
    }
    return "number";
}

Result<Duration> parse_span(std::string_view what, std::string_view text) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const std::int64_t width = unit == "s"   ? kSecond
                               : unit == "m" ? 60 * kSecond
                               : unit == "h" ? 3600 * kSecond
                               : unit == "d" ? 86'400 * kSecond
                                             : 0;
    if (error == std::errc() && count == 0 && (unit.empty() || width != 0)) return Duration{0};
    if (error != std::errc() || width == 0 || count < 1 || count > kLongestSpan / width)
        return wrong(what, fmt::format("\"{}\" is no span of time", utf8_prefix(text, 40)),
                     "30s, 5m, 2h or 1d");
    return Duration{count * width};
}

std::string span_text(Duration span) {
    const std::int64_t seconds = span.nanos / kSecond;
    if (seconds == 0) return "0";
    if (seconds % 86'400 == 0) return fmt::format("{}d", seconds / 86'400);
    if (seconds % 3600 == 0) return fmt::format("{}h", seconds / 3600);
    if (seconds % 60 == 0) return fmt::format("{}m", seconds / 60);
    return fmt::format("{}s", seconds);
}

Result<Rule> rule_from_json(std::string_view name, std::string_view json) {
    dom::parser parser;
    dom::object object;
    if (parser.parse(json.data(), json.size()).get(object) != simdjson::SUCCESS)
        return fail(
            Code::InvalidArgument, "the rule is no JSON object",
            R"(such as {"metric": "failure_rate", "window": "15m", "warning": "5%", "min_calls": 20})");
    Rule rule;
    rule.name = name;
    STENO_TRY(Reader(rule, object).read());
    return rule;
}

void write_members(JsonWriter& json, const Rule& rule) {
    const auto amount = [&](std::string_view key, Unit unit, const std::optional<Decimal>& value) {
        if (!value) return;
        json.key(key);
        write_amount(json, unit, *value);
    };
    if (!rule.description.empty()) json.member("description", rule.description);
    json.member("kind", to_string(rule.kind));
    const bool threshold = rule.kind == Rule::Kind::Threshold, anomaly = rule.kind == Rule::Kind::Anomaly,
               budget = rule.kind == Rule::Kind::Budget;
    if (threshold || anomaly) json.member("metric", rule.metric.name);
    write_texts(json, "filters", rule.filters);
    json.key("group_by");
    json.begin_array();
    for (const store::Field& field : rule.group_by) json.string(field.path());
    json.end_array();
    if (!budget && !anomaly) json.member("window", rule.window);
    if (!budget) {
        json.member("tz", rule.zone.name());
        json.member("delay", span_text(rule.delay));
    }
    if (budget) {
        if (!rule.budget.empty()) json.member("budget", rule.budget);
        if (rule.at) {
            json.key("at");
            json.begin_array();
            for (const int percent : *rule.at) json.number(std::int64_t{percent});
            json.end_array();
        }
        json.member("projected", rule.projected);
    } else if (anomaly) {
        json.member("when", kSides[static_cast<std::size_t>(rule.side)]);
        amount("warning", Unit::Number, rule.warning);
        amount("critical", Unit::Number, rule.critical);
        amount("recover", Unit::Number, rule.recovery);
        amount("at_least", rule.metric.unit, rule.at_least);
    } else if (threshold) {
        json.member("when", rule.above ? "above" : "below");
        amount("warning", rule.unit(), rule.warning);
        amount("critical", rule.unit(), rule.critical);
        amount("recover", rule.unit(), rule.recovery);
        if (rule.against_before) json.member("against", "before");
        amount("at_least", rule.metric.unit, rule.at_least);
        json.member("min_calls", rule.min_calls);
    } else {
        if (rule.field) {
            json.member("field", rule.field->path());
            json.key("over");
            write_amount(json, rule.field->type() == FieldType::Decimal ? Unit::Money : Unit::Number,
                         *rule.over);
        }
        json.member("severity", to_string(rule.severity));
    }
    if (!budget && !anomaly) json.member("for", rule.evaluations);
    json.member("every", span_text(rule.every));
    json.member("renotify", span_text(rule.renotify));
    json.member("tell_recovery", rule.tell_recovery);
    write_texts(json, "channels", rule.channels);
}

std::string to_json(const Rule& rule) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    write_members(json, rule);
    json.end_object();
    return out;
}

bool same_watched(const Rule& a, const Rule& b) {
    return a.kind == b.kind && a.metric.name == b.metric.name && a.filters == b.filters &&
           a.group_by == b.group_by && a.window == b.window && a.against_before == b.against_before &&
           a.field == b.field && a.budget == b.budget && a.side == b.side;
}

std::vector<Rule> default_rules() {
    struct Default {
        std::string_view name, json;
    };
    constexpr std::array kDefaults{
        Default{"cost-spike",
                R"({"description": "An hour cost more than is usual at that hour of the week, and $1 or more",
                    "kind": "anomaly", "metric": "cost", "when": "above", "at_least": 1, "renotify": "1d"})"},
        Default{"budgets",
                R"({"description": "So much of a budget is spent, or it will not last", "kind": "budget",
                    "projected": true})"},
        Default{
            "failure-rate",
            R"({"description": "More than one of twenty calls of the last 15 minutes failed, without those that a budget refused",
                    "metric": "failure_rate", "filters": ["error.provider_type.ne=steno_budget"], "window": "15m", "warning": "5%", "critical": "20%",
                    "recover": "3%", "min_calls": 20, "for": 2, "renotify": "4h"})"},
        Default{"slow-calls",
                R"({"description": "Calls that took longer than 30 seconds", "kind": "calls",
                    "field": "time.duration_ms", "over": 30000, "window": "1h", "every": "5m", "renotify": "1h"})"},
        Default{"high-token-calls",
                R"({"description": "Calls with more than 50,000 tokens in the prompt", "kind": "calls",
                    "field": "usage.input_tokens", "over": 50000, "window": "1h", "every": "5m", "renotify": "1h"})"},
        Default{"data-quality",
                R"({"description": "Prompts were sent with variables that nobody filled in",
                    "metric": "missing_variables_rate", "window": "1h", "warning": "1%", "critical": "10%",
                    "min_calls": 20, "every": "5m", "renotify": "1d"})"},
        Default{"no-calls",
                R"({"description": "Nothing was recorded for a whole day", "kind": "missing_data",
                    "window": "24h", "every": "5m", "renotify": "1d"})"},
    };
    std::vector<Rule> rules;
    for (const Default& one : kDefaults) rules.push_back(rule_from_json(one.name, one.json).value());
    return rules;
}

}  // namespace steno::alerts
