#pragma once

#include "record/call.hpp"
#include "store/field.hpp"

#include <optional>
#include <string>
#include <vector>

/// Values of one call, as the query model sees them.
namespace steno::store {

/// The value of a scalar or an attribute; nullopt: absent.
std::optional<Value> value_in(const Call& call, const Field& field);
/// The members of a set, as they stand; none where the field is no set.
std::vector<std::string> members_in(const Call& call, const Field& field);
/// From the record's form; not for lists and maps.
std::optional<Value> to_value(const FieldValue& value);
Value to_value(const AttributeValue& value);
/// Different values of a type have different texts. Shorter than what people are shown: nanoseconds for
/// times.
std::string exact_text(const Value& value);

}  // namespace steno::store
