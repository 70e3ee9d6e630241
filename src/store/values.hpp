#pragma once

#include "record/call.hpp"
#include "store/field.hpp"

#include <optional>

/// Values of one call, as the query model sees them.
namespace steno::store {

/// The value of a scalar or an attribute; nullopt: absent.
std::optional<Value> value_in(const Call& call, const Field& field);
/// From the record's form; not for lists and maps.
std::optional<Value> to_value(const FieldValue& value);
Value to_value(const AttributeValue& value);

}  // namespace steno::store
