#pragma once

#include "python/python.hpp"

namespace steno::python {

/// Python's `Tracked`: how one function is recorded, known once it is decorated. `begin(args, kwargs)` makes
/// the Call, notes the arguments and makes it current; None while nothing is recorded.
bool add_tracked(PyObject* module);

}  // namespace steno::python
