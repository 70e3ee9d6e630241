#pragma once

#include "base/error.hpp"
#include "io/file_system.hpp"
#include "prompt_types/rules.hpp"
#include "prompt_types/settings.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

/// The settings as a file of the data folder, prompt-types.json: so that programs that write their calls into
/// the folder themselves keep to them, without the database in which they are set.
namespace steno::prompt_types {

/// What the file says: what calls are asked about, without descriptions. Kinds for which nothing else is set
/// are not in it.
struct Published {
    Defaults defaults;
    TypeSettings types;
    bool is_whole = true;  ///< false: it is damaged, and this is what can be read of it
};

[[nodiscard]] std::string published_path(const std::string& data_folder);
/// Puts the file in the place of the one before, as a whole and on disk; not if it says the same already.
Result<void> publish(io::FileSystem& files, const std::string& data_folder, const Defaults& defaults,
                     const TypeSettings& types);
/// DataLoss: nothing can be understood, or a newer Steno has written it in another way. (What it adds, it
/// adds as further members, which are passed over here.)
Result<Published> read_published(std::string_view content);
/// NotFound: nothing was ever published there.
Result<Published> read_published(io::FileSystem& files, const std::string& data_folder);

/// Keeps to the file of a folder, and to changes of it within kLook. Without a file: to the defaults. While
/// it cannot be read: to what was read last, and it is tried again at the next look. What can be read of one
/// that is damaged holds only where nothing was read before.
///
/// Reading takes a moment (10,000 kinds: milliseconds): who asks here waits for a disk in any case, behind
/// the calls that he records.
class FolderRules final : public ingest::Policy {
  public:
    static constexpr std::int64_t kLook = 500'000'000;  ///< nanoseconds

    explicit FolderRules(std::string data_folder);

    void admit(Call& call) const noexcept override;
    [[nodiscard]] ingest::TextRule texts(const Call& call) const noexcept override;

  private:
    void look() const noexcept;
    // With looking_.
    void read() const;

    const std::string folder_;
    mutable Rules rules_;
    mutable std::atomic<std::int64_t> look_at_{0};  ///< steady nanoseconds
    mutable std::mutex looking_;
    mutable std::string seen_;        ///< which state of the file was read; with looking_, as the next
    mutable bool has_rules_ = false;  ///< some file was read
};

}  // namespace steno::prompt_types
