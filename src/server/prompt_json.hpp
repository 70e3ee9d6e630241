#pragma once

#include "base/json_writer.hpp"
#include "prompts/difference.hpp"
#include "prompts/registry.hpp"
#include "templates/rendering.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Prompts in the API's JSON: what is answered, and what is sent.
namespace steno::server {

/// `versions`: with each of them, without their contents.
void write_prompt(JsonWriter& json, const prompts::Prompt& prompt, bool versions);
/// After a change: with what it has done to others, a sentence each.
void write_changed_prompt(JsonWriter& json, const prompts::Prompt& prompt,
                          const std::vector<std::string>& warnings);
void write_warnings(JsonWriter& json, const std::vector<std::string>& warnings);
/// The members of it, so that more can stand beside them.
void write_version_members(JsonWriter& json, const prompts::Version& version);
void write_version_facts(JsonWriter& json, const prompts::Prompt& prompt, const prompts::VersionFacts& facts);
void write_label_members(JsonWriter& json, const prompts::Label& label);
void write_labels(JsonWriter& json, const prompts::Prompt& prompt);
void write_move(JsonWriter& json, const prompts::Move& move);
void write_difference(JsonWriter& json, const prompts::Difference& difference);
void write_rendering(JsonWriter& json, const prompts::Rendering& rendering);
void write_included(JsonWriter& json, const prompts::Included& included);

/// What POST of a prompt or a version says; `name`, `description` and `tags` are a prompt's alone.
struct SentPrompt {
    std::optional<std::string> name;
    std::optional<std::string> description;
    std::optional<std::vector<std::string>> tags;
    prompts::NewVersion version;
};
/// InvalidArgument names the member and what it takes. `whole`: the prompt's own members, too.
Result<SentPrompt> read_sent_prompt(std::string_view body, bool whole);
Result<prompts::Facts> read_prompt_facts(std::string_view body);
/// An empty body says nothing.
Result<prompts::MoveLabel> read_label_move(std::string_view body);

struct SentRendering {
    std::string which;  ///< a version or a label; empty: neither is said
    prompts::Value variables;
    bool strict = false;  ///< what lacks variables is an error
};
Result<SentRendering> read_sent_rendering(std::string_view body);

/// What is to be rendered before it is kept.
struct SentDraft {
    prompts::Content content;
    prompts::Value variables;
};
Result<SentDraft> read_sent_draft(std::string_view body);

}  // namespace steno::server
