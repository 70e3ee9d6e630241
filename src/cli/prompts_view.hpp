#pragma once

#include <simdjson.h>

#include <string_view>

/// Prompts, in the JSON form of the API, as a person wants to see them.
namespace steno::cli {

void print_prompts(simdjson::dom::array prompts);
/// The prompt with its versions and labels.
void print_prompt(simdjson::dom::element prompt);
/// What one version says.
void print_prompt_version(simdjson::dom::element version);
void print_label_history(simdjson::dom::element label);
void print_difference(simdjson::dom::element difference);
/// The text alone, or each message below its role, to another program as they are; what it lacks goes to
/// standard error.
void print_rendering(simdjson::dom::element rendering);

/// A text of several lines that cannot steer a terminal.
void print_lines(std::string_view text);

}  // namespace steno::cli
