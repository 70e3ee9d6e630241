#include "python/exchange.hpp"

#include "client/draft.hpp"
#include "client/exchange.hpp"
#include "client/record_writer.hpp"
#include "providers/hosts.hpp"
#include "python/context.hpp"
#include "python/tracked.hpp"
#include "python/values.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace steno::python {

namespace {

PyTypeObject* exchange_type = nullptr;
constexpr const char* kNotRead = "the program did not read the answer to its end";

using client::Exchange;
using Headers = Exchange::Headers;

/// An iterable of pairs, texts or bytes; what is none is left out.
Headers headers_of(PyObject* pairs) {
    Headers headers;
    const Ref list(PySequence_Fast(pairs, "headers"));
    for (Py_ssize_t i = 0; list && i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
        PyObject* const pair = PySequence_Fast_GET_ITEM(list.get(), i);
        if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) < 2) continue;
        headers.emplace_back(Text(PyTuple_GET_ITEM(pair, 0)).view(), Text(PyTuple_GET_ITEM(pair, 1)).view());
    }
    PyErr_Clear();
    return headers;
}

/// Of anything but bytes, nothing.
std::string_view bytes_of(PyObject* value) {
    if (!PyBytes_Check(value)) return {};
    return {PyBytes_AS_STRING(value), static_cast<std::size_t>(PyBytes_GET_SIZE(value))};
}

struct ExchangeObject {
    PyObject_HEAD Exchange* exchange;
    CallObject* within;  ///< borrowed: the tracked call that may take it over
    Context* context;    ///< that it began in, if that is another than the call's
};

ExchangeObject* of(PyObject* self) {
    return reinterpret_cast<ExchangeObject*>(self);
}

void release(ExchangeObject* self) {
    delete std::exchange(self->exchange, nullptr);
    delete std::exchange(self->context, nullptr);
}

/// It is over: recorded, unless a tracked call takes it over when that ends.
void settle(ExchangeObject* self) {
    if (self->within != nullptr) return;
    const std::unique_ptr<Exchange> exchange(std::exchange(self->exchange, nullptr));
    std::optional<CallScope> call;
    guarded([&] { call.emplace(exchange->take()); });
    if (call) end_scope(*call);
}

/// It is none of that call's any more.
void detach(CallObject* call) {
    if (call->exchange == nullptr) return;
    const Ref object(std::exchange(call->exchange, nullptr));
    ExchangeObject* const exchange = of(object.get());
    exchange->within = nullptr;
    if (exchange->exchange != nullptr && exchange->exchange->is_over()) settle(exchange);
}

/// begin_exchange(method, host, target, headers, body, upstream, base): `upstream` names the provider of a
/// host that was declared, whose own paths begin behind `base` characters of the target; or is None.
PyObject* begin(PyObject*, PyObject* args) {
    PyObject *method = nullptr, *host = nullptr, *target = nullptr, *headers = nullptr, *body = nullptr,
             *upstream = nullptr;
    Py_ssize_t base = 0;
    if (!PyArg_ParseTuple(args, "OOOOOOn:begin_exchange", &method, &host, &target, &headers, &body, &upstream,
                          &base))
        return nullptr;
    if (!tracking()) Py_RETURN_NONE;
    ExchangeObject* made = nullptr;
    guarded([&] {
        Exchange::Request request;
        request.host = Text(host).view();
        request.path = Text(target).view();
        if (const std::size_t mark = request.path.find('?'); mark != std::string::npos) {
            request.query = request.path.substr(mark + 1);
            request.path.resize(mark);
        }
        const bool declared = upstream != Py_None;
        if (!declared && !providers::find_destination(request.host, request.path)) return;
        request.method = Text(method).view();
        request.headers = headers_of(headers);
        request.body = bytes_of(body);
        const Text provider(upstream);
        std::optional<client::ProviderBase> where;
        if (declared) where = {provider.view(), static_cast<std::size_t>(std::max<Py_ssize_t>(base, 0))};
        auto exchange = Exchange::recognise(std::move(request), where, Source::Python);
        if (!exchange) return;
        const Ref call = innermost_call();
        const Context context = current_context();
        auto* within = reinterpret_cast<CallObject*>(call.get());
        if (within != nullptr && !may_take(*within, context)) within = nullptr;
        exchange->begin(context);
        made = of(exchange_type->tp_alloc(exchange_type, 0));
        if (made == nullptr) return;
        made->exchange = exchange.release();
        if (within == nullptr) return;
        if (within->exchange != nullptr || within->has_calls) {
            within->has_calls = true;
            detach(within);
        } else {
            within->exchange = Ref::to(reinterpret_cast<PyObject*>(made)).release();
            made->within = within;
            note_arguments_as_input(within);
            if (current_object().get() != call.get()) made->context = new Context(context);
        }
    });
    PyErr_Clear();
    if (made == nullptr) Py_RETURN_NONE;
    return reinterpret_cast<PyObject*>(made);
}

PyObject* response(PyObject* self, PyObject* args) {
    int status = 0;
    PyObject* headers = nullptr;
    if (!PyArg_ParseTuple(args, "iO:response", &status, &headers)) return nullptr;
    if (of(self)->exchange != nullptr)
        guarded([&] { of(self)->exchange->response(status, headers_of(headers)); });
    Py_RETURN_NONE;
}

PyObject* feed(PyObject* self, PyObject* bytes) {
    if (of(self)->exchange != nullptr) guarded([&] { of(self)->exchange->body(bytes_of(bytes)); });
    Py_RETURN_NONE;
}

template <class How>
PyObject* over(ExchangeObject* self, How&& how) {
    if (self->exchange != nullptr && !self->exchange->is_over()) {
        guarded([&] { how(*self->exchange); });
        settle(self);
    }
    Py_RETURN_NONE;
}

PyObject* end(PyObject* self, PyObject*) {
    return over(of(self), [](Exchange& exchange) { exchange.end(); });
}

PyObject* close(PyObject* self, PyObject*) {
    return over(of(self), [](Exchange& exchange) { exchange.fail(ErrorType::Cancelled, kNotRead); });
}

PyObject* fail(PyObject* self, PyObject* args) {
    PyObject *kind = nullptr, *message = nullptr;
    if (!PyArg_ParseTuple(args, "OO:fail", &kind, &message)) return nullptr;
    ErrorType type = ErrorType::Connection;
    if (PyUnicode_Check(kind)) (void)from_string(Text(kind).view(), type);
    return over(of(self),
                [&](Exchange& exchange) { exchange.fail(type, std::string(Text(message).view())); });
}

void destroy(PyObject* self) {
    PyTypeObject* const type = Py_TYPE(self);
    {
        const KeepError keep;
        Ref(close(self, nullptr));
        release(of(self));
    }
    type->tp_free(self);
    Py_DECREF(type);
}

PyMethodDef methods[] = {
    {"response", response, METH_VARARGS, nullptr},
    {"feed", feed, METH_O, nullptr},
    {"end", end, METH_NOARGS, nullptr},
    {"close", close, METH_NOARGS, nullptr},
    {"fail", fail, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyObject* is_providers_own(PyObject*, PyObject* host) {
    return PyBool_FromLong(!providers::upstream_of_host(Text(host).view()).empty());
}

PyMethodDef functions[] = {
    {"is_providers_own", is_providers_own, METH_O, nullptr},
    {"begin_exchange", begin, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(&destroy)},
    {Py_tp_methods, methods},
    {0, nullptr},
};
PyType_Spec spec = {"steno._core.Exchange", sizeof(ExchangeObject), 0, Py_TPFLAGS_DEFAULT, slots};

}  // namespace

void settle_exchange(CallObject* call) {
    if (call->exchange != nullptr) {
        ExchangeObject* const held = of(call->exchange);
        if (call->scope.draft() == nullptr) {  // its level became `off`: what was asked within is not told
            const Ref object(std::exchange(call->exchange, nullptr));
            held->within = nullptr;
            if (held->exchange != nullptr) guarded([&] { held->exchange->discard(); });
            release(held);
            return;
        }
        // What the call did not live to see read is a part of it all the same.
        if (held->exchange != nullptr && call->scope.draft()->failed)
            guarded([&] { held->exchange->fail(ErrorType::Cancelled, kNotRead); });
        if (held->exchange != nullptr && held->exchange->is_over()) {
            const Ref object(std::exchange(call->exchange, nullptr));
            held->within = nullptr;
            guarded([&] {
                if (held->context != nullptr) take_context(*call->scope.draft(), *call, *held->context);
                held->exchange->add_to(call->scope);
            });
            release(held);
            return;
        }
        call->has_calls = true;  // an answer that is still read is a call of its own
        detach(call);
    }
    if (call->has_calls && call->scope.draft() != nullptr) {
        guarded([&] {
            client::RecordWriter(call->scope.draft()->header)
                .name(client::number<steno::Call, "kind">(), static_cast<std::uint64_t>(Kind::Function));
        });
    }
}

bool add_exchange(PyObject* module) {
    exchange_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    if (exchange_type == nullptr) return false;
    exchange_type->tp_new = nullptr;  // they are made by `begin_exchange` alone
    return add_type(module, "Exchange", exchange_type) && PyModule_AddFunctions(module, functions) == 0;
}

}  // namespace steno::python
