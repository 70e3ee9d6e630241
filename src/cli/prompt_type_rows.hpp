#pragma once

#include "base/error.hpp"
#include "exports/table.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace steno::cli {

/// A list of prompt types as a table of one row a type, for files. Money of several currencies is in `costs`
/// alone.
struct PromptTypeRows {
    std::unique_ptr<exports::Rows> rows;
    std::size_t count = 0;
    std::size_t left_out = 0;  ///< of those that fit, by the list's limit
};

/// `body`: the answer of GET /api/v1/prompt-types.
Result<PromptTypeRows> prompt_type_rows(std::string body);

}  // namespace steno::cli
