#pragma once

#include "python/call.hpp"
#include "python/python.hpp"

/// Requests that go through Steno's own gateway, which records them: what it is to know of their context, and
/// the tracked calls that they stand for.
///
///     headers = relay_headers()       x-steno-… of the current context (docs/gateway.md), [] if nothing is
///     known relayed()                       the gateway has answered, and records it server() where this
///     program's calls are delivered to; empty while none are
///
/// Within a tracked AI call the gateway's records take its place, with its context: it leaves none itself,
/// unless other calls began within it, which need a parent: then it is a function.
namespace steno::python {

bool add_relayed(PyObject* module);

/// `call` ends, still open.
void settle_relayed(CallObject* call) noexcept;

}  // namespace steno::python
