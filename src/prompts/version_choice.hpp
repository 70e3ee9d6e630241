#pragma once

#include "base/error.hpp"
#include "prompts/prompt.hpp"

#include <string_view>

/// Which version of a prompt somebody means. What is pointed to lives as long as the prompt is not changed.
namespace steno::prompts {

/// Null: there is none.
const VersionFacts* facts_of(const Prompt& prompt, const VersionNumber& number);
/// Null: there is none of that name; "latest" is none.
const Label* label_of(const Prompt& prompt, std::string_view label);

/// On which it stands, "latest" too. NotFound: nowhere.
Result<const VersionFacts*> labelled_version(const Prompt& prompt, std::string_view label);
/// `which`: a version, a label, or nothing: "production" if that stands somewhere, else the latest. Of a
/// prompt that is archived only a version can be had. NotFound.
Result<const VersionFacts*> wanted_version(const Prompt& prompt, std::string_view which);

}  // namespace steno::prompts
