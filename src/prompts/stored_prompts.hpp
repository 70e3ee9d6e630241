#pragma once

#include "base/error.hpp"
#include "control/condition.hpp"
#include "control/database.hpp"
#include "prompts/prompt.hpp"

#include <string_view>
#include <vector>

/// How prompts stand in the control database: their tables, and how they are read back. Blocking.
namespace steno::prompts {

/// Once, before all else here.
Result<void> make_tables(control::Database& database);

/// By name, each with its versions.
Result<std::vector<Prompt>> all_prompts(control::Database& database);

/// NotFound, with the nearest name. The revision is read first: what is changed meanwhile is newer than its
/// tag, so that who goes by the tag is told. Versions are read last: each that a label stands on is among
/// them.
Result<Prompt> load_prompt(control::Database& database, std::string_view name);
/// As it is in this transaction.
Result<Prompt> load_prompt(control::Statements& statements, std::string_view name);
/// To change it, if it is as the condition says.
Result<Prompt> load_prompt(control::Statements& statements, std::string_view name,
                           control::Condition& condition);

/// What it says, besides what is known of it. NotFound: it has gone with its prompt.
Result<Version> whole_version(control::Database& database, const Prompt& prompt, const VersionFacts& facts);
/// All of a prompt, the lowest first, without those that have gone since.
Result<std::vector<Version>> whole_versions(control::Database& database, const Prompt& prompt);
/// What stands in the tables and is not asked for.
Version whole(const Prompt& prompt, const VersionFacts& facts, Content content);

}  // namespace steno::prompts
