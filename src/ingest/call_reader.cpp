#include "ingest/call_reader.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "ingest/entry.hpp"
#include "record/binary.hpp"
#include "store/cursor.hpp"

#include <algorithm>

namespace steno::ingest {

namespace {

/// A search that takes longer gives what it has, and the cursor to go on from.
constexpr std::int64_t kSearchNanos = 2'000'000'000;

journal::Position to_journal(const store::Position& position) {
    return {position.stream, position.sequence};
}

bool contains(std::string_view text, std::string_view lower_case_needle) {
    return lower_case(text).find(lower_case_needle) != std::string::npos;
}

bool messages_match(const std::vector<Message>& messages, std::string_view needle) {
    for (const Message& message : messages) {
        for (const Part& part : message.parts) {
            if (contains(part.text, needle) || contains(part.value.text, needle) ||
                contains(part.name, needle)) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

bool text_matches(const Call& call, std::string_view needle) {
    return contains(call.request.system, needle) || messages_match(call.request.messages, needle) ||
           contains(call.request.input.text, needle) || messages_match(call.response.messages, needle) ||
           contains(call.response.output.text, needle);
}

CallReader::CallReader(Recorder& recorder, Feeder& feeder, journal::Reader& reader, store::CallStore& store)
    : recorder_(recorder), feeder_(feeder), reader_(reader), store_(store) {}

void CallReader::catch_up() {
    if (auto caught = feeder_.catch_up(kPatience); !caught) {
        log::debug("{}", caught.error().message);
    }
}

Result<Call> CallReader::get(const Uuid& id, std::optional<std::string_view> project) {
    auto recent = recorder_.recent(id);
    if (!recent || recent->closing) {
        // Once it has ended, the store also knows what was said of it since.
        catch_up();
        recent = recorder_.recent(id);
    }
    if (recent) {
        auto call = read_recent(*recent);
        if (call && (!project || call->project == *project)) return call;
        // Between the two looks the store may have taken it over.
    }
    STENO_ASSIGN(const auto row, store_.get(id, project));
    if (!row) {
        return fail(Code::NotFound, "there is no call " + id.to_string(),
                    "ids are in the x-steno-call-id answer header and in GET /api/v1/calls");
    }
    Call call = row->call;
    add_payload(*row, call);
    return call;
}

std::vector<Call> CallReader::running(std::size_t limit) {
    std::vector<Recorder::Recent> open = recorder_.running();
    std::erase_if(open, [](const Recorder::Recent& recent) { return !recent.opening; });
    std::ranges::sort(open, {}, [](const Recorder::Recent& recent) { return recent.opening->sequence; });
    if (open.size() > limit) open.erase(open.begin(), open.end() - static_cast<std::ptrdiff_t>(limit));
    // One wait for all of them, and what is not on disk by then is left out: a disk that hangs must not hold
    // a thread.
    if (!open.empty()) (void)recorder_.journal().wait_durable(*open.back().opening, std::chrono::seconds(1));
    const std::uint64_t durable = recorder_.journal().durable().sequence;
    std::vector<Call> calls;
    for (const Recorder::Recent& recent : open) {
        if (recent.opening->sequence > durable) break;
        if (auto call = read_recent(recent)) calls.push_back(std::move(*call));
    }
    return calls;
}

Result<Call> CallReader::read_recent(const Recorder::Recent& recent) {
    const auto newest = recent.closing ? recent.closing : recent.opening;
    if (!newest) return fail(Code::NotFound, "this call could not be written yet: the disk refuses");
    STENO_TRY(recorder_.journal().wait_durable(*newest, kPatience));
    STENO_ASSIGN(const journal::Record record, reader_.read(*newest));
    STENO_ASSIGN(const EntryHeader header, read_entry_header(record.header));
    Call call;
    STENO_TRY(decode(header.call, call));
    for (const journal::StoredPayload& payload : record.payloads) {
        if (!payload.redacted) STENO_TRY(decode(payload.bytes, call));
    }
    if (recent.closing && header.opening) decode_payloads(*header.opening, call);
    return call;
}

std::size_t CallReader::decode_payloads(const journal::Position& position, Call& call) {
    auto record = reader_.read(position);
    if (!record) {
        unreadable_payloads_.fetch_add(1);
        log::warning("the payload of call {} at {} cannot be read: {}", call.id.to_string(),
                     position.to_string(), record.error().message);
        return 0;
    }
    std::size_t bytes = 0;
    for (const journal::StoredPayload& payload : record->payloads) {
        if (payload.redacted) continue;
        bytes += payload.bytes.size();
        if (auto decoded = decode(payload.bytes, call); !decoded) {
            unreadable_payloads_.fetch_add(1);
            log::warning("the payload of call {} at {} cannot be understood: {}", call.id.to_string(),
                         position.to_string(), decoded.error().message);
        }
    }
    return bytes;
}

std::size_t CallReader::add_payload(const store::Row& row, Call& call) {
    const std::size_t opening = row.opened_at ? decode_payloads(to_journal(*row.opened_at), call) : 0;
    return opening + decode_payloads(to_journal(row.closed_at), call);
}

Result<CallReader::Page> CallReader::find(const store::CallQuery& query, bool payload) {
    if (query.cursor.empty()) catch_up();
    if (!query.selection.text.empty()) return search(query, payload);
    STENO_ASSIGN(store::Page rows, store_.find(query));
    Page page;
    page.next_cursor = std::move(rows.next_cursor);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < rows.rows.size(); ++i) {
        Call call = rows.rows[i].call;
        if (payload) bytes += add_payload(rows.rows[i], call);
        page.calls.push_back(std::move(call));
        if (bytes > kMaxPageBytes && i + 1 < rows.rows.size()) {
            page.next_cursor = store::encode_cursor(query, rows.rows[i].call);
            break;
        }
    }
    return page;
}

Result<CallReader::Page> CallReader::search(const store::CallQuery& query, bool payload) {
    const std::string needle = lower_case(query.selection.text);
    store::CallQuery candidates = query;
    candidates.selection.text.clear();
    Page page;
    std::size_t searched = 0;
    std::size_t bytes = 0;
    const std::int64_t deadline = system_clock().steady_nanos() + kSearchNanos;
    // A page may end anywhere: the cursor of the call it ended at is the one to go on from.
    while (searched < kMaxSearched) {
        candidates.limit = store::kMaxPage;
        STENO_ASSIGN(store::Page rows, store_.find(candidates));
        page.next_cursor = rows.next_cursor;
        for (std::size_t i = 0; i < rows.rows.size(); ++i) {
            const store::Row& row = rows.rows[i];
            ++searched;
            Call whole = row.call;
            const std::size_t size = add_payload(row, whole);
            if (text_matches(whole, needle)) {
                page.calls.push_back(payload ? std::move(whole) : row.call);
                if (payload) bytes += size;
            }
            const bool full = page.calls.size() == query.limit || bytes > kMaxPageBytes;
            if (!full && system_clock().steady_nanos() < deadline) continue;
            if (i + 1 < rows.rows.size()) page.next_cursor = store::encode_cursor(query, row.call);
            return page;
        }
        if (!rows.next_cursor) break;
        candidates.cursor = *rows.next_cursor;
    }
    return page;
}

}  // namespace steno::ingest
