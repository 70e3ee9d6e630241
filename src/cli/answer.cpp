#include "cli/answer.hpp"

#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/call_view.hpp"
#include "cli/completeness.hpp"
#include "cli/terminal.hpp"
#include "store/field.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace steno::cli {

Result<int> show_answer(const Program& program, const RecordFlags& record, const Question& question,
                        const std::function<Result<void>(Api&, simdjson::dom::element answer)>& show,
                        const std::function<Result<std::string>(Api&, std::string body)>& for_programs) {
    const auto asked = [&](Api&) -> Result<Question> { return question; };
    return show_answer(program, record, asked, show, for_programs);
}

Result<int> show_answer(const Program& program, const RecordFlags& record,
                        const std::function<Result<Question>(Api&)>& question,
                        const std::function<Result<void>(Api&, simdjson::dom::element answer)>& show,
                        const std::function<Result<std::string>(Api&, std::string body)>& for_programs) {
    STENO_ASSIGN(const auto api, Api::open(program, record));
    STENO_ASSIGN(Completeness completeness, Completeness::begin(*api));
    STENO_ASSIGN(const Question asked, question(*api));
    STENO_ASSIGN(std::string body, api->get(asked.target()));
    if (program.json) {
        if (for_programs) {
            STENO_ASSIGN(body, for_programs(*api, std::move(body)));
        }
        fmt::print("{}\n", body);
        return completeness.exit_code();
    }
    simdjson::dom::parser parser;
    simdjson::dom::element answer;
    if (parser.parse(body).get(answer) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer is no JSON");
    STENO_TRY(show(*api, answer));
    return completeness.exit_code();
}

std::string with_members(std::string_view members, std::string_view object) {
    return fmt::format("{{{}{}", members, object.substr(1));
}

Result<simdjson::dom::array> calls_of(simdjson::dom::element answer) {
    simdjson::dom::array calls;
    if (answer["calls"].get(calls) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no calls");
    return calls;
}

std::string period_of(simdjson::dom::element answer, std::string_view key) {
    const auto member = [&](std::string_view name) {
        return text_at(answer, fmt::format("/{}/{}", key, name).c_str());
    };
    const auto moment = [&](std::string_view name) { return clock_text(member(name)).substr(0, 16); };
    const std::string from = moment("from"), to = moment("to");
    if (from.empty() && to.empty()) return "all of the record";
    const std::string span = from.empty() ? "until " + to : to.empty() ? "since " + from : from + " to " + to;
    return fmt::format("{} ({})", span, member("tz"));
}

void print_warnings(simdjson::dom::element answer) {
    simdjson::dom::array warnings;
    if (answer["warnings"].get(warnings) != simdjson::SUCCESS) return;
    for (const simdjson::dom::element warning : warnings)
        fmt::print(stderr, "warning: {}\n", printable(text_at(warning, "")));
}

void print_overlap(std::string_view by) {
    for (const std::string_view path : split(by, ',')) {
        const auto field = store::make_field(path);
        if (field && field->type() == FieldType::TextList)
            fmt::print(
                "a call with several {} counts in the row of each: rows can add up to more than the "
                "whole\n",
                path);
    }
}

std::string unrecorded(simdjson::dom::element comparison) {
    const auto begin = Timestamp::parse(text_at(comparison, "/record_begins"));
    const auto from = Timestamp::parse(text_at(comparison, "/against/from"));
    const auto to = Timestamp::parse(text_at(comparison, "/against/to"));
    if (!begin || !from || !to || *begin <= *from) return "";
    const std::string day = clock_text(text_at(comparison, "/record_begins"));
    return *begin >= *to ? "nothing is known, the record begins at " + day
                         : "known only from " + day + " on, where the record begins";
}

namespace {

/// "2 days 3 hours", as far as the two tell the length of a period.
std::string length_of(std::int64_t nanos) {
    constexpr std::int64_t kHour = 3'600'000'000'000;
    const std::int64_t hours = (nanos + kHour / 2) / kHour, days = hours / 24, rest = hours % 24;
    if (days == 0) return counted(std::to_string(hours), "hour");
    const std::string whole = counted(grouped(days), "day");
    return rest == 0 ? whole : whole + " " + counted(std::to_string(rest), "hour");
}

/// "30 days against 7 days: …"; "" where the two are as long as each other. Months are, and years,
/// and days when clocks change.
std::string unequal(simdjson::dom::element comparison) {
    const auto length = [&](const char* from, const char* to) -> std::int64_t {
        const auto begin = Timestamp::parse(text_at(comparison, from));
        const auto end = Timestamp::parse(text_at(comparison, to));
        return begin && end ? end->unix_nanos - begin->unix_nanos : 0;
    };
    const std::int64_t now = length("/period/from", "/period/to"),
                       other = length("/against/from", "/against/to");
    const std::int64_t shorter = std::min(now, other), longer = std::max(now, other);
    // 28 days are more than 9 tenths of 31.
    if (shorter <= 0 || static_cast<double>(shorter) >= 0.9 * static_cast<double>(longer)) return "";
    const std::string a = length_of(now), b = length_of(other);
    return a == b ? "" : fmt::format("{} against {}: their calls, tokens and costs do not compare", a, b);
}

}  // namespace

void warn_of_the_incomparable(simdjson::dom::element comparison, std::string_view other) {
    const auto warn = [](const std::string& line) { fmt::print("{}\n", paint(line, Colour::Yellow)); };
    if (const std::string why = unrecorded(comparison); !why.empty()) warn(fmt::format("{}: {}", other, why));
    if (const std::string why = unequal(comparison); !why.empty()) warn(why);
}

}  // namespace steno::cli
