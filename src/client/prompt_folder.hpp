#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace steno::client {

/// What servers answered last to each question for a prompt, on disk, for the next process: a folder in the
/// spool folder, a file (0600) a question, replaced in one step. At most 1000 files and 64 MB, or what the
/// spool may have; beyond that the oldest go. They are not synced: one that a power failure leaves broken is
/// as if it were not there. Any number of processes, one thread at a time. What cannot be written is not
/// kept, and that is all.
class PromptFolder {
  public:
    PromptFolder(const std::string& spool_folder, std::uint64_t max_bytes);

    void keep(std::string_view question, std::string_view answer) const;
    [[nodiscard]] std::optional<std::string> find(std::string_view question) const;
    void forget(std::string_view question) const;

  private:
    [[nodiscard]] std::string path_of(std::string_view question) const;
    /// Of other files than this one, so that so much finds room.
    void make_room(const std::string& path, std::uint64_t bytes) const;

    std::string spool_folder_;
    std::string folder_;
    std::uint64_t max_bytes_;
};

}  // namespace steno::client
