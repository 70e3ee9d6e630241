#include "ingest/call_reader.hpp"

#include "base/cancellation.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "ingest/entry.hpp"
#include "record/binary.hpp"
#include "store/cursor.hpp"
#include "store/folding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <set>
#include <utility>

namespace steno::ingest {

namespace {

/// A search that takes longer gives what it has, and the cursor to go on from: with a hit soon, as somebody
/// waits to see it, without one later.
constexpr std::int64_t kSearchNanos = 2'000'000'000;
constexpr std::int64_t kHitNanos = 200'000'000;
/// So many calls are looked up in the word lists before the first of them is read.
constexpr std::size_t kSearchBatch = 4096;

journal::Position to_journal(const store::Position& position) {
    return {position.stream, position.sequence};
}

std::unexpected<Error> nobody_waits() {
    return fail(Code::Cancelled, "nobody waits for these calls any more");
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

bool CallReader::catch_up() {
    const auto caught = feeder_.catch_up(kPatience);
    if (!caught) log::debug("{}", caught.error().message);
    return caught.has_value();
}

Result<Call> CallReader::get(const Uuid& id, std::optional<std::string_view> project) {
    auto recent = recorder_.recent(id);
    if (!recent || (recent->closing && feeder_.started())) {
        // Once it has ended, the store also knows what was said of it since.
        catch_up();
        recent = recorder_.recent(id);
    }
    if (recent) {
        auto call = read_recent(*recent, project);
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

Result<Uuid> CallReader::id_of(std::string_view digits) {
    if (const auto id = Uuid::parse(digits)) return *id;
    std::string hex = lower_case(digits);
    std::erase(hex, '-');
    if (hex.size() < kLeastDigits || hex.size() > 32 ||
        hex.find_first_not_of("0123456789abcdef") != std::string::npos) {
        return fail(Code::InvalidArgument, fmt::format("\"{}\" is no call id", utf8_prefix(digits, 80)),
                    fmt::format("call ids are UUIDs, as in the x-steno-call-id answer header; their first {} "
                                "or more hexadecimal digits are enough where no other begins so",
                                kLeastDigits));
    }
    const auto filled = [&hex](char with) {
        std::string text = hex + std::string(32 - hex.size(), with);
        for (const std::size_t at : {8U, 13U, 18U, 23U}) text.insert(at, 1, '-');
        return text;
    };
    const std::string least = filled('0');
    const std::string greatest = filled('f');
    constexpr std::uint32_t kNamed = 4;
    catch_up();
    store::CallQuery query;
    query.limit = kNamed + 1;
    query.fields = {"id"};
    for (const auto& [op, bound] : {std::pair(store::Op::Ge, least), std::pair(store::Op::Le, greatest)}) {
        STENO_ASSIGN(auto filter, store::make_filter("id", op, bound));
        query.selection.filters.push_back(std::move(filter));
    }
    STENO_ASSIGN(const store::Page page, store_.find(query));
    std::set<Uuid> ids;
    for (const store::Row& row : page.rows) ids.insert(row.call.id);
    const Uuid first = *Uuid::parse(least);
    const Uuid last = *Uuid::parse(greatest);
    for (const Recorder::Recent& recent : recorder_.running()) {
        if (recent.id >= first && recent.id <= last) ids.insert(recent.id);
    }
    if (ids.size() == 1) return *ids.begin();
    if (ids.empty()) {
        return fail(Code::NotFound, fmt::format("there is no call whose id begins with {}", digits),
                    "ids are in the x-steno-call-id answer header and in GET /api/v1/calls");
    }
    std::string named;
    for (const Uuid& id : std::views::take(ids, kNamed))
        named += (named.empty() ? "" : ", ") + id.to_string();
    const bool more = ids.size() > kNamed;
    return fail(Code::InvalidArgument,
                fmt::format("{} calls have an id that begins with {}: {}{}",
                            more ? "several" : std::to_string(ids.size()), digits, named, more ? ", …" : ""),
                "give more of the id");
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
        if (auto call = read_running(recent)) calls.push_back(std::move(*call));
    }
    return calls;
}

Result<Call> CallReader::read_running(const Recorder::Recent& recent) {
    if (!recent.opening) return fail(Code::NotFound, "this call could not be written yet: the disk refuses");
    STENO_TRY(recorder_.journal().wait_durable(*recent.opening, kPatience));
    STENO_ASSIGN(const journal::Record record, reader_.read(*recent.opening));
    STENO_ASSIGN(const EntryHeader header, read_entry_header(record.header));
    Call call;
    STENO_TRY(decode(header.call, call));
    for (const journal::StoredPayload& payload : record.payloads) {
        if (!payload.redacted && !payload.damaged) STENO_TRY(decode(payload.bytes, call));
    }
    return call;
}

Result<Call> CallReader::read_recent(const Recorder::Recent& recent,
                                     std::optional<std::string_view> project) {
    if (!recent.closing) {
        // A beginning that came long after its end, or after another process had met that, hides nothing.
        if (recent.delivered) {
            STENO_ASSIGN(const auto row, store_.get(recent.id, project ? *project : recent.project));
            if (row && row->call.status != Status::Interrupted)
                return fail(Code::NotFound, "the store knows how this call ended");
        }
        return read_running(recent);
    }
    STENO_TRY(recorder_.journal().wait_durable(*recent.closing, kPatience));
    // What the store does when it gets there.
    std::vector<store::Upsert> told;
    std::vector<journal::Position> positions = recent.earlier;
    positions.push_back(*recent.closing);
    for (const journal::Position& position : positions) {
        STENO_ASSIGN(const journal::Record record, reader_.read(position));
        STENO_ASSIGN(auto change, change_of(record));
        if (change && std::holds_alternative<store::Upsert>(*change))
            told.push_back(std::get<store::Upsert>(std::move(*change)));
    }
    if (told.empty()) return fail(Code::NotFound, "this call was written by a newer version");
    const std::string of = told.back().row.call.project;
    std::optional<store::Row> row;
    if (told.front().may_exist) {
        STENO_ASSIGN(row, store_.get(recent.id, of));
    }
    for (store::Upsert& one : told) {
        if (one.row.call.project != of) continue;
        if (row) {
            store::amend(*row, one);
        } else {
            row = std::move(one.row);
        }
    }
    Call call = row->call;
    add_payload(*row, call);
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
        if (payload.damaged) {
            unreadable_payloads_.fetch_add(1);
            continue;
        }
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
    if (Cancellation::asked()) return nobody_waits();
    if (!query.selection.text.empty()) return search(query, payload);
    STENO_ASSIGN(store::Page rows, store_.find(query));
    Page page;
    page.next_cursor = std::move(rows.next_cursor);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < rows.rows.size(); ++i) {
        Call call = rows.rows[i].call;
        if (Cancellation::asked()) return nobody_waits();
        if (payload) bytes += add_payload(rows.rows[i], call);
        page.calls.push_back(std::move(call));
        if (bytes > kMaxPageBytes && i + 1 < rows.rows.size()) {
            page.next_cursor = store::encode_cursor(query, rows.rows[i].call);
            break;
        }
    }
    return page;
}

std::vector<bool> CallReader::may_match(std::span<const store::CallPositions> calls, std::string_view text) {
    std::vector<journal::Position> positions;
    for (const store::CallPositions& call : calls) {
        positions.push_back(to_journal(call.closed_at));
        if (call.opened_at) positions.push_back(to_journal(*call.opened_at));
    }
    const std::vector<bool> records = reader_.may_contain(positions, text);
    std::vector<bool> may;
    std::size_t at = 0;
    for (const store::CallPositions& call : calls) {
        bool any = records[at++];
        if (call.opened_at) any = records[at++] || any;
        may.push_back(any);
    }
    return may;
}

Result<CallReader::Page> CallReader::search(const store::CallQuery& query, bool payload) {
    const std::string needle = lower_case(query.selection.text);
    store::CallQuery candidates = query;
    candidates.selection.text.clear();
    candidates.limit = kMaxSearched;
    STENO_ASSIGN(const auto calls, store_.positions(candidates));
    std::vector<store::CallPositions> hits;
    std::size_t bytes = 0;
    std::size_t searched = 0;
    const std::int64_t begun = system_clock().steady_nanos();
    const auto long_enough = [&] {
        return system_clock().steady_nanos() - begun >= (hits.empty() ? kSearchNanos : kHitNanos);
    };
    for (bool enough = false; !enough && searched < calls.size();) {
        const auto batch =
            std::span(calls).subspan(searched, std::min(kSearchBatch, calls.size() - searched));
        if (Cancellation::asked()) return nobody_waits();
        const std::vector<bool> may = may_match(batch, query.selection.text);
        for (std::size_t i = 0; i < batch.size() && !enough; ++i, ++searched) {
            // What the word lists deny costs nothing.
            if (!may[i]) continue;
            if (Cancellation::asked()) return nobody_waits();
            const std::size_t size = bytes_if_found(batch[i], needle);
            if (size > 0) hits.push_back(batch[i]);
            if (payload) bytes += size;
            enough = hits.size() == query.limit || bytes > kMaxPageBytes || long_enough();
        }
        enough = enough || long_enough();
    }
    STENO_ASSIGN(Page page, page_of(candidates, hits, payload));
    page.searched = {searched, searched > 0 ? calls[searched - 1].started_at : std::nullopt};
    if (searched == calls.size() && calls.size() < kMaxSearched) return page;
    // A page may end anywhere: the cursor of the call it ended at is the one to go on from.
    STENO_ASSIGN(const auto row, store_.get(calls[searched - 1].id, calls[searched - 1].project));
    // No cursor would say that there is nothing more.
    if (!row) return fail(Code::Unavailable, "calls were removed while they were searched", "search again");
    page.next_cursor = store::encode_cursor(query, row->call);
    return page;
}

std::size_t CallReader::bytes_if_found(const store::CallPositions& positions, std::string_view needle) {
    Call call;
    std::size_t size = decode_payloads(to_journal(positions.closed_at), call);
    if (positions.opened_at) size += decode_payloads(to_journal(*positions.opened_at), call);
    return text_matches(call, needle) ? size : 0;
}

Result<CallReader::Page> CallReader::page_of(store::CallQuery query,
                                             std::span<const store::CallPositions> calls, bool payload) {
    Page page;
    if (calls.empty()) return page;
    std::string ids;
    for (const store::CallPositions& call : calls) ids += (ids.empty() ? "" : ",") + call.id.to_string();
    STENO_ASSIGN(auto these, store::make_filter("id", store::Op::In, ids));
    query.selection.filters.push_back(std::move(these));
    query.cursor.clear();
    query.limit = store::kMaxPage;
    // The span of their beginnings spares the store most of its rows.
    const auto [first, last] = std::ranges::minmax_element(calls, {}, &store::CallPositions::started_at);
    if (first->started_at) {
        query.selection.from = first->started_at;
        query.selection.to = Timestamp{last->started_at->unix_nanos + 1};
    }
    STENO_ASSIGN(const store::Page rows, store_.find(query));
    for (const store::Row& row : rows.rows) {
        const bool wanted = std::ranges::any_of(calls, [&](const store::CallPositions& call) {
            return call.id == row.call.id && call.project == row.call.project;
        });
        if (!wanted) continue;
        page.calls.push_back(row.call);
        if (payload) add_payload(row, page.calls.back());
    }
    return page;
}

}  // namespace steno::ingest
