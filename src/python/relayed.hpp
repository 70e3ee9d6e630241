#pragma once

#include "python/call.hpp"
#include "python/python.hpp"

/// Requests that go through Steno's own gateway, which records them: what it is to know of their context, and
/// the tracked calls that they stand for.
///
///     headers = relay_headers()       x-steno-… of the current context (docs/gateway.md)
///     relayed(status)                 the gateway has answered, and records it; 0: no answer came; -1: it
///                                     broke off
///     server()                        where this program's calls are delivered to, or would be if its level
///                                     were not off; empty while none are
///
/// Within a tracked AI call the gateway's records take its place, with its context: it leaves none itself,
/// unless other calls began within it, which need a parent, or it failed after the answer, or without one:
/// then it is a function. Of a call whose level is off the gateway is told not to keep the texts.
namespace steno::python {

bool add_relayed(PyObject* module);

/// `call` ends, still open.
void settle_relayed(CallObject* call) noexcept;

}  // namespace steno::python
