#pragma once

#include "exports/table.hpp"

#include <memory>
#include <span>
#include <string>

namespace steno::exports {

/// A table as text, a row after the other: for files, and for what is sent as it is made. One table each.
class RowText {
  public:
    virtual ~RowText() = default;
    // Each appends to `out`: what stands before the first row, one row, and what stands behind the last.
    virtual void begin(std::string& out) = 0;
    virtual void row(std::string& out, std::span<const FieldValue> cells) = 0;
    virtual void end(std::string& out) = 0;
};

// The columns must outlive it.
std::unique_ptr<RowText> csv_text(std::span<const Column> columns);
std::unique_ptr<RowText> json_text(std::span<const Column> columns);
std::unique_ptr<RowText> jsonl_text(std::span<const Column> columns);

}  // namespace steno::exports
