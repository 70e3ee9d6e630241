#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"
#include "cli/question.hpp"

#include <simdjson.h>

#include <functional>
#include <string>
#include <string_view>

namespace steno::cli {

/// Asks the record one question and shows the answer: with --json as it came, or as `for_programs` completes
/// it, else by `show`. The exit code says whether the record was complete (Completeness).
Result<int> show_answer(const Program& program, const RecordFlags& record, const Question& question,
                        const std::function<Result<void>(Api&, simdjson::dom::element answer)>& show,
                        const std::function<Result<std::string>(Api&, std::string body)>& for_programs = {});

/// The same, where what is asked depends on what another question was answered.
Result<int> show_answer(const Program& program, const RecordFlags& record,
                        const std::function<Result<Question>(Api&)>& question,
                        const std::function<Result<void>(Api&, simdjson::dom::element answer)>& show,
                        const std::function<Result<std::string>(Api&, std::string body)>& for_programs = {});

/// What stands below rows that would be in the order of their cost and are not: calls were paid in several
/// currencies.
constexpr const char* kNotRanked =
    "several currencies, which are not added up: rows are not in the order of cost";

/// The JSON of an object with these members in front: "\"a\":1,".
std::string with_members(std::string_view members, std::string_view object);

/// "calls" of an answer that is a page of calls.
Result<simdjson::dom::array> calls_of(simdjson::dom::element answer);

/// What an answer is about: "2026-11-15 00:00 to 2026-11-22 14:30 (Europe/Berlin)"; where no time was asked
/// for, "all of the record".
std::string period_of(simdjson::dom::element answer, std::string_view key = "period");

/// "warnings" of an answer, if there are any: to standard error.
void print_warnings(simdjson::dom::element answer);

/// A line that says so where calls stand in several rows: grouped by a field of which a call can have
/// several.
void print_overlap(std::string_view by);

/// "known only from 2026-09-23T09:00 on, where the record begins" where `against` began before the record
/// did: those calls are not few, but unknown; "" where it is on the record as a whole.
std::string unrecorded(simdjson::dom::element comparison);

/// Lines that say why the two periods of an answer are not to be compared: that, and that one is longer than
/// the other. `other`: what `against` is called.
void warn_of_the_incomparable(simdjson::dom::element comparison, std::string_view other);

}  // namespace steno::cli
