#pragma once

#include "base/error.hpp"
#include "record/field_table.hpp"

#include <span>
#include <string>

namespace steno::exports {

struct Column {
    std::string name;
    FieldType type = FieldType::Text;
};

/// A table that is read once, from its first row to its last, and never held as a whole. One thread.
class Rows {
  public:
    virtual ~Rows() = default;
    /// At least one. A table whose only column has no name and is of type Json is a list of JSON values: the
    /// JSON formats write these, and not objects that hold them.
    [[nodiscard]] virtual std::span<const Column> columns() const = 0;
    /// The next row, a cell a column: of the column's type (text is UTF-8), or absent. Empty: there are no
    /// more. Good until the next call. What fails here ends the export with that error.
    virtual Result<std::span<const FieldValue>> next() = 0;
};

}  // namespace steno::exports
