#pragma once

#include "base/uuid.hpp"
#include "python/python.hpp"
#include "steno/call.hpp"

#include <cstdint>
#include <string>

namespace steno::python {

/// What became of the last request made within a call to Steno's gateway, which records it: relayed.hpp.
enum class Relay : std::uint8_t { None, Unanswered, Refused, Answered };

/// Python's `Call`: a call that is open, or was. Its methods say what the call is and return it; none of them
/// raises for what a value is, and after `end` they do nothing.
struct CallObject {
    PyObject_HEAD CallScope scope;
    Context context;    ///< that it began in
    Uuid id;            ///< nil: it is not recorded
    PyObject* token;    ///< of `enter`; null while it is not current
    PyObject* before;   ///< what is current again when it has ended, or None; null unless made so
    std::string items;  ///< what a generator gave that is no text, as JSON
    bool is_ai_call;
    bool has_calls;       ///< to providers, on the record themselves
    bool has_children;    ///< others may have begun within it
    bool is_off;          ///< its level is: nothing is recorded of it
    bool has_parameters;  ///< that the program has told, besides the arguments
    Relay relay;
    PyObject* exchange;  ///< the only one so far, if it did end: exchange.hpp
    // Of a decorated AI function, while it is open: the Tracked, and what it was called with. Or null.
    PyObject* tracked;
    PyObject* args;
    PyObject* kwargs;
};
extern PyTypeObject* call_type;

/// Tracking is durable: the end of a call writes a file.
extern bool ends_by_writing;
/// Ends it; while that writes, without the GIL. A daemon thread that wants it back when the interpreter is
/// gone is unwound: nothing `noexcept`, and nothing that catches everything, may stand around this.
void end_scope(CallScope& scope);

/// A call that begins now, within `context`; `type` is a Python class below Call, or null. Its source is
/// written. Null: no memory, an exception is set.
CallObject* new_call(CallKind kind, std::string_view name, const Context& context,
                     PyTypeObject* type = nullptr) noexcept;
/// One whose level is off from its beginning.
CallObject* new_call_off(const Context& context) noexcept;
/// Fields of the record that all calls of one kind share, as they will stand in the header.
std::string header_fields(std::string_view provider, std::string_view model, std::string_view input_type);

/// The context of calls within that one (a CallObject), be it open or not.
Context below(PyObject* call) noexcept;
/// May what is asked within that context, inside of the call, be the call itself? Not in another request.
bool may_take(const CallObject& call, const Context& within) noexcept;
/// What is said of it is what that context says, which was made within the call; its parent stays.
void take_context(CallScope::Draft& draft, const CallObject& call, const Context& within);
/// It is current from now on. Once.
void make_current(CallObject* call) noexcept;
void make_not_current(CallObject* call) noexcept;
/// It is current until it ends, which may be told in another task (of which the variable is a copy).
void make_current_until_end(CallObject* call) noexcept;
/// What the tracked function gave: its answer, or result. None, and what is no text, too.
void note_result(CallObject* call, PyObject* result, bool structured) noexcept;
/// A list like OpenAI's: dictionaries with role and content.
void note_messages(CallObject* call, PyObject* messages) noexcept;

bool add_call(PyObject* module);

}  // namespace steno::python
