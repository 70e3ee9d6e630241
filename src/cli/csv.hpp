#pragma once

#include "base/error.hpp"

#include <simdjson.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace steno::cli {

/// Calls as CSV (RFC 4180): a column for each field that has one value, named by its dotted path; lists and
/// maps as JSON. Cells that a spreadsheet would take for a formula get a ' in front.
class CsvWriter {
  public:
    explicit CsvWriter(std::FILE* out);
    /// `call`: the JSON form. InvalidArgument when it holds a number that has no place in a cell (beyond 64
    /// bits).
    Result<void> write(std::string_view call);

  private:
    std::FILE* out_;
    simdjson::dom::parser parser_;
    std::vector<std::string> pointers_;  ///< "/usage/input_tokens", a column each
    std::string head_;
    bool head_written_ = false;
};

}  // namespace steno::cli
