#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "cli/answer.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/completeness.hpp"
#include "cli/price_origins.hpp"
#include "cli/question.hpp"
#include "cli/report_document.hpp"
#include "cli/terminal.hpp"
#include "exports/output.hpp"
#include "report/render.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

struct ReportFlags {
    RecordFlags record;
    PeriodFlags period;
    std::vector<std::string> filters;
    std::string format, output;
    bool week = false, as_pdf = false;
};

/// Asks one question after another. What it answers lives as long as it does.
class Inquiry {
  public:
    /// `progress`: of about so many questions.
    Inquiry(Api& api, const ReportFlags& flags, PeriodFlags period, std::uint64_t questions)
        : api_(api), flags_(flags), period_(std::move(period)), questions_(questions) {}

    /// Of the calls that the report is about, with these parameters more; `name`: in --json.
    Result<void> ask(const char* name, std::string_view path,
                     const std::vector<std::pair<const char*, std::string>>& parameters,
                     dom::element& answer) {
        Question question(path);
        question.period(period_);
        return finish(name, std::move(question), parameters, answer);
    }
    /// The same of no period, or of one that is among the parameters.
    Result<void> ask_of_any_time(const char* name, std::string_view path,
                                 const std::vector<std::pair<const char*, std::string>>& parameters,
                                 dom::element& answer) {
        Question question(path);
        question.add("tz", period_.tz);
        question.add("at", period_.at);
        return finish(name, std::move(question), parameters, answer);
    }
    Result<void> get(const char* name, const std::string& target, dom::element& answer) {
        progress_.at(parsers_.size(), questions_, name);
        STENO_ASSIGN(const std::string body, api_.get(target));
        json_.member_raw(name, body);
        if (parsers_.emplace_back().parse(body.data(), body.size()).get(answer) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer is no JSON");
        return {};
    }

    JsonWriter& json() { return json_; }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    Result<void> finish(const char* name, Question question,
                        const std::vector<std::pair<const char*, std::string>>& parameters,
                        dom::element& answer) {
        for (const auto& [parameter, value] : parameters) question.add(parameter, value);
        STENO_TRY(question.filters(flags_.filters));
        return get(name, question.target(), answer);
    }

    Api& api_;
    const ReportFlags& flags_;
    PeriodFlags period_;
    std::uint64_t questions_;
    std::deque<dom::parser> parsers_;  // each keeps what its answer borrows
    std::string text_;
    JsonWriter json_{text_};
    Progress progress_{"asked"};
};

/// The currencies of the period, as far as a report has room for.
std::vector<std::string> currencies(dom::element comparison) {
    constexpr std::size_t kMost = 4;
    std::vector<std::string> names;
    dom::object totals;
    if (comparison["now"]["cost"]["totals"].get(totals) == simdjson::SUCCESS)
        for (const auto& [currency, amount] : totals)
            if (names.size() < kMost) names.emplace_back(currency);
    return names;
}

/// Charts, forecast and the dearest calls of each currency apart, where there are several.
Result<void> ask_by_currency(Inquiry& ask, ReportAnswers& answers) {
    const auto names = currencies(answers.models);
    if (names.empty()) {
        ReportAnswers::Currency& one = answers.currencies.emplace_back();
        one = {text_at(answers.models, "/now/cost/currency"), answers.cost, answers.forecast, {}};
        dom::array dearest;
        if (answers.statistics["top_expensive"].get(dearest) == simdjson::SUCCESS)
            for (const dom::element item : dearest) one.dearest.push_back(item["call"]);
        return {};
    }
    ask.json().key("by_currency");
    ask.json().begin_object();
    for (const std::string& name : names) {
        ReportAnswers::Currency& one = answers.currencies.emplace_back();
        one.name = name;
        ask.json().key(name);
        ask.json().begin_object();
        STENO_TRY(ask.ask("cost_by_day", "/api/v1/trends",
                          {{"measure", "cost"}, {"bucket", "day"}, {"cost.currency", name}}, one.cost));
        STENO_TRY(
            ask.ask_of_any_time("forecast", "/api/v1/forecast", {{"cost.currency", name}}, one.forecast));
        dom::element dearest;
        STENO_TRY(ask.ask("dearest", "/api/v1/calls",
                          {{"order", "-cost.total"},
                           {"limit", "4"},
                           {"kind.in", ai_kinds()},
                           {"cost.total.exists", "true"},
                           {"cost.currency", name}},
                          dearest));
        STENO_ASSIGN(const dom::array calls, calls_of(dearest));
        for (const dom::element call : calls) one.dearest.push_back(call);
        ask.json().end_object();
    }
    ask.json().end_object();
    return {};
}

Result<void> ask_all(Api& api, Inquiry& ask, const ReportFlags& flags, const PeriodFlags& period,
                     ReportAnswers& answers) {
    const auto compared = [&](const char* name, const char* by, dom::element& answer) {
        return ask.ask(name, "/api/v1/compare", {{"by", by}, {"limit", "1000"}}, answer);
    };
    STENO_TRY(
        ask.ask("statistics", "/api/v1/statistics", {{"limit", "8"}, {"groups", "50"}}, answers.statistics));
    STENO_TRY(compared("by_model", "provider.name,model.requested", answers.models));
    STENO_TRY(compared("by_provider", "provider.name", answers.providers));
    STENO_TRY(compared("by_agent", "trace.agent", answers.agents));
    STENO_TRY(compared("by_project", "project", answers.projects));
    STENO_TRY(compared("by_user", "who.user_id", answers.users));
    STENO_TRY(ask.ask("failures", "/api/v1/compare",
                      {{"by", "error.type"}, {"limit", "1000"}, {"status", "failure"}}, answers.errors));
    STENO_TRY(
        ask.ask("cost_by_day", "/api/v1/trends", {{"measure", "cost"}, {"bucket", "day"}}, answers.cost));
    STENO_TRY(
        ask.ask("calls_by_day", "/api/v1/trends", {{"measure", "calls"}, {"bucket", "day"}}, answers.calls));
    STENO_TRY(ask.ask("cache_share", "/api/v1/trends", {{"measure", "cache_share"}, {"bucket", "day"}},
                      answers.cache));
    STENO_TRY(
        ask.ask("quality", "/api/v1/quality", {{"by", "prompt.type"}, {"groups", "1000"}}, answers.quality));
    STENO_TRY(ask.ask_of_any_time("quality_before", "/api/v1/quality",
                                  {{"by", "none"},
                                   {"from", text_at(answers.models, "/against/from")},
                                   {"to", text_at(answers.models, "/against/to")}},
                                  answers.quality_before));
    STENO_TRY(ask.ask("missing_variables", "/api/v1/data-quality", {{"limit", "0"}}, answers.missing));
    STENO_TRY(ask.ask_of_any_time("forecast", "/api/v1/forecast", {}, answers.forecast));
    STENO_TRY(
        ask.ask("slow", "/api/v1/slow",
                {{"limit", "8"},
                 {"threshold_ms", fmt::format("{:.0f}", number_at(answers.statistics, "/slow/threshold_ms"))},
                 {"kind.in", ai_kinds()}},
                answers.slow));
    STENO_TRY(ask.ask("suggestions", "/api/v1/suggestions", {}, answers.suggestions));
    STENO_TRY(ask_by_currency(ask, answers));
    STENO_ASSIGN(answers.prices, price_origins(api, period, flags.filters));
    ask.json().member("prices", answers.prices);
    return ask.get("budgets", "/api/v1/budgets", answers.budgets);
}

/// pdf or html: as was said, else as the file is called.
Result<bool> is_pdf(const ReportFlags& flags) {
    if (flags.as_pdf || flags.format == "pdf") return true;
    if (flags.format == "html" || flags.output.ends_with(".html") || flags.output.ends_with(".htm"))
        return false;
    if (flags.output.empty() || flags.output == "-" || flags.output.ends_with(".pdf"))
        return flags.output.ends_with(".pdf");
    return fail(Code::InvalidArgument, fmt::format("what is to be in {}?", printable(flags.output)),
                "--format html or --format pdf");
}

Result<int> report(const Program& program, const ReportFlags& flags) {
    if (flags.week && flags.period.given())
        return fail(Code::InvalidArgument, "--week is a period", "--week, or --days, --period or --from");
    if (flags.as_pdf && flags.format == "html")
        return fail(Code::InvalidArgument, "--pdf is no HTML", "one of them");
    STENO_ASSIGN(const bool as_pdf, is_pdf(flags));
    PeriodFlags period = flags.period;
    if (flags.week || !period.given()) period.days = 7;
    period.at = system_clock().now().to_string();  // all its tables end at one moment
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(Completeness completeness, Completeness::begin(*api));

    constexpr std::uint64_t kQuestions = 19;
    Inquiry ask(*api, flags, period, kQuestions);
    ReportAnswers answers;
    answers.filters = flags.filters;
    ask.json().begin_object();
    STENO_TRY(ask_all(*api, ask, flags, period, answers));
    ask.json().end_object();
    if (program.json) {
        fmt::print("{}\n", ask.text());
        return completeness.exit_code();
    }
    const report::Document document =
        report_document(answers, system_clock().now().to_string().substr(0, 19) + "Z");
    std::string file;
    if (as_pdf) {
        STENO_ASSIGN(file, report::pdf(document));
    } else {
        file = report::html(document);
    }
    const std::string path = !flags.output.empty() ? flags.output : as_pdf ? "report.pdf" : "report.html";
    if (path == "-" && as_pdf && isatty(STDOUT_FILENO) != 0)
        return fail(Code::InvalidArgument, "a PDF is nothing for a terminal", "--output FILE.pdf");
    STENO_TRY(exports::write_whole(path, file));
    if (path != "-")
        fmt::print(stderr, "{} ({} kB)\n", printable(path),
                   grouped(static_cast<std::int64_t>((file.size() + 999) / 1000)));
    return completeness.exit_code();
}

}  // namespace

void add_report(Program& program) {
    CLI::App* command = program.add(
        program.app, "report", "A report of a period with charts, as HTML or PDF",
        "  steno report --week --pdf                         # the last seven days, into report.pdf\n"
        "  steno report --days 30 --format html --output november.html\n"
        "  steno report --period last-month --tz Europe/Berlin -f project=web-shop --output shop.pdf\n"
        "  steno report --days 7 --json                      # all its figures, for programs\n");
    const auto flags = std::make_shared<ReportFlags>();
    add_record_flags(*command, flags->record);
    add_period_flags(*command, flags->period);
    command->add_flag("--week", flags->week, "the last seven days, today's included (default)");
    command->add_option("--format", flags->format, "html or pdf (default: as --output is called, else html)")
        ->check(CLI::IsMember({"html", "pdf"}));
    command->add_flag("--pdf", flags->as_pdf, "the same as --format pdf");
    command->add_option("--output,-o", flags->output,
                        "the file to write (default report.html or report.pdf); - is standard output");
    command->add_option("--filter,-f", flags->filters, "FIELD[.OP]=VALUE; may be repeated");
    command->callback([flags, &program] { program.run = [flags](Program& p) { return report(p, *flags); }; });
}

}  // namespace steno::cli
