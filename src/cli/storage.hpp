#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"
#include "cli/command.hpp"

namespace steno::cli {

/// `steno stats --storage`: what the data folder takes of the disk.
Result<int> show_storage(const Program& program, Api& api);

}  // namespace steno::cli
