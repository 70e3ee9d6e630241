#pragma once

#include "base/error.hpp"

#include <cstdint>

namespace steno::sql {

/// Takes from this process, for good, what a query has no use for: more memory than this, and every system
/// call but those for descriptors that are open, for memory, time and threads of its own; the others fail
/// with EPERM. It ends before all others when the machine's memory does. For a process that has loaded all it
/// needs.
Result<void> confine(std::uint64_t memory_bytes);

}  // namespace steno::sql
