#pragma once

#include "base/error.hpp"

#include <CLI/CLI.hpp>

namespace steno::cli {

/// What is wrong with a command line and what to write instead: the commands that there are, the name that a
/// mistyped one is nearest to, an example. `error` is what parsing by `app` ended with.
Error usage_error(const CLI::App& app, const CLI::ParseError& error);

/// Help of a command that only holds others: behind its commands, the first example of each.
void show_examples_of_commands(CLI::App& group);

}  // namespace steno::cli
