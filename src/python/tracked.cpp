#include "python/tracked.hpp"

#include "base/bytes.hpp"
#include "base/json_writer.hpp"
#include "client/draft.hpp"
#include "providers/credential_names.hpp"
#include "python/call.hpp"
#include "python/context.hpp"
#include "python/values.hpp"
#include "python/vocabulary.hpp"
#include "record/kinds.hpp"

#include <new>
#include <string>
#include <vector>

namespace steno::python {

namespace {

PyTypeObject* tracked_type = nullptr;

/// What is said of every call of the function.
struct Facts {
    CallKind kind = CallKind::Chat;
    bool is_ai_call = true;
    std::string name;
    std::string header;        ///< fields: provider, model, modality
    std::string output_types;  ///< items of modality.output
    LogLevel level = LogLevel::Detailed;
    std::string metadata;  ///< JSON

    // Its context, besides the one that it is called in.
    std::string session;
    std::string user;
    std::string operation;
    std::vector<std::string> tags;

    std::vector<std::string> parameters;  ///< names of the positional ones
    std::size_t skipped = 0;              ///< of the first ones: self, cls

    // The last context that was asked for, and what it became.
    Context from;
    Context became;
    bool have = false;
};

struct TrackedObject {
    PyObject_HEAD Facts facts;
    PyObject* made_of;  ///< (args, kwargs), for pickle
};

Facts& of(PyObject* self) {
    return reinterpret_cast<TrackedObject*>(self)->facts;
}

Context context_for(Facts& facts, const Context& from) {
    if (facts.have && facts.from.node() == from.node()) return facts.became;
    Context to = from;
    if (!facts.session.empty()) to = to.with_session(facts.session);
    if (!facts.user.empty()) to = to.with_user(facts.user);
    if (facts.kind == CallKind::Agent) to = to.with_agent(facts.name);
    if (facts.kind == CallKind::Function) to = to.with_function(facts.name, facts.operation);
    for (const std::string& tag : facts.tags) to = to.with_tag(tag);
    facts.from = from;
    facts.became = to;
    facts.have = true;
    return to;
}

/// A text of that name is something else than what the user says.
bool is_credential(std::string_view name) {
    const providers::NameMeaning meaning = providers::meaning_of(name);
    return meaning != providers::NameMeaning::Plain && meaning != providers::NameMeaning::IfKnown;
}

/// Notes one argument after the other. Of an AI call texts are what the user says; `model`, `messages` and
/// `system` are what they are called; everything else is a parameter. Of others all are input. Credentials
/// are parameters, and hidden there as in the input.
class Arguments {
  public:
    Arguments(CallObject* call, bool as_input)
        : call_(call), as_input_(as_input), texts_(call->scope.draft()->level >= LogLevel::Summary) {}

    void note(std::string_view name, PyObject* value) {
        if (!as_input_) {
            if (name == "model" && PyUnicode_Check(value)) {
                call_->scope.model(Text(value).view());
                return;
            }
            if (name == "messages" && (PyList_Check(value) || PyTuple_Check(value))) {
                if (texts_) note_messages(call_, value);
                return;
            }
            if (PyUnicode_Check(value)) {
                if (!texts_) return;
                const Text text(value);
                if (name == "system" || name == "system_prompt" || name == "instructions") {
                    call_->scope.system(text.view());
                    return;
                }
                if (!is_credential(name)) {
                    call_->scope.message("user", text.view());
                    return;
                }
            }
        } else if (!texts_) {
            return;
        }
        json_.push_back(json_.empty() ? '{' : ',');
        append_json_string(json_, name);
        json_.push_back(':');
        if (json_.size() < kMaxJson) {
            append_json(json_, value);
        } else {
            json_ += "\"…\"";
        }
    }

    void finish() {
        if (json_.empty()) return;
        json_.push_back('}');
        json_ = without_credentials(std::move(json_));
        if (as_input_) {
            call_->scope.input(json_);
        } else {
            call_->scope.parameters(json_);
        }
    }

  private:
    CallObject* call_;
    const bool as_input_;
    const bool texts_;
    std::string json_;
};

void note_arguments(CallObject* call, const Facts& facts, PyObject* args, PyObject* kwargs, bool as_input) {
    Arguments arguments(call, as_input);
    const auto count = static_cast<std::size_t>(PyTuple_GET_SIZE(args));
    for (std::size_t i = facts.skipped; i < count; ++i) {
        PyObject* const value = PyTuple_GET_ITEM(args, static_cast<Py_ssize_t>(i));
        if (i < facts.parameters.size()) {
            arguments.note(facts.parameters[i], value);
        } else {
            arguments.note("*" + std::to_string(i - facts.parameters.size()), value);
        }
    }
    if (kwargs != Py_None && PyDict_Check(kwargs)) {
        Py_ssize_t at = 0;
        PyObject *key = nullptr, *value = nullptr;
        while (PyDict_Next(kwargs, &at, &key, &value)) {
            const Ref kept = Ref::to(value);
            arguments.note(Text(key).view(), value);
        }
    }
    arguments.finish();
}

/// begin(args, kwargs, current)
PyObject* begin(PyObject* self, PyObject* const* given, Py_ssize_t count) {
    if (count != 3 || !PyTuple_Check(given[0])) {
        PyErr_SetString(PyExc_TypeError, "begin(args, kwargs, current)");
        return nullptr;
    }
    Facts& facts = of(self);
    if (!tracking()) Py_RETURN_NONE;
    CallObject* call = nullptr;
    guarded([&] {
        const Context context = context_for(facts, current_context());
        call =
            facts.level == LogLevel::Off ? new_call_off(context) : new_call(facts.kind, facts.name, context);
    });
    if (call == nullptr) {
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    if (CallScope::Draft* const draft = call->scope.draft()) {
        guarded([&] {
            if (facts.level < draft->level) call->scope.level(facts.level);
            draft->header.append(facts.header);
            draft->output_types = facts.output_types;
            draft->metadata = facts.metadata;
            note_arguments(call, facts, given[0], given[1], !facts.is_ai_call);
        });
        if (facts.is_ai_call) {
            call->tracked = Ref::to(self).release();
            call->args = Ref::to(given[0]).release();
            call->kwargs = Ref::to(given[1]).release();
        }
    }
    if (given[2] == Py_True) make_current(call);
    return reinterpret_cast<PyObject*>(call);
}

/// A cycle goes by way of its keyword arguments, a dictionary, which breaks it.
int traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(reinterpret_cast<TrackedObject*>(self)->made_of);
    return 0;
}

void destroy(PyObject* self) {
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    of(self).~Facts();
    Py_XDECREF(reinterpret_cast<TrackedObject*>(self)->made_of);
    type->tp_free(self);
    Py_DECREF(type);
}

PyObject* make(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
    static const char* const names[] = {"kind",        "name",      "provider",   "model",   "input_type",
                                        "output_type", "log_level", "session",    "user",    "operation",
                                        "tags",        "metadata",  "parameters", "skipped", nullptr};
    const char *kind = nullptr, *name = nullptr, *provider = "", *model = "", *input_type = "",
               *output_type = "", *level = "detailed", *session = "", *user = "", *operation = "";
    PyObject *tags = nullptr, *metadata = nullptr, *parameters = nullptr;
    Py_ssize_t skipped = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "ss|$ssssssssOOOn:Tracked", const_cast<char**>(names),
                                     &kind, &name, &provider, &model, &input_type, &output_type, &level,
                                     &session, &user, &operation, &tags, &metadata, &parameters, &skipped))
        return nullptr;
    const auto known_kind = kind_of(kind);
    const auto known_level = level_of(level);
    if (!known_kind || !known_level) {
        PyErr_SetString(PyExc_ValueError, !known_kind
                                              ? "there is no such kind of call"
                                              : "log_level is one of detailed, summary, metrics-only, off");
        return nullptr;
    }
    PyObject* const self = type->tp_alloc(type, 0);
    if (self == nullptr) return nullptr;
    Facts& facts = *new (&of(self)) Facts();
    auto* const object = reinterpret_cast<TrackedObject*>(self);
    object->made_of = kwargs != nullptr ? Py_BuildValue("(OO)", args, kwargs) : Py_BuildValue("(O{})", args);
    if (object->made_of == nullptr) {
        Py_DECREF(self);
        return nullptr;
    }
    guarded([&] {
        facts.kind = *known_kind;
        facts.is_ai_call = reaches_a_model(static_cast<Kind>(*known_kind));
        facts.name = name;
        facts.header = header_fields(provider, model, input_type);
        if (*output_type != '\0') ByteWriter(facts.output_types).text(output_type);
        facts.level = *known_level;
        facts.session = session;
        facts.user = user;
        facts.operation = operation;
        if (metadata != nullptr && metadata != Py_None) facts.metadata = json_of(metadata);
        facts.skipped = static_cast<std::size_t>(skipped);
        const auto texts = [](PyObject* tuple, std::vector<std::string>& into) {
            if (tuple == nullptr || !PyTuple_Check(tuple)) return;
            for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i)
                into.emplace_back(Text(PyTuple_GET_ITEM(tuple, i)).view());
        };
        texts(tags, facts.tags);
        texts(parameters, facts.parameters);
    });
    return self;
}

PyObject* made_of(PyObject* self, PyObject*) {
    return Ref::to(reinterpret_cast<TrackedObject*>(self)->made_of).release();
}

PyMethodDef methods[] = {
    {"__getnewargs_ex__", made_of, METH_NOARGS, nullptr},
    {"begin", as_method(&begin), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(&make)},
    {Py_tp_dealloc, reinterpret_cast<void*>(&destroy)},
    {Py_tp_traverse, reinterpret_cast<void*>(&traverse)},
    {Py_tp_methods, methods},
    {0, nullptr},
};
PyType_Spec spec = {"steno._core.Tracked", sizeof(TrackedObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                    slots};

}  // namespace

void note_arguments_as_input(CallObject* call) noexcept {
    CallScope::Draft* const draft = call->scope.draft();
    if (call->tracked == nullptr || draft == nullptr) return;
    guarded([&] {
        if (!call->has_parameters) draft->parameters.clear();
        note_arguments(call, of(call->tracked), call->args, call->kwargs, true);
    });
}

bool add_tracked(PyObject* module) {
    tracked_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    return tracked_type != nullptr && add_type(module, "Tracked", tracked_type);
}

}  // namespace steno::python
