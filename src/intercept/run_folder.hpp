#pragma once

#include "base/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace steno::intercept {

/// A folder for the files of one run, removed at its end; of a run that was killed, by the next one of the same
/// user. What lies there is public (certificates), so that a program that goes on as another user can read it; only
/// its maker can write.
class RunFolder {
  public:
    RunFolder() = default;
    ~RunFolder();
    RunFolder(const RunFolder&) = delete;
    RunFolder& operator=(const RunFolder&) = delete;

    /// A new file; its path. The folder is made with the first one, in $TMPDIR, or in /tmp if there is none
    /// or it is too long for the path of a socket.
    Result<std::string> add(std::string_view name, std::string_view content);
    /// The path for a file that somebody else makes here.
    Result<std::string> place(std::string_view name);

  private:
    std::string path_;
    int lock_ = -1;  ///< held on the folder while the run lives
    std::vector<std::string> files_;
};

}  // namespace steno::intercept
