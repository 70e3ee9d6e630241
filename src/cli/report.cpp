#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "cli/api_client.hpp"
#include "cli/call_view.hpp"
#include "cli/command.hpp"
#include "cli/completeness.hpp"
#include "cli/question.hpp"
#include "cli/report_document.hpp"
#include "cli/terminal.hpp"
#include "exports/output.hpp"
#include "report/render.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <memory>
#include <string>
#include <unistd.h>
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

/// One question of a report, and where its answer stands in ReportAnswers and in --json.
struct Part {
    const char* name;
    const char* path;
    std::vector<std::pair<const char*, const char*>> parameters;
    dom::element ReportAnswers::* answer;
};

std::vector<Part> parts() {
    return {
        {"statistics", "/api/v1/statistics", {{"limit", "8"}, {"groups", "50"}}, &ReportAnswers::statistics},
        {"by_model",
         "/api/v1/compare",
         {{"by", "model.requested"}, {"limit", "1000"}},
         &ReportAnswers::models},
        {"by_agent", "/api/v1/compare", {{"by", "trace.agent"}, {"limit", "1000"}}, &ReportAnswers::agents},
        {"by_project", "/api/v1/compare", {{"by", "project"}, {"limit", "1000"}}, &ReportAnswers::projects},
        {"by_user", "/api/v1/compare", {{"by", "who.user_id"}, {"limit", "1000"}}, &ReportAnswers::users},
        {"failures",
         "/api/v1/compare",
         {{"by", "error.type"}, {"limit", "1000"}, {"status", "failure"}},
         &ReportAnswers::errors},
        {"cost_by_day", "/api/v1/trends", {{"measure", "cost"}, {"bucket", "day"}}, &ReportAnswers::cost},
        {"calls_by_day", "/api/v1/trends", {{"measure", "calls"}, {"bucket", "day"}}, &ReportAnswers::calls},
        {"cache_share",
         "/api/v1/trends",
         {{"measure", "cache_share"}, {"bucket", "day"}},
         &ReportAnswers::cache},
        {"quality", "/api/v1/quality", {{"by", "prompt.type"}, {"groups", "1000"}}, &ReportAnswers::quality},
        {"quality_before", "/api/v1/quality", {{"by", "none"}}, &ReportAnswers::quality_before},
        {"missing_variables", "/api/v1/data-quality", {{"limit", "0"}}, &ReportAnswers::missing},
        {"forecast", "/api/v1/forecast", {}, &ReportAnswers::forecast}};
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
    STENO_ASSIGN(const auto api, Api::open(program, flags.record));
    STENO_ASSIGN(Completeness completeness, Completeness::begin(*api));

    ReportAnswers answers;
    const std::vector<Part> asked = parts();
    std::vector<dom::parser> parsers(asked.size());  // each keeps what its answer borrows
    std::string all;
    JsonWriter json(all);
    json.begin_object();
    Progress progress("asked");
    for (std::size_t i = 0; i < asked.size(); ++i) {
        const Part& part = asked[i];
        progress.at(i, asked.size(), part.name);
        Question question(part.path);
        if (part.answer == &ReportAnswers::forecast) {
            question.add("tz", period.tz);
        } else if (part.answer == &ReportAnswers::quality_before) {
            question.add("from", text_at(answers.models, "/against/from"));
            question.add("to", text_at(answers.models, "/against/to"));
            question.add("tz", period.tz);
        } else {
            question.period(period);
        }
        for (const auto& [name, value] : part.parameters) question.add(name, value);
        STENO_TRY(question.filters(flags.filters));
        STENO_ASSIGN(const std::string body, api->get(question.target()));
        json.member_raw(part.name, body);
        if (parsers[i].parse(body.data(), body.size()).get(answers.*part.answer) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer is no JSON");
    }
    json.end_object();
    if (program.json) {
        fmt::print("{}\n", all);
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
