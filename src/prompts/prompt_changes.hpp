#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "control/database.hpp"
#include "prompts/prompt.hpp"
#include "prompts/registry.hpp"

#include <optional>
#include <string>
#include <vector>

/// What changes of a prompt do in its tables (stored_prompts.hpp): each a part of the registry's transaction,
/// of what was checked before.
namespace steno::prompts {

/// A prompt without versions. ResourceExhausted: there are kMaxPrompts.
Result<Prompt> insert_prompt(control::Statements& statements, const std::string& name,
                             const std::string& description, const std::vector<std::string>& tags,
                             Timestamp now);

/// Also to `prompt`, and labels with it. See Registry::add_version; `allow_lower` instead of the version's
/// own.
Result<Added> insert_version(control::Statements& statements, Prompt& prompt, const NewVersion& version,
                             bool allow_lower, Timestamp now);

/// Instead of what the prompt has.
Result<void> put_facts(control::Statements& statements, const Prompt& prompt, const std::string& description,
                       const std::vector<std::string>& tags, const std::optional<Timestamp>& archived_at);

/// Also in `prompt`. False: it stands there already, and is as protected as it is to be. FailedPrecondition:
/// it is protected, and nobody forces it.
Result<bool> put_label(control::Statements& statements, Prompt& prompt, const MoveLabel& move,
                       const std::optional<std::string>& to, bool rollback, Timestamp now);

/// It is another now: its tag changes.
Result<void> note_change(control::Statements& statements, const Prompt& prompt, Timestamp now);

}  // namespace steno::prompts
