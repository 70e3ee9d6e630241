#pragma once

#include "base/error.hpp"
#include "ingest/data_folder.hpp"

namespace steno::cli {

/// All that was recorded until now is in the store, or why not: nothing is concluded from what it lacks.
/// Waits some seconds for it.
Result<void> up_to_now(ingest::DataFolder& data);

}  // namespace steno::cli
