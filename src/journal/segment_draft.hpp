#pragma once

#include "io/file_system.hpp"
#include "journal/format.hpp"

#include <memory>
#include <string>

namespace steno::journal {

/// A segment in the making: a file `<segment>.tmp`, which means nothing to any reader until publish() gives
/// it its name. Removed on destruction if it never got one. One thread at a time.
class SegmentDraft {
  public:
    /// Makes the file, with its header. What an earlier attempt at this number left is thrown away.
    static Result<SegmentDraft> begin(io::FileSystem& files, const std::string& folder,
                                      const SegmentHeader& header);
    SegmentDraft(SegmentDraft&&) noexcept = default;
    SegmentDraft& operator=(SegmentDraft&&) = delete;
    ~SegmentDraft();

    Result<void> append(std::string_view bytes);
    Result<void> sync() { return file_->sync(); }
    /// From here on readers see it; it survives the loss of power once the folder is synced. After an error
    /// it is not known whether they see it, now or later.
    Result<void> publish();

    [[nodiscard]] const std::string& path() const { return path_; }  ///< once it is published
    [[nodiscard]] std::uint64_t number() const { return number_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] const std::shared_ptr<io::File>& file() const { return file_; }

  private:
    SegmentDraft(io::FileSystem& files, std::string path, std::uint64_t number)
        : files_(files), path_(std::move(path)), draft_path_(path_ + ".tmp"), number_(number) {}

    io::FileSystem& files_;
    std::string path_;
    std::string draft_path_;
    std::uint64_t number_;
    std::uint64_t size_ = 0;
    std::shared_ptr<io::File> file_;  ///< null if there is nothing to remove: not made yet, or moved away
    bool published_ = false;
};

}  // namespace steno::journal
