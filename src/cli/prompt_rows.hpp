#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"
#include "exports/table.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace steno::cli {

struct PromptRows {
    std::unique_ptr<exports::Rows> rows;
    std::uint64_t count = 0;
};

/// A table of versions, a row each: by the prompts' names, the lowest version first. `name` empty: of all
/// prompts. Asks for their labels, too.
Result<PromptRows> prompt_rows(Api& api, const std::string& name, std::string registry);

}  // namespace steno::cli
