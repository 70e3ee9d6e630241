#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"
#include "prompts/prompt_file.hpp"

#include <cstdint>
#include <string>

namespace steno::cli {

/// The prompt, or its new version where there is one of that name. The API's answer.
Result<std::string> send_prompt(Api& api, const prompts::PromptFile& file);

enum class SyncWay : std::uint8_t {
    Push,   ///< files that say something new become versions; their number is written into the file
    Pull,   ///< files become as the latest versions are
    Check,  ///< neither
};

/// Prompts and the files of a folder: NAME.prompt, with the folders that a name has. A file says by its
/// version what it was when it was pulled: so one that is merely behind is not pushed as if it were new, one
/// that was edited is not overwritten, and where both sides changed neither is. `force` takes the files' side
/// with Push and the prompts' with Pull. Exit code 6: something differs still. All files are read before
/// anything is changed.
struct Sync {
    std::string folder;
    SyncWay way = SyncWay::Push;
    bool force = false;
};
Result<int> sync_prompts(Api& api, const Sync& sync, bool json);

}  // namespace steno::cli
