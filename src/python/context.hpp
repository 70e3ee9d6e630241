#pragma once

#include "python/python.hpp"
#include "steno/context.hpp"

namespace steno::python {

/// Python's `Context`: a steno::Context, immutable.
struct ContextObject {
    PyObject_HEAD Context value;
    PyObject* call;  ///< the innermost Call around it, or null
};
extern PyTypeObject* context_type;

/// Null: no memory, an exception is set.
PyObject* wrap_context(Context value, PyObject* call) noexcept;

/// The context that calls of this task or thread begin in. It stands in a variable of contextvars, as the
/// Context or as the call that is open: so what asyncio hands to tasks goes with it.
Context current_context() noexcept;
/// What the variable holds: a Context, a Call, or nothing. A new reference.
Ref current_object() noexcept;
/// The innermost Call around what is current, or nothing; it may have ended. A new reference.
Ref innermost_call() noexcept;
/// Makes it current; the token is for `leave`. Null if there is no memory for it.
PyObject* enter(PyObject* object) noexcept;
/// What was current before is so again. In another task or thread than `enter`'s it does nothing. Takes the
/// token over.
void leave(PyObject* token) noexcept;

/// Adds the type, the functions and the variable. False: an exception is set.
bool add_context(PyObject* module);

}  // namespace steno::python
