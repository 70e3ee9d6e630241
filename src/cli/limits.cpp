#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <memory>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct LimitsFlags {
    RecordFlags record;
    std::string provider, key, model;
    bool exhausted = false;
    std::uint32_t most = 50;
};

std::optional<std::int64_t> integer_at(dom::element object, std::string_view name) {
    std::int64_t number = 0;
    if (object[name].get(number) != simdjson::SUCCESS) return std::nullopt;
    return number;
}

/// "in 12 s", "in 3 h 20 min": rounded up, so that nobody comes too early.
std::string in_time(std::int64_t ms) {
    const std::int64_t seconds = (ms + 999) / 1000;
    if (ms < 1000) return fmt::format("in {} ms", ms);
    if (seconds < 120) return fmt::format("in {} s", seconds);
    const std::int64_t minutes = (seconds + 59) / 60;
    if (minutes < 120) return fmt::format("in {} min", minutes);
    return fmt::format("in {} h {} min", minutes / 60, minutes % 60);
}

/// "12 s ago", "3 h ago": rounded down.
std::string ago(const std::string& moment) {
    const auto then = Timestamp::parse(moment);
    if (!then) return "";
    const std::int64_t seconds =
        std::max<std::int64_t>(0, system_clock().now().unix_nanos - then->unix_nanos) / 1'000'000'000;
    if (seconds < 120) return fmt::format("{} s ago", seconds);
    if (seconds < 7200) return fmt::format("{} min ago", seconds / 60);
    return seconds < 172'800 ? fmt::format("{} h ago", seconds / 3600)
                             : fmt::format("{} days ago", seconds / 86'400);
}

/// What is left: "███████░░░  70 %".
std::string bar(double left) {
    constexpr int kWidth = 10;
    // Something left is never shown as nothing, something used never as all.
    const int full = left <= 0   ? 0
                     : left >= 1 ? kWidth
                                 : std::clamp(static_cast<int>(std::lround(left * kWidth)), 1, kWidth - 1);
    std::string text;
    for (int i = 0; i < kWidth; ++i) text += i < full ? "█" : "░";
    return text + fmt::format(" {:>3.0f} %", left >= 1 ? 100.0 : std::floor(left * 100));
}

/// One line a window; who told of none, of a refusal.
void add_rows(Table& table, dom::element state) {
    bool out = false;
    (void)state["exhausted"].get(out);
    const auto available = integer_at(state, "available_in_ms");
    const std::string verdict = !out ? "ok" : available ? "exhausted, " + in_time(*available) : "exhausted";
    std::vector<std::string> head{text_at(state, "/provider"), text_at(state, "/api_key_id"),
                                  text_at(state, "/model")};
    if (head[1].empty()) head[1] = "–";
    if (head[2].empty()) head[2] = "(no model)";
    dom::array windows;
    if (state["windows"].get(windows) != simdjson::SUCCESS || windows.size() == 0) {
        table.row({head[0], head[1], head[2], "–", "", "", "", ago(text_at(state, "/last_seen")), verdict},
                  {Colour::Plain, Colour::Plain, Colour::Plain, Colour::Dim, Colour::Plain, Colour::Plain,
                   Colour::Plain, Colour::Dim, out ? Colour::Red : Colour::Green});
        return;
    }
    bool first = true;
    for (const dom::element window : windows) {
        const auto limit = integer_at(window, "limit");
        const auto remaining = integer_at(window, "remaining");
        const auto resets = integer_at(window, "resets_in_ms");
        const bool past = resets && *resets == 0;
        std::string share;
        Colour colour = Colour::Plain;
        if (limit && remaining && *limit > 0) {
            const double left = static_cast<double>(*remaining) / static_cast<double>(*limit);
            share = bar(left);
            colour = left <= 0 ? Colour::Red : left < 0.2 ? Colour::Yellow : Colour::Green;
        }
        // What was told before a reset is a word of the past: nobody has said since what is left.
        const auto last = remaining ? remaining : integer_at(window, "told_remaining");
        const std::string amount = last && limit ? fmt::format("{} of {}", grouped(*last), grouped(*limit))
                                   : last        ? grouped(*last)
                                   : limit       ? "of " + grouped(*limit)
                                                 : "";
        const std::string when = !resets ? "" : past ? "full again" : in_time(*resets);
        const Colour known = past ? Colour::Dim : Colour::Plain;
        table.row({first ? head[0] : "", first ? head[1] : "", first ? head[2] : "", text_at(window, "/name"),
                   share, amount, when, ago(text_at(window, "/told_at")), first ? verdict : ""},
                  {Colour::Plain, Colour::Plain, Colour::Plain, Colour::Plain, colour, known,
                   past ? Colour::Green : Colour::Plain, Colour::Dim, out ? Colour::Red : Colour::Green});
        first = false;
    }
}

Result<int> limits(const Program& program, const LimitsFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    std::string query = fmt::format("?limit={}", flags.most);
    const auto add = [&query](std::string_view name, std::string_view value) {
        if (!value.empty()) query += fmt::format("&{}={}", name, net::percent_encode(value));
    };
    add("provider", flags.provider);
    add("api_key_id", flags.key);
    add("model", flags.model);
    if (flags.exhausted) add("exhausted", "true");
    STENO_ASSIGN(const std::string body, api->get("/api/v1/limits" + query));
    if (program.json) {
        fmt::print("{}\n", body);
        return 0;
    }
    dom::parser parser;
    dom::element whole;
    dom::array states;
    if (parser.parse(body).get(whole) != simdjson::SUCCESS ||
        whole["limits"].get(states) != simdjson::SUCCESS) {
        return fail(Code::Internal, "the answer has no limits");
    }
    if (states.size() == 0) {
        fmt::print("no provider has told of a limit in {}{}\n", api->where(),
                   flags.exhausted ? " that is used up" : "");
        return 0;
    }
    Table table({{"provider"},
                 {"key"},
                 {"model", false, true},
                 {"limit"},
                 {"left"},
                 {"", true},
                 {"full"},
                 {"told"},
                 {"now"}});
    for (const dom::element state : states) add_rows(table, state);
    table.print();
    for (const dom::element state : states) {
        bool out = false;
        (void)state["exhausted"].get(out);
        const std::string advice = text_at(state, "/last_refused/advice");
        if (out && !advice.empty())
            fmt::print("\n{}: {}\n",
                       printable(text_at(state, text_at(state, "/model").empty() ? "/provider" : "/model")),
                       printable(advice));
    }
    if (const auto total = integer_at(whole, "total"); total && *total > std::int64_t{flags.most})
        fmt::print("… and more: --limit {}\n", *total);
    return 0;
}

}  // namespace

void add_limits(Program& program) {
    CLI::App* command =
        program.add(program.app, "limits", "Rate limits and quotas: what is left for each key and model",
                    "  steno limits\n"
                    "  steno limits --exhausted\n"
                    "  steno limits --provider openai --model gpt-4o --json\n");
    const auto flags = std::make_shared<LimitsFlags>();
    add_record_flags(*command, flags->record);
    command->add_option("--provider", flags->provider, "only this provider, by its name in the record");
    command->add_option("--key", flags->key, "only this key, by its fingerprint (who.api_key_id)");
    command->add_option("--model", flags->model, "only this model, as it was asked for");
    command->add_flag("--exhausted", flags->exhausted, "only what would be refused now");
    command->add_option("--limit,-n", flags->most, "how many keys and models (default 50)")
        ->check(CLI::Range(1, 10'000));
    command->callback([flags, &program] { program.run = [flags](Program& p) { return limits(p, *flags); }; });
}

}  // namespace steno::cli
