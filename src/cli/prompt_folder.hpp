#pragma once

#include "base/error.hpp"
#include "prompts/prompt_file.hpp"

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace steno::cli {

/// Prompts as files of a folder, which people and git change, too: NAME.prompt, in the folders that a name
/// has. Which prompt a file is, it says itself, so that it may be called anything; one that says no name has
/// that of its path.
///
/// The folder may be a stranger's (a pull request) and so may the names: links below it are followed neither
/// for reading nor for writing, and what begins with a point (.git) is left alone.
class PromptFolder {
  public:
    /// Reads and checks all files. NotFound: there is no such folder, unless it `may_be_missing`: then it is
    /// made with its first file. InvalidArgument names the file and what is wrong with it; whether there may
    /// be a prompt of its name is not asked. `mask`: the umask for what is made here.
    static Result<PromptFolder> read(const std::string& folder, bool may_be_missing, mode_t mask);

    struct File {
        std::filesystem::path path;  ///< as people name it, the folder in front
        prompts::PromptFile prompt;
    };
    /// By the prompts' names, as they were read.
    [[nodiscard]] const std::map<std::string, File>& files() const { return files_; }

    /// In the place of the prompt's file, else as a new one; never in that of another prompt.
    Result<void> write(const prompts::PromptFile& prompt);
    /// The file of this prompt says this version from now on; all else in it stays as people wrote it.
    Result<void> set_version(const std::string& name, const prompts::VersionNumber& version);

  private:
    PromptFolder(std::string folder, mode_t mask) : folder_(std::move(folder)), mask_(mask) {}
    Result<void> add(const std::filesystem::path& path);
    Result<std::filesystem::path> new_place(const std::string& name) const;
    Result<void> make_folders(const std::filesystem::path& place) const;
    Result<void> replace(const std::filesystem::path& path, std::string_view content) const;

    std::string folder_;
    mode_t mask_;
    std::map<std::string, File> files_;
    std::set<std::string> taken_;  ///< paths, in small letters: some file systems do not tell A from a
};

}  // namespace steno::cli
