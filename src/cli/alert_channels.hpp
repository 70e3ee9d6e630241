#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"
#include "cli/command.hpp"

#include <simdjson.h>

#include <functional>
#include <string>
#include <string_view>

namespace steno::cli {

/// `steno alerts channels …` and `steno alerts test CHANNEL`.
void add_alert_channels(Program& program, CLI::App& alerts);

/// Asks for, or changes, something about alerts, and shows the answer: with --json as it came. Says nothing
/// of the record, so it does not wait for the store.
Result<int> ask_alerts(const Program& program, const RecordFlags& record, std::string_view method,
                       const std::string& target, const std::string& body,
                       const std::function<void(simdjson::dom::element)>& show);

}  // namespace steno::cli
