#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "ingest/latest_ids.hpp"
#include "ingest/policy.hpp"
#include "journal/journal.hpp"
#include "pricing/catalogue.hpp"
#include "record/binary.hpp"
#include "record/call.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace steno::ingest {

class Recorder;

/// Told after the journal has a call. Called on the thread that recorded it, often an event loop: return
/// quickly, never block, never throw. Added before the first call, never removed.
class Consumer {
  public:
    virtual ~Consumer() = default;
    virtual void call_began(const Call& call) = 0;
    virtual void call_ended(const Call& call) = 0;
};

/// A call that has begun. Whoever holds it owes the record an end: `end`, or, if that is forgotten or an
/// exception passes by, the destructor, which records a failure of ours. One thread at a time. Must not
/// outlive the Recorder.
class OpenCall {
  public:
    OpenCall(OpenCall&& other) noexcept;
    OpenCall& operator=(OpenCall&&) = delete;
    ~OpenCall();

    /// What is known so far. Fill it in, then `end`.
    Call& call() { return *call_; }

    /// Stamps ended_at and the duration if they are not set, prices the usage, and appends the closing
    /// record. When it returns, the whole call survives the death of this process. Never fails towards the
    /// caller: a journal that cannot be written keeps the record in memory for another try, and what is
    /// finally lost is counted.
    void end();
    /// Where the closing record stands; nothing while it waits for a disk that fails.
    [[nodiscard]] std::optional<journal::Position> position() const { return position_; }

  private:
    friend class Recorder;
    OpenCall(Recorder& recorder, std::unique_ptr<Call> call);

    Recorder* recorder_;
    std::unique_ptr<Call> call_;
    std::int64_t began_steady_ = 0;
    std::optional<journal::Position> opening_;  ///< absent: the opening record could not be written
    std::optional<journal::Position> position_;
    /// Absent: its kind of prompt was not known when it began, so that what is kept of it is decided at its
    /// end.
    std::optional<TextRule> texts_;
    bool ended_ = false;
};

struct RecorderStats {
    std::uint64_t begun = 0;
    std::uint64_t ended = 0;
    std::uint64_t waiting_records = 0;  ///< in memory, because the disk refused them
    std::uint64_t waiting_bytes = 0;
    std::uint64_t lost = 0;  ///< records given up because the memory for waiting ones was full
    std::uint64_t running = 0;
};

/// The one way in: every source hands its calls to this, and nothing goes round it. Prices, then journals.
/// Any thread.
class Recorder {
  public:
    static constexpr std::uint64_t kSmallestWaitingBytes = 64u << 20;
    /// max_waiting_bytes for those whose requests may take so much memory at once: a record may hold a body
    /// twice, as messages and as it came, and what was admitted finds its place in the line.
    static constexpr std::uint64_t waiting_bytes_for(std::uint64_t body_bytes) {
        return kSmallestWaitingBytes + 2 * body_bytes;
    }
    struct Options {
        Clock* clock = nullptr;  ///< default: system_clock()
        /// Of records that the disk refuses; one that is larger still waits alone.
        std::uint64_t max_waiting_bytes = kSmallestWaitingBytes;
        /// How long the destructor goes on trying to write what waits.
        std::chrono::milliseconds closing_patience{5000};
        /// After how long the beginning of a call that was delivered is no longer waited on for its end;
        /// 0: never.
        std::chrono::nanoseconds abandon_after = std::chrono::hours(24);
    };
    Recorder(journal::Journal& journal, std::shared_ptr<const pricing::Catalogue> prices, Options options);
    Recorder(journal::Journal& journal, std::shared_ptr<const pricing::Catalogue> prices);
    /// Writes what is waiting, if the disk takes it in time; what cannot be written is lost and logged.
    ~Recorder();
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    void add_consumer(Consumer& consumer) { consumers_.push_back(&consumer); }
    /// Asked for every call from now on; must outlive the recorder. Before the first call.
    void set_policy(const Policy& policy) { policy_ = &policy; }

    /// Appends the opening record (header and request payload) while the call is on its way. `call` has
    /// its id, started_at and all that the request told. Never fails: see OpenCall::end.
    OpenCall begin(std::unique_ptr<Call> call);
    OpenCall begin(Call call) { return begin(std::make_unique<Call>(std::move(call))); }

    /// A call that is over already, in one record. `call` has an id. Never fails: what cannot be written
    /// waits in memory or is counted as lost, as with OpenCall::end; then there is no position.
    std::optional<journal::Position> complete(Call call);

    /// Calls that somebody else recorded and hands over. Each has an id, and one that this recorder has met
    /// already is amended. A call that is running is a beginning; its end comes later, in another delivery.
    struct Delivered {
        /// The last record written; durable with it is all that was delivered. Absent: nothing was written.
        std::optional<journal::Position> last;
        /// Beginnings of calls that are known already: nothing was written of them. Known are those that are
        /// running, and the last kMaxEnded that this recorder was handed an end of.
        std::vector<std::size_t> late;
        std::vector<std::size_t> refused;  ///< beginnings for which there is no room: see kMaxBegun
    };
    /// Prices those that bring no cost, and appends all of them, with few writes. Not durable yet: see
    /// Journal::wait_durable. After an error, which is the journal's, some may be in the journal, but nobody
    /// may rely on that; to deliver them again is right. `calls` is used up.
    ///
    /// What arrives for a call that does not keep its texts (privacy.full_data: false) and says nothing of
    /// that itself is not kept either, and no preview is made of it, as long as that call is among the last
    /// kMaxEnded of its kind; likewise what was done to a call's texts is done to those that arrive later. A
    /// preview stays if it came together with full_data: false: then it is not one that was made here.
    Result<Delivered> deliver(std::vector<Call>& calls);
    /// Delivered calls that may be running at a time, and the bytes that are remembered of them: those who
    /// never end them must not fill the memory.
    static constexpr std::size_t kMaxBegun = 100'000;
    static constexpr std::size_t kMaxBegunBytes = 64u << 20;

    /// Ends, as interrupted, delivered calls of whose beginnings nothing was heard for abandon_after: most
    /// likely their program has died. An end that comes later counts all the same. Returns how many. Done by
    /// itself every minute.
    std::size_t end_abandoned();

    /// Feedback, a score or another cost. The call need not be in the store yet. Not durable yet: see
    /// Journal::wait_durable.
    Result<journal::Position> say(const Said& said) { return say(std::span(&said, 1)); }
    /// Several things, at least one, of any calls, with one write: all of them or none. The position is the
    /// last one's.
    Result<journal::Position> say(std::span<const Said> said);

    /// Closes, as interrupted, what dead processes left open, and finishes the journal's recovery.
    Result<std::size_t> close_orphans(std::span<const journal::Orphan> orphans);

    /// Prices change at a moment; calls that end later get the new ones.
    void set_prices(std::shared_ptr<const pricing::Catalogue> prices);
    [[nodiscard]] std::shared_ptr<const pricing::Catalogue> prices() const;

    /// Where a call stands that the store does not know yet.
    struct Recent {
        Uuid id;
        std::optional<journal::Position> opening;
        std::optional<journal::Position> closing;  ///< absent: it is running
        /// Where it stood before it was amended, oldest first, at most kMaxEarlier of them.
        std::vector<journal::Position> earlier = {};
        bool delivered = false;     ///< by somebody else, who will also tell of its end
        std::int64_t heard_of = 0;  ///< if it was delivered: when its beginning came (steady nanoseconds)
        bool amended = false;       ///< somebody else told of it while it ran
        /// If it was delivered: its project, and what was said of it, but for the request, encoded.
        std::string project = {};
        std::shared_ptr<const std::array<std::string, 2>> beginning = {};
    };
    static constexpr std::size_t kMaxEarlier = 256;
    [[nodiscard]] std::optional<Recent> recent(const Uuid& id) const;
    [[nodiscard]] std::vector<Recent> running() const;
    /// The store has what this journal's own stream holds up to here.
    void forget_until(std::uint64_t sequence);

    [[nodiscard]] RecorderStats stats() const;
    [[nodiscard]] journal::Journal& journal() { return journal_; }

  private:
    friend class OpenCall;

    /// An entry that owns its bytes, for waiting in memory.
    struct Closing {
        Uuid id;
        std::uint8_t kind = 0;
        std::string header;
        std::string request_payload;
        std::string response_payload;
        std::optional<Uuid> closes;
        std::string subject;
        bool ephemeral = false;
        [[nodiscard]] std::uint64_t bytes() const {
            return header.size() + request_payload.size() + response_payload.size();
        }
    };
    void end(OpenCall& open);
    /// Nothing, where nobody has a say (set_policy).
    void admit(Call& call) const;
    /// If it does not keep its texts, or not as they are, the same holds for what arrives of it later.
    void note_decided(const Call& call, const TextRule& texts);
    [[nodiscard]] TextRule texts(const Call& call) const;
    /// To what is to be kept of it in any case; its source needs none of the rest any more.
    static void cut(Call& call, const TextRule& texts);
    struct Draft;
    static void join_beginnings(std::vector<Call>& calls, std::vector<bool>& skip, Delivered& delivered);
    std::vector<Draft> plan(std::vector<Call>& calls, const std::vector<bool>& skip, Delivered& delivered);
    /// What is to be kept of it.
    void decide(const Draft& draft);
    /// Of as many of them, from the first on, as are written at once; `count` says how many that were.
    Result<journal::Position> append_drafts(std::span<const Draft> drafts, std::size_t& count);
    void forget_beginning_locked(Recent& recent);
    void note(std::span<const Draft> drafts, const journal::Position& last);
    /// `waited`: others may have told of the call meanwhile.
    Result<journal::Position> append(Closing& closing, bool waited);
    std::optional<journal::Position> append_or_keep(Closing closing);
    /// Writes what is waiting, in order, as far as the disk takes it. True when nothing waits any more.
    bool retry_waiting();
    void look_after_until_stopped();
    [[nodiscard]] bool was_amended(const Uuid& id) const;
    void note_closing(const Uuid& id, const journal::Position& position);
    void note_closing_locked(const Uuid& id, const journal::Position& position);

    journal::Journal& journal_;
    Options options_;
    Clock& clock_;
    std::vector<Consumer*> consumers_;
    const Policy* policy_ = nullptr;

    mutable std::mutex prices_mutex_;
    std::shared_ptr<const pricing::Catalogue> prices_;

    mutable std::mutex recent_mutex_;
    std::unordered_map<Uuid, Recent> recent_;
    /// Ended calls of `recent_` in the order of their ends. Bounded, because a store that hangs forgets
    /// nothing.
    std::deque<Uuid> ended_order_;
    static constexpr std::size_t kMaxEnded = 100'000;
    std::size_t delivered_running_ = 0;  ///< with recent_mutex_, as the next
    std::size_t delivered_bytes_ = 0;    ///< of their beginnings
    LatestIds ended_{kMaxEnded};         ///< a beginning may be delivered behind its end, or once more
    struct Decided {
        std::optional<std::string> withheld_by;  ///< it does not keep its texts, for this reason
        TextRule texts;
    };
    /// Calls that do not keep their texts, or not as they are.
    LatestNotes<Decided> decided_{kMaxEnded};

    mutable std::mutex waiting_mutex_;
    std::deque<Closing> waiting_;
    std::uint64_t waiting_bytes_ = 0;
    bool stopping_ = false;
    std::condition_variable retry_;
    std::thread thread_;  ///< tries again what waits, and ends what is abandoned

    std::atomic<std::uint64_t> begun_{0}, ended_count_{0}, lost_{0};
};

}  // namespace steno::ingest
