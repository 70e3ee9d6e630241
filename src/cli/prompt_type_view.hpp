#pragma once

#include "cli/terminal.hpp"

#include <simdjson.h>

#include <string>

/// Prompt types in the JSON form of the API, as a person wants to see them.
namespace steno::cli {

/// What is kept of its prompts and answers, in a word or two.
std::string texts_kept(simdjson::dom::element type);

/// "prompt_types" of a list, a row each: settings, totals.
Table type_table(simdjson::dom::array types);
/// "changes" of an answer, a row each: what was otherwise before.
Table type_change_table(simdjson::dom::array changes);

/// One type.
void print_type_settings(simdjson::dom::element type);
void print_type_totals(simdjson::dom::element type);

}  // namespace steno::cli
