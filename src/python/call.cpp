#include "python/call.hpp"

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "client/context_node.hpp"
#include "client/draft.hpp"
#include "client/record_writer.hpp"
#include "python/context.hpp"
#include "python/exchange.hpp"
#include "python/relayed.hpp"
#include "python/values.hpp"
#include "python/vocabulary.hpp"
#include "record/call.hpp"

#include <cmath>
#include <new>

namespace steno::python {

PyTypeObject* call_type = nullptr;
bool ends_by_writing = false;

namespace {

using client::number;
using client::RecordWriter;

PyObject* noter = nullptr;

CallObject* of(PyObject* self) {
    return reinterpret_cast<CallObject*>(self);
}

PyObject* itself(PyObject* self) {
    return Ref::to(self).release();
}

void forget_arguments(CallObject* call) noexcept {
    Py_CLEAR(call->tracked);
    Py_CLEAR(call->args);
    Py_CLEAR(call->kwargs);
}

void end(CallObject* call) {
    settle_relayed(call);
    settle_exchange(call);
    forget_arguments(call);
    if (!call->items.empty()) {
        guarded([&] {
            call->items.push_back(']');
            call->scope.result(call->items);
        });
        call->items.clear();
    }
    end_scope(call->scope);
}

/// The arguments may know the call: a generator that is kept on the object whose method it is.
int traverse(PyObject* self, visitproc visit, void* arg) {
    const CallObject* const call = of(self);
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(call->token);
    Py_VISIT(call->before);
    Py_VISIT(call->exchange);
    Py_VISIT(call->tracked);
    Py_VISIT(call->args);
    Py_VISIT(call->kwargs);
    return 0;
}

/// It ends when it is freed, as it does without a cycle. Its exchange, which knows no other objects, is
/// needed until then.
int clear(PyObject* self) {
    CallObject* const call = of(self);
    Py_CLEAR(call->token);
    Py_CLEAR(call->before);
    forget_arguments(call);
    return 0;
}

void destroy(PyObject* self) {
    CallObject* const call = of(self);
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    {
        const KeepError keep;
        Py_CLEAR(call->before);
        Py_CLEAR(call->token);                                      // whoever is in this context still is
        if (call->scope.draft() != nullptr) call->scope.partial();  // nobody said that it was over
        end(call);
    }
    call->items.~basic_string();
    call->context.~Context();
    call->scope.~CallScope();
    type->tp_free(self);
    Py_DECREF(type);
}

/// As if it had never begun.
void turn_off(CallObject* call) {
    call->scope.level(LogLevel::Off);
    call->scope.end();
    settle_exchange(call);
    forget_arguments(call);
    call->id = {};
    call->is_off = true;
}

template <CallScope& (CallScope::*say)(std::string_view) noexcept>
PyObject* say_text(PyObject* self, PyObject* value) {
    (of(self)->scope.*say)(Text(value).view());
    return itself(self);
}

template <CallScope& (CallScope::*say)(std::string_view) noexcept>
PyObject* say_json(PyObject* self, PyObject* value) {
    if (of(self)->scope.draft() != nullptr) (of(self)->scope.*say)(json_of(value));
    return itself(self);
}

template <CallScope& (CallScope::*say)() noexcept>
PyObject* say_nothing(PyObject* self, PyObject*) {
    (of(self)->scope.*say)();
    return itself(self);
}

PyObject* message(PyObject* self, PyObject* args) {
    PyObject *role = nullptr, *text = nullptr;
    if (!PyArg_ParseTuple(args, "OO:message", &role, &text)) return nullptr;
    of(self)->scope.message(Text(role).view(), Text(text).view());
    return itself(self);
}

PyObject* messages(PyObject* self, PyObject* list) {
    note_messages(of(self), list);
    return itself(self);
}

PyObject* tool_call(PyObject* self, PyObject* args) {
    PyObject *id = nullptr, *name = nullptr, *arguments = nullptr;
    if (!PyArg_ParseTuple(args, "OOO:tool_call", &id, &name, &arguments)) return nullptr;
    const std::string json =
        PyUnicode_Check(arguments) ? std::string(Text(arguments).view()) : json_of(arguments);
    of(self)->scope.tool_call(Text(id).view(), Text(name).view(), json);
    return itself(self);
}

/// parameters(temperature=0.2, …), or one dictionary.
PyObject* parameters(PyObject* self, PyObject* args, PyObject* kwargs) {
    PyObject* given = nullptr;
    if (!PyArg_ParseTuple(args, "|O:parameters", &given)) return nullptr;
    if (kwargs != nullptr) given = kwargs;
    if (given != nullptr && of(self)->scope.draft() != nullptr) {
        of(self)->has_parameters = true;
        guarded([&] { of(self)->scope.parameters(without_credentials(json_of(given))); });
    }
    return itself(self);
}

PyObject* input(PyObject* self, PyObject* value) {
    if (of(self)->scope.draft() != nullptr)
        guarded([&] { of(self)->scope.input(without_credentials(json_of(value))); });
    return itself(self);
}

PyObject* usage(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* const names[] = {"input_tokens",       "output_tokens",    "cache_read_tokens",
                                        "cache_write_tokens", "reasoning_tokens", nullptr};
    PyObject* given[5] = {};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OOOOO:usage", const_cast<char**>(names), &given[0],
                                     &given[1], &given[2], &given[3], &given[4]))
        return nullptr;
    of(self)->scope.usage({.input_tokens = integer_of(given[0]),
                           .output_tokens = integer_of(given[1]),
                           .cache_read_tokens = integer_of(given[2]),
                           .cache_write_tokens = integer_of(given[3]),
                           .reasoning_tokens = integer_of(given[4])});
    return itself(self);
}

PyObject* cost(PyObject* self, PyObject* args) {
    PyObject* amount = nullptr;
    const char* currency = "USD";
    if (!PyArg_ParseTuple(args, "O|s:cost", &amount, &currency)) return nullptr;
    guarded([&] {
        // Decimal's is a string in JSON too.
        std::string json = PyUnicode_Check(amount) ? std::string(Text(amount).view()) : json_of(amount);
        std::erase(json, '"');
        of(self)->scope.cost(json, currency);
    });
    return itself(self);
}

PyObject* http_status(PyObject* self, PyObject* status) {
    const auto value = integer_of(status);
    if (value && *value >= 100 && *value <= 999) of(self)->scope.http_status(static_cast<int>(*value));
    return itself(self);
}

PyObject* retry(PyObject* self, PyObject* nth) {
    if (const auto value = integer_of(nth)) of(self)->scope.retry(*value);
    return itself(self);
}

PyObject* attribute(PyObject* self, PyObject* args) {
    PyObject *name = nullptr, *value = nullptr;
    if (!PyArg_ParseTuple(args, "OO:attribute", &name, &value)) return nullptr;
    of(self)->scope.attribute(Text(name).view(), attribute_of(value));
    return itself(self);
}

PyObject* level(PyObject* self, PyObject* name) {
    const auto level = level_of(Text(name).view());
    if (!level) {
        PyErr_SetString(PyExc_ValueError, "log_level is one of detailed, summary, metrics-only, off");
        return nullptr;
    }
    of(self)->scope.level(*level);
    if (*level == LogLevel::Off) turn_off(of(self));
    return itself(self);
}

/// piece(value): of what a generator gives, text is a part of the answer, the rest of the result.
PyObject* piece(PyObject* self, PyObject* value) {
    CallObject* const call = of(self);
    CallScope::Draft* const draft = call->scope.draft();
    if (draft == nullptr) return itself(self);
    if (PyUnicode_Check(value)) {
        call->scope.output_piece(Text(value).view());
    } else {
        guarded([&] {
            if (draft->keeps_texts() && call->items.size() < kMaxJson) {
                call->items.push_back(call->items.empty() ? '[' : ',');
                append_json(call->items, value);
            }
        });
    }
    return itself(self);
}

/// fail(message, why, class, stack): `why` one of the record's error types, or None.
PyObject* fail(PyObject* self, PyObject* args) {
    PyObject *words = nullptr, *why = Py_None, *kind = Py_None, *stack = Py_None;
    if (!PyArg_ParseTuple(args, "O|OOO:fail", &words, &why, &kind, &stack)) return nullptr;
    CallObject* const call = of(self);
    ErrorType type{};
    if (PyUnicode_Check(why) && from_string(Text(why).view(), type)) {
        call->scope.fail(static_cast<Failure>(type), Text(words).view());
    } else {
        call->scope.fail(Text(words).view());
    }
    CallScope::Draft* const draft = call->scope.draft();
    if (draft == nullptr) return itself(self);
    guarded([&] {
        RecordWriter(draft->header).group(number<steno::Call, "error">(), [&](RecordWriter& out) {
            out.text(number<CallError, "provider_type">(), Text(kind).view().substr(0, 200));
        });
        if (draft->keeps_texts()) {
            RecordWriter(draft->response).group(number<steno::Call, "error">(), [&](RecordWriter& out) {
                out.text(number<CallError, "stack">(), Text(stack).view());
            });
        }
    });
    return itself(self);
}

/// done(result, structured): notes it, and ends.
PyObject* done(PyObject* self, PyObject* args) {
    PyObject* result = nullptr;
    int structured = 0;
    if (!PyArg_ParseTuple(args, "Op:done", &result, &structured)) return nullptr;
    CallObject* const call = of(self);
    make_not_current(call);
    note_result(call, result, structured != 0);
    end(call);
    Py_RETURN_NONE;
}

/// _failed(exception): notes it, and ends. Raises what is no Exception (Ctrl-C meanwhile), and nothing else:
/// whoever calls it is about to raise its own.
PyObject* failed(PyObject* self, PyObject* exception) {
    CallObject* const call = of(self);
    if (call->scope.draft() != nullptr && noter != nullptr) {
        const Ref noted(PyObject_CallFunctionObjArgs(noter, self, exception, nullptr));
        if (!noted) {  // no stack left to look at it, perhaps
            if (PyErr_ExceptionMatches(PyExc_Exception)) PyErr_Clear();
            guarded([&] { call->scope.fail(class_of(exception)); });
        }
    }
    {
        const KeepError keep;
        make_not_current(call);
        end(call);
    }
    if (PyErr_Occurred() != nullptr) return nullptr;
    Py_RETURN_NONE;
}

PyObject* end_method(PyObject* self, PyObject*) {
    make_not_current(of(self));
    end(of(self));
    Py_RETURN_NONE;
}

/// _lasted(milliseconds): it is over, and is told afterwards.
PyObject* lasted(PyObject* self, PyObject* milliseconds) {
    constexpr double kMost = 1000.0 * 3600 * 24 * 365;
    CallScope::Draft* const draft = of(self)->scope.draft();
    const double said = PyFloat_AsDouble(milliseconds);
    if (said == -1 && PyErr_Occurred() != nullptr) return nullptr;
    if (draft != nullptr && said >= 0 && said <= kMost) {
        draft->lasted = std::llround(said * 1e6);
        draft->began.unix_nanos -= draft->lasted;
        RecordWriter(draft->header).moment(number<Call, "started_at">(), draft->began);  // the last counts
    }
    return itself(self);
}

/// _rated(name, value, least, most, comment): what a person said of the answer. Value and comment may be
/// None.
PyObject* rated(PyObject* self, PyObject* args) {
    const char* name = nullptr;
    PyObject *given = nullptr, *comment = nullptr;
    double least = 0, most = 0;
    if (!PyArg_ParseTuple(args, "sOddO:_rated", &name, &given, &least, &most, &comment)) return nullptr;
    const double value = given == Py_None ? 0 : PyFloat_AsDouble(given);
    if (PyErr_Occurred() != nullptr) return nullptr;
    CallScope::Draft* const draft = of(self)->scope.draft();
    guarded([&] {
        if (draft == nullptr) return;
        RecordWriter out(draft->header);
        if (given != Py_None && std::isfinite(value)) {
            std::string fields, items;
            RecordWriter score(fields);
            score.real(number<Score, "value">(), value);
            score.real(number<Score, "min">(), least);
            score.real(number<Score, "max">(), most);
            score.text(number<Score, "source">(), "human");
            ByteWriter item(items);
            item.text(name);
            item.text(fields);
            out.items(number<Call, "scores">(), items);
        }
        if (comment == Py_None) return;
        const Text words(comment);
        out.group(number<Call, "feedback">(), [&](RecordWriter& feedback) {
            feedback.text(number<Feedback, "comment">(),
                          utf8_prefix(words.view(), client::kLongestAttribute));
        });
    });
    return itself(self);
}

PyObject* enter_method(PyObject* self, PyObject*) {
    make_current(of(self));
    return itself(self);
}

PyObject* enter_until_end(PyObject* self, PyObject*) {
    make_current_until_end(of(self));
    return itself(self);
}

PyObject* leave_method(PyObject* self, PyObject*) {
    make_not_current(of(self));
    return itself(self);
}

PyObject* context_method(PyObject* self, PyObject*) {
    return wrap_context(below(self), self);
}

PyObject* get_id(PyObject* self, void*) {
    const CallObject* const call = of(self);
    if (call->id.is_nil()) return PyUnicode_FromString("");
    const std::string text = call->id.to_string();
    return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

PyObject* get_recorded(PyObject* self, void*) {
    return PyBool_FromLong(of(self)->scope.draft() != nullptr);
}

/// note_failures_with(function): `function(call, exception)` says what the exception means.
PyObject* note_failures_with(PyObject*, PyObject* function) {
    const Ref before(std::exchange(noter, Ref::to(function).release()));
    Py_RETURN_NONE;
}

PyMethodDef functions[] = {
    {"note_failures_with", note_failures_with, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyObject* get_has_exchange(PyObject* self, void*) {
    return PyBool_FromLong(of(self)->exchange != nullptr || of(self)->has_calls ||
                           of(self)->relay >= Relay::Refused);
}

PyMethodDef methods[] = {
    {"provider", say_text<&CallScope::provider>, METH_O, nullptr},
    {"model", say_text<&CallScope::model>, METH_O, nullptr},
    {"served_model", say_text<&CallScope::served_model>, METH_O, nullptr},
    {"parameters", as_method(&parameters), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"system", say_text<&CallScope::system>, METH_O, nullptr},
    {"message", message, METH_VARARGS, nullptr},
    {"messages", messages, METH_O, nullptr},
    {"tools", say_json<&CallScope::tools>, METH_O, nullptr},
    {"input", input, METH_O, nullptr},
    {"output", say_text<&CallScope::output>, METH_O, nullptr},
    {"output_piece", say_text<&CallScope::output_piece>, METH_O, nullptr},
    {"tool_call", tool_call, METH_VARARGS, nullptr},
    {"finish_reason", say_text<&CallScope::finish_reason>, METH_O, nullptr},
    {"result", say_json<&CallScope::result>, METH_O, nullptr},
    {"structured", say_json<&CallScope::structured>, METH_O, nullptr},
    {"usage", as_method(&usage), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"cost", cost, METH_VARARGS, nullptr},
    {"provider_request_id", say_text<&CallScope::provider_request_id>, METH_O, nullptr},
    {"http_status", http_status, METH_O, nullptr},
    {"retry", retry, METH_O, nullptr},
    {"tag", say_text<&CallScope::tag>, METH_O, nullptr},
    {"attribute", attribute, METH_VARARGS, nullptr},
    {"metadata", say_json<&CallScope::metadata>, METH_O, nullptr},
    {"level", level, METH_O, nullptr},
    {"partial", say_nothing<&CallScope::partial>, METH_NOARGS, nullptr},
    {"cancelled", say_nothing<&CallScope::cancelled>, METH_NOARGS, nullptr},
    {"_piece", piece, METH_O, nullptr},
    {"fail", fail, METH_VARARGS, nullptr},
    {"_done", done, METH_VARARGS, nullptr},
    {"_failed", failed, METH_O, nullptr},
    {"_lasted", lasted, METH_O, nullptr},
    {"_rated", rated, METH_VARARGS, nullptr},
    {"end", end_method, METH_NOARGS, nullptr},
    {"_enter", enter_method, METH_NOARGS, nullptr},
    {"_enter_until_end", enter_until_end, METH_NOARGS, nullptr},
    {"_leave", leave_method, METH_NOARGS, nullptr},
    {"context", context_method, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef properties[] = {
    {"id", get_id, nullptr, nullptr, nullptr},
    {"recorded", get_recorded, nullptr, nullptr, nullptr},
    {"_has_exchange", get_has_exchange, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

/// Call(kind, name)
PyObject* make(PyTypeObject* type, PyObject* args, PyObject*) {
    PyObject *kind = nullptr, *name = nullptr;
    if (!PyArg_ParseTuple(args, "OO:Call", &kind, &name)) return nullptr;
    const auto known = kind_of(Text(kind).view());
    if (!known) {
        PyErr_Format(PyExc_ValueError, "there is no kind of call named %R", kind);
        return nullptr;
    }
    return reinterpret_cast<PyObject*>(new_call(*known, Text(name).view(), current_context(), type));
}

PyType_Slot slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(&make)},
    {Py_tp_dealloc, reinterpret_cast<void*>(&destroy)},
    {Py_tp_traverse, reinterpret_cast<void*>(&traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(&clear)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {0, nullptr},
};
PyType_Spec spec = {"steno._core.Call", sizeof(CallObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};

}  // namespace

void end_scope(CallScope& scope) {
    if (!ends_by_writing) return scope.end();
    CallScope ending(std::move(scope));  // other threads find it ended
    Py_BEGIN_ALLOW_THREADS ending.end();
    Py_END_ALLOW_THREADS
}

CallObject* new_call(CallKind kind, std::string_view name, const Context& context,
                     PyTypeObject* type) noexcept {
    if (type == nullptr) type = call_type;
    CallObject* const call = of(type->tp_alloc(type, 0));
    if (call == nullptr) return nullptr;
    if (const Ref above = innermost_call()) of(above.get())->has_children = true;
    new (&call->scope) CallScope(kind, name, context);
    new (&call->context) Context(context);
    new (&call->items) std::string();
    new (&call->id) Uuid();
    call->token = nullptr;
    call->before = nullptr;
    call->exchange = call->tracked = call->args = call->kwargs = nullptr;
    call->has_calls = false;
    call->has_children = false;
    call->is_off = false;
    call->has_parameters = false;
    call->relay = Relay::None;
    call->is_ai_call = reaches_a_model(kind);
    if (CallScope::Draft* const draft = call->scope.draft()) {
        call->id = draft->id;
        guarded([&] {
            RecordWriter(draft->header)
                .name(number<steno::Call, "source">(), static_cast<std::uint64_t>(Source::Python));
        });
    }
    return call;
}

CallObject* new_call_off(const Context& context) noexcept {
    CallObject* const call = new_call(CallKind::Chat, {}, {});  // it takes no number within the request
    if (call == nullptr) return nullptr;
    call->context = context;
    turn_off(call);
    return call;
}

std::string header_fields(std::string_view provider, std::string_view model, std::string_view input_type) {
    std::string fields;
    RecordWriter out(fields);
    out.group(number<steno::Call, "provider">(),
              [&](RecordWriter& group) { group.text(number<ProviderFacts, "name">(), provider); });
    out.group(number<steno::Call, "model">(),
              [&](RecordWriter& group) { group.text(number<ModelFacts, "requested">(), model); });
    if (!input_type.empty()) {
        std::string item;
        ByteWriter(item).text(input_type);
        out.group(number<steno::Call, "modality">(),
                  [&](RecordWriter& group) { group.items(number<Modality, "input">(), item); });
    }
    return fields;
}

void note_result(CallObject* call, PyObject* result, bool structured) noexcept {
    if (call->scope.draft() == nullptr || result == Py_None) return;
    guarded([&] {
        if (call->is_ai_call && PyUnicode_Check(result)) {
            const Text text(result);
            call->scope.output(text.view());
            if (structured) call->scope.structured(text.view());
            return;
        }
        const std::string json = json_of(result);
        call->scope.result(json);
        if (structured) call->scope.structured(json);
    });
}

void note_messages(CallObject* call, PyObject* messages) noexcept {
    if (call->scope.draft() == nullptr) return;
    if (!PyList_Check(messages) && !PyTuple_Check(messages)) {
        if (messages != Py_None) call->scope.message("user", Text(messages).view());
        return;
    }
    const KeepError keep;
    const Ref items(PySequence_Tuple(messages));
    for (Py_ssize_t i = 0; items && i < PyTuple_GET_SIZE(items.get()); ++i) {
        PyObject* const item = PyTuple_GET_ITEM(items.get(), i);
        if (!PyDict_Check(item)) {
            call->scope.message("user", Text(item).view());
            continue;
        }
        PyObject* const role = PyDict_GetItemString(item, "role");
        const Ref content = Ref::to(PyDict_GetItemString(item, "content"));
        const Text who(role == nullptr ? Py_None : role);
        if (content) call->scope.message(who.view(), Text(content.get()).view());
    }
}

bool add_call(PyObject* module) {
    call_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    return call_type != nullptr && add_type(module, "Call", call_type) &&
           PyModule_AddFunctions(module, functions) == 0;
}

}  // namespace steno::python
