#pragma once

#include "steno/prompts.hpp"
#include "templates/rendering.hpp"

#include <memory>
#include <string>
#include <vector>

namespace steno {

/// A version as a server gave it, or a text that the program brought itself. Never changes.
struct FetchedPrompt {
    std::string name;
    std::string version;
    std::vector<std::string> labels;
    prompts::Content content;
    prompts::Included included;
};

struct Prompt::Data {
    PromptSource source = PromptSource::None;
    bool unknown = false;
    std::string error;
    std::shared_ptr<const FetchedPrompt> fetched;  ///< null: there is none
};

struct RenderedPrompt::Data {
    std::string name;
    std::string version;
    std::string variables;  ///< JSON, as they were given
    std::string error;      ///< nothing else is there then
    std::string text;
    std::vector<PromptMessage> messages;
    std::vector<std::string> missing;
    std::vector<std::string> unused;
};

}  // namespace steno
