#pragma once

#include "cli/command.hpp"

namespace steno::cli {

/// `steno prompts performance | compare | trends`.
void add_prompt_performance(Program& program, CLI::App& prompts);

}  // namespace steno::cli
