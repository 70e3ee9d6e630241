#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cli/alert_channels.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/completeness.hpp"
#include "cli/question.hpp"
#include "cli/terminal.hpp"
#include "io/file_system.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct AlertFlags {
    RecordFlags record;
    PeriodFlags period;
    std::string name, file;
    std::string metric, missing, calls_over, window, warning, critical, recover, against, at_least;
    std::string severity, delay, every, renotify, description, mute_for, mute_until, reason;
    std::vector<std::string> filters, channels;
    std::string by, budget, at;
    bool above = false, any_budget = false, projected = false, anomaly = false;
    bool below = false, missing_data = false, against_before = false, no_recovery = false;
    std::int64_t evaluations = 0, min_calls = -1;
    std::uint32_t limit = 30;
};

std::string path_of(const std::string& name, std::string_view behind = {}) {
    return fmt::format("/api/v1/alerts/{}{}", net::percent_encode(name), behind);
}

void write_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    json.key(key);
    json.begin_array();
    for (const std::string& text : texts) json.string(text);
    json.end_array();
}

/// "50,80,100", or "none".
Result<void> write_percentages(JsonWriter& json, std::string_view key, std::string_view text) {
    if (text.empty()) return {};
    json.key(key);
    json.begin_array();
    for (std::string_view part : split(text == "none" ? "" : text, ',')) {
        if (part.ends_with('%')) part.remove_suffix(1);
        const bool digits = !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
        if (!digits || part.size() > 4 || part.front() == '0')
            return fail(Code::InvalidArgument, fmt::format("--{}: \"{}\" is no percentage", key, part),
                        "whole numbers with commas between, such as 50,80,100, or none");
        json.raw(part);
    }
    json.end_array();
    return {};
}

/// The rule that the flags, or the file, describe; what they do not say is the server's default.
Result<std::string> rule_json(const AlertFlags& flags) {
    if (!flags.file.empty()) return io::read_file(io::posix_file_system(), flags.file, 1 << 20);
    std::string out;
    JsonWriter json(out);
    const auto text = [&](std::string_view key, const std::string& value) {
        if (!value.empty()) json.member(key, value);
    };
    json.begin_object();
    text("description", flags.description);
    const bool budget = !flags.budget.empty() || flags.any_budget;
    const int kinds = !flags.metric.empty() + flags.missing_data + !flags.calls_over.empty() + budget;
    if (kinds != 1)
        return fail(Code::InvalidArgument, "what is watched?",
                    "one of --metric NAME, --calls-over FIELD=AMOUNT, --missing-data, --budget NAME, "
                    "--any-budget, or --file RULE.json");
    if (!budget && (!flags.at.empty() || flags.projected))
        return fail(Code::InvalidArgument, "--at and --projected are of budgets",
                    "with --budget NAME or --any-budget");
    if (flags.anomaly && flags.metric.empty())
        return fail(Code::InvalidArgument, "--anomaly is of a metric", "--metric cost --anomaly");
    if (budget) {
        if (!flags.budget.empty() && flags.any_budget)
            return fail(Code::InvalidArgument, "which budget?", "--budget NAME or --any-budget");
        json.member("kind", "budget");
        text("budget", flags.budget);
        STENO_TRY(write_percentages(json, "at", flags.at));
        if (flags.projected) json.member("projected", true);
    } else if (flags.anomaly) {
        json.member("kind", "anomaly");
        json.member("metric", flags.metric);
        if (flags.below != flags.above) json.member("when", flags.below ? "below" : "above");
    } else if (flags.missing_data) {
        json.member("kind", "missing_data");
    } else if (!flags.calls_over.empty()) {
        const std::size_t equals = flags.calls_over.find('=');
        if (equals == std::string::npos)
            return fail(Code::InvalidArgument, "--calls-over takes FIELD=AMOUNT",
                        "--calls-over time.duration_ms=30s");
        json.member("kind", "calls");
        json.member("field", flags.calls_over.substr(0, equals));
        json.member("over", flags.calls_over.substr(equals + 1));
    } else {
        json.member("metric", flags.metric);
        if (flags.below) json.member("when", "below");
        if (flags.against_before) json.member("against", "before");
    }
    write_texts(json, "filters", flags.filters);
    text("group_by", flags.by);
    text("window", flags.window);
    text("tz", flags.period.tz);
    text("delay", flags.delay);
    text("warning", flags.warning);
    text("critical", flags.critical);
    text("recover", flags.recover);
    text("at_least", flags.at_least);
    text("severity", flags.severity);
    if (flags.min_calls >= 0) json.member("min_calls", flags.min_calls);
    if (flags.evaluations > 0) json.member("for", flags.evaluations);
    text("every", flags.every);
    text("renotify", flags.renotify);
    if (flags.no_recovery) json.member("tell_recovery", false);
    write_texts(json, "channels", flags.channels);
    json.end_object();
    return out;
}

Colour colour_of_level(std::string_view level) {
    if (level == "ok") return Colour::Green;
    if (level == "learning") return Colour::Cyan;
    if (level == "warning") return Colour::Yellow;
    if (level == "critical") return Colour::Red;
    return Colour::Dim;
}

/// "gpt-4o, billing"
std::string group_of(dom::element value) {
    dom::array group;
    std::string text;
    if (value["group"].get(group) != simdjson::SUCCESS) return text;
    for (const dom::element part : group) {
        std::string_view one;
        if (!text.empty()) text += ", ";
        text += part.get(one) == simdjson::SUCCESS ? std::string(one)
                : part.is_null()                   ? std::string(kUnknown)
                                                   : simdjson::minify(part);
    }
    return text;
}

/// What the rule counts in, as people read it: "5 %", "1.5 s", "×2", "$10".
std::string amount_of(dom::element rule, dom::element from, const char* pointer) {
    if (!has(from, pointer)) return kUnknown;
    const std::string unit = text_at(rule, "/unit");
    if (unit == "money") {
        const std::string currency = text_at(from, "/currency");
        return currency.empty() ? text_at(from, pointer) : money(text_at(from, pointer), currency);
    }
    const double value = number_at(from, pointer);
    if (unit == "milliseconds") return milliseconds(value);
    if (unit == "share") return fmt::format("{:.4g} %", value * 100);
    if (unit == "ratio") return fmt::format("×{:.2f}", value);
    if (unit == "score") return fmt::format("score {:.3g}", value);
    const bool whole = value == std::floor(value) && std::abs(value) < 1e15;
    return whole ? grouped(static_cast<std::int64_t>(value)) : fmt::format("{:.4g}", value);
}

/// An amount of the metric itself, where the rule's unit is of a ratio or a score.
std::string metric_amount(dom::element rule, const char* pointer) {
    const std::string amount = text_at(rule, pointer);
    const bool of_metric = text_at(rule, "/unit") != "ratio" && text_at(rule, "/unit") != "score";
    return of_metric ? amount_of(rule, rule, pointer)
                     : fmt::format("{} {}", text_at(rule, "/metric"), amount);
}

/// "failure_rate ≥ 5 %": what a rule watches, in its own words.
std::string watched(dom::element rule) {
    const std::string kind = text_at(rule, "/kind");
    if (kind == "missing_data") return "no calls";
    if (kind == "calls")
        return fmt::format("calls with {} > {}", text_at(rule, "/field"), text_at(rule, "/over"));
    if (kind == "budget") {
        const std::string name = text_at(rule, "/budget");
        std::string at;
        for (std::size_t i = 0; has(rule, fmt::format("/at/{}", i).c_str()); ++i)
            at += fmt::format("{}{}", i == 0 ? "" : ", ", text_at(rule, fmt::format("/at/{}", i).c_str()));
        if (!has(rule, "/at"))
            at = name.empty() ? "their own percentages" : "its own percentages";
        else if (!at.empty())
            at += " %";
        if (text_at(rule, "/projected") == "true") at += at.empty() ? "its projected end" : ", projected end";
        return fmt::format("{}: {}", name.empty() ? "any budget" : "budget " + name, at);
    }
    if (kind == "anomaly") {
        const std::string when = text_at(rule, "/when");
        std::string text = fmt::format("unusual {}{}, ", text_at(rule, "/metric"),
                                       when == "above"   ? " (too much)"
                                       : when == "below" ? " (too little)"
                                                         : "");
        for (const char* level : {"/warning", "/critical"})
            if (has(rule, level)) text += (text.ends_with(", ") ? "" : ", ") + amount_of(rule, rule, level);
        return text;
    }
    const std::string text =
        fmt::format("{} {} ", text_at(rule, "/metric"), text_at(rule, "/when") == "below" ? "≤" : "≥");
    if (has(rule, "/warning") && has(rule, "/critical"))
        return text + amount_of(rule, rule, "/warning") + ", " + amount_of(rule, rule, "/critical");
    return text + amount_of(rule, rule, has(rule, "/warning") ? "/warning" : "/critical");
}

std::string minute(const std::string& moment) {
    return moment.size() < 16 ? std::string(kUnknown) : moment.substr(0, 10) + " " + moment.substr(11, 5);
}

/// Of what a number alone says little.
bool in_words_alone(dom::element rule) {
    const std::string kind = text_at(rule, "/kind");
    return kind == "budget" || kind == "anomaly";
}

std::string window_of(dom::element rule) {
    const std::string kind = text_at(rule, "/kind");
    if (kind == "budget") return "its period";
    return kind == "anomaly" ? "hour" : text_at(rule, "/window");
}

void add_rule(Table& table, dom::element rule) {
    const std::string state = text_at(rule, "/state");
    dom::array groups;
    std::string worst, since;
    std::size_t firing = 0, count = 0;
    if (rule["groups"].get(groups) == simdjson::SUCCESS) {
        for (const dom::element group : groups) {
            const std::string level = text_at(group, "/level");
            firing += level == "warning" || level == "critical";
            if (count++ > 0) continue;
            since = minute(text_at(group, "/since"));
            worst = group_of(group);
            const bool in_words = text_at(rule, "/kind") == "anomaly" && has(group, "/what");
            // What is no level says why, with the number that was too few for one.
            const bool unknown = level == "no_data" && has(group, "/because");
            if (in_words || (has(group, "/value") && !unknown))
                worst += (worst.empty() ? "" : ": ") +
                         (in_words ? text_at(group, "/what") : amount_of(rule, group, "/value"));
            else if (has(group, "/because"))
                worst += (worst.empty() ? "" : ": ") +
                         (has(group, "/value") ? amount_of(rule, group, "/value") + " " : std::string()) +
                         text_at(group, "/because");
        }
    }
    if (count > 1 && firing > 1) worst += fmt::format(" and {} more", firing - 1);
    if (has(rule, "/error")) worst = text_at(rule, "/error");
    table.row(
        {text_at(rule, "/name"), state, watched(rule), window_of(rule), worst.empty() ? kUnknown : worst,
         since.empty() ? kUnknown : since, minute(text_at(rule, "/evaluated_at"))},
        {Colour::Plain, colour_of_level(state), Colour::Plain, Colour::Plain, Colour::Plain, Colour::Dim,
         Colour::Dim});
}

void add_event(Table& table, dom::element event, bool with_told = false) {
    const std::string from = text_at(event, "/from"), to = text_at(event, "/to");
    const std::string group = group_of(event);
    std::vector<std::string> cells{minute(text_at(event, "/at")),
                                   text_at(event, "/rule") + (group.empty() ? "" : " · " + group), from, to};
    if (with_told)
        cells.emplace_back(text_at(event, "/told") != "true" ? kUnknown : from == to ? "again" : "yes");
    cells.push_back(text_at(event, "/what") + (text_at(event, "/muted") == "true" ? " (muted)" : ""));
    table.row(std::move(cells), {Colour::Dim, Colour::Plain, colour_of_level(from), colour_of_level(to)});
}

/// `with_told`: of a preview, which line would have been a message.
Table event_table(bool with_told = false) {
    std::vector<Table::Column> columns{{"at (UTC)"}, {"rule"}, {"from"}, {"to"}};
    if (with_told) columns.push_back({"message"});
    columns.push_back({"what", false, true});
    return Table(std::move(columns));
}

/// Budgets of which a rule of their own and one of all budgets tell the same channel: a line each, at most 5.
std::vector<std::string> told_twice(dom::element answer) {
    dom::array rules;
    std::vector<std::string> notes;
    if (answer["alerts"].get(rules) != simdjson::SUCCESS) return notes;
    const auto channels_of = [](dom::element rule) {
        std::set<std::string> names;
        dom::array channels;
        if (rule["channels"].get(channels) == simdjson::SUCCESS)
            for (const dom::element one : channels) names.emplace(one.get_string().value_unsafe());
        return names;
    };
    for (const dom::element all : rules) {
        if (text_at(all, "/kind") != "budget" || has(all, "/budget")) continue;
        const auto to_all = channels_of(all);
        for (const dom::element own : rules) {
            if (text_at(own, "/kind") != "budget" || !has(own, "/budget") || notes.size() == 5) continue;
            const auto to_own = channels_of(own);
            const bool shared =
                to_all.empty() || to_own.empty() ||
                std::ranges::any_of(to_own, [&](const auto& name) { return to_all.contains(name); });
            if (!shared) continue;
            notes.push_back(printable(fmt::format(
                "{} and {} both tell of the budget {}: messages come twice (steno alerts remove {})",
                text_at(own, "/name"), text_at(all, "/name"), text_at(own, "/budget"),
                text_at(own, "/name"))));
        }
    }
    return notes;
}

Result<int> list(const Program& program, const AlertFlags& flags) {
    return ask_alerts(program, flags.record, "GET", "/api/v1/alerts", {}, [](dom::element answer) {
        Table table({{"rule"},
                     {"state"},
                     {"fires at"},
                     {"window"},
                     {"now", false, true},
                     {"since"},
                     {"evaluated (UTC)"}});
        dom::array rules;
        if (answer["alerts"].get(rules) == simdjson::SUCCESS)
            for (const dom::element rule : rules) add_rule(table, rule);
        if (table.empty()) {
            fmt::print("no alert rules yet: steno alerts add-defaults, or steno alerts set --help\n");
            return;
        }
        table.print();
        for (const std::string& note : told_twice(answer)) fmt::print("{}\n", note);
        if (text_at(answer, "/evaluation/running") != "true")
            fmt::print("Nobody evaluates them now: a server does (steno serve).\n");
    });
}

void show_rule(dom::element rule) {
    fmt::print("{}  {}\n", text_at(rule, "/name"),
               paint(text_at(rule, "/state"), colour_of_level(text_at(rule, "/state"))));
    if (has(rule, "/description")) fmt::print("{}\n", printable(text_at(rule, "/description")));
    const auto line = [&](std::string_view what, const std::string& value) {
        if (!value.empty() && value != "[]") fmt::print("  {:<12}{}\n", what, printable(value));
    };
    line("fires at", watched(rule));
    if (has(rule, "/recover")) line("recovers at", amount_of(rule, rule, "/recover"));
    if (text_at(rule, "/against") == "before") line("compared", "with the window of the same shape before");
    if (has(rule, "/at_least")) line("at least", metric_amount(rule, "/at_least"));
    if (has(rule, "/severity")) line("severity", text_at(rule, "/severity"));
    const auto list = [&](const char* name) {
        dom::array values;
        std::string text;
        if (rule[name].get(values) == simdjson::SUCCESS)
            for (const dom::element value : values)
                text += (text.empty() ? "" : ", ") + std::string(value.get_string().value_unsafe());
        return text;
    };
    line("only", list("filters"));
    line("by", list("group_by"));
    const std::string kind = text_at(rule, "/kind");
    if (kind == "anomaly")
        line("window", fmt::format("the last whole hour ({})", text_at(rule, "/tz")));
    else if (kind != "budget")
        line("window", fmt::format("{} ({})", text_at(rule, "/window"), text_at(rule, "/tz")));
    if (has(rule, "/delay") && text_at(rule, "/delay") != "0")
        line("ends", text_at(rule, "/delay") + " before now");
    if (number_at(rule, "/min_calls") > 0) line("min calls", text_at(rule, "/min_calls"));
    if (number_at(rule, "/for") > 1)
        line("for", text_at(rule, "/for") + " evaluations in a row, every " + text_at(rule, "/every"));
    else
        line("looks every", text_at(rule, "/every"));
    if (text_at(rule, "/renotify") != "0") line("again after", text_at(rule, "/renotify"));
    if (text_at(rule, "/tell_recovery") == "false") line("recovery", "is not told");
    const std::string channels = list("channels");
    line("told to", channels.empty() ? "all channels" : channels);
    if (has(rule, "/muted_until"))
        line("muted until", text_at(rule, "/muted_until") + " " + text_at(rule, "/mute_reason"));
    line("evaluated", minute(text_at(rule, "/evaluated_at")));
    if (has(rule, "/error")) line("error", text_at(rule, "/error"));
    dom::array groups;
    if (rule["groups"].get(groups) != simdjson::SUCCESS || groups.size() == 0) return;
    const bool in_words = in_words_alone(rule);
    Table table({{kind == "budget" ? "budget" : "group", false, true},
                 {"level"},
                 {in_words ? "how it stands" : "value", !in_words, in_words},
                 {"calls", true},
                 {"since (UTC)"}});
    for (const dom::element group : groups) {
        const std::string level = text_at(group, "/level"), name = group_of(group);
        const std::string because = text_at(group, "/because");
        table.row(
            {name.empty() ? "all calls" : name, level,
             in_words && has(group, "/value") ? text_at(group, "/what")
             : has(group, "/value")
                 ? amount_of(rule, group, "/value") + (because.empty() ? "" : " " + because)
             : because.empty() ? kUnknown
                               : because,
             has(group, "/calls") ? text_at(group, "/calls") : kUnknown, minute(text_at(group, "/since"))},
            {Colour::Plain, colour_of_level(level)});
    }
    fmt::print("\n");
    table.print();
}

Result<int> set_rule(const Program& program, const AlertFlags& flags) {
    STENO_ASSIGN(const std::string body, rule_json(flags));
    return ask_alerts(program, flags.record, "PUT", path_of(flags.name), body, show_rule);
}

Result<int> history(const Program& program, const AlertFlags& flags) {
    const std::string path = flags.name.empty() ? "/api/v1/alert-history" : path_of(flags.name, "/history");
    return ask_alerts(program, flags.record, "GET", fmt::format("{}?limit={}", path, flags.limit), {},
                      [](dom::element answer) {
                          Table table = event_table();
                          dom::array events;
                          if (answer["events"].get(events) == simdjson::SUCCESS)
                              for (const dom::element event : events) add_event(table, event);
                          if (table.empty())
                              fmt::print("nothing has changed yet\n");
                          else
                              table.print();
                      });
}

Result<int> mute(const Program& program, const AlertFlags& flags) {
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    if (!flags.mute_for.empty()) json.member("for", flags.mute_for);
    if (!flags.mute_until.empty()) json.member("until", flags.mute_until);
    if (!flags.reason.empty()) json.member("reason", flags.reason);
    json.end_object();
    return ask_alerts(
        program, flags.record, "POST", path_of(flags.name, "/mute"), body, [](dom::element rule) {
            fmt::print("{} is muted until {}\n", text_at(rule, "/name"), text_at(rule, "/muted_until"));
        });
}

/// Says on a terminal for how long an answer is being waited for, from a second on.
class Waiting {
  public:
    Waiting(const char* what, const char* note)
        : thread_([this, what, note] {
              Progress progress(what);
              std::unique_lock lock(mutex_);
              for (std::uint64_t seconds = 1;
                   !changed_.wait_for(lock, std::chrono::seconds(1), [this] { return over_; }); ++seconds)
                  progress.at(seconds, 0, note);
          }) {}
    ~Waiting() { over(); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    void over() {
        {
            const std::lock_guard lock(mutex_);
            over_ = true;
        }
        changed_.notify_all();
        if (thread_.joinable()) thread_.join();
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool over_ = false;
    std::thread thread_;  // the last: it uses the others
};

Result<int> preview(const Program& program, const AlertFlags& flags) {
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    if (flags.name.empty()) {
        STENO_ASSIGN(const std::string rule, rule_json(flags));
        json.member_raw("rule", rule);
    } else {
        json.member("name", flags.name);
    }
    const auto text = [&](std::string_view key, const std::string& value) {
        if (!value.empty()) json.member(key, value);
    };
    text("period", flags.period.days > 0 ? fmt::format("{}d", flags.period.days) : flags.period.period);
    text("from", flags.period.from);
    text("to", flags.period.to);
    text("tz", flags.period.tz);
    json.end_object();
    Waiting waiting("looking back", "s; it takes 20 s at most");
    return ask_alerts(
        program, flags.record, "POST", "/api/v1/alerts/preview", body, [&](dom::element answer) {
            waiting.over();
            Table table = event_table(true);
            dom::array events;
            if (answer["events"].get(events) == simdjson::SUCCESS)
                for (const dom::element event : events) add_event(table, event, true);
            if (!table.empty()) table.print();
            const auto count = [&](const char* pointer) {
                return static_cast<std::int64_t>(number_at(answer, pointer));
            };
            const std::string looks =
                fmt::format("{} to {}, looked at every {}", text_at(answer, "/from").substr(0, 16),
                            text_at(answer, "/to").substr(0, 16), text_at(answer, "/every"));
            if (count("/judged") == 0 && count("/unknown") > 0) {
                fmt::print("{}: it could not be judged once: {}\n", looks,
                           printable(text_at(answer, "/because")));
            } else {
                fmt::print("{}{}: {} to each channel\n", table.empty() ? "" : "\n", looks,
                           counted(text_at(answer, "/notifications"), "message"));
                if (count("/unknown") > 0)
                    fmt::print("{} of {} times it was not judged: {}\n", grouped(count("/unknown")),
                               grouped(count("/unknown") + count("/judged")),
                               printable(text_at(answer, "/because")));
            }
            if (count("/more_events") > 0)
                fmt::print("{} before the first line are not shown.\n",
                           counted(grouped(count("/more_events")), "earlier change"));
            if (has(answer, "/looked_from"))
                fmt::print(
                    "It took too long: what was before {} was not looked at. Ask about a shorter time.\n",
                    minute(text_at(answer, "/looked_from")));
        });
}

Result<int> add_defaults(const Program& program, const AlertFlags& flags) {
    STENO_ASSIGN(const int done, ask_alerts(program, flags.record, "POST", "/api/v1/alerts/defaults", "{}",
                                            [](dom::element answer) {
                                                for (const char* what : {"added", "kept"}) {
                                                    dom::array names;
                                                    if (answer[what].get(names) != simdjson::SUCCESS)
                                                        continue;
                                                    for (const dom::element name : names)
                                                        fmt::print("{:<6}{}\n", what, std::string_view(name));
                                                }
                                            }));
    if (program.json) return done;
    return ask_alerts(program, flags.record, "GET", "/api/v1/alerts", {}, [](dom::element answer) {
        for (const std::string& note : told_twice(answer)) fmt::print("{}\n", note);
    });
}

Result<int> deliveries(const Program& program, const AlertFlags& flags) {
    return ask_alerts(
        program, flags.record, "GET", fmt::format("/api/v1/deliveries?limit={}", flags.limit), {},
        [](dom::element answer) {
            Table table({{"at (UTC)"},
                         {"channel"},
                         {"state"},
                         {"tries", true},
                         {"what", false, true},
                         {"error", false, true}});
            dom::array rows;
            if (answer["deliveries"].get(rows) == simdjson::SUCCESS)
                for (const dom::element row : rows) {
                    const std::string state = text_at(row, "/state");
                    table.row({minute(text_at(row, "/created_at")), text_at(row, "/channel"), state,
                               text_at(row, "/attempts"), text_at(row, "/title"), text_at(row, "/error")},
                              {Colour::Dim, Colour::Plain,
                               state == "delivered" ? Colour::Green
                               : state == "waiting" ? Colour::Yellow
                                                    : Colour::Red});
                }
            if (table.empty())
                fmt::print("nothing was sent yet\n");
            else
                table.print();
        });
}

void add_rule_flags(CLI::App& command, AlertFlags& flags) {
    command.add_option("--metric,-m", flags.metric,
                       "what is watched: failure_rate, cost, duration_p95, tokens, share(FILTER), …");
    command.add_option("--calls-over", flags.calls_over,
                       "FIELD=AMOUNT: single calls that have more than that");
    command.add_flag("--missing-data", flags.missing_data, "that there are no calls");
    command.add_option("--budget", flags.budget, "how much of this budget is spent (steno budgets)");
    command.add_flag("--any-budget", flags.any_budget, "of every budget");
    command.add_option("--at", flags.at,
                       "percentages of a budget, 50,80,100, or none (default: those of the budget)");
    command.add_flag("--projected", flags.projected,
                     "also when at its rate a budget is used up before its period ends");
    command.add_flag("--anomaly", flags.anomaly,
                     "that the last whole hour of the metric is not like those before it");
    command.add_option("--filter,-f", flags.filters, "only calls with FIELD[.OP]=VALUE; may be repeated");
    command.add_option("--by", flags.by, "a level for each value of these fields (up to 3, with commas)");
    command.add_option("--window,-w", flags.window, "15m, 1h, 24h, today, this-month, 7d, … (default 15m)");
    command.add_option("--warning", flags.warning,
                       "threshold: a number, 5%, 1.5s, $10; of --anomaly a score (default 4.5)");
    command.add_option("--critical", flags.critical, "threshold of the worse level");
    auto* below = command.add_flag("--below", flags.below,
                                   "it fires at or below the thresholds; of --anomaly: too little alone");
    command.add_flag("--above", flags.above, "the default; of --anomaly: too much alone")->excludes(below);
    command.add_option("--recover", flags.recover, "it is over only at this value");
    command.add_flag("--against-before", flags.against_before,
                     "compare the ratio to the window before: --warning 2 is twice as much");
    command.add_option("--at-least", flags.at_least, "what is less than that does not matter");
    command.add_option("--severity", flags.severity,
                       "warning or critical, of --missing-data and --calls-over");
    command.add_option("--min-calls", flags.min_calls, "with fewer calls it is not judged");
    command.add_option("--for", flags.evaluations, "so many evaluations in a row must say so (default 1)");
    command.add_option("--every", flags.every, "how often it is evaluated (default 1m)");
    command.add_option("--delay", flags.delay, "the window ends so long ago: calls appear when they end");
    command.add_option("--file", flags.file, "a rule as JSON, instead of flags");
}

}  // namespace

void add_alerts(Program& program) {
    CLI::App* alerts =
        program.add(program.app, "alerts", "Rules, how they stand, and who is told",
                    "  steno alerts                                        # how all rules stand\n"
                    "  steno alerts add-defaults\n"
                    "  steno alerts channels set ops --slack https://hooks.slack.com/services/…\n");
    const auto flags = std::make_shared<AlertFlags>();
    add_record_flags(*alerts, flags->record);
    alerts->callback([flags, alerts, &program] {
        if (alerts->get_subcommands().empty()) program.run = [flags](Program& p) { return list(p, *flags); };
    });
    const auto sub = [&](const char* name, const char* help, const char* examples, auto run) {
        CLI::App* command = program.add(*alerts, name, help, examples);
        add_record_flags(*command, flags->record);
        command->callback(
            [flags, run, &program] { program.run = [flags, run](Program& p) { return run(p, *flags); }; });
        return command;
    };
    const auto named = [&](CLI::App* command, bool required = true) {
        command->add_option("name", flags->name, "the rule's name")->required(required);
        return command;
    };
    CLI::App* setter = named(
        sub("set", "Make a rule, or replace it",
            "  steno alerts set failures --metric failure_rate --warning 5% --critical 20% --min-calls 20\n"
            "  steno alerts set dear-day --metric cost --window today --tz Europe/Berlin --warning 100\n"
            "  steno alerts set spending --any-budget --projected --channel ops\n"
            "  steno alerts set odd-cost --metric cost --anomaly --above --filter project=shop\n"
            "  steno alerts set slow --calls-over time.duration_ms=30s --window 1h --renotify 1h\n"
            "  steno alerts set agents --metric duration_p95 --by trace.agent --warning 10s --channel ops\n",
            set_rule));
    add_rule_flags(*setter, *flags);
    setter->add_option("--tz", flags->period.tz, "whose days the window means (default UTC)");
    setter->add_option("--renotify", flags->renotify,
                       "while it fires, tell again after so long (default never)");
    setter->add_flag("--no-recovery", flags->no_recovery, "do not tell that it is over");
    setter->add_option("--channel", flags->channels, "who is told; may be repeated (default all)");
    setter->add_option("--description", flags->description, "for those who are told");
    named(sub("show", "One rule with all its groups", "  steno alerts show failures\n",
              [](Program& p, const AlertFlags& f) {
                  return ask_alerts(p, f.record, "GET", path_of(f.name), {}, show_rule);
              }));
    CLI::App* past = named(sub("history", "When what changed",
                               "  steno alerts history\n  steno alerts history failures -n 100\n", history),
                           false);
    past->add_option("--limit,-n", flags->limit, "how many, the newest first (default 30)");
    CLI::App* muter =
        named(sub("mute", "Tell nobody for a while; what still holds then is told",
                  "  steno alerts mute failures --for 2h --reason \"provider maintenance\"\n", mute));
    muter->add_option("--for", flags->mute_for, "30m, 2h, 1d");
    muter->add_option("--until", flags->mute_until, "a moment: 2026-11-24T08:00:00Z");
    muter->add_option("--reason", flags->reason, "shown beside it");
    named(
        sub("unmute", "Tell again", "  steno alerts unmute failures\n", [](Program& p, const AlertFlags& f) {
            return ask_alerts(p, f.record, "POST", path_of(f.name, "/unmute"), "{}", [](dom::element rule) {
                fmt::print("{} is not muted\n", text_at(rule, "/name"));
            });
        }));
    named(sub("remove", "Remove a rule and its history", "  steno alerts remove failures\n",
              [](Program& p, const AlertFlags& f) {
                  return ask_alerts(p, f.record, "DELETE", path_of(f.name), {}, [](dom::element gone) {
                      fmt::print("{} is removed\n", text_at(gone, "/removed"));
                  });
              }));
    CLI::App* before = named(sub("preview", "When a rule would have fired in the past",
                                 "  steno alerts preview failures --days 30\n"
                                 "  steno alerts preview --metric cost --window 1h --warning 2 --days 7\n",
                                 preview),
                             false);
    add_rule_flags(*before, *flags);
    add_period_flags(*before, flags->period);
    before->add_option("--renotify", flags->renotify,
                       "while it fires, tell again after so long (default never)");
    sub("add-defaults", "The rules that nearly everybody wants; what there is already stays",
        "  steno alerts add-defaults\n", add_defaults);
    CLI::App* sent = sub("deliveries", "What was sent, what waits, and what was given up",
                         "  steno alerts deliveries\n", deliveries);
    sent->add_option("--limit,-n", flags->limit, "how many, the newest first (default 30)");
    add_alert_channels(program, *alerts);
}

}  // namespace steno::cli
