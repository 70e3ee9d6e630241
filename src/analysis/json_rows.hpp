#pragma once

#include "base/json_writer.hpp"

#include <string_view>

namespace steno::analysis {

/// `key`: an array of objects, one for each of `rows`, with the members that `row(item)` writes.
template <class Rows, class Row>
void write_rows(JsonWriter& json, std::string_view key, const Rows& rows, Row&& row) {
    json.key(key);
    json.begin_array();
    for (const auto& item : rows) {
        json.begin_object();
        row(item);
        json.end_object();
    }
    json.end_array();
}

}  // namespace steno::analysis
