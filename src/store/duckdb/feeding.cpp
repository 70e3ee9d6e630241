#include "store/duckdb/feeding.hpp"

#include "base/text.hpp"
#include "store/folding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

namespace steno::store::duckdb {

/// What one apply does, before any of it is written.
struct Feeding::Batch {
    struct Entry {
        const Row* row = nullptr;               ///< the caller's, or `own`
        std::unique_ptr<Row> own;               ///< a row that is not as the caller gave it
        std::optional<std::int64_t> stored_at;  ///< it is in the table, at this rowid
        bool changed = false;
        std::unique_ptr<Call> before = {};  ///< as it was in the table, where somebody follows

        Row& writable() {
            if (!own) row = (own = std::make_unique<Row>(*row)).get();
            changed = true;
            return *own;
        }
    };
    std::deque<Entry> entries;
    std::unordered_multimap<Uuid, Entry*> by_id;
    std::vector<Said> heard;        ///< of calls that are not there
    std::set<std::int64_t> folded;  ///< of those that waited
    Hours hours;                    ///< of the calls that were looked up, as they were

    Entry* find(const Uuid& id, std::string_view project) {
        for (auto [at, end] = by_id.equal_range(id); at != end; ++at)
            if (at->second->row->call.project == project) return at->second;
        return nullptr;
    }
    Entry& add(Entry entry) {
        Entry& added = entries.emplace_back(std::move(entry));
        by_id.emplace(added.row->call.id, &added);
        return added;
    }
};

namespace {

bool concerns(const Said& said, const Call& call) {
    return said.call == call.id && (said.project.empty() || said.project == call.project);
}

/// The calls of this batch that may be in the table.
std::vector<Uuid> to_look_up(std::span<const Change> changes) {
    std::set<Uuid> ids;
    for (const Change& change : changes) {
        if (const auto* said = std::get_if<Said>(&change))
            ids.insert(said->call);
        else if (const auto& upsert = std::get<Upsert>(change); upsert.may_exist)
            ids.insert(upsert.row.call.id);
    }
    return {ids.begin(), ids.end()};
}

/// A condition for numbers or ids of our own making: no user's text.
template <class Items, class Show>
std::string is_in(std::string_view column, const Items& items, Show&& show) {
    std::string out = fmt::format("{} IN (", column);
    bool first = true;
    for (const auto& item : items) {
        fmt::format_to(std::back_inserter(out), "{}{}", first ? "" : ", ", show(item));
        first = false;
    }
    return out += ')';
}

}  // namespace

Result<std::unique_ptr<Feeding>> Feeding::open(Connection writer, Commit commit) {
    std::unique_ptr<Feeding> feeding(new Feeding(std::move(writer), std::move(commit)));
    STENO_TRY(feeding->load());
    return feeding;
}

Result<void> Feeding::load() {
    STENO_ASSIGN(Answer marks, writer_.run("SELECT stream, sequence FROM watermarks"));
    for (Chunk chunk = marks.next(); chunk; chunk = marks.next())
        for (std::size_t i = 0; i < duckdb_data_chunk_get_size(chunk.get()); ++i)
            watermarks_[uuid_cell(duckdb_data_chunk_get_vector(chunk.get(), 0), i)] =
                cell<std::uint64_t>(duckdb_data_chunk_get_vector(chunk.get(), 1), i);
    STENO_ASSIGN(Answer waiting, writer_.run("SELECT n, said FROM waiting ORDER BY n"));
    for (Chunk chunk = waiting.next(); chunk; chunk = waiting.next()) {
        for (std::size_t i = 0; i < duckdb_data_chunk_get_size(chunk.get()); ++i) {
            const auto n = cell<std::int64_t>(duckdb_data_chunk_get_vector(chunk.get(), 0), i);
            STENO_ASSIGN(Said said, decode_said(text_cell(duckdb_data_chunk_get_vector(chunk.get(), 1), i)));
            waiting_[said.call].push_back({n, std::move(said)});
            next_waiting_ = n + 1;
        }
    }
    return {};
}

Result<void> Feeding::apply(std::span<const Change> changes, std::span<const Watermark> watermarks) {
    STENO_TRY(writer_.run("BEGIN TRANSACTION"));
    Batch batch;
    auto done = look_up(batch, changes);
    if (done) {
        for (const Change& change : changes) {
            if (const auto* upsert = std::get_if<Upsert>(&change))
                put(batch, *upsert);
            else
                hear(batch, std::get<Said>(change));
        }
        for (const Batch::Entry& entry : batch.entries)
            if (entry.changed) batch.hours.add(entry.row->call.started_at);
        done = write(batch, watermarks);
    }
    if (!done) {
        appender_ = Appender();
        static_cast<void>(rows_.take());
        static_cast<void>(writer_.run("ROLLBACK"));
        return std::unexpected(std::move(done).error().with_context("feeding the store"));
    }
    for (const Watermark& mark : watermarks) watermarks_[mark.stream] = mark.sequence;
    for (const Batch::Entry& entry : batch.entries) {
        const auto at = batch.folded.empty() ? waiting_.end() : waiting_.find(entry.row->call.id);
        if (at == waiting_.end()) continue;
        std::erase_if(at->second, [&](const Waiting& waiting) { return batch.folded.contains(waiting.n); });
        if (at->second.empty()) waiting_.erase(at);
    }
    for (Said& said : batch.heard) {
        const Uuid id = said.call;
        waiting_[id].push_back({next_waiting_++, std::move(said)});
    }
    for (const Batch::Entry& entry : batch.entries) {
        if (entry.changed && follower_ != nullptr)
            follower_->call_changed(entry.before.get(), entry.row->call);
    }
    return {};
}

Result<void> Feeding::forget(std::span<const Position> until) {
    STENO_TRY(writer_.run("BEGIN TRANSACTION"));
    if (auto removed = remove(until); !removed) {
        static_cast<void>(writer_.run("ROLLBACK"));
        return std::unexpected(std::move(removed).error().with_context("forgetting calls"));
    }
    for (const Position& last : until)
        std::erase_if(watermarks_, [&](const auto& mark) {
            return mark.first == last.stream && mark.second <= last.sequence;
        });
    return {};
}

Result<void> Feeding::remove(std::span<const Position> until) {
    for (const Position& last : until) {
        const std::vector<Value> place = {last.stream, static_cast<std::int64_t>(last.sequence)};
        STENO_TRY(writer_.run({R"(DELETE FROM calls WHERE "journal.closed_stream" = CAST($1 AS UUID)
                                  AND "journal.closed_sequence" <= $2)",
                               place}));
        STENO_TRY(writer_.run(
            {"DELETE FROM watermarks WHERE stream = CAST($1 AS UUID) AND sequence <= $2", place}));
    }
    return commit_(writer_, std::nullopt);
}

Result<void> Feeding::forget_payloads(std::span<const LostPayloads> lost) {
    STENO_TRY(writer_.run("BEGIN TRANSACTION"));
    if (auto blanked = blank_previews(lost); !blanked) {
        static_cast<void>(writer_.run("ROLLBACK"));
        return std::unexpected(std::move(blanked).error().with_context("forgetting prompts and answers"));
    }
    return {};
}

Result<void> Feeding::blank_previews(std::span<const LostPayloads> lost) {
    for (const LostPayloads& one : lost) {
        STENO_TRY(writer_.run({R"(UPDATE calls SET "preview.prompt" = NULL, "preview.answer" = NULL
                                  WHERE "journal.closed_stream" = CAST($1 AS UUID)
                                  AND "journal.closed_sequence" BETWEEN $2 AND $3
                                  AND coalesce("privacy.retention", '') = $4)",
                               {one.stream, static_cast<std::int64_t>(one.first),
                                static_cast<std::int64_t>(one.last), one.retention_class}}));
    }
    return commit_(writer_, std::nullopt);
}

Result<void> Feeding::checkpoint() {
    STENO_TRY(writer_.run("CHECKPOINT"));
    return {};
}

Result<void> Feeding::look_up(Batch& batch, std::span<const Change> changes) {
    const std::vector<Uuid> ids = to_look_up(changes);
    if (ids.empty()) return {};
    const std::string wanted =
        is_in("id", ids, [](const Uuid& id) { return fmt::format("UUID '{}'", id.to_string()); });
    // By way of rowid, so that the other columns are read for the calls that were found only.
    STENO_ASSIGN(Answer rows,
                 writer_.run(fmt::format(
                     "SELECT rowid, {} FROM calls WHERE rowid IN (SELECT rowid FROM calls WHERE {})",
                     ColumnChoice::all().list(), wanted)));
    for (Chunk chunk = rows.next(); chunk; chunk = rows.next()) {
        const RowReader reader(chunk.get(), ColumnChoice::all(), 1);
        for (std::size_t i = 0; i < reader.size(); ++i) {
            STENO_ASSIGN(Row row, reader.row(i));
            batch.hours.add(row.call.started_at);
            auto own = std::make_unique<Row>(std::move(row));
            const Row* at = own.get();
            Batch::Entry& found =
                batch.add({at, std::move(own),
                           cell<std::int64_t>(duckdb_data_chunk_get_vector(chunk.get(), 0), i), false});
            if (follower_ != nullptr) found.before = std::make_unique<Call>(at->call);
        }
    }
    return {};
}

void Feeding::put(Batch& batch, const Upsert& upsert) const {
    const Row* newcomer = &upsert.row;
    std::unique_ptr<Row> repaired;
    if (needs_repair(newcomer->call)) {
        repaired =
            std::make_unique<Row>(Row{as_stored(newcomer->call), newcomer->closed_at, newcomer->opened_at});
        newcomer = repaired.get();
    }
    Batch::Entry* entry = batch.find(newcomer->call.id, newcomer->call.project);
    if (entry != nullptr) {
        amend(entry->writable(), Upsert{*newcomer, true, upsert.has_request, upsert.has_response});
    } else {
        entry = &batch.add({newcomer, std::move(repaired), std::nullopt, true});
    }
    if (const auto at = waiting_.find(newcomer->call.id); at != waiting_.end())
        for (const Waiting& waiting : at->second)
            if (concerns(waiting.said, newcomer->call) && batch.folded.insert(waiting.n).second)
                fold(entry->writable().call, waiting.said);
    std::erase_if(batch.heard, [&](const Said& said) {
        if (!concerns(said, entry->row->call)) return false;
        fold(entry->writable().call, said);
        return true;
    });
}

void Feeding::hear(Batch& batch, const Said& said) const {
    bool found = false;
    for (auto [at, end] = batch.by_id.equal_range(said.call); at != end; ++at) {
        if (!concerns(said, at->second->row->call)) continue;
        fold(at->second->writable().call, said);
        found = true;
    }
    if (!found) batch.heard.push_back(said);
}

Result<void> Feeding::write(Batch& batch, std::span<const Watermark> watermarks) {
    std::vector<std::int64_t> replaced;
    for (Batch::Entry& entry : batch.entries) {
        if (!entry.changed) continue;
        if (entry.stored_at) replaced.push_back(*entry.stored_at);
        // What was folded in may hold text that the columns do not take.
        if (entry.own && needs_repair(entry.own->call)) entry.own->call = as_stored(entry.own->call);
    }
    if (!replaced.empty()) {
        STENO_ASSIGN(Answer gone, writer_.run(fmt::format(
                                      "DELETE FROM calls WHERE {}",
                                      is_in("rowid", replaced, [](std::int64_t row) { return row; }))));
        // A row that stayed would be a second one of its call.
        if (gone.rows_changed() != replaced.size())
            return fail(Code::Internal, fmt::format("of {} rows that are replaced the engine found {}",
                                                    replaced.size(), gone.rows_changed()));
    }
    STENO_TRY(append(batch));
    STENO_TRY(keep_waiting(batch));
    STENO_TRY(keep_watermarks(watermarks));
    return commit_(writer_, batch.hours);
}

Result<void> Feeding::append(const Batch& batch) {
    for (const Batch::Entry& entry : batch.entries) {
        if (!entry.changed) continue;
        rows_.add(*entry.row);
        if (rows_.size() == rows_.capacity()) STENO_TRY(flush());
    }
    return rows_.size() == 0 ? Result<void>() : flush();
}

Result<void> Feeding::flush() {
    if (!appender_ &&
        duckdb_appender_create(writer_.get(), nullptr, "calls", appender_.out()) != DuckDBSuccess)
        return engine_error("appending", duckdb_appender_error(appender_.get()));
    appended_ += rows_.size();
    if (duckdb_append_data_chunk(appender_.get(), rows_.take()) != DuckDBSuccess ||
        duckdb_appender_flush(appender_.get()) != DuckDBSuccess)
        return engine_error("appending", duckdb_appender_error(appender_.get()));
    return {};
}

Result<void> Feeding::keep_waiting(const Batch& batch) {
    if (!batch.folded.empty())
        STENO_TRY(writer_.run(fmt::format("DELETE FROM waiting WHERE {}",
                                          is_in("n", batch.folded, [](std::int64_t n) { return n; }))));
    // A store that is built anew hears of many calls that retention has removed.
    constexpr std::int64_t kRows = 256;
    std::string rows;
    std::int64_t n = next_waiting_;
    for (const Said& said : batch.heard) {
        fmt::format_to(std::back_inserter(rows), "{}({}, CAST('{}' AS UUID), from_hex('{}'))",
                       rows.empty() ? "" : ", ", n, said.call.to_string(), to_hex(encode(said)));
        if ((++n - next_waiting_) % kRows != 0) continue;
        STENO_TRY(writer_.run(fmt::format("INSERT INTO waiting VALUES {}", std::exchange(rows, {}))));
    }
    if (!rows.empty()) STENO_TRY(writer_.run(fmt::format("INSERT INTO waiting VALUES {}", rows)));
    return {};
}

Result<void> Feeding::keep_watermarks(std::span<const Watermark> watermarks) {
    for (const Watermark& mark : watermarks) {
        // Not in place: who began to read before that would keep the log from being folded in.
        if (watermarks_.contains(mark.stream))
            STENO_TRY(writer_.run({"DELETE FROM watermarks WHERE stream = CAST($1 AS UUID)", {mark.stream}}));
        STENO_TRY(writer_.run({"INSERT INTO watermarks VALUES (CAST($1 AS UUID), $2)",
                               {mark.stream, static_cast<std::int64_t>(mark.sequence)}}));
    }
    return {};
}

}  // namespace steno::store::duckdb
