#pragma once

#include "cli/command.hpp"

#include <string>

namespace steno::cli {

/// `steno prices reprice` and `steno prices history`.
void add_repricing(Program& program, CLI::App& prices);

/// Who sits at this terminal, for trails; empty: nobody knows.
std::string this_user();

}  // namespace steno::cli
