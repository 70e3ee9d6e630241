#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"
#include "cli/question.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace steno::cli {

/// Which calls, in the words of the flags that commands about calls have in common.
struct SelectionFlags {
    RecordFlags record;
    std::vector<std::string> filters;
    PeriodFlags period;
    std::string text, order;
    bool unlisted = false;
};

/// Where the record is, --filter, --text and --unlisted.
void add_filters(CLI::App& command, SelectionFlags& flags);
/// These, and of which time.
void add_selection(CLI::App& command, SelectionFlags& flags);

/// "?status=failure&from=…", or nothing. InvalidArgument: a filter that is none.
Result<std::string> selection(const SelectionFlags& flags);

/// The query with one more parameter.
std::string with(const std::string& query, std::string_view name, std::string_view value);

}  // namespace steno::cli
