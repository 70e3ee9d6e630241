#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"
#include "cli/prompt_folder.hpp"
#include "prompts/prompt_file.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace steno::cli {

/// The prompt, or its new version where there is one of that name. The API's answer.
Result<std::string> send_prompt(Api& api, const prompts::PromptFile& prompt);
/// What a version says, or the one where a label stands: without labels, author and notes, which are not of
/// the next one. NotFound.
Result<prompts::PromptFile> get_prompt(Api& api, const std::string& name, std::string_view which);

enum class SyncWay : std::uint8_t {
    Push,   ///< files that say something new become versions; their number is written into the file
    Pull,   ///< files become as the latest versions are
    Check,  ///< neither
};

/// Makes prompts and files the same. A file says by its version what it was when it was pulled: so one that
/// is merely behind is not pushed as if it were new, one that was edited is not overwritten, and where both
/// sides changed neither is. `force` takes the files' side with Push and the prompts' with Pull. Nothing is
/// removed on either side. What was begun and not ended, the next one goes on with.
///
/// Prints what was done, or is to be done, and what the server warns of. Exit code 6: something differs
/// still.
Result<int> sync_prompts(Api& api, PromptFolder folder, SyncWay way, bool force, bool json);

}  // namespace steno::cli
