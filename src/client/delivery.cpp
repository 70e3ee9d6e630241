#include "client/delivery.hpp"

#include "base/bytes.hpp"
#include "record/delivery.hpp"

#include <algorithm>
#include <utility>

namespace steno::client {

namespace {

constexpr std::uint64_t kBatchCalls = 2000;
constexpr std::size_t kBatchBytes = 4u << 20;
constexpr std::uint64_t kEnoughBytes = 1u << 20;  // waiting, to be sent before the interval is over
constexpr int kMostAtHand = 16;                   // used drafts, of one thread
constexpr std::uint64_t kShareOfUsed = 8;         // of max_memory_bytes, for all of them
constexpr std::chrono::milliseconds kPatience{10'000};
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{5000};

}  // namespace

struct Delivery::Outcome {
    bool acknowledged = false;  ///< by a receipt, or by a refusal that no repetition would change
    std::uint64_t accepted = 0;
    std::uint64_t rejected = 0;
};

Delivery::Delivery(const TrackingOptions& options, bool server_is_named)
    : options_(options),
      server_is_named_(server_is_named),
      spool_(options.spool_folder, options.max_spool_bytes) {
    auto transport = Transport::to(options_.server, options_.api_key);
    if (transport) {
        transport_ = std::move(*transport);
    } else {
        say(std::move(transport).error());
        wanted_ = false;
    }
    thread_ = std::thread([this] { run(); });
}

Delivery::~Delivery() {
    stop(std::chrono::milliseconds{0});
    for (auto* const list : {queue_.exchange(nullptr), used_.exchange(nullptr)}) {
        for (Draft* draft = list; draft != nullptr;) delete std::exchange(draft, draft->next);
    }
}

CallScope::Draft* Delivery::take_used() {
    // Each thread has a few at hand. When it has none it takes all that came back (one exchange, and no list
    // that two threads take from at once), and puts back what is more than a few.
    struct AtHand {
        Draft* list = nullptr;
        ~AtHand() {
            while (list != nullptr) delete std::exchange(list, list->next);
        }
    };
    thread_local AtHand mine;
    if (mine.list == nullptr) {
        mine.list = used_.exchange(nullptr, std::memory_order_acquire);
        Draft* last = mine.list;
        std::uint64_t bytes = 0;
        for (int i = 0; last != nullptr; ++i, last = last->next) {
            bytes += last->memory();
            if (i == kMostAtHand - 1) break;
        }
        used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
        if (last != nullptr && last->next != nullptr) {
            Draft* const rest = std::exchange(last->next, nullptr);
            Draft* nothing = nullptr;
            if (!used_.compare_exchange_strong(nothing, rest, std::memory_order_release)) {
                for (last = rest; last->next != nullptr;) last = last->next;
                put_used(rest, last);
            }
        }
    }
    if (mine.list == nullptr) return new Draft;
    Draft* const draft = std::exchange(mine.list, mine.list->next);
    draft->next = nullptr;
    return draft;
}

void Delivery::put_used(Draft* first, Draft* last) noexcept {
    last->next = used_.load(std::memory_order_relaxed);
    while (!used_.compare_exchange_weak(last->next, first, std::memory_order_release)) {
    }
}

void Delivery::give_back(Draft* drafts) noexcept {
    while (drafts != nullptr) {
        Draft* const draft = std::exchange(drafts, drafts->next);
        draft->clear();
        const std::uint64_t bytes = draft->memory();
        const std::uint64_t kept = used_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
        if (kept > options_.max_memory_bytes / kShareOfUsed || closed_.load(std::memory_order_relaxed)) {
            used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
            delete draft;
        } else {
            put_used(draft, draft);
        }
    }
}

void Delivery::drop_all(Draft* drafts) noexcept {
    while (drafts != nullptr) {
        Draft* const draft = std::exchange(drafts, drafts->next);
        waiting_bytes_.fetch_sub(draft->memory(), std::memory_order_relaxed);
        dropped_.fetch_add(1, std::memory_order_relaxed);
        done_.fetch_add(1, std::memory_order_relaxed);
        delete draft;
    }
}

void Delivery::push(Draft* draft) noexcept {
    ended_.fetch_add(1, std::memory_order_relaxed);
    if (options_.durable) {
        try {
            std::string frame;
            append_delivered_call(frame, draft->header, draft->request, draft->response);
            if (spool_.append(frame, 1)) {
                spooled_.fetch_add(1, std::memory_order_relaxed);
                done_.fetch_add(1, std::memory_order_relaxed);
                draft->next = nullptr;
                give_back(draft);
                if (!nudged_.exchange(true)) nudge();
                return;
            }
        } catch (...) {
            // by way of the queue then
        }
    }
    const std::uint64_t bytes = draft->memory();
    const std::uint64_t waiting = waiting_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (waiting > options_.max_memory_bytes || !wanted()) {
        waiting_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
        dropped_.fetch_add(1, std::memory_order_relaxed);
        done_.fetch_add(1, std::memory_order_relaxed);
        draft->next = nullptr;
        give_back(draft);
        return;
    }
    draft->next = queue_.load(std::memory_order_relaxed);
    while (!queue_.compare_exchange_weak(draft->next, draft)) {
    }
    // Either the end sees this one, or this one sees the end.
    if (closed_.load()) return drop_all(queue_.exchange(nullptr));
    // The first of an interval wakes the thread, and the one that makes it enough.
    const bool enough = waiting >= kEnoughBytes && waiting - bytes < kEnoughBytes;
    if (enough || !nudged_.exchange(true)) nudge();
}

void Delivery::nudge() {
    const std::lock_guard lock(mutex_);
    wake_.notify_one();
}

void Delivery::wait() {
    std::unique_lock lock(mutex_);
    const auto asked = [&] { return stopping_ || asked_; };
    const auto urgent = [&] {
        return asked() || flushing_ != 0 || waiting_bytes_.load(std::memory_order_relaxed) >= kEnoughBytes;
    };
    const auto something = [&] {
        return urgent() || nudged_.load(std::memory_order_relaxed) ||
               queue_.load(std::memory_order_relaxed) != nullptr;
    };
    if (pause_.count() != 0) {
        wake_.wait_until(lock, away_until_, asked);  // whoever waits and however much it is: not more often
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
        try {
            while (carry_queue()) {
            }
            carry_spool();
        } catch (const std::exception& exception) {  // out of memory, most likely
            away(Error(Code::Unavailable, exception.what()));
        }
        {
            const std::lock_guard lock(mutex_);
            progress_.notify_all();
        }
        if (stopping) break;
        wait();
    }
}

bool Delivery::carry_queue() {
    Draft* last = queue_.exchange(nullptr, std::memory_order_acquire);
    if (last == nullptr) return false;
    Draft* first = nullptr;
    while (last != nullptr) {
        Draft* const draft = std::exchange(last, last->next);
        draft->next = std::exchange(first, draft);
    }
    while (first != nullptr) {
        std::string body(kDeliveryHead);
        std::uint64_t calls = 0;
        std::uint64_t lost = 0;
        std::uint64_t bytes = 0;
        Draft* const begin = first;
        Draft* end = nullptr;
        while (first != nullptr && calls + lost < kBatchCalls && body.size() < kBatchBytes) {
            const std::size_t whole = body.size();
            try {
                append_delivered_call(body, first->header, first->request, first->response);
                ++calls;
            } catch (const std::exception&) {  // no memory for it
                body.resize(whole);
                ++lost;
            }
            bytes += first->memory();
            end = first;
            first = first->next;
        }
        end->next = nullptr;
        give_back(begin);
        if (calls != 0) settle(body, calls);
        dropped_ += lost;
        waiting_bytes_ -= bytes;
        done_ += calls + lost;
    }
    return true;
}

/// What becomes of a batch: each of its calls is counted once, whatever happens.
void Delivery::settle(const std::string& body, std::uint64_t calls) {
    if (!wanted()) {
        dropped_ += calls;
        return;
    }
    try {
        const Outcome outcome = server_is_away() ? Outcome{} : send(body);
        if (outcome.acknowledged) {
            delivered_ += outcome.accepted;
            rejected_ += outcome.rejected;
            return;
        }
    } catch (const std::exception& exception) {  // out of memory, most likely
        away(Error(Code::Unavailable, exception.what()));
    }
    bool kept = false;
    try {
        kept = keep(body, calls);
    } catch (const std::exception&) {
        // as above
    }
    (kept ? spooled_ : dropped_) += calls;
}

Delivery::Outcome Delivery::send(const std::string& body) {
    const std::uint64_t calls = Spool::calls_in(body);
    auto receipt = transport_->deliver(body, calls, kPatience);
    if (receipt) {
        pause_ = {};
        away_until_ = {};
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
    const bool never_there = delivered_.load() == 0 && !server_is_named_;
    pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
    away_until_ = std::chrono::steady_clock::now() + pause_;
    say(std::move(error));
    if (never_there) wanted_ = false;
}

void Delivery::say(Error error) {
    if (!error.remedy.empty()) error.message += "; " + error.remedy;
    const std::lock_guard lock(mutex_);
    last_error_ = std::move(error.message);
}

bool Delivery::keep(const std::string& body, std::uint64_t calls) {
    if (!wanted()) return false;
    auto kept = spool_.append(std::string_view(body).substr(kDeliveryHead.size()), calls);
    if (kept) return true;
    say(std::move(kept).error());
    return false;
}

void Delivery::carry_spool() {
    while (wanted() && !server_is_away()) {
        auto waiting = spool_.next();
        if (!waiting) {
            const bool others = waiting.error().code == Code::DataLoss;
            say(std::move(waiting).error());
            if (!others) return;
            continue;
        }
        if (!*waiting) return;
        const Outcome outcome = send((*waiting)->body);
        if (!outcome.acknowledged) return;
        delivered_ += outcome.accepted;
        rejected_ += outcome.rejected;
        spool_.remove(**waiting);
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
    }
}

bool Delivery::flush(std::chrono::milliseconds patience) {
    const std::uint64_t target = ended_.load();
    std::unique_lock lock(mutex_);
    if (stopping_) return false;
    ++flushing_;
    asked_ = true;
    wake_.notify_one();
    const bool done = progress_.wait_for(
        lock, patience, [&] { return stopping_ || !wanted() || (done_.load() >= target && spool_.empty()); });
    --flushing_;
    return done && !stopping_ && wanted();
}

void Delivery::stop(std::chrono::milliseconds patience) {
    if (patience.count() > 0) flush(patience);
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        closing_ = true;
        wake_.notify_one();
        progress_.notify_all();
    }
    if (!thread_.joinable()) return;
    if (transport_) transport_->cancel();
    thread_.join();
    carry_queue();  // what came after the thread had looked the last time
    closed_ = true;
    drop_all(queue_.exchange(nullptr));
    spool_.close();
    transport_.reset();
    for (Draft* draft = used_.exchange(nullptr); draft != nullptr;) delete std::exchange(draft, draft->next);
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
