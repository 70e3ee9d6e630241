#pragma once

#include "python/python.hpp"
#include "steno/prompts.hpp"

namespace steno::python {

/// Python's `RenderedPrompt`: a steno::RenderedPrompt, immutable.
struct RenderedPromptObject {
    PyObject_HEAD RenderedPrompt value;
};
extern PyTypeObject* rendered_prompt_type;

/// Adds the types, the exceptions and the functions. False: an exception is set.
bool add_prompt(PyObject* module);

}  // namespace steno::python
