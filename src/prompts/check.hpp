#pragma once

#include "base/error.hpp"
#include "templates/content.hpp"

namespace steno::prompts {

/// Whether a version may say this. InvalidArgument says what is wrong with it, in a template with line and
/// column.
Result<void> check(const Content& content);
/// The same of what goes to the model beside the text alone: model, parameters, tools, schema.
Result<void> check_settings(const Content& content);

}  // namespace steno::prompts
