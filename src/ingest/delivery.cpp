#include "ingest/entry.hpp"
#include "ingest/recorder.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

/// Calls that are handed over finished (or begun): Recorder::deliver.
namespace steno::ingest {

namespace {

/// So much is written at once: calls at the gateway wait for their turn meanwhile.
constexpr std::size_t kWriteBytes = 4u << 20;

std::size_t bytes_of(const std::array<std::string, 2>& parts) {
    return parts[0].size() + parts[1].size();
}

/// What `later` says replaces what was said, and what it leaves out stays.
void say_over(Call& call, const Call& later) {
    for (const Place place : {Place::Header, Place::RequestPayload, Place::ResponsePayload})
        (void)decode(encode(later, place), call);  // what encode wrote, decode reads
}

/// The two as one call. Of a call that does not keep its texts no preview stays that was made of them: only
/// one that came together with full_data: false, as that is its sender's own.
void join(Call& call, Call& later) {
    if (!keeps_payload(call) && !later.privacy.full_data) later.preview = {};
    if (!keeps_payload(later) && keeps_payload(call)) call.preview = {};
    say_over(call, later);
}

}  // namespace

/// One call on its way to the journal.
struct Recorder::Draft {
    Call* call = nullptr;
    EntryKind kind = EntryKind::Complete;
    std::optional<journal::Position> opening;                     ///< of a Closing
    std::shared_ptr<const std::array<std::string, 2>> beginning;  ///< of a Closing
    bool again = false;    ///< an Opening of a call that has one already
    bool noted = true;     ///< false: the call runs at the gateway, where it will end
    bool decided = false;  ///< of this call it was decided before what is kept, and that stands
};

/// A beginning whose end comes in the same delivery is no record of its own.
void Recorder::join_beginnings(std::vector<Call>& calls, std::vector<bool>& skip, Delivered& delivered) {
    /// Where the newest word on a call stands whose beginning is among them.
    std::unordered_map<Uuid, std::optional<std::size_t>> newest;
    for (const Call& call : calls) {
        if (call.status == Status::Running) newest.try_emplace(call.id);
    }
    if (newest.empty()) return;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const auto found = newest.find(calls[i].id);
        if (found == newest.end()) continue;
        const std::optional<std::size_t> before = found->second;
        if (before && calls[*before].project != calls[i].project) continue;
        const bool runs = calls[i].status == Status::Running;
        if (before && calls[*before].status != Status::Running) {
            if (runs) {
                skip[i] = true;
                delivered.late.push_back(i);
            } else {
                found->second = i;
            }
            continue;
        }
        if (before) {
            Call joined = std::move(calls[*before]);
            join(joined, calls[i]);
            calls[i] = std::move(joined);
            skip[*before] = true;
        }
        found->second = i;
    }
}

std::vector<Recorder::Draft> Recorder::plan(std::vector<Call>& calls, const std::vector<bool>& skip,
                                            Delivered& delivered) {
    std::vector<Draft> drafts;
    drafts.reserve(calls.size());
    std::size_t begun = 0;
    std::unordered_set<Uuid> closed;  // among these: what follows the end of a call amends it
    const std::scoped_lock lock(recent_mutex_);
    for (std::size_t i = 0; i < calls.size(); ++i) {
        if (skip[i]) continue;
        Call& call = calls[i];
        Draft draft;
        draft.call = &call;
        const auto found = recent_.find(call.id);
        Recent* known = found == recent_.end() ? nullptr : &found->second;
        const bool runs = known != nullptr && !known->closing;
        const bool ours = runs && known->delivered && known->project == call.project && known->opening;
        if (call.status == Status::Running) {
            if ((known != nullptr && !ours) || ended_.contains(call.id)) {
                delivered.late.push_back(i);
                continue;
            }
            if (known == nullptr &&
                (delivered_running_ + ++begun > kMaxBegun || delivered_bytes_ > kMaxBegunBytes)) {
                delivered.refused.push_back(i);
                continue;
            }
            draft.kind = EntryKind::Opening;
            draft.again = ours;
        } else if (ours && closed.insert(call.id).second) {
            draft.kind = EntryKind::Closing;
            draft.opening = known->opening;
            draft.beginning = known->beginning;
        } else if (runs && !ours) {
            known->amended = true;
            draft.noted = false;
        }
        draft.decided = ended_.contains(call.id) || (runs && !ours);
        drafts.push_back(draft);
    }
    return drafts;
}

void Recorder::decide(const Draft& draft) {
    Call& call = *draft.call;
    std::optional<TextRule> rule;
    {
        const std::scoped_lock lock(recent_mutex_);
        if (const Decided* before = decided_.find(call.id)) {
            if (!before->texts.changes_nothing()) rule = before->texts;
            if (before->withheld_by && !call.privacy.full_data) {  // its sender leaves that open
                call.privacy.full_data = false;
                call.privacy.withheld_by = *before->withheld_by;
                call.preview = {};
            }
        }
    }
    if (!draft.decided) admit(call);
    if (!rule) rule = texts(call);
    note_decided(call, *rule);
    cut(call, *rule);
}

Result<Recorder::Delivered> Recorder::deliver(std::vector<Call>& calls) {
    Delivered delivered;
    std::vector<bool> skip(calls.size());
    join_beginnings(calls, skip, delivered);
    std::vector<Draft> drafts = plan(calls, skip, delivered);
    const auto catalogue = prices();
    for (Draft& draft : drafts) {
        Call& call = *draft.call;
        if (draft.kind == EntryKind::Opening) {
            decide(draft);
            continue;
        }
        if (draft.beginning) {
            Call whole;
            for (const std::string& part : *draft.beginning) (void)decode(part, whole);
            draft.decided = !whole.prompt.type.empty();
            join(whole, call);
            call = std::move(whole);
        }
        if (!call.time.duration && call.started_at && call.ended_at && *call.started_at <= *call.ended_at)
            call.time.duration = Duration{call.ended_at->unix_nanos - call.started_at->unix_nanos};
        if (!call.cost.total) catalogue->price(call);
        decide(draft);
    }
    std::span<Draft> left(drafts);
    while (!left.empty()) {
        std::size_t count = 0;
        STENO_ASSIGN(const journal::Position last, append_drafts(left, count));
        note(left.first(count), last);
        delivered.last = last;
        left = left.subspan(count);
    }
    return delivered;
}

Result<journal::Position> Recorder::append_drafts(std::span<const Draft> drafts, std::size_t& count) {
    // All bytes first, and then the views of them: what grows moves.
    struct Parts {
        std::size_t header;
        std::size_t request;
        std::size_t response;
        std::size_t end;
    };
    std::string bytes;
    std::vector<Parts> parts;
    parts.reserve(drafts.size());
    for (const Draft& draft : drafts) {
        if (bytes.size() >= kWriteBytes) break;
        Parts part{};
        part.header = bytes.size();
        append_entry_header(bytes, draft.opening, true);
        append_encoded(bytes, *draft.call, Place::Header);
        part.request = bytes.size();
        append_encoded(bytes, *draft.call, Place::RequestPayload);
        part.response = bytes.size();
        if (draft.kind != EntryKind::Opening) append_encoded(bytes, *draft.call, Place::ResponsePayload);
        part.end = bytes.size();
        parts.push_back(part);
        if (parts.size() == 1) bytes.reserve(std::min(kWriteBytes, part.end * drafts.size()) / 8 * 9);
    }
    count = parts.size();

    const std::string_view all = bytes;
    std::vector<std::array<journal::Payload, 2>> payloads(count);
    std::vector<journal::Entry> entries(count);
    for (std::size_t i = 0; i < count; ++i) {
        const Call& call = *drafts[i].call;
        const Parts& part = parts[i];
        std::size_t used = 0;
        for (const std::string_view payload : {all.substr(part.request, part.response - part.request),
                                               all.substr(part.response, part.end - part.response)}) {
            if (payload.empty()) continue;
            payloads[i][used++] = payload_of(payload, call.who.subject, !keeps_payload(call));
        }
        journal::Entry& entry = entries[i];
        entry.kind = static_cast<std::uint8_t>(drafts[i].kind);
        entry.header = all.substr(part.header, part.request - part.header);
        entry.payloads = std::span(payloads[i].data(), used);
        if (drafts[i].kind == EntryKind::Opening) entry.opens = call.id;
        if (drafts[i].kind == EntryKind::Closing) entry.closes = call.id;
    }
    return journal_.append(entries);
}

void Recorder::forget_beginning_locked(Recent& recent) {
    recent.delivered = false;
    --delivered_running_;
    if (recent.beginning) delivered_bytes_ -= bytes_of(*recent.beginning);
    recent.beginning.reset();
}

void Recorder::note(std::span<const Draft> drafts, const journal::Position& last) {
    std::uint64_t begun = 0;
    std::uint64_t ended = 0;
    const std::int64_t now = clock_.steady_nanos();
    {
        const std::scoped_lock lock(recent_mutex_);
        journal::Position position = last;
        position.sequence -= drafts.size();
        for (const Draft& draft : drafts) {
            ++position.sequence;
            const Call& call = *draft.call;
            if (draft.kind == EntryKind::Opening) {
                if (ended_.contains(call.id)) continue;  // its end came on another way in this very moment
                begun += draft.again ? 0 : 1;
                Recent& recent = recent_[call.id];
                if (recent.delivered) forget_beginning_locked(recent);
                recent.id = call.id;
                recent.opening = position;
                recent.delivered = true;
                recent.heard_of = now;
                recent.project = call.project;
                recent.beginning =
                    std::make_shared<const std::array<std::string, 2>>(std::array<std::string, 2>{
                        encode(call, Place::Header), encode(call, Place::ResponsePayload)});
                ++delivered_running_;
                delivered_bytes_ += bytes_of(*recent.beginning);
                continue;
            }
            begun += draft.kind == EntryKind::Complete ? 1 : 0;
            ++ended;
            if (!draft.noted) continue;
            note_closing_locked(call.id, position);
        }
    }
    begun_.fetch_add(begun, std::memory_order_relaxed);
    ended_count_.fetch_add(ended, std::memory_order_relaxed);
    for (const Draft& draft : drafts) {
        for (Consumer* consumer : consumers_) {
            if (draft.kind == EntryKind::Opening) {
                consumer->call_began(*draft.call);
            } else {
                consumer->call_ended(*draft.call);
            }
        }
    }
}

std::size_t Recorder::end_abandoned() {
    const std::int64_t patience = options_.abandon_after.count();
    if (patience <= 0) return 0;
    std::vector<Recent> abandoned;
    {
        const std::int64_t now = clock_.steady_nanos();
        const std::scoped_lock lock(recent_mutex_);
        if (delivered_running_ == 0) return 0;
        for (const auto& [id, recent] : recent_) {
            if (recent.delivered && !recent.closing && now - recent.heard_of >= patience)
                abandoned.push_back(recent);
        }
    }
    std::size_t count = 0;
    for (const Recent& recent : abandoned) {
        Call call;
        for (const std::string& part : *recent.beginning) (void)decode(part, call);
        call.id = recent.id;
        call.status = Status::Interrupted;
        std::string header;
        append_entry_header(header, recent.opening, true);
        append_encoded(header, call, Place::Header);
        journal::Entry entry;
        entry.kind = static_cast<std::uint8_t>(EntryKind::Closing);
        entry.header = header;
        entry.closes = call.id;
        const auto position = journal_.append(entry);
        if (!position) break;  // the disk: at the next look
        {
            const std::scoped_lock lock(recent_mutex_);
            const auto found = recent_.find(call.id);
            // Its end may have come in this very moment; it is the better one, whichever stands last.
            if (found == recent_.end() || found->second.closing) continue;
            note_closing_locked(call.id, *position);
        }
        ended_count_.fetch_add(1, std::memory_order_relaxed);
        for (Consumer* consumer : consumers_) consumer->call_ended(call);
        ++count;
    }
    return count;
}

}  // namespace steno::ingest
