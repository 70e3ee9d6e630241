#include "client/tracker.hpp"
#include "python/call.hpp"
#include "python/context.hpp"
#include "python/exchange.hpp"
#include "python/prompt.hpp"
#include "python/python.hpp"
#include "python/relayed.hpp"
#include "python/tracked.hpp"
#include "python/values.hpp"
#include "python/vocabulary.hpp"
#include "steno/tracking.hpp"

#include <algorithm>
#include <chrono>

/// steno._core: the C++ tracker for Python. What the package's users see is made of it in
/// sdk/python/src/steno.
namespace steno::python {

namespace {

PyObject* start(PyObject*, PyObject* args, PyObject* kwargs) {
    static const char* const names[] = {"server",
                                        "data_folder",
                                        "api_key",
                                        "project",
                                        "environment",
                                        "release",
                                        "log_level",
                                        "level_by_prompt_type",
                                        "max_text_bytes",
                                        "interval",
                                        "max_memory_bytes",
                                        "spool_folder",
                                        "max_spool_bytes",
                                        "durable",
                                        "exit_patience",
                                        "print_summary",
                                        nullptr};
    TrackingOptions options;
    const char *server = "", *data_folder = "", *api_key = "", *project = "", *environment = "",
               *release = "", *level = "detailed", *spool_folder = "";
    PyObject* by_type = nullptr;
    Py_ssize_t max_text = 0;
    auto max_memory = static_cast<Py_ssize_t>(options.max_memory_bytes);
    auto max_spool = static_cast<Py_ssize_t>(options.max_spool_bytes);
    double interval = 0.1, exit_patience = 2;
    int durable = 0, print_summary = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$sssssssOndnsnpdp:start", const_cast<char**>(names),
                                     &server, &data_folder, &api_key, &project, &environment, &release,
                                     &level, &by_type, &max_text, &interval, &max_memory, &spool_folder,
                                     &max_spool, &durable, &exit_patience, &print_summary))
        return nullptr;
    const auto known = level_of(level);
    bool understood = known.has_value();
    guarded([&] {
        options.server = server;
        options.data_folder = data_folder;
        options.api_key = api_key;
        options.project = project;
        options.environment = environment;
        options.release = release;
        options.level = known.value_or(LogLevel::Detailed);
        options.max_text_bytes = static_cast<std::size_t>(max_text < 0 ? 0 : max_text);
        options.interval = milliseconds_of(interval);
        options.max_memory_bytes = static_cast<std::size_t>(max_memory < 0 ? 0 : max_memory);
        options.spool_folder = spool_folder;
        options.max_spool_bytes = static_cast<std::uint64_t>(max_spool < 0 ? 0 : max_spool);
        options.durable = durable != 0;
        options.exit_patience = milliseconds_of(exit_patience);
        options.print_summary = print_summary != 0;
        Py_ssize_t at = 0;
        PyObject *type = nullptr, *name = nullptr;
        while (by_type != nullptr && PyDict_Check(by_type) && PyDict_Next(by_type, &at, &type, &name)) {
            const auto of_type = level_of(Text(name).view());
            understood = understood && of_type;
            if (of_type) options.level_by_prompt_type.emplace(Text(type).view(), *of_type);
        }
    });
    if (!understood) {
        PyErr_SetString(PyExc_ValueError, "log_level is one of detailed, summary, metrics-only, off");
        return nullptr;
    }
    ends_by_writing = options.durable;
    Py_BEGIN_ALLOW_THREADS start_tracking(std::move(options));
    Py_END_ALLOW_THREADS Py_RETURN_NONE;
}

PyObject* stop(PyObject*, PyObject* args) {
    double patience = 2;
    if (!PyArg_ParseTuple(args, "d:stop", &patience)) return nullptr;
    Py_BEGIN_ALLOW_THREADS stop_tracking(milliseconds_of(patience));
    Py_END_ALLOW_THREADS Py_RETURN_NONE;
}

/// In slices, between which Ctrl-C is heard.
PyObject* flush_method(PyObject*, PyObject* args) {
    constexpr std::chrono::milliseconds kSlice{200};
    double patience = 10;
    if (!PyArg_ParseTuple(args, "d:flush", &patience)) return nullptr;
    const auto until = std::chrono::steady_clock::now() + milliseconds_of(patience);
    while (true) {
        const auto now = std::chrono::steady_clock::now();
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
        const auto slice = std::clamp(left, std::chrono::milliseconds{0}, kSlice);
        auto come_to = client::Flushed::NotYet;
        Py_BEGIN_ALLOW_THREADS come_to = client::Tracker::flush(slice);
        Py_END_ALLOW_THREADS if (come_to == client::Flushed::All) Py_RETURN_TRUE;
        if (come_to == client::Flushed::Spooled || left <= slice || !tracking()) Py_RETURN_FALSE;
        if (PyErr_CheckSignals() != 0) return nullptr;
    }
}

PyObject* status(PyObject*, PyObject*) {
    const TrackingStats stats = tracking_stats();
    const std::string error = last_tracking_error();
    const Ref words(PyUnicode_DecodeUTF8(error.data(), static_cast<Py_ssize_t>(error.size()), "replace"));
    if (!words) return nullptr;
    return Py_BuildValue("(OKKKKKKO)", tracking() ? Py_True : Py_False, stats.ended, stats.delivered,
                         stats.spooled, stats.rejected, stats.dropped, stats.waiting_bytes, words.get());
}

PyMethodDef functions[] = {
    {"start", as_method(&start), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"stop", stop, METH_VARARGS, nullptr},
    {"flush", flush_method, METH_VARARGS, nullptr},
    {"status", status, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_core", nullptr, -1, functions, nullptr, nullptr, nullptr, nullptr};

}  // namespace

}  // namespace steno::python

PyMODINIT_FUNC PyInit__core() {
    using namespace steno::python;
    Ref module(PyModule_Create(&definition));
    if (!module || !add_context(module.get()) || !add_call(module.get()) || !add_tracked(module.get()) ||
        !add_exchange(module.get()) || !add_relayed(module.get()) || !add_prompt(module.get()))
        return nullptr;
    return module.release();
}
