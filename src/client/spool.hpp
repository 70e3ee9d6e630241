#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace steno::client {

/// Calls on disk that wait for a server. A file is a delivery as it is sent (docs/formats/delivery.md): a
/// head and frames, so that what a dying program leaves behind is, but for a cut last frame, ready to be
/// sent. The file that is being written, and the one that is being sent, are open and locked (flock), and no
/// others: what nobody has locked, of this program or another, belongs to whoever takes its lock first. A
/// server keeps one of a call that comes twice. The folder must be this user's, and not everybody's to write
/// to. Any thread.
class Spool {
  public:
    /// Nothing is made on disk before the first `append`. `max_bytes` 0: nothing is kept.
    Spool(std::string folder, std::uint64_t max_bytes);
    ~Spool();
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;

    /// Adds the frames of so many calls in one write. ResourceExhausted: the spool is full, or the disk;
    /// PermissionDenied: the folder is not ours; Unavailable: closed, no locks there, or another error of the
    /// system. Then nothing is kept.
    Result<void> append(std::string_view frames, std::uint64_t calls);

    /// A whole delivery to be sent, oldest first; `remove` it when it is acknowledged. Absent: there is
    /// nothing. What cannot be read any more is moved aside (*.broken) and told by the error (DataLoss).
    struct Waiting {
        std::string path;
        std::string body;
        std::uint64_t calls = 0;
    };
    Result<std::optional<Waiting>> next();
    void remove(const Waiting& waiting);
    /// Whole frames in a delivery.
    static std::uint64_t calls_in(std::string_view body);
    /// Bytes that may yet be appended, as far as `max_bytes` goes.
    [[nodiscard]] std::uint64_t room() const;
    /// Of the calls that this process has written those that nobody has taken yet, and where: the file, or of
    /// several the folder.
    struct Left {
        std::uint64_t calls = 0;
        std::string where;
    };
    [[nodiscard]] Left left() const;
    /// False: there is something that this process knows of, or it has yet to look.
    [[nodiscard]] bool empty() const;

    /// The folder is looked through again for what others have left.
    void look_again();
    /// Gives the files up to whoever takes them next. Nothing is appended any more.
    void close();
    /// In a child after fork(), where the files are the parent's: only its locks hold them then. To be used
    /// no more.
    void let_go();

  private:
    struct File {
        std::string path;
        int descriptor = -1;      ///< -1: not open, and not locked
        std::uint64_t bytes = 0;  ///< that count for `bytes_`: those of this process
        std::uint64_t calls = 0;
    };
    Result<void> open_file();
    void end_file();
    Result<void> find_files();
    bool lock(File& file);
    void forget_first();

    const std::string folder_;
    const std::uint64_t max_bytes_;
    mutable std::mutex mutex_;
    std::optional<File> writing_;
    std::deque<File> ready_;  ///< oldest first; only the first may be open
    std::uint64_t bytes_ = 0;
    std::uint64_t next_number_ = 0;
    bool look_ = true;   ///< into the folder, for what others left there
    bool more_ = false;  ///< again, when what is known of is gone
    bool closed_ = false;
};

}  // namespace steno::client
