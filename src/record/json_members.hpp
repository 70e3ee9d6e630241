#pragma once

#include "record/call.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The JSON form of single members that hold several groups, for the flat table of fields.
namespace steno::members {

void append_json(std::string& out, const std::vector<Attempt>& attempts);
void append_json(std::string& out, const std::map<std::string, Truncation>& truncated);
void append_json(std::string& out, const std::map<std::string, Limit>& windows);
Result<void> read_json(std::string_view text, std::vector<Attempt>& attempts);
Result<void> read_json(std::string_view text, std::map<std::string, Truncation>& truncated);
Result<void> read_json(std::string_view text, std::map<std::string, Limit>& windows);

}  // namespace steno::members
