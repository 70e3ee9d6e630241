#pragma once

#include "cli/command.hpp"

#include <simdjson.h>

#include <string>

namespace steno::cli {

/// `steno prices reprice`, `steno prices undo` and `steno prices history`.
void add_repricing(Program& program, CLI::App& prices);

/// --by and --reason, for trails.
void add_author_flags(CLI::App& command, std::string& by, std::string& reason);
/// What --by says, else who sits at this terminal; empty: nobody knows.
std::string author_name(const std::string& by);

/// "input 2.5, output 10 USD", of a price as the API says it.
std::string all_amounts(simdjson::dom::element price);

}  // namespace steno::cli
