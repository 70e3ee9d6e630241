#include "calendar/period.hpp"
#include "cli/call_count.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/completeness.hpp"
#include "cli/lean_api.hpp"
#include "cli/question.hpp"
#include "cli/terminal.hpp"
#include "daily/files.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace steno::cli {

namespace {

struct DailyFlags {
    RecordFlags record;
    PeriodFlags period;
    std::string day, output;
    bool requests = false;
    std::uint64_t max_text = daily::Options().max_text;
};

struct Written {
    std::string day, name;
    daily::Size size;
};

Result<std::vector<daily::Day>> days_of(const DailyFlags& flags, const calendar::Zone& zone) {
    const PeriodFlags& said = flags.period;
    const Timestamp now = system_clock().now();
    calendar::Period period;
    if (!said.from.empty() || !said.to.empty()) {
        STENO_ASSIGN(period, calendar::between(said.from, said.to, zone, now));
    } else if (said.days > 0) {
        STENO_ASSIGN(period, calendar::last_days(said.days, zone, now));
    } else {
        const std::string& name = !flags.day.empty() ? flags.day : said.period;
        STENO_ASSIGN(period, calendar::parse_period(name.empty() ? "yesterday" : name, zone, now));
    }
    return daily::days_between(period.from, period.to, zone);
}

/// Pieces that are shown as they pass.
class Watched final : public exports::Pieces {
  public:
    Watched(exports::Pieces& pieces, const std::function<void(std::string_view)>& seen)
        : pieces_(pieces), seen_(seen) {}
    Result<bool> next(std::string& out) override {
        const std::size_t begun = out.size();
        STENO_ASSIGN(const bool more, pieces_.next(out));
        seen_(std::string_view(out).substr(begun));
        return more;
    }

  private:
    exports::Pieces& pieces_;
    const std::function<void(std::string_view)>& seen_;
};

/// Writes the files of days, by a server or from a folder.
class DailyExport {
  public:
    DailyExport(Api& api, const DailyFlags& flags, const calendar::Zone& zone, Duration slow)
        : api_(api), flags_(flags), zone_(zone) {
        options_.max_text = static_cast<std::size_t>(flags.max_text);
        options_.slow = slow;
    }

    Result<std::vector<Written>> write(const std::vector<daily::Day>& days) {
        std::vector<Written> written;
        Progress progress("exported");
        Question question("");
        question.add("from", days.front().from.to_string());
        question.add("to", days.back().to.to_string());
        const std::uint64_t about = call_count(api_, question.target());
        daily::EntryCount calls;
        for (const daily::Day& day : days) {
            for (const daily::Content content : daily::kContents) {
                if (content == daily::Content::Requests && !flags_.requests) continue;
                const std::string name = daily::file_name(content, day.date);
                const auto seen = [&](std::string_view piece) {
                    if (content == daily::Content::Calls) calls.add(piece);
                    progress.at(calls.entries(), about, name);
                };
                STENO_ASSIGN(const daily::Size size, write(content, day, name, seen));
                written.push_back({day.date, name, size});
            }
        }
        return written;
    }

  private:
    Result<daily::Size> write(daily::Content content, const daily::Day& day, const std::string& name,
                              const std::function<void(std::string_view)>& seen) {
        const std::string path = flags_.output + "/" + name;
        if (ingest::DataFolder* const data = data_of(api_)) {
            const auto pieces = daily::open_file({data->store(), data->calls()}, content, day, options_);
            Watched watched(*pieces, seen);
            return daily::write_file(watched, path);
        }
        Question question("/api/v1/daily/" + name);
        question.add("tz", zone_.name());
        question.add("max_text", std::to_string(flags_.max_text));
        return daily::write_file(
            [&](const daily::TakePiece& take) {
                return stream(api_, question.target(), [&](std::string_view piece) {
                    seen(piece);
                    return take(piece);
                });
            },
            path);
    }

    Api& api_;
    const DailyFlags& flags_;
    const calendar::Zone& zone_;
    daily::Options options_;
};

void show(const Program& program, const DailyFlags& flags, const calendar::Zone& zone,
          const std::vector<Written>& written) {
    if (program.json) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("folder", flags.output);
        json.member("time_zone", zone.name());
        json.key("files");
        json.begin_array();
        for (const Written& file : written) {
            json.begin_object();
            json.member("name", file.name);
            json.member("day", file.day);
            json.member("entries", file.size.entries);
            json.member("bytes", file.size.bytes);
            json.end_object();
        }
        json.end_array();
        json.end_object();
        fmt::print("{}\n", out);
        return;
    }
    Table table({{"file", false, true}, {"entries", true}, {"bytes", true}});
    for (const Written& file : written)
        table.row({file.name,
                   file.name.starts_with("stats") ? std::string(kUnknown)
                                                  : grouped(static_cast<std::int64_t>(file.size.entries)),
                   grouped(static_cast<std::int64_t>(file.size.bytes))});
    table.print();
}

Result<int> daily(const Program& program, const DailyFlags& flags) {
    if (!flags.day.empty() && flags.period.given())
        return fail(Code::InvalidArgument, "--day is a period",
                    "--day, or one of --days, --period and --from with --to");
    STENO_ASSIGN(const calendar::Zone zone, calendar::Zone::find(flags.period.tz));
    STENO_ASSIGN(const std::vector<daily::Day> days, days_of(flags, zone));
    if (days.empty()) return fail(Code::InvalidArgument, "there is no day in this period");
    STENO_ASSIGN(const Config config, program.config(flags.record.data));
    STENO_ASSIGN(const auto api, open_lean(program, flags.record));
    STENO_ASSIGN(Completeness completeness, Completeness::begin(*api));
    std::error_code error;
    std::filesystem::create_directories(flags.output, error);
    if (error)
        return fail(Code::Unavailable, fmt::format("making {}: {}", flags.output, error.message()),
                    "name a folder that can be written to: --output DIR");
    STENO_ASSIGN(const std::vector<Written> written,
                 DailyExport(*api, flags, zone, Duration{config.slow_ms * 1'000'000}).write(days));
    show(program, flags, zone, written);
    return completeness.exit_code();
}

}  // namespace

void add_daily(Program& program) {
    CLI::App* command = program.add(
        program.app, "daily", "Each day's calls, requests and statistics as JSON files",
        "  steno daily --output logs                              # yesterday's calls-… and stats-….json\n"
        "  steno daily --day 2026-11-20 --requests --output logs\n"
        "  steno daily --days 7 --tz Europe/Berlin --max-text 0 --output logs\n"
        "  steno daily --period last-month --output logs --json   # what was written, for programs\n");
    const auto flags = std::make_shared<DailyFlags>();
    add_record_flags(*command, flags->record);
    command->add_option("--day", flags->day, "a day: 2026-11-20, yesterday or today (default yesterday)");
    add_period_flags(*command, flags->period);
    command->add_option("--output,-o", flags->output, "the folder to write into")->required();
    command->add_flag("--requests", flags->requests, "with a file of each day's requests");
    command->add_option("--max-text", flags->max_text,
                        "characters of a prompt or answer (default 1000); 0: all of it");
    command->callback([flags, &program] { program.run = [flags](Program& p) { return daily(p, *flags); }; });
}

}  // namespace steno::cli
