#pragma once

#include "store/query.hpp"

#include <optional>
#include <variant>

/// What stands in an answer's cells and keys.
namespace steno::store {

/// Null: nothing, or something else.
template <class T>
const T* value_in(const Cell& cell) {
    const auto* value = std::get_if<Value>(&cell);
    return value == nullptr ? nullptr : std::get_if<T>(value);
}

template <class T>
const T* value_in(const std::optional<Value>& key) {
    return key ? std::get_if<T>(&*key) : nullptr;
}

/// A number of calls; 0 where there is none.
inline std::int64_t count_in(const Cell& cell) {
    const auto* count = value_in<std::int64_t>(cell);
    return count == nullptr ? 0 : *count;
}

}  // namespace steno::store
