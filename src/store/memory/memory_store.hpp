#pragma once

#include "store/call_store.hpp"

#include <memory>

namespace steno::store {

/// Everything in memory, evaluated call by call in plain C++: for tests, and the oracle of the other
/// backends. Nothing is durable. Any number of concurrent reads.
std::unique_ptr<CallStore> make_memory_store();

}  // namespace steno::store
