#pragma once

#include "base/error.hpp"
#include "cli/command.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace steno::cli {

/// The settings of a prompt type in the words of flags.
struct PromptTypeSettings {
    std::string description, full_data, sample, text_limit, retention, masking, log_level;
    std::string over_budget, failure_rate, switches;
    std::optional<std::int64_t> window, least_calls;
    bool active = false, inactive = false;
};

void add_settings_flags(CLI::App& command, PromptTypeSettings& settings);

/// What they set, as the API takes it: what no flag names stays. InvalidArgument: nothing, or a flag's value
/// is none.
Result<std::string> changes(const PromptTypeSettings& settings);

}  // namespace steno::cli
