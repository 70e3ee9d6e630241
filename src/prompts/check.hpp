#pragma once

#include "base/error.hpp"
#include "templates/content.hpp"

namespace steno::prompts {

/// Whether a version may say this. InvalidArgument says what is wrong with it, in a template with line and
/// column.
Result<void> check(const Content& content);

}  // namespace steno::prompts
