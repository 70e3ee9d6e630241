#include "python/context.hpp"

#include "client/context_node.hpp"
#include "client/draft.hpp"
#include "client/request_totals.hpp"
#include "python/call.hpp"
#include "python/prompt.hpp"
#include "python/values.hpp"
#include "python/vocabulary.hpp"

#include <map>
#include <new>
#include <string>

namespace steno::python {

PyTypeObject* context_type = nullptr;

namespace {

PyObject* variable = nullptr;

}  // namespace

PyObject* wrap_context(Context value, PyObject* call) noexcept {
    auto* const object = reinterpret_cast<ContextObject*>(context_type->tp_alloc(context_type, 0));
    if (object == nullptr) return nullptr;
    new (&object->value) Context(std::move(value));
    object->call = Ref::to(call).release();
    return reinterpret_cast<PyObject*>(object);
}

namespace {

Context& of(PyObject* self) {
    return reinterpret_cast<ContextObject*>(self)->value;
}

/// What it is part of a cycle by is its call, which breaks it.
int traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(reinterpret_cast<ContextObject*>(self)->call);
    return 0;
}

void destroy(PyObject* self) {
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    of(self).~Context();
    Py_XDECREF(reinterpret_cast<ContextObject*>(self)->call);
    type->tp_free(self);
    Py_DECREF(type);
}

/// Where that one is, with another content.
PyObject* changed(PyObject* self, Context value) {
    return wrap_context(std::move(value), reinterpret_cast<ContextObject*>(self)->call);
}

template <Context (Context::*change)(std::string_view) const noexcept>
PyObject* with_text(PyObject* self, PyObject* text) {
    return changed(self, (of(self).*change)(Text(text).view()));
}

PyObject* with_function(PyObject* self, PyObject* args) {
    PyObject* name = nullptr;
    PyObject* operation = nullptr;
    if (!PyArg_ParseTuple(args, "OO:with_function", &name, &operation)) return nullptr;
    return changed(self, of(self).with_function(Text(name).view(), Text(operation).view()));
}

PyObject* with_attribute(PyObject* self, PyObject* args) {
    PyObject* name = nullptr;
    PyObject* value = nullptr;
    if (!PyArg_ParseTuple(args, "OO:with_attribute", &name, &value)) return nullptr;
    return changed(self, of(self).with_attribute(Text(name).view(), attribute_of(value)));
}

PyObject* with_prompt(PyObject* self, PyObject* args) {
    PyObject *type = nullptr, *name = nullptr, *version = nullptr, *text = nullptr, *variables = nullptr;
    if (!PyArg_ParseTuple(args, "OOOOO:with_prompt", &type, &name, &version, &text, &variables))
        return nullptr;
    Context::Prompt prompt;
    guarded([&] {
        prompt.type = Text(type).view();
        prompt.name = Text(name).view();
        prompt.version = Text(version).view();
        prompt.text = Text(text).view();
        if (!PyDict_Check(variables)) return;
        Py_ssize_t at = 0;
        PyObject *key = nullptr, *value = nullptr;
        while (PyDict_Next(variables, &at, &key, &value)) {
            const Ref name_kept = Ref::to(key);
            const Ref value_kept = Ref::to(value);
            // None is a variable that is not there.
            if (value == Py_None) continue;
            prompt.variables.emplace(Text(key).view(), Text(value).view());
        }
    });
    return changed(self, of(self).with_prompt(prompt));
}

PyObject* with_rendered_prompt(PyObject* self, PyObject* prompt) {
    if (!Py_IS_TYPE(prompt, rendered_prompt_type)) {
        PyErr_SetString(PyExc_TypeError, "a prompt that was rendered");
        return nullptr;
    }
    return changed(self, of(self).with_prompt(reinterpret_cast<RenderedPromptObject*>(prompt)->value));
}

template <std::string (Context::*read)() const noexcept>
PyObject* text_of(PyObject* self, PyObject*) {
    const std::string text = (of(self).*read)();
    return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
}

PyObject* current_method(PyObject*, PyObject*) {
    return wrap_context(current_context(), innermost_call().get());
}

PyObject* current_call(PyObject*, PyObject*) {
    if (Ref found = innermost_call()) return found.release();
    Py_RETURN_NONE;
}

PyObject* enter_method(PyObject*, PyObject* object) {
    if (PyObject* const token = enter(object)) return token;
    PyErr_Clear();
    Py_RETURN_NONE;
}

PyObject* leave_method(PyObject*, PyObject* token) {
    if (token != Py_None) leave(Ref::to(token).release());
    Py_RETURN_NONE;
}

/// end_request(context)
PyObject* end_request(PyObject*, PyObject* context) {
    if (Py_IS_TYPE(context, context_type)) client::end_request(of(context));
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    {"with_session", with_text<&Context::with_session>, METH_O, nullptr},
    {"with_request", with_text<&Context::with_request>, METH_O, nullptr},
    {"with_user", with_text<&Context::with_user>, METH_O, nullptr},
    {"with_agent", with_text<&Context::with_agent>, METH_O, nullptr},
    {"with_project", with_text<&Context::with_project>, METH_O, nullptr},
    {"with_environment", with_text<&Context::with_environment>, METH_O, nullptr},
    {"with_tag", with_text<&Context::with_tag>, METH_O, nullptr},
    {"with_traceparent", with_text<&Context::with_traceparent>, METH_O, nullptr},
    {"with_function", with_function, METH_VARARGS, nullptr},
    {"with_attribute", with_attribute, METH_VARARGS, nullptr},
    {"with_prompt", with_prompt, METH_VARARGS, nullptr},
    {"with_rendered_prompt", with_rendered_prompt, METH_O, nullptr},
    {"traceparent", text_of<&Context::traceparent>, METH_NOARGS, nullptr},
    {"session", text_of<&Context::session>, METH_NOARGS, nullptr},
    {"request", text_of<&Context::request>, METH_NOARGS, nullptr},
    {"user", text_of<&Context::user>, METH_NOARGS, nullptr},
    {"agent", text_of<&Context::agent>, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyMethodDef functions[] = {
    {"current_context", current_method, METH_NOARGS, nullptr},
    {"current_call", current_call, METH_NOARGS, nullptr},
    {"enter", enter_method, METH_O, nullptr},
    {"leave", leave_method, METH_O, nullptr},
    {"end_request", end_request, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(&destroy)},
    {Py_tp_traverse, reinterpret_cast<void*>(&traverse)},
    {Py_tp_methods, methods},
    {0, nullptr},
};
PyType_Spec spec = {"steno._core.Context", sizeof(ContextObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                    slots};

}  // namespace

Ref current_object() noexcept {
    PyObject* found = nullptr;
    if (PyContextVar_Get(variable, nullptr, &found) != 0) PyErr_Clear();
    Ref object(found);
    while (object && PyObject_TypeCheck(object.get(), call_type)) {
        const auto* const call = reinterpret_cast<const CallObject*>(object.get());
        if (call->before == nullptr || call->scope.recorded()) break;
        object = Ref::to(call->before);  // it has ended
    }
    return object && object.get() == Py_None ? Ref() : std::move(object);
}

Ref innermost_call() noexcept {
    Ref found = current_object();
    if (found && Py_IS_TYPE(found.get(), context_type))
        return Ref::to(reinterpret_cast<ContextObject*>(found.get())->call);
    return found && PyObject_TypeCheck(found.get(), call_type) ? std::move(found) : Ref();
}

Context current_context() noexcept {
    const Ref found = current_object();
    if (!found) return {};
    if (Py_IS_TYPE(found.get(), context_type)) return of(found.get());
    if (PyObject_TypeCheck(found.get(), call_type)) return below(found.get());
    return {};
}

PyObject* enter(PyObject* object) noexcept {
    return PyContextVar_Set(variable, object);
}

void leave(PyObject* token) noexcept {
    if (PyContextVar_Reset(variable, token) != 0) PyErr_Clear();
    Py_DECREF(token);
}

Context below(PyObject* object) noexcept {
    const auto* const call = reinterpret_cast<const CallObject*>(object);
    if (call->id.is_nil()) return call->context;
    Context context = call->context;
    guarded([&] { context = client::below(call->context, call->id.to_string()); });
    return context;
}

void take_context(CallScope::Draft& draft, const CallObject& call, const Context& within) {
    const Context::Node* const own = call.context.node().get();
    Context context = client::below(within, own == nullptr ? std::string_view() : own->parent_id);
    if (!context.node()) return;
    draft.header.append(context.node()->header);
    draft.context = std::move(context);
}

bool may_take(const CallObject& call, const Context& within) noexcept {
    return call.is_ai_call && call.scope.recorded() && within.request() == call.context.request();
}

void make_current(CallObject* call) noexcept {
    if (call->token != nullptr) return;
    call->token = enter(reinterpret_cast<PyObject*>(call));
    if (call->token == nullptr) PyErr_Clear();
}

void make_current_until_end(CallObject* call) noexcept {
    if (call->token != nullptr || call->before != nullptr) return;
    Ref before = current_object();
    const Ref token(enter(reinterpret_cast<PyObject*>(call)));
    if (!token) return PyErr_Clear();
    call->before = before ? before.release() : Ref::to(Py_None).release();
}

void make_not_current(CallObject* call) noexcept {
    if (call->token != nullptr) leave(std::exchange(call->token, nullptr));
}

bool add_context(PyObject* module) {
    variable = PyContextVar_New("steno", nullptr);
    if (variable == nullptr) return false;
    context_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    if (context_type == nullptr) return false;
    context_type->tp_new = nullptr;  // they are made by `current_context` and the with_… alone
    return add_type(module, "Context", context_type) && PyModule_AddFunctions(module, functions) == 0;
}

}  // namespace steno::python
