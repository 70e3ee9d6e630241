#include "python/vocabulary.hpp"

#include "python/values.hpp"
#include "record/kinds.hpp"

#include <cmath>
#include <string>

namespace steno::python {

std::optional<std::int64_t> integer_of(PyObject* value) noexcept {
    if (value != nullptr && PyFloat_Check(value)) {
        constexpr double kExact = 1LL << 53;
        const double number = PyFloat_AS_DOUBLE(value);
        if (!(std::fabs(number) <= kExact) || number != std::trunc(number)) return std::nullopt;
        return static_cast<std::int64_t>(number);
    }
    if (value == nullptr || !PyLong_Check(value)) return std::nullopt;
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    return overflow == 0 ? std::optional<std::int64_t>(number) : std::nullopt;
}

Attribute attribute_of(PyObject* value) noexcept {
    const KeepError keep;
    if (PyBool_Check(value)) return value == Py_True;
    if (PyFloat_Check(value)) return PyFloat_AS_DOUBLE(value);
    if (PyLong_Check(value)) {
        // Beyond that a double would be another number: it is kept as its digits.
        constexpr long long kExact = 1LL << 53;
        int overflow = 0;
        const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        if (overflow == 0 && number >= -kExact && number <= kExact) return static_cast<double>(number);
    }
    Attribute text;
    guarded([&] { text = std::string(Text(value).view()); });
    return text;
}

std::chrono::milliseconds milliseconds_of(double seconds) noexcept {
    constexpr double kLongest = 24.0 * 3600 * 365;
    if (!(seconds > 0)) return std::chrono::milliseconds{0};
    return std::chrono::milliseconds{std::llround(std::fmin(seconds, kLongest) * 1000)};
}

std::optional<CallKind> kind_of(std::string_view name) noexcept {
    Kind kind{};
    return from_string(name, kind) ? std::optional(static_cast<CallKind>(kind)) : std::nullopt;
}

std::optional<LogLevel> level_of(std::string_view name) noexcept {
    if (name == "detailed") return LogLevel::Detailed;
    if (name == "summary") return LogLevel::Summary;
    if (name == "metrics-only" || name == "metrics_only") return LogLevel::MetricsOnly;
    if (name == "off") return LogLevel::Off;
    return std::nullopt;
}

}  // namespace steno::python
