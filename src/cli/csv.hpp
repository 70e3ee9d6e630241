#pragma once

#include <simdjson.h>

#include <cstdio>
#include <string>
#include <vector>

namespace steno::cli {

/// Calls as CSV (RFC 4180): a column for each field that has one value, named by its dotted path; lists and
/// maps as JSON. Cells that a spreadsheet would take for a formula get a ' in front.
class CsvWriter {
  public:
    explicit CsvWriter(std::FILE* out);
    void write(simdjson::dom::element call);

  private:
    std::FILE* out_;
    std::vector<std::string> pointers_;  ///< "/usage/input_tokens", a column each
    std::string head_;
    bool head_written_ = false;
};

}  // namespace steno::cli
