#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace steno::exports {

/// A file that is written from its beginning to its end, or standard output. Every byte that was not taken is
/// an error: ResourceExhausted (the disk is full), Cancelled (the reader has gone), Unavailable. Not of ours
/// until finish() returned.
class Output {
  public:
    /// Makes the file anew; "-" is standard output.
    static Result<Output> open(const std::string& path);
    Output(Output&& other) noexcept
        : path_(std::move(other.path_)),
          fd_(std::exchange(other.fd_, -1)),
          buffer_(std::move(other.buffer_)),
          size_(other.size_) {}
    Output& operator=(Output&&) = delete;
    ~Output();

    /// Kept until there is enough of it.
    Result<void> write(std::string_view bytes);
    /// Of files only: puts these bytes in the place of others that were written before.
    Result<void> rewrite(std::uint64_t at, std::string_view bytes);
    /// All of it is with the system, and on disk if it is a file.
    Result<void> finish();
    /// Bytes so far.
    [[nodiscard]] std::uint64_t size() const { return size_ + buffer_.size(); }

  private:
    Output(std::string path, int fd);
    Result<void> flush();

    std::string path_;
    int fd_;
    std::string buffer_;
    std::uint64_t size_ = 0;  ///< written out
};

/// Lets `write` make a file, which appears under its name when it is whole and on disk, in place of one that
/// was there; until then it is `path`.HEX.part, a new file whose name nobody can foretell. That is removed
/// when something fails; what a killed process left of the same file is removed by the next one. What is
/// there and is no file, such as a pipe, or "-", is written to as it is; not where `files_only`, the name of
/// a format, says so.
Result<void> write_whole(const std::string& path, std::string_view files_only,
                         const std::function<Result<void>(const std::string& path)>& write);
Result<void> write_whole(const std::string& path, std::string_view content);

/// Removes the parts of files of these names in the folder that killed processes left. One that is written
/// now, by whatever process, is locked (flock) and stays.
void remove_parts(const std::string& folder, const std::function<bool(std::string_view name)>& of);

}  // namespace steno::exports
