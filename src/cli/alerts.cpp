#include "base/json_writer.hpp"
#include "cli/alert_channels.hpp"
#include "cli/alert_rule.hpp"
#include "cli/alert_view.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/question.hpp"
#include "cli/terminal.hpp"
#include "cli/waiting.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct AlertFlags {
    RecordFlags record;
    PeriodFlags period;
    RuleFlags rule;
    std::string name, mute_for, mute_until, reason;
    std::uint32_t limit = 30;
};

std::string path_of(const std::string& name, std::string_view behind = {}) {
    return fmt::format("/api/v1/alerts/{}{}", net::percent_encode(name), behind);
}

Result<int> list(const Program& program, const AlertFlags& flags) {
    return ask_alerts(program, flags.record, "GET", "/api/v1/alerts", {}, [](dom::element answer) {
        const Table table = rule_table(answer);
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

Result<int> set_rule(const Program& program, const AlertFlags& flags) {
    STENO_ASSIGN(const std::string body, rule_json(flags.rule, flags.period.tz));
    STENO_ASSIGN(const int done,
                 ask_alerts(program, flags.record, "PUT", path_of(flags.name), body, print_rule));
    if (program.json) return done;
    return ask_alerts(program, flags.record, "GET", "/api/v1/alerts", {}, [&](dom::element answer) {
        for (const std::string& note : told_twice(answer, flags.name))
            fmt::print(stderr, "warning: {}\n", note);
    });
}

Result<int> history(const Program& program, const AlertFlags& flags) {
    const std::string path = flags.name.empty() ? "/api/v1/alert-history" : path_of(flags.name, "/history");
    return ask_alerts(program, flags.record, "GET", fmt::format("{}?limit={}", path, flags.limit), {},
                      [](dom::element answer) {
                          const Table table = event_table(answer);
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

Result<int> preview(const Program& program, const AlertFlags& flags) {
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    if (flags.name.empty()) {
        STENO_ASSIGN(const std::string rule, rule_json(flags.rule, flags.period.tz));
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
            const Table table = event_table(answer, true);
            if (!table.empty()) table.print();
            const auto count = [&](const char* pointer) {
                return static_cast<std::int64_t>(number_at(answer, pointer));
            };
            const std::string looks =
                fmt::format("{} to {}, looked at every {}", text_at(answer, "/from").substr(0, 16),
                            text_at(answer, "/to").substr(0, 16), text_at(answer, "/every"));
            if (count("/judged") == 0 && count("/unknown") > 0) {
                fmt::print("{}: it could never be judged, in {}: {}\n", looks,
                           counted(grouped(count("/unknown")), "look"),
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
            "  steno alerts set odd-cost --metric cost --anomaly --above --at-least 1 --by trace.agent\n"
            "  steno alerts set slow --calls-over time.duration_ms=30s --window 1h --renotify 1h\n"
            "  steno alerts set agents --metric duration_p95 --by trace.agent --warning 10s --channel ops\n",
            set_rule));
    add_rule_flags(*setter, flags->rule);
    setter->add_option("--tz", flags->period.tz, "whose days the window means (default UTC)");
    add_renotify_flag(*setter, flags->rule);
    setter->add_flag("--no-recovery", flags->rule.no_recovery, "do not tell that it is over");
    setter->add_option("--channel", flags->rule.channels, "who is told; may be repeated (default all)");
    setter->add_option("--description", flags->rule.description, "for those who are told");
    named(sub("show", "One rule with all its groups", "  steno alerts show failures\n",
              [](Program& p, const AlertFlags& f) {
                  return ask_alerts(p, f.record, "GET", path_of(f.name), {}, print_rule);
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
    add_rule_flags(*before, flags->rule);
    add_period_flags(*before, flags->period);
    add_renotify_flag(*before, flags->rule);
    sub("add-defaults", "The rules that nearly everybody wants; what there is already stays",
        "  steno alerts add-defaults\n", add_defaults);
    CLI::App* sent = sub("deliveries", "What was sent, what waits, and what was given up",
                         "  steno alerts deliveries\n", deliveries);
    sent->add_option("--limit,-n", flags->limit, "how many, the newest first (default 30)");
    add_alert_channels(program, *alerts);
}

}  // namespace steno::cli
