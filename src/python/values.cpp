#include "python/values.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "providers/credentials.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

namespace steno::python {

namespace {

constexpr std::size_t kDeepest = 24;

/// The class's own or inherited attribute, without its metaclass's code. Borrowed.
PyObject* class_attribute(PyTypeObject* type, const char* name) {
    PyObject* const order = type->tp_mro;
    if (order == nullptr) return nullptr;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(order); ++i) {
        PyObject* const base = PyTuple_GET_ITEM(order, i);
        if (!PyType_Check(base)) continue;
        PyObject* const names = reinterpret_cast<PyTypeObject*>(base)->tp_dict;
        if (names == nullptr) continue;
        if (PyObject* const found = PyDict_GetItemString(names, name)) return found;
    }
    return nullptr;
}

std::string_view plain_utf8(PyObject* text) {
    Py_ssize_t size = 0;
    const char* const bytes = PyUnicode_Check(text) ? PyUnicode_AsUTF8AndSize(text, &size) : nullptr;
    if (bytes == nullptr) {
        PyErr_Clear();
        return {};
    }
    return {bytes, static_cast<std::size_t>(size)};
}

/// What the object has under that name, in a slot or in its dictionary (or null), without code of its
/// class's: none if it is not set, or computed.
Ref kept_in(PyObject* object, PyObject* dictionary, PyObject* name) {
    const std::string text(plain_utf8(name));
    PyObject* const slot = class_attribute(Py_TYPE(object), text.c_str());
    if (slot != nullptr && Py_IS_TYPE(slot, &PyMemberDescr_Type)) {
        Ref value(
            PyMemberDescr_Type.tp_descr_get(slot, object, reinterpret_cast<PyObject*>(Py_TYPE(object))));
        PyErr_Clear();
        return value;
    }
    if (dictionary == nullptr) return {};
    PyObject* const found = PyDict_GetItemWithError(dictionary, name);
    PyErr_Clear();
    return found == nullptr ? Ref() : Ref::to(found);
}

/// Of the standard library, written as text by its own code.
bool speaks_for_itself(PyTypeObject* type) {
    constexpr std::array<std::string_view, 5> kTypes{"datetime.datetime", "datetime.date", "datetime.time",
                                                     "datetime.timedelta", "decimal.Decimal"};
    if (std::ranges::find(kTypes, std::string_view(type->tp_name)) != kTypes.end()) return true;
    PyObject* const of =
        type->tp_dict == nullptr ? nullptr : PyDict_GetItemString(type->tp_dict, "__module__");
    if (of == nullptr) return false;
    const std::string_view module = plain_utf8(of);
    return module == "uuid" || module == "pathlib" || module.starts_with("pathlib.");
}

class Writer {
  public:
    explicit Writer(std::string& out) : out_(out), end_(out.size() + kMaxJson) {}

    void value(PyObject* object) {
        if (object == Py_None) {
            out_ += "null";
        } else if (PyBool_Check(object)) {
            out_ += object == Py_True ? "true" : "false";
        } else if (PyUnicode_Check(object)) {
            string(object);
        } else if (PyLong_Check(object)) {
            integer(object);
        } else if (PyFloat_Check(object)) {
            number(PyFloat_AS_DOUBLE(object));
        } else if (PyBytes_Check(object)) {
            named(std::to_string(PyBytes_GET_SIZE(object)) + " bytes");
        } else if (PyByteArray_Check(object)) {
            named(std::to_string(PyByteArray_GET_SIZE(object)) + " bytes");
        } else {
            within(object);
        }
    }

  private:
    [[nodiscard]] bool full() const { return out_.size() >= end_; }
    [[nodiscard]] std::size_t room() const { return full() ? 0 : end_ - out_.size(); }

    void string(PyObject* object) {
        const Text text(object);
        const std::string_view whole = text.view();
        const std::string_view kept = utf8_prefix(whole, room());
        append_json_string(out_, kept);
        if (kept.size() < whole.size()) {
            out_.pop_back();
            out_ += "…\"";
        }
    }

    void named(std::string_view what) {
        std::string text = "<";
        text.append(what).push_back('>');
        append_json_string(out_, text);
    }

    void integer(PyObject* object) {
        int overflow = 0;
        const long long small = PyLong_AsLongLongAndOverflow(object, &overflow);
        if (overflow == 0) {
            char digits[24];
            const auto end = std::to_chars(digits, digits + sizeof digits, small).ptr;
            out_.append(digits, end);
            return;
        }
        const Ref digits(PyLong_Type.tp_repr(object));
        PyErr_Clear();  // more digits than Python wants to write
        const std::string_view text = digits ? plain_utf8(digits.get()) : std::string_view();
        if (text.empty()) return named("a large number");
        out_ += text.substr(0, std::max<std::size_t>(room(), 1));
    }

    void number(double value) {
        if (!std::isfinite(value)) {
            out_ += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
            return;
        }
        JsonWriter(out_).number(value);
    }

    /// What holds other values.
    void within(PyObject* object) {
        if (is_within_itself(object)) return named("cycle");
        if (depth_ == kDeepest) {
            out_ += "\"…\"";
            return;
        }
        above_[depth_++] = object;
        if (PyDict_Check(object)) {
            dictionary(object);
        } else if (PyList_Check(object) || PyTuple_Check(object)) {
            sequence(object);
        } else if (PyAnySet_CheckExact(object)) {
            const Ref items(PySequence_List(object));
            PyErr_Clear();
            items ? sequence(items.get()) : named("set");
        } else {
            any(object);
        }
        --depth_;
    }

    [[nodiscard]] bool is_within_itself(PyObject* object) const {
        const auto above = std::span(above_).first(depth_);
        return std::ranges::find(above, object) != above.end();
    }

    void sequence(PyObject* object) {
        const bool list = PyList_Check(object);
        out_.push_back('[');
        // Its size is asked for each time: other threads may run while a value is written.
        for (Py_ssize_t i = 0; i < (list ? PyList_GET_SIZE(object) : PyTuple_GET_SIZE(object)); ++i) {
            if (i != 0) out_.push_back(',');
            if (full()) {
                out_ += "\"…\"";
                break;
            }
            const Ref item = Ref::to(list ? PyList_GET_ITEM(object, i) : PyTuple_GET_ITEM(object, i));
            value(item.get());
        }
        out_.push_back(']');
    }

    void dictionary(PyObject* object) {
        out_.push_back('{');
        Py_ssize_t at = 0;
        PyObject* key = nullptr;
        PyObject* item = nullptr;
        bool first = true;
        while (PyDict_Next(object, &at, &key, &item)) {
            const Ref name = Ref::to(key);
            const Ref kept = Ref::to(item);
            if (!first) out_.push_back(',');
            first = false;
            if (full()) {
                out_ += "\"…\":null";
                break;
            }
            if (PyUnicode_Check(name.get())) {
                string(name.get());
            } else if (PyLong_Check(name.get()) || PyFloat_Check(name.get()) || name.get() == Py_None) {
                std::string text;
                Writer(text).value(name.get());
                append_json_string(out_, text);
            } else {
                named(class_of(name.get()));
            }
            out_.push_back(':');
            value(kept.get());
        }
        out_.push_back('}');
    }

    void any(PyObject* object) {
        PyTypeObject* const type = Py_TYPE(object);
        if (speaks_for_itself(type)) {
            const Ref text(type->tp_str == nullptr ? nullptr : type->tp_str(object));
            PyErr_Clear();
            if (text && PyUnicode_Check(text.get())) return string(text.get());
        }
        PyObject* const declared = class_attribute(type, "__dataclass_fields__");
        if (declared != nullptr || class_attribute(type, "__pydantic_fields__") != nullptr) {
            Ref held(PyObject_GenericGetDict(object, nullptr));  // none, if all is in slots
            PyErr_Clear();
            if (held && !PyDict_Check(held.get())) held = {};
            if (declared != nullptr && PyDict_Check(declared)) {
                if (const Ref fields = fields_of(object, held.get(), declared))
                    return dictionary(fields.get());
            } else if (held) {
                return dictionary(held.get());
            }
        }
        named(class_of(object));
    }

    /// The declared fields that are set, as a dictionary. Variables of the class are among the declared, but
    /// in no object.
    static Ref fields_of(PyObject* object, PyObject* held, PyObject* declared) {
        Ref fields(PyDict_New());
        Py_ssize_t at = 0;
        PyObject* name = nullptr;
        while (fields && PyDict_Next(declared, &at, &name, nullptr)) {
            if (!PyUnicode_CheckExact(name)) continue;
            const Ref kept_name = Ref::to(name);
            if (const Ref value = kept_in(object, held, name))
                PyDict_SetItem(fields.get(), name, value.get());
        }
        PyErr_Clear();
        return fields;
    }

    std::string& out_;
    const std::size_t end_;
    std::array<PyObject*, kDeepest> above_{};
    std::size_t depth_ = 0;
};

}  // namespace

Text::Text(PyObject* value) noexcept {
    guarded([&] {
        const KeepError keep;
        if (PyUnicode_Check(value)) {
            Py_ssize_t size = 0;
            if (const char* const bytes = PyUnicode_AsUTF8AndSize(value, &size)) {
                view_ = {bytes, static_cast<std::size_t>(size)};
                return;
            }
            PyErr_Clear();
            encoded_ = Ref(PyUnicode_AsEncodedString(value, "utf-8", "backslashreplace"));
            if (encoded_) {
                view_ = {PyBytes_AS_STRING(encoded_.get()),
                         static_cast<std::size_t>(PyBytes_GET_SIZE(encoded_.get()))};
            }
            PyErr_Clear();
            return;
        }
        if (PyBytes_Check(value)) {
            const std::string_view bytes{PyBytes_AS_STRING(value),
                                         static_cast<std::size_t>(PyBytes_GET_SIZE(value))};
            if (is_valid_utf8(bytes)) {
                view_ = bytes;
                return;
            }
        }
        if (value == Py_None) return;
        Writer(made_).value(value);
        view_ = made_;
    });
}

void append_json(std::string& out, PyObject* value) noexcept {
    guarded([&] {
        const KeepError keep;
        Writer(out).value(value);
    });
}

std::string json_of(PyObject* value) noexcept {
    std::string json;
    append_json(json, value);
    return json;
}

std::string without_credentials(std::string json) {
    std::int64_t hidden = 0;
    auto without = providers::hide_credentials(json, hidden);
    return without ? std::move(*without) : std::move(json);
}

std::string class_of(PyObject* value) {
    const PyTypeObject* const type = Py_TYPE(value);
    std::string name;
    if ((type->tp_flags & Py_TPFLAGS_HEAPTYPE) != 0 && type->tp_dict != nullptr) {
        PyObject* const of = PyDict_GetItemString(type->tp_dict, "__module__");
        const std::string_view module = of == nullptr ? std::string_view() : plain_utf8(of);
        if (!module.empty() && module != "builtins") name.append(module).push_back('.');
    }
    return name.append(utf8_prefix(type->tp_name, 200));
}

}  // namespace steno::python
