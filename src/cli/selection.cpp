#include "cli/selection.hpp"

namespace steno::cli {

void add_selection(CLI::App& command, SelectionFlags& flags) {
    add_record_flags(command, flags.record);
    command.add_option(
        "--filter,-f", flags.filters,
        "FIELD[.OP]=VALUE, such as status=failure or usage.input_tokens.gte=1000; may be repeated");
    command.add_option("--from", flags.from, "calls that began at or after this time (RFC 3339)");
    command.add_option("--to", flags.to, "calls that began before this time");
    command.add_option("--text", flags.text, "calls whose prompt or answer contains this");
}

Result<std::string> selection(const SelectionFlags& flags) {
    std::string query;
    const auto add = [&](std::string_view name, std::string_view value) {
        if (value.empty()) return;
        query += (query.empty() ? "?" : "&") + net::percent_encode(name) + "=" + net::percent_encode(value);
    };
    for (const std::string& filter : flags.filters) {
        const std::size_t equals = filter.find('=');
        if (equals == std::string::npos || equals == 0) {
            return fail(Code::InvalidArgument, "\"" + filter + "\" is no filter",
                        "FIELD=VALUE, such as status=failure");
        }
        add(filter.substr(0, equals), filter.substr(equals + 1));
    }
    add("from", flags.from);
    add("to", flags.to);
    add("text", flags.text);
    add("order", flags.order);
    return query;
}

std::string with(const std::string& query, std::string_view name, std::string_view value) {
    return query + (query.empty() ? "?" : "&") + std::string(name) + "=" + net::percent_encode(value);
}

}  // namespace steno::cli
