#pragma once

#include "base/error.hpp"
#include "io/file_system.hpp"
#include "prompt_types/rules.hpp"
#include "prompt_types/settings.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

/// The settings as a file of the data folder, prompt-types.json: so that programs that write their calls into
/// the folder themselves keep to them, without the database in which they are set.
namespace steno::prompt_types {

using TypeSettings = std::map<std::string, Settings, std::less<>>;

[[nodiscard]] std::string published_path(const std::string& data_folder);
/// Puts the file in the place of the one before, as a whole and on disk; not if it says the same already.
Result<void> publish(io::FileSystem& files, const std::string& data_folder, const Defaults& defaults,
                     const TypeSettings& types);
/// DataLoss: it is damaged, or of a newer Steno.
Result<std::shared_ptr<const Table>> read_published(std::string_view content);

/// Keeps to the file of a folder, and to changes of it within kLook. Without a file, or with one that cannot
/// be read: to what was read last, or the defaults.
class FolderRules final : public ingest::Policy {
  public:
    static constexpr std::int64_t kLook = 500'000'000;  ///< nanoseconds

    explicit FolderRules(const std::string& data_folder);

    void admit(Call& call) const noexcept override;
    [[nodiscard]] std::size_t text_limit(const Call& call) const noexcept override;

  private:
    void look() const noexcept;

    const std::string path_;
    mutable Rules rules_;
    mutable std::atomic<std::int64_t> look_at_{0};  ///< steady nanoseconds
    mutable std::mutex looking_;
    mutable std::string seen_;  ///< which state of the file was read; with looking_
};

}  // namespace steno::prompt_types
