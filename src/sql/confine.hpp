#pragma once

#include "base/error.hpp"

#include <cstdint>

namespace steno::sql {

/// Takes from this process, for good, what a query has no use for: more memory than this, files, sockets,
/// other programs. It ends when the thread that started it does, and before all others when the machine's
/// memory ends. For a process that has loaded all it needs.
Result<void> confine(std::uint64_t memory_bytes);

}  // namespace steno::sql
