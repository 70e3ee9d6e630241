#pragma once

#include "base/error.hpp"
#include "cli/config.hpp"

/// Variables that programs were told by before Steno tracked them (PERFORMANCE_…, OPENAI_…_PRICE_PER_1K_…):
/// they go on working, each with a word that names the setting of ours.
namespace steno::cli {

/// Sets what they say, where neither a file nor a variable of ours has, and leaves words for the log in
/// `config.notes`. InvalidArgument: a value that cannot be.
Result<void> read_old_names(Config& config);

}  // namespace steno::cli
