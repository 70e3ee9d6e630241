#pragma once

#include "python/python.hpp"

#include <cstddef>
#include <string>
#include <string_view>

/// Values of the program's as texts and JSON. Nothing here raises, and nothing runs the program's own code
/// (no
/// __repr__, __str__ or __getattr__ of its classes), so that being recorded has no effects.
namespace steno::python {

/// The UTF-8 of a str; lone surrogates as "\udc80". Of bytes, those if they are UTF-8. Anything else: its
/// JSON. Lives as long as the value does.
class Text {
  public:
    explicit Text(PyObject* value) noexcept;
    [[nodiscard]] std::string_view view() const noexcept { return view_; }

  private:
    Ref encoded_;
    std::string made_;
    std::string_view view_;
};

/// At most this many bytes of JSON are made of one value; what does not fit is left out and shown as "…".
inline constexpr std::size_t kMaxJson = 1u << 20;

/// Numbers, strings, None, lists, tuples, sets, dictionaries; the fields of dataclasses and Pydantic models;
/// times, decimals, UUIDs and paths as strings. Bytes, and objects of all other classes, are named:
/// "<12 bytes>", "<module.Class>"; an object within itself is "<cycle>".
void append_json(std::string& out, PyObject* value) noexcept;
std::string json_of(PyObject* value) noexcept;

/// JSON of the program's values without the credentials in it: "***" for each (providers/credentials.hpp).
std::string without_credentials(std::string json);

/// "module.Class" of an object.
std::string class_of(PyObject* value);

}  // namespace steno::python
