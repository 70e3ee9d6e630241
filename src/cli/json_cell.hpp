#pragma once

#include "base/error.hpp"
#include "record/field_table.hpp"

#include <simdjson.h>

#include <map>
#include <string>
#include <vector>

namespace steno::cli {

/// A value of the API's JSON as a cell of a table, and what the cell borrows. One for each column.
class JsonCell {
  public:
    /// Of this type, or absent where it is null. Text takes any value: what is no string stays JSON.
    /// Internal: it does not fit. Good until the next read, and as long as the document lives.
    Result<FieldValue> read(FieldType type, simdjson::dom::element value);

  private:
    std::string text_;
    std::vector<std::string> texts_;
    std::map<std::string, AttributeValue> attributes_;
    std::map<std::string, std::int64_t> counts_;
    std::map<std::string, Duration> durations_;
};

}  // namespace steno::cli
