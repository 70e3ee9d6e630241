#include "client/delivery.hpp"

#include "base/bytes.hpp"
#include "client/in_words.hpp"
#include "client/no_signals.hpp"
#include "client/standard_error.hpp"
#include "record/delivery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace steno::client {

namespace {

constexpr std::uint64_t kBatchCalls = 2000;
constexpr std::size_t kBatchBytes = 4u << 20;
constexpr std::uint64_t kEnoughBytes = 1u << 20;
constexpr std::uint64_t kShareOfBatch = 4;  // of max_memory_bytes, where that is less
constexpr std::uint64_t kShareOfCrowd = 2;  // of max_memory_bytes
constexpr std::uint64_t kShareOfUsed = 8;   // of max_memory_bytes, for drafts to be used again
constexpr std::chrono::milliseconds kPatience{10'000};
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{5000};

}  // namespace

struct Delivery::Outcome {
    bool acknowledged = false;  ///< by a receipt, or by a refusal that no repetition would change
    std::uint64_t accepted = 0;
    std::uint64_t rejected = 0;
};

/// Calls, and how they are sent.
struct Delivery::Batch {
    Draft* first = nullptr;
    Draft* last = nullptr;
    std::uint64_t calls = 0;
    std::uint64_t memory = 0;
    std::string body;
};

Delivery::Delivery(const TrackingOptions& options, bool server_is_named)
    : options_(options),
      server_is_named_(server_is_named),
      enough_bytes_(std::min<std::uint64_t>(kEnoughBytes, options.max_memory_bytes / kShareOfBatch)),
      crowded_bytes_(options.max_memory_bytes / kShareOfCrowd),
      folder_(options.data_folder.empty() ? nullptr : std::make_unique<EmbeddedFolder>(options.data_folder)),
      // Nothing is put there: what others left for a server, elsewhere, is none of an embedding program's.
      spool_(folder_ ? options.data_folder + "/spool" : options.spool_folder,
             folder_ ? 0 : options.max_spool_bytes),
      pool_(options.max_memory_bytes / kShareOfUsed) {
    auto transport =
        folder_ ? EmbeddedFolder::transport(*folder_) : Transport::to(options_.server, options_.api_key);
    if (transport) {
        transport_ = std::move(*transport);
    } else {
        warn_once(Warning::NotRecording, "nothing is recorded: " + in_words(transport.error()));
        say(std::move(transport).error());
        wanted_ = false;
    }
    const NoSignals as_it_starts;
    thread_ = std::thread([this] { run(); });
}

Delivery::~Delivery() {
    stop(std::chrono::milliseconds{0});
    for (Draft* draft = queue_.exchange(nullptr); draft != nullptr;) delete std::exchange(draft, draft->next);
}

void Delivery::drop_all(Draft* drafts) noexcept {
    while (drafts != nullptr) {
        Draft* const draft = std::exchange(drafts, drafts->next);
        waiting_bytes_.fetch_sub(draft->bytes, std::memory_order_relaxed);
        dropped_.fetch_add(1, std::memory_order_relaxed);
        done_.fetch_add(1, std::memory_order_relaxed);
        delete draft;
    }
}

bool Delivery::put_on_disk(Draft* draft, std::chrono::milliseconds patience) noexcept {
    try {
        Draft::Parts parts;
        draft->encode(parts);
        std::string frame(folder_ ? kDeliveryHead : std::string_view());
        append_delivered_call(frame, parts.header, parts.request, parts.response);
        if (!(folder_ ? put_into_folder(frame, patience) : spool_.append(frame, 1).has_value())) return false;
    } catch (...) {
        return false;
    }
    if (!folder_) spooled_.fetch_add(1, std::memory_order_relaxed);
    done_.fetch_add(1, std::memory_order_relaxed);
    DraftPool::put_at_hand(draft);
    if (!folder_ && !nudged_.exchange(true)) nudge();
    return true;
}

bool Delivery::put_into_folder(const std::string& body, std::chrono::milliseconds patience) {
    auto receipt = folder_->record(body, patience);
    if (!receipt) {
        say(std::move(receipt).error());
        return false;
    }
    (patience.count() > 0 ? delivered_ : spooled_).fetch_add(receipt->accepted, std::memory_order_relaxed);
    rejected_.fetch_add(receipt->rejected, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    last_error_ = receipt->rejected == 0 ? std::string() : "rejected: " + receipt->reason;
    return true;
}

void Delivery::push(Draft* draft) noexcept {
    ended_.fetch_add(1, std::memory_order_relaxed);
    if (options_.durable && put_on_disk(draft, kPatience)) return;
    const std::uint64_t bytes = draft->bytes = draft->memory();
    const std::uint64_t waiting = waiting_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (waiting > options_.max_memory_bytes || !wanted()) {
        if (!crowded_.exchange(true)) nudge();
        waiting_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
        if (wanted() && server_is_known() && put_on_disk(draft, {})) return;
        dropped_.fetch_add(1, std::memory_order_relaxed);
        done_.fetch_add(1, std::memory_order_relaxed);
        DraftPool::put_at_hand(draft);
        return;
    }
    draft->next = queue_.load(std::memory_order_relaxed);
    while (!queue_.compare_exchange_weak(draft->next, draft)) {
    }
    // Either the end sees this one, or this one sees the end.
    if (closed_.load()) return drop_all(queue_.exchange(nullptr));
    // The first of an interval wakes the thread, the one that makes it enough, and the first that makes it
    // too much: that one after it is in the queue, so that it is taken with it.
    const bool enough = waiting >= enough_bytes_ && waiting - bytes < enough_bytes_;
    const bool crowded = waiting >= crowded_bytes_ && !crowded_.exchange(true);
    if (enough || crowded || !(nudged_.load() || nudged_.exchange(true))) nudge();
}

void Delivery::nudge() {
    const std::lock_guard lock(mutex_);
    wake_.notify_one();
}

void Delivery::wait() {
    std::unique_lock lock(mutex_);
    const auto asked = [&] { return stopping_ || asked_; };
    const auto urgent = [&] {
        return asked() || flushing_ != 0 || waiting_bytes_.load(std::memory_order_relaxed) >= enough_bytes_;
    };
    const auto something = [&] {
        return urgent() || nudged_.load(std::memory_order_relaxed) ||
               queue_.load(std::memory_order_relaxed) != nullptr;
    };
    if (away_until_ != std::chrono::steady_clock::time_point{}) {
        // Whoever waits and however much it is, the server is asked not more often.
        wake_.wait_until(lock, away_until_, [&] { return asked() || to_spill(); });
        return;
    }
    wake_.wait(lock, something);
    wake_.wait_for(lock, options_.interval, urgent);
}

void Delivery::run() {
    while (true) {
        bool stopping = false;
        {
            const std::lock_guard lock(mutex_);
            stopping = stopping_;
            if (std::exchange(asked_, false)) away_until_ = {};  // who waits wants to know now
        }
        nudged_ = false;
        crowded_ = false;
        if (!server_is_away()) {
            away_until_ = {};
            spool_refuses_ = false;
        }
        bool more = false;
        try {
            // In turn: neither waits for the other to be empty, which may never be.
            more = carry_batch();
            more = carry_file() || more;
        } catch (const std::exception& exception) {  // out of memory, most likely
            away(Error(Code::Unavailable, exception.what()));
        }
        {
            const std::lock_guard lock(mutex_);
            progress_.notify_all();
        }
        if (more) continue;
        if (stopping) break;
        wait();
    }
}

void Delivery::take_queue() noexcept {
    Draft* draft = queue_.exchange(nullptr);
    if (draft == nullptr) return;
    Draft* const newest = draft;
    Draft* oldest = nullptr;
    while (draft != nullptr) {
        Draft* const older = std::exchange(draft->next, oldest);
        oldest = std::exchange(draft, older);
    }
    (first_ == nullptr ? first_ : last_->next) = oldest;
    last_ = newest;
}

Delivery::Batch Delivery::gather(std::uint64_t most_bytes) {
    Batch batch;
    batch.body = kDeliveryHead;
    const std::uint64_t most = kDeliveryHead.size() + std::min<std::uint64_t>(most_bytes, kBatchBytes);
    Draft* draft = first_;
    // Its memory is in use until it is settled: no more of it than leaves room for others.
    const std::uint64_t most_memory = options_.max_memory_bytes / kShareOfBatch;
    while (draft != nullptr && batch.calls < kBatchCalls &&
           (batch.calls == 0 || batch.memory < most_memory)) {
        const std::size_t whole = batch.body.size();
        draft->encode(parts_);
        append_delivered_call(batch.body, parts_.header, parts_.request, parts_.response);
        if (batch.calls != 0 && batch.body.size() > most) {
            batch.body.resize(whole);
            break;
        }
        ++batch.calls;
        batch.memory += draft->bytes;
        batch.last = draft;
        draft = draft->next;
    }
    batch.first = first_;
    batch.last->next = nullptr;
    first_ = draft;
    return batch;
}

void Delivery::put_back(const Batch& batch) noexcept {
    batch.last->next = first_;
    if (first_ == nullptr) last_ = batch.last;
    first_ = batch.first;
}

/// Each call is counted once, whatever happens.
void Delivery::settle(const Batch& batch, std::uint64_t delivered, std::uint64_t rejected,
                      std::uint64_t spooled) {
    pool_.give(batch.first);
    waiting_bytes_ -= batch.memory;
    delivered_ += delivered;
    rejected_ += rejected;
    spooled_ += spooled;
    done_ += batch.calls;
}

bool Delivery::carry_batch() {
    take_queue();
    if (first_ == nullptr) return false;
    if (wanted() && !server_is_away() && send_batch()) return true;
    if (wanted()) return spill_batch();
    drop_all(std::exchange(first_, nullptr));
    return true;
}

bool Delivery::send_batch() {
    const Batch batch = gather(kBatchBytes);
    Outcome outcome;
    try {
        outcome = send(batch.body);
    } catch (...) {
        put_back(batch);
        throw;
    }
    if (outcome.acknowledged) {
        settle(batch, outcome.accepted, outcome.rejected, 0);
    } else {
        put_back(batch);
    }
    return outcome.acknowledged;
}

bool Delivery::spill_batch() {
    if (folder_ && !closing_) {
        spool_refuses_ = true;  // they wait for the folder
        return false;
    }
    const Batch batch = gather(folder_ ? kBatchBytes : spool_.room());
    try {
        if (folder_) {
            // What is left at the end is written, and fsynced when the folder is closed.
            auto kept = folder_->record(batch.body, std::chrono::milliseconds{0});
            if (kept || kept.error().code == Code::InvalidArgument) {
                const std::uint64_t taken = kept ? kept->accepted : 0;
                if (!kept) {
                    say(std::move(kept).error());
                } else if (kept->rejected != 0) {
                    say(Error(Code::InvalidArgument, "rejected: " + kept->reason));
                }
                settle(batch, 0, batch.calls - taken, taken);
                return true;
            }
            say(std::move(kept).error());
        } else {
            auto kept = spool_.append(std::string_view(batch.body).substr(kDeliveryHead.size()), batch.calls);
            if (kept) {
                settle(batch, 0, 0, batch.calls);
                return true;
            }
            say(std::move(kept).error());
        }
    } catch (const std::exception&) {
        // no memory for it
    }
    if (closing_) {
        drop_all(batch.first);
        return true;
    }
    put_back(batch);
    spool_refuses_ = true;
    return false;
}

void Delivery::spill() noexcept {
    crowded_ = false;
    take_queue();
    try {
        while (first_ != nullptr && spill_batch()) {
        }
    } catch (const std::exception&) {  // out of memory, most likely
        spool_refuses_ = true;
    }
}

Result<Receipt> Delivery::exchange(const std::string& body, std::uint64_t calls) {
    std::optional<Result<Receipt>> answer;
    transport_->deliver(body, calls, kPatience, [&](Result<Receipt> received) {
        const std::lock_guard lock(mutex_);
        answer.emplace(std::move(received));
        wake_.notify_one();
    });
    std::unique_lock lock(mutex_);
    while (true) {
        wake_.wait(lock, [&] { return answer.has_value() || to_spill(); });
        if (answer) return std::move(*answer);
        lock.unlock();
        spill();
        lock.lock();
    }
}

Delivery::Outcome Delivery::send(const std::string& body) {
    const std::uint64_t calls = Spool::calls_in(body);
    auto receipt = exchange(body, calls);
    if (receipt) {
        pause_ = {};
        away_until_ = {};
        told_.clear();
        const std::lock_guard lock(mutex_);
        last_error_ = receipt->rejected == 0 ? std::string() : "rejected: " + receipt->reason;
        return {true, receipt->accepted, receipt->rejected};
    }
    const Code code = receipt.error().code;
    if (code == Code::ResourceExhausted && calls > 1) return send_in_halves(body, calls);
    if (code == Code::InvalidArgument || code == Code::ResourceExhausted) {
        say(std::move(receipt).error());
        return {true, 0, calls};
    }
    away(std::move(receipt).error());
    return {};
}

Delivery::Outcome Delivery::send_in_halves(const std::string& body, std::uint64_t calls) {
    ByteReader frames(std::string_view(body).substr(kDeliveryHead.size()));
    for (std::uint64_t i = 0; i < calls / 2; ++i) frames.text();
    const std::size_t middle = body.size() - frames.left();
    const Outcome first = send(body.substr(0, middle));
    // Of a half that is not taken now both come again: the server keeps one of each call.
    if (!first.acknowledged) return {};
    const Outcome second = send(std::string(kDeliveryHead).append(body, middle));
    if (!second.acknowledged) return {};
    return {true, first.accepted + second.accepted, first.rejected + second.rejected};
}

void Delivery::away(Error error) {
    pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
    away_until_ = std::chrono::steady_clock::now() + pause_;
    if (folder_ && error.code != Code::Cancelled) {
        const bool is_first = delivered_ == 0 && spooled_ == 0;
        std::string words = in_words(error);
        if (warn_once(Warning::NotRecording,
                      (is_first ? "nothing is recorded so far: " : "not all is recorded so far: ") + words))
            told_ = std::move(words);
    }
    const bool refused = error.code == Code::NotFound || error.code == Code::Unauthenticated;
    if (error.code != Code::Cancelled) say(std::move(error));  // why it was waited for says more
    if (refused) {
        const std::lock_guard lock(mutex_);
        ++refused_;
    }
    if (!server_is_known()) wanted_ = false;
}

void Delivery::say(Error error) {
    std::string words = in_words(std::move(error));
    const std::lock_guard lock(mutex_);
    last_error_ = std::move(words);
}

bool Delivery::carry_file() {
    if (!wanted() || server_is_away()) return false;
    auto waiting = spool_.next();
    if (!waiting) {
        const bool others = waiting.error().code == Code::DataLoss;
        say(std::move(waiting).error());
        return others;
    }
    if (!*waiting) return false;
    const Outcome outcome = send((*waiting)->body);
    if (!outcome.acknowledged) return false;
    delivered_ += outcome.accepted;
    rejected_ += outcome.rejected;
    spool_.remove(**waiting);
    return true;
}

Flushed Delivery::flush(std::chrono::milliseconds patience) {
    const std::uint64_t target = ended_.load();
    std::unique_lock lock(mutex_);
    if (stopping_) return Flushed::NotYet;
    ++flushing_;
    asked_ = true;
    wake_.notify_one();
    const std::uint64_t refused_before = refused_;
    const bool done = progress_.wait_for(lock, patience, [&] {
        return stopping_ || !wanted() ||
               (done_.load() >= target && (spool_.empty() || refused_ != refused_before));
    });
    --flushing_;
    if (!done || stopping_ || !wanted()) return Flushed::NotYet;
    return spool_.empty() ? Flushed::All : Flushed::Spooled;
}

std::string Delivery::stop(std::chrono::milliseconds patience) {
    if (patience.count() > 0) flush(patience);
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        closing_ = true;
        wake_.notify_one();
        progress_.notify_all();
    }
    if (!thread_.joinable()) return {};
    if (transport_) transport_->cancel();
    thread_.join();
    spill_last();
    closed_ = true;
    take_queue();
    drop_all(std::exchange(first_, nullptr));
    std::string left = what_is_left();
    spool_.close();
    transport_.reset();
    if (folder_) folder_->close();
    pool_.close();
    return left;
}

std::string Delivery::what_is_left() const noexcept {
    if (!wanted() || !server_is_known()) return {};
    try {
        const std::string& where = folder_ ? options_.data_folder : options_.server;
        const Spool::Left spooled = spool_.left();
        std::string words;
        const auto add = [&](std::uint64_t calls, const std::string& what) {
            if (calls == 0) return;
            words +=
                fmt::format("{}{} call{} {}", words.empty() ? "" : ", ", calls, calls == 1 ? "" : "s", what);
        };
        add(spooled.calls, "kept in " + spooled.where + " for the next program that finds a server");
        add(rejected_, "refused by " + where);
        add(dropped_, "lost");
        if (words.empty()) return {};
        const std::string why = last_error();
        return "not delivered: " + words + (why.empty() || why == told_ ? "" : "; " + why);
    } catch (const std::exception&) {
        return {};  // no memory to say it
    }
}

/// What came after the thread had looked the last time.
void Delivery::spill_last() noexcept {
    if (!wanted()) return;
    if (!folder_) return spill();
    try {
        // The journal keeps memory by thread, and that of a thread that exits the program is gone by now.
        const NoSignals as_it_starts;
        std::thread([this] { spill(); }).join();
    } catch (const std::exception&) {
        // no thread: they are dropped, and counted
    }
}

void Delivery::look_again() {
    spool_.look_again();
    nudged_ = true;
    nudge();
}

TrackingStats Delivery::stats() const {
    return {ended_, delivered_, spooled_, rejected_, dropped_, waiting_bytes_};
}

std::string Delivery::last_error() const {
    const std::lock_guard lock(mutex_);
    return last_error_;
}

}  // namespace steno::client
