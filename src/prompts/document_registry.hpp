#pragma once

#include "base/error.hpp"
#include "prompts/registry.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steno::prompts {

/// `prompt_registry.json`, as a program of before keeps its prompts: an object of names, and of each its
/// versions, as a list or as an object of version numbers:
///
///     {"coaching_system": {"1.0": {"name": "coaching_system", "version": "1.0", "goal": "…",
///         "model": "llama3.1:8b", "temperature": 0.7, "token_limit": 500, "top_k": 40, "top_p": 0.9,
///         "prompt": "…", "output": null, "created_at": "2026-01-05T10:00:00"}}}
///
/// Also taken: one version instead of a list of one; "prompts" around it all; messages, tools and the other
/// members of ours. What a version has besides ("output" too, which the record has) is left out, and told.
struct DocumentRegistry {
    std::vector<NewPrompt> prompts;     ///< versions ascending
    std::vector<std::string> left_out;  ///< names of members, each once
};

/// What the texts of such a file are.
enum class Texts : std::uint8_t {
    Templates,      ///< as ours
    FormatStrings,  ///< Python's: {name} is a variable, {{ a brace
};

/// InvalidArgument names the prompt and what is wrong with it.
Result<DocumentRegistry> read_document_registry(std::string_view json, Texts texts);

struct Exported {
    const Prompt& prompt;
    std::vector<Version> versions;
};
/// The same form; "output" is null.
std::string write_document_registry(const std::vector<Exported>& prompts);

/// A moment in such a file. Python's isoformat() says no zone where the program did not: then it is taken as UTC.
std::optional<Timestamp> moment_in_document(std::string text);

/// A template that says what Python's "…".format(…) makes of this text: {name} is a variable, {{ and }} are
/// braces; fields that are more than a name ({a[0]}, {x:>8}) stay as they are written. InvalidArgument: it
/// has all the marks that could tell a variable from a text, or more variables than a template may have.
Result<std::string> template_of_format_string(std::string_view text);

}  // namespace steno::prompts
