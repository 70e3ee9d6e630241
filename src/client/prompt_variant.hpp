#pragma once

#include "steno/context.hpp"
#include "steno/prompts.hpp"

#include <optional>
#include <string>

namespace steno::client {

/// The prompt as its experiment has it for the unit that is given, or for that of the context; the prompt
/// itself where none runs, or the unit takes no part. Asks nobody.
Prompt variant_of(const Prompt& prompt, const std::optional<std::string>& unit, const Context& context);

}  // namespace steno::client
