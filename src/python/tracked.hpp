#pragma once

#include "python/call.hpp"
#include "python/python.hpp"

namespace steno::python {

/// Python's `Tracked`: how one function is recorded, known once it is decorated. `begin(args, kwargs)` makes
/// the Call, notes the arguments and makes it current; None while nothing is recorded.
bool add_tracked(PyObject* module);

/// The arguments of the decorated function become what went into the call, once: what a provider was asked is
/// seen in its traffic, and takes the place of what had been made of them.
void note_arguments_as_input(CallObject* call) noexcept;

}  // namespace steno::python
