#pragma once

#include "record/field_table.hpp"

#include <string>

/// Single cells as text, in the words of the API's JSON.
namespace steno::exports {

/// As a JSON value; absent: null.
void append_json(std::string& out, FieldType type, const FieldValue& cell);

/// As it stands in a table: text as it is, numbers in digits, true or false, lists and maps as JSON. Nothing
/// where the cell is absent.
void append_text(std::string& out, const FieldValue& cell);

/// Can it hold what somebody wrote? Numbers, times, ids and JSON cannot be taken for a formula.
bool is_running_text(FieldType type);

}  // namespace steno::exports
