#include "ingest/recorder.hpp"

#include "base/log.hpp"
#include "ingest/entry.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace steno::ingest {

namespace {

constexpr std::chrono::milliseconds kRetryDelay{200};
/// At calls that are abandoned.
constexpr std::chrono::minutes kLook{1};

}  // namespace

OpenCall::OpenCall(Recorder& recorder, std::unique_ptr<Call> call)
    : recorder_(&recorder), call_(std::move(call)) {}

OpenCall::OpenCall(OpenCall&& other) noexcept
    : recorder_(other.recorder_),
      call_(std::move(other.call_)),
      began_steady_(other.began_steady_),
      opening_(other.opening_),
      position_(other.position_),
      texts_(other.texts_),
      ended_(other.ended_) {
    other.ended_ = true;
}

OpenCall::~OpenCall() {
    if (ended_ || !call_) return;
    call_->status = Status::Failure;
    try {
        if (!call_->error.type) {
            call_->error.type = ErrorType::Server;
            call_->error.message = "Steno gave up on this call without an ending; this is a defect of Steno";
        }
        end();
    } catch (const std::exception&) {
        // Out of memory while an exception may be passing by: the next start records the call as interrupted.
        recorder_->lost_.fetch_add(1, std::memory_order_relaxed);
    }
}

void OpenCall::end() {
    if (ended_) return;
    ended_ = true;
    recorder_->end(*this);
}

Recorder::Recorder(journal::Journal& journal, std::shared_ptr<const pricing::Catalogue> prices)
    : Recorder(journal, std::move(prices), Options{}) {}

Recorder::Recorder(journal::Journal& journal, std::shared_ptr<const pricing::Catalogue> prices,
                   Options options)
    : journal_(journal),
      options_(options),
      clock_(options.clock != nullptr ? *options.clock : system_clock()),
      prices_(std::move(prices)),
      thread_([this] { look_after_until_stopped(); }) {}

Recorder::~Recorder() {
    {
        const std::scoped_lock lock(waiting_mutex_);
        stopping_ = true;
    }
    retry_.notify_all();
    thread_.join();
    const auto deadline = std::chrono::steady_clock::now() + options_.closing_patience;
    bool written = retry_waiting();
    while (!written && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::min(kRetryDelay, options_.closing_patience));
        written = retry_waiting();
    }
    if (!written) {
        log::error("{} records are lost: the journal could not be written until the end", waiting_.size());
    }
}

void Recorder::admit(Call& call) const {
    if (policy_ != nullptr) policy_->admit(call);
}

void Recorder::note_decided(const Call& call, const TextRule& texts) {
    if (keeps_payload(call) && texts.changes_nothing()) return;
    const std::scoped_lock lock(recent_mutex_);
    decided_.insert(call.id, {.withheld_by = {}, .texts = texts});
    Decided* decided = decided_.find(call.id);
    if (!keeps_payload(call) && decided != nullptr && !decided->withheld_by)
        decided->withheld_by = call.privacy.withheld_by;
}

TextRule Recorder::texts(const Call& call) const {
    return policy_ == nullptr ? TextRule{} : policy_->texts(call);
}

void Recorder::cut(Call& call, const TextRule& texts) {
    apply(texts, call);
    if (!keeps_payload(call)) cut_error(call);
}

OpenCall Recorder::begin(std::unique_ptr<Call> call) {
    OpenCall open(*this, std::move(call));
    Call& c = open.call();
    c.status = Status::Running;
    if (!c.started_at) c.started_at = clock_.now();
    open.began_steady_ = clock_.steady_nanos();
    admit(c);
    const TextRule rule = texts(c);
    if (!c.prompt.type.empty()) open.texts_ = rule;
    std::string request;
    std::string header;
    append_entry_header(header, std::nullopt);
    if (rule.changes_nothing()) {
        request = encode(c, Place::RequestPayload);
        header += encode(c, Place::Header);
    } else {
        // Of a copy: the source still needs the whole texts, to estimate tokens from.
        Call kept = c;
        apply(rule, kept);
        request = encode(kept, Place::RequestPayload);
        header += encode(kept, Place::Header);
        // (What was masked is counted once more at the end, of all texts.)
        c.privacy.truncated = std::move(kept.privacy.truncated);
        c.preview = std::move(kept.preview);
    }

    const journal::Payload payload = payload_of(request, c.who.subject, !keeps_payload(c));

    journal::Entry entry;
    entry.kind = static_cast<std::uint8_t>(EntryKind::Opening);
    entry.header = header;
    entry.payloads = std::span(&payload, 1);
    entry.opens = c.id;
    // When this fails the call goes on all the same, and its closing record will hold all of it.
    if (auto position = journal_.append(entry)) open.opening_ = *position;
    begun_.fetch_add(1, std::memory_order_relaxed);
    {
        const std::scoped_lock lock(recent_mutex_);
        recent_[c.id] = {.id = c.id, .opening = open.opening_, .closing = std::nullopt};
    }
    note_decided(c, rule);
    for (Consumer* consumer : consumers_) consumer->call_began(c);
    return open;
}

void Recorder::end(OpenCall& open) {
    Call& c = open.call();
    if (!c.ended_at) c.ended_at = clock_.now();
    if (!c.time.duration) c.time.duration = Duration{clock_.steady_nanos() - open.began_steady_};
    prices()->price(c);
    if (!open.texts_) {  // else what was decided at the beginning stands
        admit(c);
        open.texts_ = texts(c);
        note_decided(c, *open.texts_);
    }
    cut(c, *open.texts_);

    Closing closing;
    closing.id = c.id;
    closing.kind = static_cast<std::uint8_t>(open.opening_ ? EntryKind::Closing : EntryKind::Complete);
    append_entry_header(closing.header, open.opening_);
    append_encoded(closing.header, c, Place::Header);
    if (open.opening_) {
        closing.closes = c.id;
    } else {
        closing.request_payload = encode(c, Place::RequestPayload);
    }
    closing.response_payload = encode(c, Place::ResponsePayload);
    closing.subject = c.who.subject;
    closing.ephemeral = !keeps_payload(c);
    open.position_ = append_or_keep(std::move(closing));
    ended_count_.fetch_add(1, std::memory_order_relaxed);
    for (Consumer* consumer : consumers_) consumer->call_ended(c);
}

std::optional<journal::Position> Recorder::complete(Call call) {
    prices()->price(call);
    admit(call);
    const TextRule rule = texts(call);
    note_decided(call, rule);
    cut(call, rule);
    Closing closing;
    closing.id = call.id;
    closing.kind = static_cast<std::uint8_t>(EntryKind::Complete);
    append_entry_header(closing.header, std::nullopt);
    append_encoded(closing.header, call, Place::Header);
    closing.request_payload = encode(call, Place::RequestPayload);
    closing.response_payload = encode(call, Place::ResponsePayload);
    closing.subject = call.who.subject;
    closing.ephemeral = !keeps_payload(call);
    const auto position = append_or_keep(std::move(closing));
    begun_.fetch_add(1, std::memory_order_relaxed);
    ended_count_.fetch_add(1, std::memory_order_relaxed);
    for (Consumer* consumer : consumers_) consumer->call_ended(call);
    return position;
}

Result<journal::Position> Recorder::say(std::span<const Said> said) {
    std::vector<std::string> headers(said.size());
    std::vector<journal::Entry> entries(said.size());
    for (std::size_t i = 0; i < said.size(); ++i) {
        append_entry_header(headers[i], std::nullopt);
        headers[i] += encode(said[i]);
        entries[i].kind = static_cast<std::uint8_t>(EntryKind::Said);
        entries[i].header = headers[i];
    }
    return journal_.append(entries);
}

Result<std::size_t> Recorder::close_orphans(std::span<const journal::Orphan> orphans) {
    std::size_t count = 0;
    for (const journal::Orphan& orphan : orphans) {
        Call call;
        if (auto header = read_entry_header(orphan.header); header) {
            if (auto decoded = decode(header->call, call); !decoded) {
                log::warning("the opening record of call {} is damaged: {}", orphan.id.to_string(),
                             decoded.error().message);
            }
        }
        call.id = orphan.id;
        call.status = Status::Interrupted;
        std::string header;
        // Who delivered its beginning may have delivered its end to another process.
        append_entry_header(header, orphan.opened_at, true);
        header += encode(call, Place::Header);
        journal::Entry entry;
        entry.kind = static_cast<std::uint8_t>(EntryKind::Closing);
        entry.header = header;
        entry.adopts = journal::Opening{orphan.id, orphan.opened_at};
        STENO_TRY(journal_.append(entry));
        ++count;
    }
    STENO_TRY(journal_.finish_recovery());
    return count;
}

Result<journal::Position> Recorder::append(Closing& closing, bool waited) {
    if (waited || was_amended(closing.id)) mark_may_be_known(closing.header);
    std::array<journal::Payload, 2> payloads;
    std::size_t count = 0;
    for (const std::string* bytes : {&closing.request_payload, &closing.response_payload}) {
        if (!bytes->empty()) payloads[count++] = payload_of(*bytes, closing.subject, closing.ephemeral);
    }
    journal::Entry entry;
    entry.kind = closing.kind;
    entry.header = closing.header;
    entry.payloads = std::span(payloads.data(), count);
    entry.closes = closing.closes;
    auto position = journal_.append(entry);
    if (position) note_closing(closing.id, *position);
    return position;
}

bool Recorder::was_amended(const Uuid& id) const {
    const std::scoped_lock lock(recent_mutex_);
    const auto found = recent_.find(id);
    return found != recent_.end() && found->second.amended;
}

void Recorder::note_closing(const Uuid& id, const journal::Position& position) {
    const std::scoped_lock lock(recent_mutex_);
    note_closing_locked(id, position);
}

void Recorder::note_closing_locked(const Uuid& id, const journal::Position& position) {
    Recent& recent = recent_[id];
    if (recent.delivered) forget_beginning_locked(recent);
    recent.id = id;
    if (recent.closing) {
        recent.earlier.push_back(*recent.closing);
        if (recent.earlier.size() > kMaxEarlier) recent.earlier.erase(recent.earlier.begin());
    }
    recent.closing = position;
    ended_.insert(id);
    ended_order_.push_back(id);
    while (ended_order_.size() > kMaxEnded) {
        recent_.erase(ended_order_.front());
        ended_order_.pop_front();
    }
}

std::optional<journal::Position> Recorder::append_or_keep(Closing closing) {
    if (auto position = append(closing, false)) return *position;
    const std::scoped_lock lock(waiting_mutex_);
    if (!waiting_.empty() && waiting_bytes_ + closing.bytes() > options_.max_waiting_bytes) {
        lost_.fetch_add(1, std::memory_order_relaxed);
        log::error("call {} is lost: the journal cannot be written and {} bytes are waiting already",
                   closing.id.to_string(), waiting_bytes_);
        const std::scoped_lock recent_lock(recent_mutex_);
        recent_.erase(closing.id);
        return std::nullopt;
    }
    waiting_bytes_ += closing.bytes();
    waiting_.push_back(std::move(closing));
    retry_.notify_one();
    return std::nullopt;
}

bool Recorder::retry_waiting() {
    std::unique_lock lock(waiting_mutex_);
    while (!waiting_.empty()) {
        // It stays where it is, as only this takes anything away; and nobody waits for the disk who adds to
        // it.
        Closing& first = waiting_.front();
        lock.unlock();
        const bool written = append(first, true).has_value();
        lock.lock();
        if (!written) return false;
        waiting_bytes_ -= first.bytes();
        waiting_.pop_front();
    }
    return true;
}

void Recorder::look_after_until_stopped() {
    for (;;) {
        bool waiting = false;
        {
            std::unique_lock lock(waiting_mutex_);
            retry_.wait_for(lock, kLook, [this] { return stopping_ || !waiting_.empty(); });
            if (stopping_) return;
            waiting = !waiting_.empty();
        }
        if (!waiting) {
            (void)end_abandoned();
            continue;
        }
        if (retry_waiting()) {
            log::info("the journal can be written again; all waiting records are in it");
            continue;
        }
        std::unique_lock lock(waiting_mutex_);
        retry_.wait_for(lock, kRetryDelay, [this] { return stopping_; });
    }
}

void Recorder::set_prices(std::shared_ptr<const pricing::Catalogue> prices) {
    const std::scoped_lock lock(prices_mutex_);
    prices_ = std::move(prices);
}

std::shared_ptr<const pricing::Catalogue> Recorder::prices() const {
    const std::scoped_lock lock(prices_mutex_);
    return prices_;
}

std::optional<Recorder::Recent> Recorder::recent(const Uuid& id) const {
    const std::scoped_lock lock(recent_mutex_);
    const auto found = recent_.find(id);
    if (found == recent_.end()) return std::nullopt;
    return found->second;
}

std::vector<Recorder::Recent> Recorder::running() const {
    const std::scoped_lock lock(recent_mutex_);
    std::vector<Recent> running;
    for (const auto& [id, recent] : recent_) {
        if (!recent.closing) running.push_back(recent);
    }
    return running;
}

void Recorder::forget_until(std::uint64_t sequence) {
    // By position, in the order of the ends: an entry that is noted a moment after the store has it goes at
    // the next turn.
    const std::scoped_lock lock(recent_mutex_);
    while (!ended_order_.empty()) {
        const auto found = recent_.find(ended_order_.front());
        if (found != recent_.end()) {
            if (found->second.closing && found->second.closing->sequence > sequence) return;
            recent_.erase(found);
        }
        ended_order_.pop_front();
    }
}

RecorderStats Recorder::stats() const {
    RecorderStats stats;
    stats.begun = begun_.load(std::memory_order_relaxed);
    stats.ended = ended_count_.load(std::memory_order_relaxed);
    stats.lost = lost_.load(std::memory_order_relaxed);
    stats.running = stats.begun - std::min(stats.begun, stats.ended);
    const std::scoped_lock lock(waiting_mutex_);
    stats.waiting_records = waiting_.size();
    stats.waiting_bytes = waiting_bytes_;
    return stats;
}

}  // namespace steno::ingest
