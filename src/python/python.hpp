#pragma once

// Has to come before all other headers: it changes what the standard ones declare.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <utility>

namespace steno::python {

/// A reference to a Python object that is given back at the end. Only with the GIL held.
class Ref {
  public:
    Ref() noexcept = default;
    /// Takes over a new reference; null is nothing.
    explicit Ref(PyObject* owned) noexcept : object_(owned) {}
    static Ref to(PyObject* borrowed) noexcept {
        Py_XINCREF(borrowed);
        return Ref(borrowed);
    }
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Ref& operator=(Ref&& other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref() { Py_XDECREF(object_); }

    [[nodiscard]] PyObject* get() const noexcept { return object_; }
    [[nodiscard]] PyObject* release() noexcept { return std::exchange(object_, nullptr); }
    explicit operator bool() const noexcept { return object_ != nullptr; }

  private:
    PyObject* object_ = nullptr;
};

/// The exception that the program is handling, if any, is as it was when this ends; what was raised in
/// between is gone.
class KeepError {
  public:
    KeepError() noexcept { PyErr_Fetch(&type_, &value_, &traceback_); }
    ~KeepError() { PyErr_Restore(type_, value_, traceback_); }
    KeepError(const KeepError&) = delete;
    KeepError& operator=(const KeepError&) = delete;

  private:
    PyObject* type_ = nullptr;
    PyObject* value_ = nullptr;
    PyObject* traceback_ = nullptr;
};

/// Runs `work`; what C++ throws (out of memory) costs a part of the record, never the program.
template <class Work>
void guarded(Work&& work) noexcept {
    try {
        work();
    } catch (...) {
        // what was to be recorded is missing
    }
}

/// A function of C's that takes other arguments than PyCFunction says, as PyMethodDef wants it.
template <class Function>
PyCFunction as_method(Function* function) noexcept {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

/// False: an exception is set.
inline bool add_type(PyObject* module, const char* name, PyTypeObject* type) noexcept {
    PyObject* const object = Ref::to(reinterpret_cast<PyObject*>(type)).release();
    if (PyModule_AddObject(module, name, object) == 0) return true;
    Py_DECREF(object);
    return false;
}

}  // namespace steno::python
