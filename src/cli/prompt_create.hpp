#pragma once

#include "cli/command.hpp"

namespace steno::cli {

/// The largest file with a prompt or a registry of prompts, in bytes.
inline constexpr std::uint64_t kMaxPromptFile = 24u << 20;

/// `steno prompts create`: a version from flags, from a file, or from what a person at a terminal is asked.
void add_prompt_create(Program& program, CLI::App& prompts);

}  // namespace steno::cli
