#pragma once

#include "python/call.hpp"
#include "python/python.hpp"

/// Python's `Exchange`: one request to a provider and its answer, as they pass through a program's HTTP
/// client.
///
///     exchange = begin_exchange(method, host, target, headers, body, upstream, base)    None: no AI call
///     exchange.response(status, headers); exchange.feed(bytes) …
///     exchange.end()                             the body is whole
///     exchange.close()                           the program reads no further
///     exchange.fail(kind, message)               it broke
///
/// `is_providers_own(host)`: such as `steno run` looks into (providers::upstream_of_host).
///
/// What is fed is what came over the wire, content coding and all. Each of the three ends it, once.
///
/// Within a tracked AI call, an exchange that is its only one becomes part of it: one record a call. If there
/// are more, each is a call of its own, and the tracked one a function that contains them.
namespace steno::python {

bool add_exchange(PyObject* module);

/// `call` ends, still open: it takes its exchange over, or lets it go. If it is not recorded any more, nor is
/// the exchange.
void settle_exchange(CallObject* call);

}  // namespace steno::python
