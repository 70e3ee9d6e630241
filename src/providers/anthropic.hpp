#pragma once

#include "providers/provider.hpp"

namespace steno::providers {

/// Anthropic's Messages, and its old Completions. Everything else (count_tokens, batches, files) is generic.
const Provider& anthropic_provider();

}  // namespace steno::providers
