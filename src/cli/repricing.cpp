#include "cli/repricing.hpp"

#include "base/decimal.hpp"
#include "base/json_writer.hpp"
#include "base/shell_word.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/completeness.hpp"
#include "cli/question.hpp"
#include "cli/terminal.hpp"
#include "net/http.hpp"
#include "pricing/amounts.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <pwd.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;
using namespace std::chrono_literals;

struct RepriceFlags {
    RecordFlags record;
    PeriodFlags period;
    std::vector<std::string> filters;
    bool apply = false, include_provider = false;
    std::string reason, by;
    std::string undo;  ///< of `prices undo`: the re-pricing
};

struct HistoryFlags {
    RecordFlags record;
    std::uint32_t limit = 20;
};

std::int64_t count_at(dom::element value, const char* pointer) {
    return static_cast<std::int64_t>(number_at(value, pointer));
}

std::string calls_text(std::int64_t calls) {
    return counted(grouped(calls), "call");
}

/// With its sign.
std::string difference_text(dom::element sums) {
    const std::string difference = text_at(sums, "/difference");
    const std::string text = money(difference, text_at(sums, "/currency"));
    return difference.starts_with('-') || Decimal::parse(difference) == Decimal{} ? text : "+" + text;
}

/// "$1.20 and 3 EUR" of one member of sums by currency.
template <class Text>
std::string joined(dom::element owner, const char* member, Text&& text) {
    std::string out;
    dom::array sums;
    if (owner.at_pointer(member).get(sums) != simdjson::SUCCESS) return kUnknown;
    for (const dom::element one : sums) out += (out.empty() ? "" : " and ") + text(one);
    return out.empty() ? kUnknown : out;
}

std::string before_text(dom::element owner, const char* member) {
    return joined(owner, member, [](dom::element sums) {
        return money(text_at(sums, "/before"), text_at(sums, "/currency"));
    });
}

std::string after_text(dom::element owner, const char* member) {
    return joined(owner, member, [](dom::element sums) {
        return money(text_at(sums, "/after"), text_at(sums, "/currency"));
    });
}

/// "provider 12, delivered 3".
std::string counts_text(dom::element owner, const char* member, const char* name, std::size_t most) {
    std::string out;
    dom::array counts;
    if (owner.at_pointer(member).get(counts) != simdjson::SUCCESS) return out;
    for (const dom::element one : counts) {
        if (most-- == 0) return out + ", …";
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", printable(text_at(one, name)),
                           grouped(count_at(one, "/calls")));
    }
    return out;
}

void print_models(dom::element difference) {
    constexpr std::size_t kMost = 30;
    dom::array models;
    if (difference["models"].get(models) != simdjson::SUCCESS || models.size() == 0) return;
    Table table({{"model", false, true},
                 {"calls", true},
                 {"had no cost", true},
                 {"before", true},
                 {"after", true},
                 {"difference", true}});
    for (const dom::element model : models) {
        if (table.size() == kMost) break;
        table.row({text_at(model, "/provider") + " " + text_at(model, "/model"),
                   grouped(count_at(model, "/calls")), grouped(count_at(model, "/priced")),
                   before_text(model, "/totals"), after_text(model, "/totals"),
                   joined(model, "/totals", difference_text)});
    }
    fmt::print("\n");
    table.print();
    if (models.size() > kMost) fmt::print("… and {} more: --json\n", models.size() - kMost);
}

void count_line(std::int64_t calls, std::string_view text) {
    if (calls > 0) fmt::print("{:>12}  {}\n", grouped(calls), text);
}

void print_sums(dom::element found) {
    dom::array totals;
    if (found["totals"].get(totals) == simdjson::SUCCESS && totals.size() > 0) {
        Table table({{"all of them"}, {"before", true}, {"after", true}, {"difference", true}});
        for (const dom::element sums : totals)
            table.row({text_at(sums, "/currency"),
                       money(text_at(sums, "/before"), text_at(sums, "/currency")),
                       money(text_at(sums, "/after"), text_at(sums, "/currency")), difference_text(sums)});
        fmt::print("\n");
        table.print();
    }
    print_models(found);
}

/// Numbers of own prices that the calls had until now, and that may be in force yet: "own-3, own-4".
std::string own_prices_of(dom::element undone) {
    constexpr std::string_view kOwn = "/own-";
    std::string out;
    dom::array prices;
    if (undone["difference"]["prices"].get(prices) != simdjson::SUCCESS) return out;
    for (const dom::element price : prices) {
        const std::string id = text_at(price, "/price_id");
        const std::size_t at = id.rfind(kOwn);
        if (at == std::string::npos) continue;
        // A delivered call may say any id, and this is a command to paste.
        const std::string_view number = std::string_view(id).substr(at + kOwn.size());
        if (!number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos)
            out += (out.empty() ? "own-" : " own-") + std::string(number);
    }
    return out;
}

/// `undone`: as it is on the trail.
void print_undo(dom::element run, dom::element undone, const std::string& command) {
    const bool apply = text_at(run, "/apply") == "true";
    dom::element found;
    if (run["difference"].get(found) != simdjson::SUCCESS || found.is_null()) return;
    const std::string of = text_at(run, "/undoes");
    const std::int64_t changed = count_at(found, "/changed") + count_at(found, "/priced");
    const std::int64_t cleared = count_at(found, "/cleared");
    fmt::print("{} that have their cost from {}\n", calls_text(count_at(run, "/looked_at")), of);
    count_line(changed - cleared,
               apply ? "cost again what they did before" : "would cost again what they did before");
    count_line(cleared, apply ? "had no cost and have none again" : "had no cost and would have none again");
    if (has(undone, "/difference/changed")) {
        const std::int64_t others = count_at(undone, "/difference/changed") +
                                    count_at(undone, "/difference/priced") - count_at(run, "/looked_at");
        count_line(others, "of it have another cost since (re-priced or undone), or are gone, and stay so");
    }
    print_sums(found);
    if (changed == 0) {
        fmt::print("\nnothing {}\n", apply ? "was to be undone" : "would change");
        if (has(run, "/note")) fmt::print("{}\n", printable(text_at(run, "/note")));
        return;
    }
    if (apply)
        fmt::print("\n{} undone as {}; steno prices history keeps both\n", calls_text(changed),
                   text_at(run, "/id"));
    else
        fmt::print("\nnothing is written yet; to do it: {} --apply --reason \"…\"\n", command);
    if (const std::string own = own_prices_of(undone); !own.empty())
        fmt::print("prices stay as they are; where they were wrong: steno prices remove {}\n", own);
}

void print_run(dom::element run, const std::string& command) {
    const bool apply = text_at(run, "/apply") == "true";
    dom::element found;
    if (run["difference"].get(found) != simdjson::SUCCESS || found.is_null()) return;
    const std::int64_t changed = count_at(found, "/changed"), priced = count_at(found, "/priced");
    fmt::print("{} AI calls from {} to {}\n", grouped(count_at(run, "/looked_at")),
               clock_text(text_at(run, "/from")), clock_text(text_at(run, "/to")));
    const auto line = count_line;
    line(count_at(found, "/same"), "cost the same");
    line(changed, apply ? "cost something else now" : "would cost something else");
    line(priced, apply ? "had no cost and have one now" : "have no cost and would get one");
    if (const auto kept = count_at(found, "/kept"); kept > 0)
        line(kept, fmt::format("keep a cost that Steno did not make ({}); --include-provider takes them, too",
                               counts_text(found, "/kept_by_source", "/source", 5)));
    if (const auto unpriced = count_at(found, "/unpriced"); unpriced > 0) {
        const auto with_cost = count_at(found, "/unpriced_with_cost");
        line(unpriced, with_cost > 0
                           ? fmt::format("cannot be priced; {} of them keep the cost that they have",
                                         grouped(with_cost))
                           : std::string("cannot be priced"));
        dom::array reasons;
        std::size_t shown = 0;
        if (found["reasons"].get(reasons) == simdjson::SUCCESS)
            for (const dom::element reason : reasons) {
                if (++shown > 5) break;
                fmt::print("{:>14}{}: {}\n", "", printable(text_at(reason, "/reason")),
                           calls_text(count_at(reason, "/calls")));
            }
    }
    print_sums(found);
    if (changed + priced == 0) {
        fmt::print("\nnothing {}\n", apply ? "was to be changed" : "would change");
    } else {
        fmt::print("\nprices: {}\n", counts_text(found, "/prices", "/price_id", 10));
        if (apply)
            fmt::print(
                "{} re-priced as {}; steno prices history keeps it, steno prices undo {} takes it back\n",
                calls_text(changed + priced), text_at(run, "/id"), text_at(run, "/id"));
        else
            fmt::print("nothing is written yet; to do it: {} --apply --reason \"…\"\n", command);
    }
}

/// What to type to have it applied.
std::string command_of(const RepriceFlags& flags) {
    std::string command = flags.undo.empty() ? "steno prices reprice" : "steno prices undo";
    if (!flags.undo.empty()) command += " " + shell_word(flags.undo);
    const auto add = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) command += fmt::format(" {} {}", name, shell_word(value));
    };
    add("--server", flags.record.server);
    add("--data", flags.record.data);
    add("--days", flags.period.days > 0 ? std::to_string(flags.period.days) : "");
    add("--period", flags.period.period);
    add("--from", flags.period.from);
    add("--to", flags.period.to);
    add("--tz", flags.period.tz);
    for (const std::string& filter : flags.filters) add("-f", filter);
    if (flags.include_provider) command += " --include-provider";
    return command;
}

Result<dom::element> parsed(dom::parser& parser, const std::string& body) {
    dom::element answer;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    return answer;
}

/// What can be asked of both, of a re-pricing and of an undoing.
Result<std::string> target_of(const RepriceFlags& flags) {
    if (!flags.undo.empty()) return "/api/v1/prices/repricings/" + net::percent_encode(flags.undo) + "/undo";
    Question question("/api/v1/prices/reprice");
    question.period(flags.period);
    STENO_TRY(question.filters(flags.filters));
    return question.target();
}

Result<int> reprice(const Program& program, const RepriceFlags& flags) {
    if (flags.undo.empty() && !flags.period.given())
        return fail(Code::InvalidArgument, "calls of which time?",
                    "--period this-month, --days 30, or --from 2026-11-01 --to 2026-11-20");
    if (flags.apply && flags.reason.empty())
        return fail(Code::InvalidArgument, "why? costs on record change, and the history keeps the reason",
                    command_of(flags) + " --apply --reason \"contract of November\"");
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(Completeness completeness, Completeness::begin(*api));
    STENO_ASSIGN(const std::string asked, target_of(flags));
    std::string order;
    JsonWriter json(order);
    json.begin_object();
    json.member("apply", flags.apply);
    json.member("include_provider", flags.include_provider);
    json.member("by", author_name(flags.by));
    json.member("reason", flags.reason);
    json.end_object();
    STENO_ASSIGN(std::string body, api->post(asked, order));
    dom::parser parser;
    STENO_ASSIGN(dom::element run, parsed(parser, body));
    const std::string target = "/api/v1/prices/repricings/" + net::percent_encode(text_at(run, "/id"));
    {
        Progress progress(flags.apply ? "re-pricing" : "looking at calls");
        while (text_at(run, "/status") == "running") {
            progress.at(static_cast<std::uint64_t>(count_at(run, "/looked_at")),
                        static_cast<std::uint64_t>(count_at(run, "/expected")));
            std::this_thread::sleep_for(200ms);
            STENO_ASSIGN(body, api->get(target));
            STENO_ASSIGN(run, parsed(parser, body));
        }
    }
    const std::string status = text_at(run, "/status");
    if (status != "done")
        return fail(Code::Unavailable,
                    fmt::format("{} {}: {}", text_at(run, "/id"), status, text_at(run, "/error")),
                    flags.apply ? "what was done stays and is in steno prices history; repeat it for the rest"
                                : "try again");
    if (program.json) {
        fmt::print("{}\n", body);
    } else if (flags.undo.empty()) {
        print_run(run, command_of(flags));
    } else {
        STENO_ASSIGN(const std::string trail,
                     api->get("/api/v1/prices/repricings/" + net::percent_encode(flags.undo)));
        dom::parser undone_parser;
        STENO_ASSIGN(const dom::element undone, parsed(undone_parser, trail));
        print_undo(run, undone, command_of(flags));
    }
    return completeness.exit_code();
}

void print_versions(dom::array versions) {
    Table table({{"set"},
                 {"number"},
                 {"price", false, true},
                 {"amounts", false, true},
                 {"by"},
                 {"reason", false, true},
                 {"now", false, true}});
    for (const dom::element version : versions) {
        std::string now = "in force";
        const std::string ended_by = text_at(version, "/ended_by"), why = text_at(version, "/end_reason");
        if (has(version, "/replaced_by"))
            now = fmt::format("replaced by own-{}", text_at(version, "/replaced_by"));
        else if (text_at(version, "/in_force") != "true")
            now = "removed " + clock_text(text_at(version, "/ended_at")) +
                  (ended_by.empty() ? "" : " by " + ended_by) + (why.empty() ? "" : ": " + why);
        dom::element price;
        if (version["price"].get(price) != simdjson::SUCCESS) continue;
        table.row({clock_text(text_at(version, "/set_at")), "own-" + text_at(version, "/version"),
                   text_at(version, "/price_id"), all_amounts(price), text_at(version, "/set_by"),
                   text_at(version, "/reason"), now});
    }
    fmt::print("prices of your own\n");
    table.print();
}

/// Which are kept and cannot be read, on standard error; false: none.
bool warn_of_damage(dom::element answer) {
    dom::array damaged;
    if (answer["damaged"].get(damaged) != simdjson::SUCCESS) return false;
    for (const dom::element one : damaged)
        fmt::print(stderr, "damaged: own-{}, set {}{}: {}\n         {}\n", text_at(one, "/version"),
                   clock_text(text_at(one, "/set_at")),
                   has(one, "/set_by") ? " by " + printable(text_at(one, "/set_by")) : "",
                   printable(text_at(one, "/error")), printable(text_at(one, "/remedy")));
    return damaged.size() > 0;
}

void print_runs(dom::array runs) {
    Table table({{"when"},
                 {"re-pricing"},
                 {"state"},
                 {"calls", true},
                 {"before", true},
                 {"after", true},
                 {"of", false, true},
                 {"by"},
                 {"reason", false, true}});
    for (const dom::element run : runs) {
        std::string of = has(run, "/undoes") ? "undoes " + text_at(run, "/undoes")
                                             : fmt::format("{} to {}", clock_text(text_at(run, "/from")),
                                                           clock_text(text_at(run, "/to")));
        if (has(run, "/undone_by")) of += ", undone by " + text_at(run, "/undone_by");
        dom::array filters;
        if (run["filters"].get(filters) == simdjson::SUCCESS)
            for (const dom::element filter : filters) {
                std::string_view text;
                if (filter.get(text) == simdjson::SUCCESS) of += ", " + std::string(text);
            }
        const bool known = has(run, "/difference/changed");
        table.row({clock_text(text_at(run, "/at")), text_at(run, "/id"), text_at(run, "/status"),
                   known ? grouped(count_at(run, "/difference/changed") + count_at(run, "/difference/priced"))
                         : kUnknown,
                   before_text(run, "/difference/amended"), after_text(run, "/difference/amended"), of,
                   text_at(run, "/by"), text_at(run, "/reason")});
    }
    fmt::print("re-pricings\n");
    table.print();
}

Result<int> history(const Program& program, const HistoryFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    const std::string limit = fmt::format("?limit={}", flags.limit);
    STENO_ASSIGN(const std::string versions, api->get("/api/v1/prices/versions" + limit));
    STENO_ASSIGN(const std::string runs, api->get("/api/v1/prices/repricings" + limit));
    dom::parser version_parser, run_parser;
    dom::element version_answer;
    dom::array all_versions, all_runs;
    if (version_parser.parse(versions).get(version_answer) != simdjson::SUCCESS ||
        version_answer["versions"].get(all_versions) != simdjson::SUCCESS ||
        run_parser.parse(runs)["repricings"].get(all_runs) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no history");
    const int exit_code = warn_of_damage(version_answer) ? facts_of(Code::DataLoss).exit_code : 0;
    if (program.json) {
        // Both are objects: one that has the members of both.
        fmt::print("{},{}\n", std::string_view(versions).substr(0, versions.rfind('}')),
                   std::string_view(runs).substr(runs.find('{') + 1));
        return exit_code;
    }
    if (exit_code == 0 && all_versions.size() == 0 && all_runs.size() == 0) {
        fmt::print("no prices of your own were ever set in {}, and no calls re-priced\n", api->where());
        return 0;
    }
    if (all_versions.size() > 0) print_versions(all_versions);
    if (all_versions.size() > 0 && all_runs.size() > 0) fmt::print("\n");
    if (all_runs.size() > 0) print_runs(all_runs);
    return exit_code;
}

}  // namespace

void add_author_flags(CLI::App& command, std::string& by, std::string& reason) {
    command.add_option("--reason", reason, "why, for the history");
    command.add_option("--by", by, "who, for the history (default: your user name here)");
}

std::string author_name(const std::string& by) {
    if (!by.empty()) return by;
    std::array<char, 4096> room{};
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(geteuid(), &entry, room.data(), room.size(), &found) != 0 || found == nullptr) {
        const char* const user = std::getenv("USER");
        return user == nullptr ? std::string() : std::string(user).substr(0, 100);
    }
    return std::string(found->pw_name).substr(0, 100);
}

std::string all_amounts(dom::element price) {
    std::string out;
    for (const pricing::Amount& one : pricing::amounts()) {
        const std::string value = text_at(price, fmt::format("/{}", one.name).c_str());
        if (!value.empty()) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", one.name, value);
    }
    if (const std::string twin = text_at(price, "/same_as"); !twin.empty()) return "as " + twin;
    return out + " " + text_at(price, "/currency");
}

void add_repricing(Program& program, CLI::App& prices) {
    const auto flags = std::make_shared<RepriceFlags>();
    CLI::App* command =
        program.add(prices, "reprice", "What past calls would cost by today's prices; --apply writes it",
                    "  steno prices reprice --period this-month\n"
                    "  steno prices reprice --from 2026-11-01 -f model.requested=gpt-4o\n"
                    "  steno prices reprice --from 2026-11-01 -f model.requested=gpt-4o --apply --reason "
                    "\"contract of November\"\n");
    add_record_flags(*command, flags->record);
    add_period_flags(*command, flags->period);
    command->add_option("--filter,-f", flags->filters, "FIELD[.OP]=VALUE; may be repeated");
    command->add_flag("--include-provider", flags->include_provider,
                      "also costs that Steno did not make: those that the provider reported");
    command->add_flag("--apply", flags->apply, "write the new costs into the record");
    add_author_flags(*command, flags->by, flags->reason);
    command->callback(
        [flags, &program] { program.run = [flags](Program& p) { return reprice(p, *flags); }; });

    const auto undo = std::make_shared<RepriceFlags>();
    command = program.add(prices, "undo",
                          "Give the calls of a re-pricing back what they cost before it; --apply writes it",
                          "  steno prices undo 2026-11-22-3f9c0a\n"
                          "  steno prices undo 2026-11-22-3f9c0a --apply --reason \"the wrong contract\"\n");
    add_record_flags(*command, undo->record);
    command->add_option("id", undo->undo, "the re-pricing, as steno prices history shows it")->required();
    command->add_flag("--apply", undo->apply, "write these costs into the record");
    add_author_flags(*command, undo->by, undo->reason);
    command->callback([undo, &program] { program.run = [undo](Program& p) { return reprice(p, *undo); }; });

    const auto shown = std::make_shared<HistoryFlags>();
    command = program.add(prices, "history", "Prices that were set and removed, and what was re-priced",
                          "  steno prices history\n");
    add_record_flags(*command, shown->record);
    command->add_option("--limit,-n", shown->limit, "how many of each, the latest (default 20)")
        ->check(CLI::Range(1, 1000));
    command->callback(
        [shown, &program] { program.run = [shown](Program& p) { return history(p, *shown); }; });
}

}  // namespace steno::cli
