#pragma once

#include "base/error.hpp"
#include "ingest/recorder.hpp"
#include "journal/journal.hpp"
#include "prompt_types/published.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace steno::embedded {

/// What has become of a delivery.
struct Receipt {
    std::uint64_t accepted = 0;
    std::uint64_t rejected = 0;
    Error first_rejected;  ///< if there was one
};

/// This process as a recorder of its own calls: one stream in the journal of a data folder, beside those of
/// other processes and of a server. Calls are checked, masked and priced as a server does with deliveries,
/// and of each is kept what the folder's settings say of its kind of prompt. Whoever holds the store of the
/// folder, now or later, feeds it from this stream; nothing here reads. Any thread.
class Recording {
  public:
    /// Begins the stream; makes the folder if it is missing. FailedPrecondition: a newer version has written
    /// to it (as far as a look at some of its streams tells); PermissionDenied: it is another
    /// user's, or cannot be written; Unavailable: it cannot be written.
    static Result<std::unique_ptr<Recording>> open(const std::string& data_folder);
    /// Fsyncs, and marks the stream as ended.
    ~Recording();
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

    /// Takes a delivery in the binary form. When it returns, what was accepted is fsynced; with patience 0,
    /// written. InvalidArgument: none of it can ever be taken; ResourceExhausted: it is too much at once.
    /// Anything else (the disk is full, or fails, or takes longer than `patience`): nothing is acknowledged,
    /// and to give it again is right: of a call that comes twice one is kept.
    Result<Receipt> record(std::string_view delivery, std::chrono::milliseconds patience);
    /// Who waits for an fsync waits no more (Cancelled).
    void cancel() { cancelled_ = true; }
    /// See Journal::let_go_after_fork.
    void let_go_after_fork() noexcept { journal_->let_go_after_fork(); }

  private:
    Recording(std::unique_ptr<journal::Journal> journal, const std::string& data_folder);
    Result<void> wait_durable(const journal::Position& position, std::chrono::milliseconds patience);

    std::unique_ptr<journal::Journal> journal_;
    prompt_types::FolderRules rules_;
    ingest::Recorder recorder_;
    std::atomic<bool> cancelled_{false};
};

}  // namespace steno::embedded
