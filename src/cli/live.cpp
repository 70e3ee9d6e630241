#include "base/time.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/full_screen.hpp"
#include "cli/live_view.hpp"
#include "cli/question.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct LiveFlags {
    RecordFlags record;
    std::string tz;
    std::vector<std::string> filters;
    std::int64_t minutes = 5;
    double interval = 1;
    std::uint64_t count = 0;  ///< 0: for ever
};

constexpr std::int64_t kMostMinutes = 1440;
constexpr std::size_t kSparkMinutes = 60;
constexpr std::size_t kListed = 200;  ///< calls that one can scroll through

/// Asks the record again and again; what was parsed last stays until it is asked the next time.
class Watcher {
  public:
    Watcher(Api& api, const LiveFlags& flags) : api_(api), flags_(flags) {}

    /// `whole`: for the screen, with calls and minutes.
    Result<void> look(std::int64_t minutes, bool failures_only, bool whole) {
        Question now("/api/v1/realtime");
        now.add("minutes", std::to_string(minutes));
        now.add("tz", flags_.tz);
        STENO_ASSIGN(const dom::element realtime, ask(realtime_, std::move(now)));
        Question today("/api/v1/aggregate");
        today.add("period", "today");
        today.add("tz", flags_.tz);
        today.add("measures", "calls,errors,cost");
        today.add("kind.in", ai_kinds());
        STENO_ASSIGN(const dom::element sums, ask(today_, std::move(today)));
        facts_.realtime = realtime;
        if (sums.at_pointer("/groups/0").get(facts_.today) != simdjson::SUCCESS) facts_.today = sums;
        return whole ? look_closer(failures_only) : Result<void>();
    }

    [[nodiscard]] const LiveFacts& facts() const { return facts_; }
    [[nodiscard]] const std::string& realtime_json() const { return realtime_.body; }

  private:
    struct Answer {
        std::string body;
        std::unique_ptr<dom::parser> parser;  ///< another one for each answer: what is shown stays until then
    };

    Result<dom::element> ask(Answer& answer, Question question) {
        STENO_TRY(question.filters(flags_.filters));
        STENO_ASSIGN(std::string body, api_.get(question.target()));
        auto parser = std::make_unique<dom::parser>();
        dom::element parsed;
        if (parser->parse(body.data(), body.size()).get(parsed) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer is no JSON");
        answer = {std::move(body), std::move(parser)};
        return parsed;
    }

    Result<void> look_closer(bool failures_only) {
        constexpr std::int64_t kMinute = 60'000'000'000;
        const std::int64_t this_minute = system_clock().now().unix_nanos / kMinute * kMinute;
        const std::int64_t first = this_minute - static_cast<std::int64_t>(kSparkMinutes - 1) * kMinute;
        Question by_minute("/api/v1/aggregate");
        by_minute.add("bucket", "minute");
        by_minute.add("from", Timestamp{first, 0}.to_string());
        by_minute.add("measures", "calls,errors");
        by_minute.add("kind.in", ai_kinds());
        STENO_ASSIGN(const dom::element minutes, ask(minutes_, std::move(by_minute)));
        facts_.calls_by_minute.assign(kSparkMinutes, 0);
        facts_.failures_by_minute.assign(kSparkMinutes, 0);
        dom::array groups;
        if (minutes["groups"].get(groups) == simdjson::SUCCESS) {
            for (const dom::element group : groups) {
                const auto begin = Timestamp::parse(text_at(group, "/bucket"));
                const std::int64_t at = begin ? (begin->unix_nanos - first) / kMinute : -1;
                if (at < 0 || at >= static_cast<std::int64_t>(kSparkMinutes)) continue;
                facts_.calls_by_minute[static_cast<std::size_t>(at)] = number_at(group, "/calls");
                facts_.failures_by_minute[static_cast<std::size_t>(at)] = number_at(group, "/errors");
            }
        }
        Question latest("/api/v1/calls");
        latest.add("limit", std::to_string(kListed));
        latest.add("fields", std::string(call_table_fields()) + ",trace.agent");
        if (failures_only) latest.add("status", "failure");
        STENO_ASSIGN(const dom::element calls, ask(calls_, std::move(latest)));
        facts_.calls.clear();
        dom::array listed;
        if (calls["calls"].get(listed) == simdjson::SUCCESS)
            facts_.calls.assign(listed.begin(), listed.end());
        return {};
    }

    Api& api_;
    const LiveFlags& flags_;
    Answer realtime_, today_, minutes_, calls_;
    LiveFacts facts_;
};

/// "12:00:05", as clocks in the zone that was asked for show it.
std::string clock_now(const LiveFacts& facts) {
    const std::string now = text_at(facts.realtime, "/period/to");
    return now.size() >= 19 ? now.substr(11, 8) : now;
}

std::chrono::milliseconds interval_of(const LiveFlags& flags) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(flags.interval * 1000));
}

/// A line an interval. What cannot be asked at first is an error; later it may come back.
Result<int> print_lines(const Program& program, const LiveFlags& flags, Watcher& watcher) {
    for (std::uint64_t n = 0; flags.count == 0 || n < flags.count; ++n) {
        if (n > 0) std::this_thread::sleep_for(interval_of(flags));
        auto looked = watcher.look(flags.minutes, false, false);
        if (!looked && n == 0) return std::unexpected(std::move(looked).error());
        if (!looked)
            fmt::print(stderr, "steno: {}\n", looked.error().message);
        else if (program.json)
            fmt::print("{}\n", watcher.realtime_json());
        else
            fmt::print("{}\n", live_line(watcher.facts(), clock_now(watcher.facts())));
        if (std::fflush(stdout) != 0) return 0;  // the reader has gone (| head)
    }
    return 0;
}

Result<int> show_screen(const LiveFlags& flags, const Api& api, Watcher& watcher) {
    std::int64_t minutes = flags.minutes;
    LiveLook look;
    look.where = api.where();
    STENO_ASSIGN(look.zone, calendar::Zone::find(flags.tz.empty() ? "UTC" : flags.tz));
    // Whether there is anything to show is found out before the screen is taken.
    STENO_TRY(watcher.look(minutes, false, true));
    look.clock = clock_now(watcher.facts());
    FullScreen screen;
    for (std::uint64_t n = 1;;) {
        const FullScreen::Size size = FullScreen::size();
        look.width = size.width;
        look.height = size.height;
        FullScreen::show(live_screen(watcher.facts(), look));
        const auto next = std::chrono::steady_clock::now() + interval_of(flags);
        bool again = false;
        for (auto left = interval_of(flags); !again;
             left = std::chrono::duration_cast<std::chrono::milliseconds>(next -
                                                                          std::chrono::steady_clock::now())) {
            const auto [key, character] = FullScreen::wait(std::max(left, std::chrono::milliseconds(0)));
            using Key = FullScreen::Key;
            const std::size_t before = look.scrolled, page = std::max<std::size_t>(1, look.height / 2);
            if (key == Key::Closed || character == 'q' || character == 'Q') return 0;
            if (key == Key::None || character == 'f' || character == '+' || character == '-') again = true;
            if (character == ' ') look.paused = !look.paused;
            if (character == 'f') look.failures_only = !look.failures_only, look.scrolled = 0;
            if (character == '+') minutes = std::min(kMostMinutes, minutes + (minutes < 10 ? 1 : 10));
            if (character == '-') minutes = std::max<std::int64_t>(1, minutes - (minutes <= 10 ? 1 : 10));
            if (key == Key::Up) look.scrolled -= std::min<std::size_t>(look.scrolled, 1);
            if (key == Key::PageUp) look.scrolled -= std::min(look.scrolled, page);
            if (key == Key::Down) ++look.scrolled;
            if (key == Key::PageDown) look.scrolled += page;
            const std::size_t listed = watcher.facts().calls.size();
            look.scrolled = std::min(look.scrolled, listed == 0 ? 0 : listed - 1);
            if (!again && (key == Key::Resized || character == ' ' || look.scrolled != before)) {
                const FullScreen::Size now = FullScreen::size();
                look.width = now.width;
                look.height = now.height;
                FullScreen::show(live_screen(watcher.facts(), look));
            }
        }
        if (look.paused) continue;
        if (flags.count > 0 && n >= flags.count) return 0;
        ++n;
        auto looked = watcher.look(minutes, look.failures_only, true);
        look.trouble = looked ? "" : looked.error().message;
        if (looked) look.clock = clock_now(watcher.facts());
    }
}

Result<int> live(const Program& program, const LiveFlags& flags) {
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    Watcher watcher(*api, flags);
    if (program.json || !FullScreen::possible()) return print_lines(program, flags, watcher);
    return show_screen(flags, *api, watcher);
}

}  // namespace

void add_live(Program& program) {
    CLI::App* command = program.add(
        program.app, "live", "What goes on now, on a screen that updates; in a pipe a line a second",
        "  steno live                            # q quits, space pauses\n"
        "  steno live --minutes 15 -f project=web-shop --server http://steno:8787\n"
        "  steno live --json --interval 10       # for programs: an object a line\n"
        "  steno live --json --count 1           # the last minutes, once\n");
    const auto flags = std::make_shared<LiveFlags>();
    add_record_flags(*command, flags->record);
    command->add_option("--minutes,-m", flags->minutes, "how many minutes the figures are of (default 5)")
        ->check(CLI::Range(std::int64_t{1}, kMostMinutes));
    command->add_option("--interval", flags->interval, "seconds between two looks (default 1)")
        ->check(CLI::Range(0.1, 3600.0));
    command->add_option("--count", flags->count, "end after so many looks");
    command->add_option("--tz", flags->tz,
                        "whose today: a name such as Europe/Berlin, local, or +01:00 (default UTC)");
    command->add_option("--filter,-f", flags->filters, "FIELD[.OP]=VALUE; may be repeated");
    command->callback([flags, &program] { program.run = [flags](Program& p) { return live(p, *flags); }; });
}

}  // namespace steno::cli
