#include "cli/prompt_executions.hpp"

#include "base/json_writer.hpp"
#include "cli/call_count.hpp"
#include "cli/call_rows.hpp"
#include "cli/call_view.hpp"
#include "cli/completeness.hpp"
#include "cli/question.hpp"
#include "cli/terminal.hpp"
#include "exports/output.hpp"
#include "net/http.hpp"
#include "prompts/document_executions.hpp"
#include "record/json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kDeliveries = "/api/v1/calls";
constexpr std::size_t kMostADelivery = 500;
constexpr std::size_t kMostAQuestion = 500;  ///< ids, which stand in a request's head: 20 kB of its 64

/// InvalidArgument: the server did not take all of them.
Result<void> deliver(Api& api, std::span<const Call> calls) {
    std::string body = "{\"calls\":[";
    for (const Call& call : calls) {
        if (body.back() != '[') body += ',';
        append_json(body, call);
    }
    STENO_ASSIGN(const std::string answer, api.post(std::string(kDeliveries), body + "]}"));
    dom::parser parser;
    dom::element said;
    dom::array rejected;
    if (parser.parse(answer).get(said) != simdjson::SUCCESS ||
        said["rejected"].get(rejected) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer does not say what became of the executions");
    if (rejected.size() == 0) return {};
    std::string_view why;
    if (rejected.at(0)["detail"].get(why) != simdjson::SUCCESS) why = "no reason given";
    return fail(Code::InvalidArgument,
                fmt::format("{} executions were not taken; the first: {}", rejected.size(), printable(why)),
                "what was taken is there once, however often the file is imported: correct these, and import "
                "it again");
}

/// Which of these the record has: one question for all of them.
Result<std::set<Uuid>> known_of(Api& api, std::span<const std::string> ids) {
    Question question("");
    question.add("id.in", fmt::format("{}", fmt::join(ids, ",")));
    question.add("unlisted", "true");
    question.add("fields", "id");
    question.add("limit", "1000");
    const auto rows = whole_calls(api, question.target());
    std::set<Uuid> known;
    for (;;) {
        STENO_ASSIGN(const auto row, rows->next());
        if (row.empty()) return known;
        STENO_ASSIGN(const Call call, call_from_json(std::get<std::string_view>(row.front())));
        known.insert(call.id);
    }
}

/// Calls that the record has under the id that an export wrote are not delivered: it knows more of them than
/// an execution says, and takes what is delivered of a call that it has for what is true of it. How many.
Result<std::size_t> leave_out_known(Api& api, prompts::DocumentExecutions& read) {
    if (read.exported.empty()) return 0;
    STENO_TRY(Completeness::begin(api));  // what is not in the store yet would be taken for unknown
    std::vector<std::string> ids;
    for (const auto& [id, meaning] : read.exported) ids.push_back(id.to_string());
    std::set<Uuid> known;
    Progress progress("executions compared");
    for (std::size_t asked = 0; asked < ids.size(); asked += kMostAQuestion) {
        progress.at(asked, ids.size());
        const std::span<const std::string> rest = std::span(ids).subspan(asked);
        STENO_ASSIGN(auto some, known_of(api, rest.first(std::min(kMostAQuestion, rest.size()))));
        known.merge(std::move(some));
    }
    return std::erase_if(read.calls, [&](const Call& call) {
        return read.exported.contains(call.id) && known.contains(call.id);
    });
}

Question selected(std::string_view path, const ExecutionsFlags& which) {
    Question question(path);
    if (which.prompt.empty())
        question.add("prompt.name.exists", "true");
    else
        question.add("prompt.name", which.prompt);
    question.add("kind.in", ai_kinds());
    question.period(which.period);
    return question;
}

/// Of nothing: NotFound where neither the registry nor any call has this prompt.
Result<void> known_prompt(Api& api, const ExecutionsFlags& which) {
    if (which.prompt.empty()) return {};
    const auto known = api.get("/api/v1/prompts/" + net::percent_encode(which.prompt));
    if (known || known.error().code != Code::NotFound) return {};  // without a registry nobody can tell
    ExecutionsFlags ever;
    ever.prompt = which.prompt;
    if (call_count(api, selected("", ever).target()) > 0) return {};
    return std::unexpected(known.error());
}

/// Calls, as executions.
class Executions final : public exports::Rows {
  public:
    explicit Executions(std::unique_ptr<exports::Rows> calls) : calls_(std::move(calls)) {}

    std::span<const exports::Column> columns() const override { return calls_->columns(); }

    Result<std::span<const FieldValue>> next() override {
        STENO_ASSIGN(const auto row, calls_->next());
        if (row.empty()) return row;
        STENO_ASSIGN(const Call call, call_from_json(std::get<std::string_view>(row.front())));
        text_ = prompts::write_document_execution(call);
        row_ = std::string_view(text_);
        return std::span<const FieldValue>(&row_, 1);
    }

  private:
    std::unique_ptr<exports::Rows> calls_;
    std::string text_;
    FieldValue row_;
};

using Version = std::pair<std::string, std::string>;  ///< prompt and version

std::string name_in(dom::element group, std::string_view field) {
    std::string_view name;
    return group["key"][field].get(name) == simdjson::SUCCESS ? std::string(name) : std::string();
}

Version version_in(dom::element group) {
    return {name_in(group, "prompt.name"), name_in(group, "prompt.version")};
}

/// Of groups in the order of prompt and version. `succeeded`: how many calls of each did, as far as any did.
std::string metrics_of(dom::array groups, const std::map<Version, std::int64_t>& succeeded) {
    std::string out;
    JsonWriter json(out);
    std::optional<std::string> prompt;
    json.begin_object();
    for (const dom::element group : groups) {
        if (std::string name = name_in(group, "prompt.name"); prompt != name) {
            if (prompt) json.end_object();
            prompt = std::move(name);
            json.key(*prompt);
            json.begin_object();
        }
        std::int64_t calls = 0;
        (void)group["calls"].get(calls);
        const auto good = succeeded.find(version_in(group));
        json.key(name_in(group, "prompt.version"));
        json.begin_object();
        json.member("total_executions", calls);
        json.key("success_rate");
        json.number(good == succeeded.end() ? 0.0
                                            : static_cast<double>(good->second) / static_cast<double>(calls));
        constexpr std::pair<std::string_view, std::string_view> kAverages[] = {
            {"avg_execution_time_ms", "duration_avg"},
            {"avg_token_count", "avg(usage.output_tokens)"},
            {"avg_output_length", "avg(response.output_chars)"},
            {"avg_quality_score", "avg(scores.quality)"}};
        for (const auto& [member, measure] : kAverages) {
            dom::element value;
            json.member_raw(
                member, group[measure].get(value) == simdjson::SUCCESS ? simdjson::minify(value) : "null");
        }
        json.end_object();
    }
    if (prompt) json.end_object();
    json.end_object();
    return out;
}

}  // namespace

Result<int> import_executions(const Program& program, Api& api, std::string_view json) {
    STENO_ASSIGN(prompts::DocumentExecutions read, prompts::read_document_executions(json));
    STENO_ASSIGN(const std::size_t already_there, leave_out_known(api, read));
    const std::span<const Call> calls = read.calls;
    {
        Progress progress("executions");
        for (std::size_t done = 0; done < calls.size(); done += kMostADelivery) {
            progress.at(done, calls.size());
            STENO_TRY(deliver(api, calls.subspan(done, std::min(kMostADelivery, calls.size() - done))));
        }
    }
    STENO_ASSIGN(Completeness completeness,
                 Completeness::begin(api));  // who asks next asks about all of them
    std::string left_out;
    for (const std::string& name : read.left_out) left_out += (left_out.empty() ? "" : ", ") + name;
    if (program.json) {
        std::string out;
        JsonWriter answer(out);
        answer.begin_object();
        answer.member("executions", static_cast<std::int64_t>(read.executions));
        answer.member("already_there", static_cast<std::int64_t>(already_there));
        answer.key("left_out");
        answer.begin_array();
        for (const std::string& name : read.left_out) answer.string(name);
        answer.end_array();
        answer.end_object();
        fmt::print("{}\n", out);
        return completeness.exit_code();
    }
    fmt::print("{} on the record, as calls; those of an earlier import are there once\n",
               counted(std::to_string(read.executions), "execution"));
    if (already_there > 0) fmt::print("{} of them by their call_id, and left as they are\n", already_there);
    if (!left_out.empty()) fmt::print("left out: {}\n", printable(left_out));
    return completeness.exit_code();
}

Result<int> export_executions(const Program& program, const RecordFlags& record, const ExecutionsFlags& which,
                              const TargetFlags& target) {
    STENO_ASSIGN(const exports::Format* const format, format_of(target, "json"));
    if (!format->name.starts_with("json"))
        return fail(Code::InvalidArgument, fmt::format("executions are not written as {}", format->name),
                    "--format json or jsonl; a table of the same calls: steno calls export");
    STENO_ASSIGN(const auto api, Api::open(program, record));
    STENO_ASSIGN(Completeness completeness, Completeness::begin(*api));
    Question question = selected("", which);
    const std::uint64_t about = call_count(*api, question.target());
    if (about == 0) STENO_TRY(known_prompt(*api, which));
    question.add("order", "started_at");
    question.add("limit", "200");
    question.add("fields", whole_record_fields());
    Executions rows(whole_calls(*api, question.target()));
    STENO_TRY(export_table(rows, *format, target, "executions", about));
    return completeness.exit_code();
}

Result<int> export_metrics(const Program& program, const RecordFlags& record, const ExecutionsFlags& which,
                           const TargetFlags& target) {
    STENO_ASSIGN(const exports::Format* const format, format_of(target, "json"));
    if (format->name != "json")
        return fail(Code::InvalidArgument, "the figures of prompts are one JSON object",
                    "--format json; a table: steno prompts performance NAME --format csv");
    STENO_ASSIGN(const auto api, Api::open(program, record));
    STENO_ASSIGN(Completeness completeness, Completeness::begin(*api));
    const auto ask = [&](dom::parser& parser, std::string_view measures,
                         bool succeeded) -> Result<dom::array> {
        Question question = selected("/api/v1/aggregate", which);
        if (succeeded) question.add("status", "success");
        question.add("group_by", "prompt.name,prompt.version");
        question.add("measures", measures);
        question.add("limit", "100000");
        STENO_ASSIGN(const std::string body, api->get(question.target()));
        dom::element answer;
        dom::array groups;
        bool truncated = false;
        if (parser.parse(body).get(answer) != simdjson::SUCCESS ||
            answer["groups"].get(groups) != simdjson::SUCCESS ||
            answer["truncated"].get(truncated) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no groups");
        if (truncated)
            return fail(Code::ResourceExhausted, "there are more than 100,000 versions of prompts",
                        "name one: --prompt NAME");
        return groups;
    };
    // As the performance of prompts has it: a partial answer is no success.
    dom::parser of_successes, parser;
    if (call_count(*api, selected("", which).target()) == 0) STENO_TRY(known_prompt(*api, which));
    STENO_ASSIGN(const dom::array good, ask(of_successes, "calls", true));
    std::map<Version, std::int64_t> succeeded;
    for (const dom::element group : good) (void)group["calls"].get(succeeded[version_in(group)]);
    STENO_ASSIGN(
        const dom::array groups,
        ask(parser,
            "calls,duration_avg,avg(usage.output_tokens),avg(response.output_chars),avg(scores.quality)",
            false));
    const std::string& path = target.output;
    STENO_TRY(exports::write_whole(path.empty() ? "-" : path, metrics_of(groups, succeeded) + "\n"));
    return completeness.exit_code();
}

}  // namespace steno::cli
