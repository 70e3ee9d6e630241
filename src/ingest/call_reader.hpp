#pragma once

#include "base/error.hpp"
#include "ingest/feeder.hpp"
#include "ingest/recorder.hpp"
#include "journal/reader.hpp"
#include "store/call_store.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace steno::ingest {

/// Reads calls back whole: columns from the store, payloads from the journal, and what is so new that the
/// store does not have it yet from the journal alone. Blocking; any thread.
class CallReader {
  public:
    /// All must outlive it.
    CallReader(Recorder& recorder, Feeder& feeder, journal::Reader& reader, store::CallStore& store);

    /// The whole call, also while it is running (status Running) and from the moment it ended. NotFound
    /// otherwise.
    Result<Call> get(const Uuid& id, std::optional<std::string_view> project = {});

    /// A whole id as it is, whether or not there is such a call; else the one that begins with these
    /// hexadecimal digits (dashes may be left out), running calls included. InvalidArgument: no id, too few
    /// digits, or several begin so, some of which the message names; NotFound.
    Result<Uuid> id_of(std::string_view text);
    static constexpr std::size_t kLeastDigits = 4;

    /// The calls that are running now, oldest first, at most `limit`.
    std::vector<Call> running(std::size_t limit);

    /// A page from the store, which is first brought up to now (as far as that goes within kPatience).
    /// `payload`: with payload fields. `text` in the selection is searched for in whole prompts and answers,
    /// newest first; a page may then be short (or empty) and still have a next cursor, after at most
    /// kMaxSearched calls. Cancelled: by the thread's Cancellation.
    struct Page {
        std::vector<Call> calls;
        std::optional<std::string> next_cursor;
        /// Of a search for text: how many calls were looked through for this page, and when the last of them
        /// began.
        struct Searched {
            std::size_t calls = 0;
            std::optional<Timestamp> last;
        };
        std::optional<Searched> searched = {};
    };
    Result<Page> find(const store::CallQuery& query, bool payload);
    static constexpr std::size_t kMaxSearched = 200'000;
    static constexpr std::size_t kMaxPageBytes = 32u << 20;

    static constexpr std::chrono::milliseconds kPatience{2000};

    /// The same bringing up to now, for aggregates. What cannot be had in time is missing; never an error.
    /// False: something is.
    bool catch_up();

    /// Adds the payload fields to a call of the store; returns their bytes. A payload that was redacted or is
    /// damaged stays absent.
    std::size_t add_payload(const store::Row& row, Call& call);
    /// Records whose payload was asked for and could not be read, since the start.
    [[nodiscard]] std::uint64_t unreadable_payloads() const { return unreadable_payloads_; }

  private:
    Result<Call> read_recent(const Recorder::Recent& recent, std::optional<std::string_view> project);
    Result<Call> read_running(const Recorder::Recent& recent);
    std::size_t decode_payloads(const journal::Position& position, Call& call);
    Result<Page> search(const store::CallQuery& query, bool payload);
    /// Which of the calls may have the text in a prompt or answer: word lists, no payloads.
    std::vector<bool> may_match(std::span<const store::CallPositions> calls, std::string_view text);
    /// Of the payloads; 0 if the text is not in them.
    std::size_t bytes_if_found(const store::CallPositions& positions, std::string_view needle);
    /// These calls, which the query finds among others, in its order.
    Result<Page> page_of(store::CallQuery query, std::span<const store::CallPositions> calls, bool payload);

    Recorder& recorder_;
    Feeder& feeder_;
    journal::Reader& reader_;
    store::CallStore& store_;
    std::atomic<std::uint64_t> unreadable_payloads_{0};
};

/// True if the text stands, ignoring ASCII case, in the call's prompt or answer (messages, system, input,
/// output).
bool text_matches(const Call& call, std::string_view lower_case_text);

}  // namespace steno::ingest
