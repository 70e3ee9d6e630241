#include "base/decimal.hpp"
#include "base/json_writer.hpp"
#include "base/percent.hpp"
#include "base/shell_word.hpp"
#include "base/text.hpp"
#include "cli/answer.hpp"
#include "cli/api_client.hpp"
#include "cli/budget_scope.hpp"
#include "cli/call_view.hpp"
#include "cli/chart.hpp"
#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "net/http.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct BudgetsFlags {
    RecordFlags record;
    std::string name;
    std::string limit, currency, per, tz, soft;
    std::array<std::string, kScope.size()> scope;
    std::string alert;
    std::vector<std::string> channels;
    bool hard = false, not_hard = false, projected = false, no_alert = false;
    int answer = 0;
};

std::string path_of(const BudgetsFlags& flags) {
    return "/api/v1/budgets/" + net::percent_encode(flags.name);
}

Result<dom::element> parsed(dom::parser& parser, const std::string& body) {
    dom::element answer;
    if (parser.parse(body.data(), body.size()).get(answer) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    return answer;
}

std::string amount(dom::element budget, const char* pointer) {
    return money(text_at(budget, pointer), text_at(budget, "/currency"));
}

Colour colour_of(dom::element budget) {
    if (text_at(budget, "/used_up") == "true") return Colour::Red;
    return text_at(budget, "/crossed/0").empty() ? Colour::Green : Colour::Yellow;
}

std::string percent_text(dom::element budget) {
    return has(budget, "/percent") ? steno::percent_text(number_at(budget, "/percent") / 100) : kUnknown;
}

/// What a reader of the figures must know, a sentence each.
std::vector<std::string> notes_on(dom::element budget) {
    std::vector<std::string> notes;
    const auto count = [&](const char* pointer) {
        return static_cast<std::int64_t>(number_at(budget, pointer));
    };
    if (text_at(budget, "/known") == "false")
        notes.emplace_back("the record has not been asked yet what was spent: there may be more");
    if (const auto calls = count("/unpriced_calls"); calls > 0)
        notes.push_back(fmt::format("{} no price, or none for a thing that was used, and {} not in it",
                                    calls == 1 ? "1 AI call has" : grouped(calls) + " AI calls have",
                                    calls == 1 ? "is" : "are"));
    if (const auto calls = count("/estimated_calls"); calls > 0)
        notes.push_back(fmt::format("the tokens of {} are estimated", counted(grouped(calls), "call")));
    dom::array others;
    if (budget.at_pointer("/other_currencies").get(others) == simdjson::SUCCESS) {
        for (const dom::element other : others)
            notes.push_back(fmt::format("besides {}, which is not converted",
                                        money(text_at(other, "/spent"), text_at(other, "/currency"))));
    }
    if (const auto calls = count("/refused_calls"); calls > 0)
        notes.push_back(
            fmt::format("{} did not pass since the server's start", counted(grouped(calls), "call")));
    return notes;
}

Result<void> print_list(Api& api, dom::element answer) {
    dom::array budgets;
    if (answer["budgets"].get(budgets) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no budgets");
    if (budgets.size() == 0) {
        fmt::print("no budgets in {}; one for a month: steno budgets set NAME --limit 50 --per month\n",
                   api.where());
        return {};
    }
    Table table({{"budget", false, true},
                 {"for", false, true},
                 Table::Column{"per"}.if_room(),
                 Table::Column::amount("limit"),
                 Table::Column::amount("spent"),
                 {"", true},
                 Table::Column::bar(20),
                 Table::Column::amount("left"),
                 Table::Column{"used up by"}.if_room(2),
                 Table::Column{"beyond it"}.if_room(3)});
    std::vector<std::string> notes;
    for (const dom::element budget : budgets) {
        const bool hard = text_at(budget, "/hard") == "true";
        const std::string end = text_at(budget, "/projected_end");
        const bool used_up = text_at(budget, "/used_up") == "true";
        const Colour colour = colour_of(budget);
        table.row({text_at(budget, "/name"), budget_scope(budget), text_at(budget, "/per"),
                   amount(budget, "/limit"), amount(budget, "/spent"), percent_text(budget),
                   Table::share(number_at(budget, "/percent") / 100), amount(budget, "/remaining"),
                   used_up       ? "now"
                   : end.empty() ? kUnknown
                                 : clock_text(end),
                   hard ? "refused, " + text_at(budget, "/answer") : "passes"},
                  {Colour::Bold, Colour::Plain, Colour::Plain, Colour::Plain, Colour::Plain, colour, colour});
        for (const std::string& note : notes_on(budget))
            notes.push_back(text_at(budget, "/name") + ": " + note);
    }
    table.print();
    if (!notes.empty()) fmt::print("\n");
    for (const std::string& note : notes) fmt::print("{}\n", printable(note));
    return {};
}

Result<int> list(const Program& program, const BudgetsFlags& flags) {
    return show_answer(program, flags.record, Question("/api/v1/budgets"), print_list);
}

/// Each day of the period until now, and what was left at its end.
void print_days(dom::element budget) {
    dom::array days;
    if (budget["days"].get(days) != simdjson::SUCCESS || days.size() == 0) return;
    const std::string currency = text_at(budget, "/currency");
    const double limit = std::strtod(text_at(budget, "/limit").c_str(), nullptr);
    Table table({{"day"},
                 Table::Column::amount("spent"),
                 {"AI calls", true},
                 {"without a price", true},
                 Table::Column::amount("left"),
                 Table::Column::bar(30)});
    for (const dom::element day : days) {
        const double left = std::strtod(text_at(day, "/remaining").c_str(), nullptr);
        table.row({text_at(day, "/day"), money(text_at(day, "/spent"), currency),
                   grouped(static_cast<std::int64_t>(number_at(day, "/calls"))),
                   grouped(static_cast<std::int64_t>(number_at(day, "/unpriced_calls"))),
                   money(text_at(day, "/remaining"), currency), Table::share(limit > 0 ? left / limit : 0)});
    }
    fmt::print("\n");
    table.print();
}

void print_budget(dom::element budget) {
    fmt::print("{}  {}\n", paint(printable(text_at(budget, "/name")), Colour::Bold),
               printable(budget_scope(budget)));
    fmt::print("limit     {} a {}, {} to {} ({})\n", amount(budget, "/limit"), text_at(budget, "/per"),
               clock_text(text_at(budget, "/period/from")), clock_text(text_at(budget, "/period/to")),
               text_at(budget, "/tz"));
    std::string picture = " " + bar(number_at(budget, "/percent") / 100, 30);
    picture.resize(picture.find_last_not_of(' ') + 1);
    fmt::print("spent     {}  {}{}\n", amount(budget, "/spent"),
               paint(percent_text(budget), colour_of(budget)), picture);
    if (number_at(budget, "/calls_under_way") > 0)
        fmt::print("set aside {} for {}\n", amount(budget, "/reserved"),
                   counted(text_at(budget, "/calls_under_way"), "call") + " under way");
    fmt::print("left      {}\n", amount(budget, "/remaining"));
    if (text_at(budget, "/used_up") == "true")
        fmt::print("it is used up\n");
    else if (has(budget, "/projected_end"))
        fmt::print("at this rate it is used up at {}\n", clock_text(text_at(budget, "/projected_end")));
    std::string soft;
    for (std::size_t i = 0; has(budget, fmt::format("/soft/{}", i).c_str()); ++i)
        soft +=
            fmt::format("{}{} %", i == 0 ? "" : ", ", text_at(budget, fmt::format("/soft/{}", i).c_str()));
    if (!soft.empty()) fmt::print("speaks up at {}\n", soft);
    fmt::print("{}\n", text_at(budget, "/hard") == "true"
                           ? "beyond it the gateway refuses calls with " + text_at(budget, "/answer")
                           : std::string("beyond it calls pass all the same (--hard refuses them)"));
    for (const std::string& note : notes_on(budget)) fmt::print("{}\n", printable(note));
}

/// The rule that `budgets set --alert` makes.
std::string rule_of(const BudgetsFlags& flags) {
    std::string name = "budget-" + flags.name;
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return name;
}

std::string path_of_rule(const BudgetsFlags& flags) {
    return "/api/v1/alerts/" + net::percent_encode(rule_of(flags));
}

std::string names_in(dom::element rule, const char* member) {
    dom::array values;
    std::string text;
    if (rule[member].get(values) == simdjson::SUCCESS)
        for (const dom::element value : values)
            text += (text.empty() ? "" : ", ") + std::string(value.get_string().value_unsafe());
    return text;
}

/// Which alert rules watch it, and whom they tell. Nothing, where alerts cannot be asked for.
void print_who_is_told(Api& api, const std::string& name) {
    const auto body = api.get("/api/v1/alerts");
    if (!body) return;
    dom::parser parser;
    dom::element answer;
    dom::array rules;
    if (parser.parse(body->data(), body->size()).get(answer) != simdjson::SUCCESS ||
        answer["alerts"].get(rules) != simdjson::SUCCESS)
        return;
    bool any = false, own = false, of_all = false;
    for (const dom::element rule : rules) {
        if (text_at(rule, "/kind") != "budget") continue;
        if (has(rule, "/budget") && text_at(rule, "/budget") != name) continue;
        any = true;
        (has(rule, "/budget") ? own : of_all) = true;
        const std::string channels = names_in(rule, "channels");
        const std::string at = has(rule, "/at") ? "at percentages of its own" : "at these";
        fmt::print("told to   {} by the alert rule {}, {}{}\n",
                   printable(channels.empty() ? "all channels" : channels), text_at(rule, "/name"), at,
                   text_at(rule, "/projected") == "true" ? ", and when it will not last" : "");
    }
    if (own && of_all)
        fmt::print("whom both tell gets each message twice: steno alerts remove one of them\n");
    if (!any)
        fmt::print("nobody is told: steno budgets set {} --alert 80,100 --channel NAME\n", shell_word(name));
}

Result<int> show(const Program& program, const BudgetsFlags& flags) {
    return show_answer(program, flags.record, Question(path_of(flags)),
                       [&](Api& api, dom::element budget) -> Result<void> {
                           print_budget(budget);
                           print_who_is_told(api, flags.name);
                           print_days(budget);
                           return {};
                       });
}

/// What there is, with what the flags say in its place.
Result<std::string> definition(const BudgetsFlags& flags, std::optional<dom::element> old) {
    std::string body;
    JsonWriter json(body);
    const auto old_text = [&](const char* pointer) { return old ? text_at(*old, pointer) : std::string(); };
    const auto chosen = [&](const std::string& flag, const char* pointer, std::string_view otherwise) {
        if (!flag.empty()) return flag;
        const std::string was = old_text(pointer);
        return was.empty() ? std::string(otherwise) : was;
    };
    const std::string limit = chosen(flags.limit, "/limit", "");
    if (limit.empty())
        return fail(Code::InvalidArgument, "a new budget needs a limit",
                    "steno budgets set " + shell_word(flags.name) + " --limit 50 --per month");
    json.begin_object();
    json.member("limit", limit);
    json.member("per", chosen(flags.per, "/per", "month"));
    json.member("tz", chosen(flags.tz, "/tz", "UTC"));
    json.member("currency", chosen(flags.currency, "/currency", "USD"));
    json.key("scope");
    json.begin_object();
    for (std::size_t i = 0; i < kScope.size(); ++i) {
        const std::string value = chosen(flags.scope[i], fmt::format("/scope/{}", kScope[i]).c_str(), "");
        if (!value.empty()) json.member(kScope[i], value);
    }
    json.end_object();
    json.key("soft");
    json.begin_array();
    const std::string& percentages = flags.alert.empty() ? flags.soft : flags.alert;
    if (percentages.empty() && !old) {
        for (const int percent : {50, 80, 100}) json.number(std::int64_t{percent});
    } else if (percentages.empty()) {
        for (std::size_t i = 0; has(*old, fmt::format("/soft/{}", i).c_str()); ++i)
            json.raw(text_at(*old, fmt::format("/soft/{}", i).c_str()));
    } else if (percentages != "none") {
        for (std::string_view part : split(percentages, ',')) {
            if (part.ends_with('%')) part.remove_suffix(1);
            const bool digits =
                !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
            if (!digits || part.size() > 4 || (part.size() > 1 && part.front() == '0'))
                return fail(Code::InvalidArgument,
                            fmt::format("{}: \"{}\" is no percentage",
                                        flags.alert.empty() ? "--soft" : "--alert", part),
                            "whole numbers with commas between, such as 50,80,100, or none");
            json.raw(part);
        }
    }
    json.end_array();
    json.member("hard", flags.hard || (!flags.not_hard && old_text("/hard") == "true"));
    json.key("answer");
    json.raw(flags.answer != 0 ? std::to_string(flags.answer) : chosen("", "/answer", "402"));
    json.end_object();
    return body;
}

/// What would make `set_alert` fail, before anything is changed: a channel that there is not, a rule of that
/// name that watches something else.
Result<void> check_alert(Api& api, const BudgetsFlags& flags) {
    if (!flags.channels.empty()) {
        STENO_ASSIGN(const std::string body, api.get("/api/v1/channels"));
        dom::parser parser;
        STENO_ASSIGN(const dom::element answer, parsed(parser, body));
        std::vector<std::string> known;
        dom::array channels;
        if (answer["channels"].get(channels) == simdjson::SUCCESS)
            for (const dom::element channel : channels) known.push_back(text_at(channel, "/name"));
        for (const std::string& wanted : flags.channels)
            if (std::ranges::find(known, wanted) == known.end())
                return fail(Code::NotFound, fmt::format("there is no channel named \"{}\"", wanted),
                            fmt::format("there are: {}; another: steno alerts channels set {} --webhook URL",
                                        fmt::join(known, ", "), shell_word(wanted)));
    }
    const auto there = api.get(path_of_rule(flags));
    if (!there) return there.error().code == Code::NotFound ? Result<void>() : std::unexpected(there.error());
    dom::parser parser;
    STENO_ASSIGN(const dom::element rule, parsed(parser, *there));
    if (text_at(rule, "/kind") == "budget" && text_at(rule, "/budget") == flags.name) return {};
    return fail(Code::AlreadyExists,
                fmt::format("there is an alert rule {} that watches something else", rule_of(flags)),
                fmt::format("steno alerts set NAME --budget {}", shell_word(flags.name)));
}

/// The rule that tells of this budget: a new one, or what the flags change of the one that there is.
Result<void> set_alert(Api& api, const BudgetsFlags& flags) {
    dom::parser parser;
    std::optional<dom::element> old;
    const auto there = api.get(path_of_rule(flags));
    if (there) {
        STENO_ASSIGN(old, parsed(parser, *there));
    } else if (there.error().code != Code::NotFound) {
        return std::unexpected(there.error());
    }
    const auto replaced = [&](std::string_view member) {
        return (member == "channels" && !flags.channels.empty()) ||
               (member == "projected" && flags.projected) ||
               (member == "at" && !flags.alert.empty());  // it tells of the budget's own percentages now
    };
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    if (old) {  // as it is shown; what the rule itself does not have is passed over there
        for (const auto [member, value] : old->get_object().value_unsafe())
            if (!replaced(member)) json.member_raw(member, simdjson::minify(value));
    } else {
        json.member("kind", "budget");
        json.member("budget", flags.name);
    }
    if (flags.projected) json.member("projected", true);
    if (!flags.channels.empty()) {
        json.key("channels");
        json.begin_array();
        for (const std::string& channel : flags.channels) json.string(channel);
        json.end_array();
    }
    json.end_object();
    STENO_TRY(api.put(path_of_rule(flags), body));
    return {};
}

/// True: there was one of this budget.
Result<bool> remove_alert(Api& api, const BudgetsFlags& flags) {
    const auto there = api.get(path_of_rule(flags));
    if (!there) return false;  // nor where alerts cannot be used
    dom::parser parser;
    STENO_ASSIGN(const dom::element rule, parsed(parser, *there));
    if (text_at(rule, "/kind") != "budget" || text_at(rule, "/budget") != flags.name) return false;
    STENO_TRY(api.remove(path_of_rule(flags)));
    return true;
}

Result<int> set(const Program& program, const BudgetsFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    dom::parser old_parser;
    std::optional<dom::element> old;
    const auto there = api->get(path_of(flags));
    if (there) {
        STENO_ASSIGN(old, parsed(old_parser, *there));
    } else if (there.error().code != Code::NotFound) {
        return std::unexpected(there.error());
    }
    STENO_ASSIGN(const std::string wanted, definition(flags, old));
    const bool with_alert = !flags.alert.empty() || !flags.channels.empty() || flags.projected;
    if (with_alert) STENO_TRY(check_alert(*api, flags));
    STENO_ASSIGN(const std::string body, api->put(path_of(flags), wanted));
    if (with_alert) {
        if (auto done = set_alert(*api, flags); !done)
            return std::unexpected(
                std::move(done).error().with_context("the budget is set, its alert rule is not"));
    }
    if (flags.no_alert) {
        if (auto done = remove_alert(*api, flags); !done)
            return std::unexpected(
                std::move(done).error().with_context("the budget is set, its alert rule is not removed"));
    }
    if (program.json) {
        fmt::print("{}\n", body);
        return 0;
    }
    dom::parser parser;
    STENO_ASSIGN(const dom::element budget, parsed(parser, body));
    print_budget(budget);
    print_who_is_told(*api, flags.name);
    return 0;
}

Result<int> remove(const Program& program, const BudgetsFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_TRY(api->remove(path_of(flags)));
    STENO_ASSIGN(const bool alert, remove_alert(*api, flags));
    if (!program.json)
        fmt::print("{} is removed{}; what was spent stays on record\n", flags.name,
                   alert ? ", and its alert rule" : "");
    return 0;
}

}  // namespace

void add_budgets(Program& program) {
    const auto flags = std::make_shared<BudgetsFlags>();
    CLI::App* budgets = program.add(
        program.app, "budgets", "What may be spent, by whom, and how much of it is left",
        "  steno budgets\n"
        "  steno budgets set shop-month --limit 50 --per month --project web-shop --hard\n"
        "  steno budgets set gpt-day --limit 2.50 --per day --model gpt-4o --tz Europe/Berlin --soft 80,100\n"
        "  steno budgets set shop-month --alert 80,100 --channel ops\n"
        "  steno budgets show shop-month\n"
        "  steno budgets set shop-month --limit 80           # changes the limit only\n"
        "  steno budgets remove shop-month\n");
    add_record_flags(*budgets, flags->record);
    budgets->callback([budgets, flags, &program] {
        if (budgets->get_subcommands().empty()) program.run = [flags](Program& p) { return list(p, *flags); };
    });
    const auto command = [&](const char* name, const char* help, const char* examples,
                             Result<int> (*run)(const Program&, const BudgetsFlags&)) {
        CLI::App* sub = program.add(*budgets, name, help, examples);
        add_record_flags(*sub, flags->record);
        sub->add_option("name", flags->name, "the budget's name")->required();
        sub->callback(
            [run, flags, &program] { program.run = [run, flags](Program& p) { return run(p, *flags); }; });
        return sub;
    };
    CLI::App* sub =
        command("set", "A new budget, or another limit or scope for one that there is",
                "  steno budgets set shop-month --limit 50 --per month --project web-shop --hard\n", set);
    sub->add_option("--limit", flags->limit, "how much may be spent in a period: 50 or 12.50");
    sub->add_option("--currency", flags->currency,
                    "of the limit (default USD); other costs are counted apart");
    sub->add_option("--per", flags->per, "day, week or month (default month)")
        ->check(CLI::IsMember({"day", "week", "month"}));
    sub->add_option(
        "--tz", flags->tz,
        "whose days, weeks and months: a name such as Europe/Berlin, local, or +01:00 (default UTC)");
    static constexpr std::array<std::pair<const char*, const char*>, kScope.size()> kScopeFlags = {
        {{"--project", "only calls of this project"},
         {"--user", "only of this user (who.user_id)"},
         {"--api-key", "only with this provider's key (who.api_key_id, as calls show it)"},
         {"--agent", "only of this agent, in its own name"},
         {"--agent-subtree", "only of this agent and the agents within it"},
         {"--prompt-type", "only of this prompt type"},
         {"--model", "only to this model, as it is asked for"}}};
    for (std::size_t i = 0; i < kScope.size(); ++i)
        sub->add_option(kScopeFlags[i].first, flags->scope[i], kScopeFlags[i].second);
    auto* soft =
        sub->add_option("--soft", flags->soft, "percentages to speak up at (default 50,80,100), or none");
    auto* alert = sub->add_option("--alert", flags->alert,
                                  "the same, and an alert rule that tells of them: budget-NAME");
    alert->excludes(soft);
    sub->add_option("--channel", flags->channels,
                    "whom that tells; may be repeated (default all channels; steno alerts channels)");
    sub->add_flag("--projected", flags->projected,
                  "it also tells when at this rate the limit is reached before the period ends");
    sub->add_flag("--no-alert", flags->no_alert, "remove that rule")->excludes(alert);
    auto* hard = sub->add_flag("--hard", flags->hard, "the gateway refuses what goes beyond the limit");
    sub->add_flag("--no-hard", flags->not_hard, "it lets it pass (the default)")->excludes(hard);
    sub->add_option(
           "--answer", flags->answer,
           "what refused calls get: 402 (the default), or 429 with Retry-After until the period ends")
        ->check(CLI::IsMember({402, 429}));
    command("show", "Where a budget stands, day by day", "  steno budgets show shop-month\n", show);
    command("remove", "Remove a budget", "  steno budgets remove shop-month\n", remove);
}

}  // namespace steno::cli
