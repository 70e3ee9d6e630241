#include "cli/selection.hpp"

namespace steno::cli {

void add_filters(CLI::App& command, SelectionFlags& flags) {
    add_record_flags(command, flags.record);
    command.add_option(
        "--filter,-f", flags.filters,
        "FIELD[.OP]=VALUE, such as status=failure or usage.input_tokens.gte=1000; may be repeated");
    command.add_option("--text", flags.text, "calls whose prompt or answer contains this");
    command.add_flag("--unlisted", flags.unlisted,
                     "also calls of prompt types that are not active, which lists leave out");
}

void add_selection(CLI::App& command, SelectionFlags& flags) {
    add_filters(command, flags);
    add_period_flags(command, flags.period);
}

Result<std::string> selection(const SelectionFlags& flags) {
    Question question("");
    STENO_TRY(question.filters(flags.filters));
    question.period(flags.period);
    question.add("text", flags.text);
    question.add("order", flags.order);
    if (flags.unlisted) question.add("unlisted", "true");
    return question.target();
}

std::string with(const std::string& query, std::string_view name, std::string_view value) {
    return query + (query.empty() ? "?" : "&") + std::string(name) + "=" + net::percent_encode(value);
}

}  // namespace steno::cli
