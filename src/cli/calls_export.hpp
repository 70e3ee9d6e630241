#pragma once

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/selection.hpp"
#include "cli/table_export.hpp"

#include <string>

namespace steno::cli {

struct ExportFlags : SelectionFlags {
    TargetFlags target;
    std::string fields;
};

/// `steno calls export`.
Result<int> export_calls(const Program& program, const ExportFlags& flags);

}  // namespace steno::cli
