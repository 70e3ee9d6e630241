#pragma once

#include "base/error.hpp"
#include "prompts/registry.hpp"

#include <string>
#include <string_view>

namespace steno::prompts {

/// A prompt's version as a file, for people and for git: what it says besides its text as TOML between two
/// lines of "+++", and then the text to the file's end, without the end of its last line.
///
///     +++
///     name = "support/answer"
///     version = "1.2"
///     model = "gpt-4o-mini"
///     temperature = 0.3
///     +++
///     Answer {{question}} in a {{tone}} tone.
///
/// The members are those of the API; a chat prompt has [[messages]] with role and content, and nothing behind
/// the second line. tools, parameters, response_schema and defaults may be JSON in a text, where TOML would
/// lose the order of members or the digits of a number. A file whose first line ends as on Windows does so in
/// all, and is read as if it did not: Git may have changed it. TOML, and not YAML, because the configuration
/// is TOML, and because of YAML's 1.10 that is 1.1 and its no that is false.
struct PromptFile {
    std::string name;
    std::string description;
    std::vector<std::string> tags;
    NewVersion version;
};

/// InvalidArgument, where it is no TOML with the line. What it says is not checked further (registry).
Result<PromptFile> read_prompt_file(std::string_view file);
std::string write_prompt_file(const PromptFile& prompt);

}  // namespace steno::prompts
