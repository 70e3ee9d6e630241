#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steno::client {

/// Calls on disk that wait for a server. A file is a delivery as it is sent (docs/formats/delivery.md): a
/// head and frames, so that what a dying program leaves behind is, but for a cut last frame, ready to be
/// sent. Each process writes files of its own, locked (flock) as long as it lives; those of processes that
/// are gone belong to whoever takes their lock first. Any thread.
class Spool {
  public:
    /// Nothing is made on disk before the first `append`. `max_bytes` 0: nothing is kept.
    Spool(std::string folder, std::uint64_t max_bytes);
    ~Spool();
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;

    /// Adds the frames of so many calls in one write. ResourceExhausted: the spool is full, or the disk; then
    /// nothing is kept.
    Result<void> append(std::string_view frames, std::uint64_t calls);

    /// A whole delivery to be sent; `remove` it when it is acknowledged. Absent: there is nothing. What
    /// cannot be read any more is moved aside (*.broken) and told by the error.
    struct Waiting {
        std::string path;
        std::string body;
        std::uint64_t calls = 0;
    };
    Result<std::optional<Waiting>> next();
    void remove(const Waiting& waiting);
    /// Whole frames in a delivery.
    static std::uint64_t calls_in(std::string_view body);
    /// Is there something that this process knows of?
    [[nodiscard]] bool empty() const;

    /// Gives the files up to whoever takes them next. Also in a child after fork(), where they are the
    /// parent's: only its locks hold them then. Nothing may be appended any more.
    void let_go();

  private:
    struct File {
        std::string path;
        int descriptor = -1;
        std::uint64_t bytes = 0;
        std::uint64_t calls = 0;
    };
    Result<void> open_file();
    void adopt();

    const std::string folder_;
    const std::uint64_t max_bytes_;
    mutable std::mutex mutex_;
    std::optional<File> writing_;
    std::vector<File> ready_;  ///< closed for writing, locked, oldest first
    std::uint64_t bytes_ = 0;
    std::uint64_t next_number_ = 0;
    bool looked_ = false;
};

}  // namespace steno::client
