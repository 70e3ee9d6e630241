#include "cli/answer.hpp"

#include "cli/completeness.hpp"

#include <fmt/format.h>

namespace steno::cli {

Result<int> show_answer(const Program& program, const RecordFlags& record, const Question& question,
                        const std::function<Result<void>(Api&, simdjson::dom::element answer)>& show) {
    STENO_ASSIGN(const auto api, Api::open(program, record));
    STENO_ASSIGN(Completeness completeness, Completeness::begin(*api));
    STENO_ASSIGN(const std::string body, api->get(question.target()));
    if (program.json) {
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

Result<simdjson::dom::array> calls_of(simdjson::dom::element answer) {
    simdjson::dom::array calls;
    if (answer["calls"].get(calls) != simdjson::SUCCESS)
        return fail(Code::Internal, "the answer has no calls");
    return calls;
}

}  // namespace steno::cli
