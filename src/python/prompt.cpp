#include "python/prompt.hpp"

#include "client/in_words.hpp"
#include "client/prompt_cache.hpp"
#include "client/prompt_variant.hpp"
#include "python/context.hpp"
#include "python/values.hpp"
#include "python/vocabulary.hpp"

#include <chrono>
#include <new>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

/// What is asked for here, the program asked for: it may raise, unlike what is recorded.
namespace steno::python {

PyTypeObject* rendered_prompt_type = nullptr;

namespace {

PyObject* prompt_error = nullptr;
PyObject* prompt_not_found = nullptr;

struct PromptObject {
    PyObject_HEAD Prompt value;
};

template <class Object>
auto& of(PyObject* self) {
    return reinterpret_cast<Object*>(self)->value;
}

template <class Object>
void destroy(PyObject* self) {
    using Value = decltype(Object::value);
    PyTypeObject* const type = Py_TYPE(self);
    of<Object>(self).~Value();
    type->tp_free(self);
    Py_DECREF(type);
}

PyObject* text_of(std::string_view text) {
    return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
}

PyObject* texts_of(const std::vector<std::string>& texts) {
    Ref list(PyList_New(0));
    for (const std::string& text : texts) {
        const Ref item(text_of(text));
        if (!list || !item || PyList_Append(list.get(), item.get()) != 0) return nullptr;
    }
    return list.release();
}

PyObject* messages_of(const std::vector<PromptMessage>& messages) {
    Ref list(PyList_New(0));
    for (const PromptMessage& message : messages) {
        const Ref item(Py_BuildValue(
            "{s:s#,s:s#}", "role", message.role.data(), static_cast<Py_ssize_t>(message.role.size()),
            "content", message.content.data(), static_cast<Py_ssize_t>(message.content.size())));
        if (!list || !item || PyList_Append(list.get(), item.get()) != 0) return nullptr;
    }
    return list.release();
}

template <const std::string& (Prompt::*read)() const noexcept>
PyObject* get_text(PyObject* self, void*) {
    return text_of((of<PromptObject>(self).*read)());
}

template <auto read>
PyObject* get_number(PyObject* self, void*) {
    const auto number = (of<PromptObject>(self).*read)();
    if (!number) Py_RETURN_NONE;
    if constexpr (std::is_same_v<decltype(number), const std::optional<double>>)
        return PyFloat_FromDouble(*number);
    else
        return PyLong_FromLongLong(*number);
}

PyObject* get_labels(PyObject* self, void*) {
    return texts_of(of<PromptObject>(self).labels());
}

PyObject* get_template_messages(PyObject* self, void*) {
    return messages_of(of<PromptObject>(self).messages());
}

PyObject* get_source(PyObject* self, void*) {
    switch (of<PromptObject>(self).source()) {
        case PromptSource::Server:
            return PyUnicode_FromString("server");
        case PromptSource::File:
            return PyUnicode_FromString("file");
        case PromptSource::Fallback:
            return PyUnicode_FromString("fallback");
        case PromptSource::None:
            break;
    }
    Py_RETURN_NONE;
}

/// render_json(variables: a JSON object)
PyObject* render_json(PyObject* self, PyObject* variables) {
    const Text json(variables);
    RenderedPrompt rendered = of<PromptObject>(self).render_json(json.view());
    if (!rendered) {
        PyErr_SetString(PyExc_ValueError, rendered.error().c_str());
        return nullptr;
    }
    PyObject* const object = rendered_prompt_type->tp_alloc(rendered_prompt_type, 0);
    if (object != nullptr) new (&of<RenderedPromptObject>(object)) RenderedPrompt(std::move(rendered));
    return object;
}

PyObject* get_rendered_text(PyObject* self, void*) {
    return text_of(of<RenderedPromptObject>(self).text());
}
PyObject* get_rendered_messages(PyObject* self, void*) {
    return messages_of(of<RenderedPromptObject>(self).messages());
}
PyObject* get_missing(PyObject* self, void*) {
    return texts_of(of<RenderedPromptObject>(self).missing());
}
PyObject* get_unused(PyObject* self, void*) {
    return texts_of(of<RenderedPromptObject>(self).unused());
}

/// So long a signal (Ctrl-C) waits at most for to be heard.
constexpr std::chrono::milliseconds kHearing{100};

/// get_prompt(class, name, label, version, max_age, patience, fallback, unit)
PyObject* get_prompt_method(PyObject*, PyObject* const* args, Py_ssize_t count) {
    if (count != 8 || !PyType_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError,
                        "get_prompt(class, name, label, version, max_age, patience, fallback, unit)");
        return nullptr;
    }
    const double max_age = PyFloat_AsDouble(args[4]);
    const double patience = PyFloat_AsDouble(args[5]);
    if (PyErr_Occurred() != nullptr) return nullptr;
    std::optional<Prompt> found;
    PromptOptions options;
    std::string name;
    const auto began = client::PromptCache::Clock::now();
    bool asked = false;
    guarded([&] {
        options.label = Text(args[2]).view();
        options.version = Text(args[3]).view();
        options.max_age = milliseconds_of(max_age);
        options.patience = milliseconds_of(patience);
        if (args[6] != Py_None) options.fallback = Text(args[6]).view();
        name = Text(args[1]).view();
        if (args[7] != Py_None) options.unit = Text(args[7]).view();
        found = client::PromptCache::current().get(name, options, began, {});
        asked = true;
    });
    while (asked && !found) {
        if (PyErr_CheckSignals() != 0) return nullptr;  // Ctrl-C
        // A daemon thread that wants the GIL back when the interpreter is gone is unwound, which nothing that
        // catches everything may stop: so outside of `guarded`.
        PyThreadState* const thread = PyEval_SaveThread();
        asked = false;
        guarded([&] {
            found = client::PromptCache::current().get(name, options, began, kHearing);
            asked = true;
        });
        PyEval_RestoreThread(thread);
    }
    if (found) guarded([&] { found = client::variant_of(*found, options.unit, current_context()); });
    if (!found) return PyErr_NoMemory();
    if (!*found) {
        PyErr_SetString(found->unknown() ? prompt_not_found : prompt_error, found->error().c_str());
        return nullptr;
    }
    auto* const type = reinterpret_cast<PyTypeObject*>(args[0]);
    PyObject* const object = type->tp_alloc(type, 0);
    if (object != nullptr) new (&of<PromptObject>(object)) Prompt(std::move(*found));
    return object;
}

/// ask_server(path, patience)
PyObject* ask_server(PyObject*, PyObject* args) {
    const char* path = nullptr;
    double patience = 0;
    if (!PyArg_ParseTuple(args, "sd:ask_server", &path, &patience)) return nullptr;
    Result<client::Asked> asked = fail(Code::Internal, "no memory");
    guarded([&] { asked = client::PromptCache::current().ask(path, milliseconds_of(patience)); });
    std::optional<Result<std::string>> answer;
    if (!asked) answer.emplace(std::unexpected(std::move(asked).error()));
    while (!answer) {
        if (PyErr_CheckSignals() != 0) return nullptr;  // Ctrl-C
        Py_BEGIN_ALLOW_THREADS answer = asked->answer_within(kHearing);
        Py_END_ALLOW_THREADS
    }
    if (*answer)
        return PyBytes_FromStringAndSize((*answer)->data(), static_cast<Py_ssize_t>((*answer)->size()));
    const Error& error = answer->error();
    PyErr_SetString(error.code == Code::NotFound ? prompt_not_found : prompt_error,
                    client::in_words(error).c_str());
    return nullptr;
}

PyGetSetDef prompt_members[] = {
    {"name", get_text<&Prompt::name>, nullptr, nullptr, nullptr},
    {"version", get_text<&Prompt::version>, nullptr, nullptr, nullptr},
    {"labels", get_labels, nullptr, nullptr, nullptr},
    {"goal", get_text<&Prompt::goal>, nullptr, nullptr, nullptr},
    {"model", get_text<&Prompt::model>, nullptr, nullptr, nullptr},
    {"temperature", get_number<&Prompt::temperature>, nullptr, nullptr, nullptr},
    {"top_p", get_number<&Prompt::top_p>, nullptr, nullptr, nullptr},
    {"top_k", get_number<&Prompt::top_k>, nullptr, nullptr, nullptr},
    {"token_limit", get_number<&Prompt::token_limit>, nullptr, nullptr, nullptr},
    {"experiment", get_text<&Prompt::experiment>, nullptr, nullptr, nullptr},
    {"variant", get_text<&Prompt::variant>, nullptr, nullptr, nullptr},
    {"source", get_source, nullptr, nullptr, nullptr},
    {"error", get_text<&Prompt::error>, nullptr, nullptr, nullptr},
    {"_text", get_text<&Prompt::text>, nullptr, nullptr, nullptr},
    {"_messages", get_template_messages, nullptr, nullptr, nullptr},
    {"_parameters", get_text<&Prompt::parameters>, nullptr, nullptr, nullptr},
    {"_tools", get_text<&Prompt::tools>, nullptr, nullptr, nullptr},
    {"_response_schema", get_text<&Prompt::response_schema>, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyMethodDef prompt_methods[] = {
    {"_render_json", render_json, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot prompt_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(&destroy<PromptObject>)},
    {Py_tp_getset, prompt_members},
    {Py_tp_methods, prompt_methods},
    {0, nullptr},
};
PyType_Spec prompt_spec = {"steno._core.Prompt", sizeof(PromptObject), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, prompt_slots};

PyGetSetDef rendered_members[] = {
    {"text", get_rendered_text, nullptr, nullptr, nullptr},
    {"messages", get_rendered_messages, nullptr, nullptr, nullptr},
    {"missing", get_missing, nullptr, nullptr, nullptr},
    {"unused", get_unused, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot rendered_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(&destroy<RenderedPromptObject>)},
    {Py_tp_getset, rendered_members},
    {0, nullptr},
};
PyType_Spec rendered_spec = {"steno._core.RenderedPrompt", sizeof(RenderedPromptObject), 0,
                             Py_TPFLAGS_DEFAULT, rendered_slots};

PyMethodDef functions[] = {
    {"get_prompt", as_method(&get_prompt_method), METH_FASTCALL, nullptr},
    {"ask_server", ask_server, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

bool add_exception(PyObject* module, const char* name, PyObject* exception) {
    return exception != nullptr && PyModule_AddObject(module, name, Ref::to(exception).release()) == 0;
}

}  // namespace

bool add_prompt(PyObject* module) {
    prompt_error = PyErr_NewException("steno.PromptError", nullptr, nullptr);
    prompt_not_found = PyErr_NewException("steno.PromptNotFound", prompt_error, nullptr);
    auto* const prompt_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&prompt_spec));
    rendered_prompt_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&rendered_spec));
    if (prompt_type == nullptr || rendered_prompt_type == nullptr) return false;
    prompt_type->tp_new = nullptr;  // they are made by `get_prompt` and `_render_json` alone
    rendered_prompt_type->tp_new = nullptr;
    const bool added = add_exception(module, "PromptError", prompt_error) &&
                       add_exception(module, "PromptNotFound", prompt_not_found) &&
                       add_type(module, "Prompt", prompt_type) &&
                       add_type(module, "RenderedPrompt", rendered_prompt_type) &&
                       PyModule_AddFunctions(module, functions) == 0;
    Py_DECREF(prompt_type);
    return added;
}

}  // namespace steno::python
