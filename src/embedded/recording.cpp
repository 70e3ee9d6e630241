#include "embedded/recording.hpp"

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "io/file_system.hpp"
#include "journal/segment_scanner.hpp"
#include "pricing/catalogue.hpp"
#include "record/delivery.hpp"
#include "sources/native/batch.hpp"

#include <algorithm>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace steno::embedded {
namespace {

constexpr std::size_t kStreamsLookedAt = 16;
constexpr std::uint64_t kUnsyncedBytes = 64ULL << 20;  ///< in memory, for a disk that does not answer
constexpr std::chrono::milliseconds kWaitStep{50};     ///< between looks whether the wait was cancelled
constexpr std::chrono::milliseconds kClosingPatience{500};

/// One user's programs would lock out another's, and that user's server: what each writes only its user may
/// read.
Result<void> refuse_foreign(const std::string& data_folder) {
    struct stat facts{};
    const ::uid_t we = ::geteuid();
    for (const std::string& folder : {data_folder, data_folder + "/journal"}) {
        if (::stat(folder.c_str(), &facts) != 0 || facts.st_uid == we) continue;
        return fail(Code::PermissionDenied,
                    "it belongs to another user (" + std::to_string(facts.st_uid) + ", we are " +
                        std::to_string(we) + ")",
                    "all programs that write to a data folder, and its server, run as one user");
    }
    return {};
}

/// What we write could be read by a newer version; but who uses one should not do so unawares.
Result<void> refuse_newer(io::FileSystem& files, const std::string& data_folder) {
    STENO_ASSIGN(const auto streams, journal::list_streams(files, data_folder));
    for (std::size_t i = 0; i < std::min(streams.size(), kStreamsLookedAt); ++i) {
        const auto segments = journal::list_segments(files, data_folder, streams[i]);
        if (!segments && segments.error().code == Code::FailedPrecondition)
            return std::unexpected(segments.error());
    }
    return {};
}

/// A full disk is no limit of the delivery's: it is to be given again as it is.
Error to_be_tried_again(Error error) {
    if (error.code == Code::ResourceExhausted) error.code = Code::Unavailable;
    return error;
}

ingest::Recorder::Options recorder_options() {
    ingest::Recorder::Options options;
    options.closing_patience = kClosingPatience;
    return options;
}

}  // namespace

Result<std::unique_ptr<Recording>> Recording::open(const std::string& data_folder) {
    log::configure(log::Level::Off, false);  // standard error is the program's
    io::FileSystem& files = io::posix_file_system();
    if (auto foreign = refuse_foreign(data_folder); !foreign)
        return std::unexpected(std::move(foreign).error().with_context("the data folder " + data_folder));
    auto newer = refuse_newer(files, data_folder);
    if (!newer) return std::unexpected(std::move(newer).error().with_context(data_folder));
    journal::Options options;
    options.recover = false;
    options.max_unsynced_bytes = kUnsyncedBytes;
    auto journal = journal::Journal::open(files, data_folder, std::move(options));
    if (!journal)
        return std::unexpected(
            to_be_tried_again(std::move(journal).error()).with_context("the data folder " + data_folder));
    return std::unique_ptr<Recording>(new Recording(std::move(*journal), data_folder));
}

Recording::Recording(std::unique_ptr<journal::Journal> journal, const std::string& data_folder)
    : journal_(std::move(journal)),
      rules_(data_folder),
      recorder_(*journal_, pricing::Catalogue::built_in(), recorder_options()) {
    recorder_.set_policy(rules_);
}

Recording::~Recording() {
    (void)journal_->close();
}

Result<Receipt> Recording::record(std::string_view delivery, std::chrono::milliseconds patience) {
    STENO_ASSIGN(native::Batch batch,
                 native::read_batch(kDeliveryType, delivery, system_clock(), system_random()));
    auto delivered = recorder_.deliver(batch.calls);
    if (!delivered) return std::unexpected(to_be_tried_again(std::move(delivered).error()));
    if (delivered->last && patience.count() > 0) STENO_TRY(wait_durable(*delivered->last, patience));
    // Nobody reads here what is not in the store yet.
    if (delivered->last) recorder_.forget_until(delivered->last->sequence);
    Receipt receipt;
    receipt.accepted = batch.indexes.size() - delivered->refused.size();
    receipt.rejected = batch.rejected.size() + delivered->refused.size();
    if (!batch.rejected.empty()) {
        receipt.first_rejected = std::move(batch.rejected.front().error);
    } else if (receipt.rejected > 0) {
        receipt.first_rejected = Error(Code::ResourceExhausted, "too many calls are running");
    }
    return receipt;
}

Result<void> Recording::wait_durable(const journal::Position& position, std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        if (cancelled_) return fail(Code::Cancelled, "the delivery was given up");
        auto durable = journal_->wait_durable(position, std::min(patience, kWaitStep));
        if (durable || durable.error().code != Code::DeadlineExceeded) return durable;
        if (std::chrono::steady_clock::now() >= until) return durable;
    }
}

}  // namespace steno::embedded
