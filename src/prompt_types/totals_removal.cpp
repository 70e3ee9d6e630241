#include "prompt_types/carried_call.hpp"
#include "prompt_types/totals.hpp"
#include "record/json.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <set>
#include <utility>

/// What Totals does as custody::Heir: calls go from the record, and what they come to stays.
namespace steno::prompt_types {

namespace {

/// Carried calls are written in so many transactions that none holds others up.
constexpr std::size_t kWriteBytes = 8u << 20;
constexpr std::size_t kWriteCalls = 200;

control::Value value_of(const std::optional<Timestamp>& moment) {
    if (moment) return moment->unix_nanos;
    return nullptr;
}

}  // namespace

Result<std::vector<Totals::Going>> Totals::latest_that_go(const store::Position& until, Timestamp now) {
    std::vector<Going> going;
    const auto keep_newest = [&](std::size_t most) {
        if (going.size() <= most) return;
        const auto end = going.begin() + static_cast<std::ptrdiff_t>(most);
        std::ranges::nth_element(going, end, std::greater<>(), &Going::place);
        going.erase(end, going.end());
    };
    store::Selection gone;
    gone.closed_until = until;
    for (std::string after;;) {
        STENO_ASSIGN(const auto types, custody::types_behind(store_, gone, after));
        STENO_ASSIGN(const auto among, custody::latest_among(store_, gone, types, now));
        STENO_ASSIGN(const auto whole, custody::latest_among(store_, {}, types, now));
        for (const auto& [type, place] : among) {
            const auto latest = whole.find(type);
            if (latest != whole.end() && latest->second == place) going.push_back({type, place});
        }
        if (types.size() < custody::kTypesAtOnce) break;
        after = types.back();
        keep_newest(2 * kMostCarried);
    }
    keep_newest(kMostCarried);
    std::ranges::sort(going, std::greater<>(), &Going::place);
    return going;
}

Result<void> Totals::prepare(const store::Position& until, const Terms& terms) {
    STENO_TRY(be_ready());
    const std::string stream = until.stream.to_string();
    const auto sequence = static_cast<std::int64_t>(until.sequence);
    // A try before may have taken the texts from the journal and failed then: those are kept.
    STENO_ASSIGN(const auto noted, database_->rows("SELECT type, id FROM prompt_type_latest_noted "
                                                   "WHERE stream = ? AND has_texts = 1",
                                                   {stream}));
    std::map<std::string, std::string> with_texts;
    for (const control::Row& row : noted) with_texts.emplace(row.text(0), row.text(1));
    STENO_ASSIGN(const auto going, latest_that_go(until, terms.now));
    std::set<std::string> types;
    for (const Going& one : going) types.insert(one.type);
    STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
        STENO_ASSIGN(const auto before,
                     statements.rows("SELECT type FROM prompt_type_latest_noted WHERE stream = ?", {stream}));
        for (const control::Row& row : before) {
            if (types.contains(row.text(0))) continue;
            STENO_TRY(statements.run("DELETE FROM prompt_type_latest_noted WHERE stream = ? AND type = ?",
                                     {stream, row.text(0)}));
        }
        return statements.run("UPDATE prompt_type_latest_noted SET sequence = ? WHERE stream = ?",
                              {sequence, stream});
    }));
    std::vector<std::pair<std::string, Carried>> waiting;
    std::size_t waiting_bytes = 0;
    const auto write = [&] {
        return database_->write([&](control::Statements& statements) -> Result<void> {
            for (const auto& [type, row] : waiting)
                STENO_TRY(statements.run(
                    "INSERT OR REPLACE INTO prompt_type_latest_noted VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    {stream, sequence, type, value_of(row.began), row.id.to_string(), row.retention,
                     std::int64_t{row.has_texts}, static_cast<std::int64_t>(row.json.size()), row.json}));
            waiting.clear();
            waiting_bytes = 0;
            return {};
        });
    };
    std::int64_t bytes = 0;
    for (const Going& one : going) {
        STENO_ASSIGN(std::optional<Call> call, read_call(one.type, one.place.id));
        if (!call) continue;
        const bool keeps = keeps_texts(terms, call->privacy.retention, one.place);
        Carried row = carried(std::move(*call), keeps && bytes < kMostCarriedBytes);
        const auto before = with_texts.find(one.type);
        if (!row.has_texts && keeps && before != with_texts.end() &&
            before->second == one.place.id.to_string())
            continue;
        if (row.has_texts) bytes += static_cast<std::int64_t>(row.json.size());
        waiting_bytes += row.json.size();
        waiting.emplace_back(one.type, std::move(row));
        if (waiting_bytes >= kWriteBytes || waiting.size() >= kWriteCalls) STENO_TRY(write());
    }
    return write();
}

Result<bool> Totals::note_sums(const store::Position& until) {
    const std::string stream = until.stream.to_string();
    const auto sequence = static_cast<std::int64_t>(until.sequence);
    store::Selection going = typed_calls();
    going.closed_until = until;
    STENO_ASSIGN(ByType page, page_on_record(store_, going, {}));
    if (page.empty()) return false;
    STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
        STENO_TRY(statements.run("DELETE FROM prompt_type_sums_noted WHERE stream = ?", {stream}));
        while (!page.empty()) {
            for (const auto& [type, total] : page) {
                // The first part has all that no currency divides.
                bool is_first = true;
                const auto insert = [&](const std::string& currency, const Total::Money& money) {
                    const bool whole = std::exchange(is_first, false);
                    return statements.run(
                        "INSERT INTO prompt_type_sums_noted VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        {stream, sequence, type, currency, whole ? total.calls : 0,
                         whole ? total.failures : 0, whole ? total.unpriced : 0, money.calls,
                         money.sum.to_string(), value_of(total.first), value_of(total.last)});
                };
                const auto nameless = total.cost.find("");
                STENO_TRY(insert("", nameless == total.cost.end() ? Total::Money() : nameless->second));
                for (const auto& [currency, money] : total.cost)
                    if (!currency.empty()) STENO_TRY(insert(currency, money));
            }
            STENO_ASSIGN(page, page_on_record(store_, going, page.rbegin()->first));
        }
        return statements.run("UPDATE prompt_type_latest_noted SET sequence = ? WHERE stream = ?",
                              {sequence, stream});
    }));
    return true;
}

Result<void> Totals::settle(std::span<const store::Position> removed) {
    const Timestamp now = system_clock().now();
    return database_->write([&](control::Statements& statements) -> Result<void> {
        for (const store::Position& until : removed) {
            const std::string stream = until.stream.to_string();
            const auto sequence = static_cast<std::int64_t>(until.sequence);
            STENO_ASSIGN(const auto rows,
                         statements.rows("SELECT type, currency, calls, failures, unpriced, priced, cost, "
                                         "first, last FROM prompt_type_sums_noted "
                                         "WHERE stream = ? AND sequence <= ?",
                                         {stream, sequence}));
            for (const control::Row& row : rows) {
                STENO_ASSIGN(Part part, part_of(row, 2));
                STENO_ASSIGN(const auto there,
                             statements.rows("SELECT calls, failures, unpriced, priced, cost, first, last "
                                             "FROM prompt_type_sums WHERE type = ? AND currency = ?",
                                             {row.text(0), row.text(1)}));
                if (!there.empty()) {
                    STENO_ASSIGN(const Part before, part_of(there.front(), 0));
                    part.add(before);
                }
                STENO_TRY(statements.run(
                    "INSERT OR REPLACE INTO prompt_type_sums VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    {row.text(0), row.text(1), part.calls, part.failures, part.unpriced, part.priced,
                     part.cost.to_string(), value_of(part.first), value_of(part.last)}));
            }
            STENO_TRY(statements.run("DELETE FROM prompt_type_sums_noted WHERE stream = ? AND sequence <= ?",
                                     {stream, sequence}));
            STENO_ASSIGN(const auto latest,
                         statements.rows("SELECT started_at, id, type FROM prompt_type_latest_noted "
                                         "WHERE stream = ? AND sequence <= ?",
                                         {stream, sequence}));
            for (const control::Row& row : latest) {
                STENO_ASSIGN(const custody::LatestCall place, place_of(row, 0, now));
                STENO_ASSIGN(const auto there,
                             statements.rows("SELECT started_at, id FROM prompt_type_latest WHERE type = ?",
                                             {row.text(2)}));
                if (!there.empty()) {
                    STENO_ASSIGN(const custody::LatestCall before, place_of(there.front(), 0, now));
                    if (place < before) continue;
                }
                STENO_TRY(statements.run(
                    "INSERT OR REPLACE INTO prompt_type_latest SELECT type, started_at, id, retention, "
                    "has_texts, bytes, call FROM prompt_type_latest_noted WHERE stream = ? AND type = ?",
                    {stream, row.text(2)}));
            }
            STENO_TRY(
                statements.run("DELETE FROM prompt_type_latest_noted WHERE stream = ? AND sequence <= ?",
                               {stream, sequence}));
        }
        return {};
    });
}

Result<void> Totals::resume(std::span<const store::Position> removed, const Remove& remove) {
    {
        const std::scoped_lock lock(opening_);
        STENO_TRY(be_open());
    }
    const std::unique_lock lock(mutex_);
    STENO_ASSIGN(const auto noted,
                 database_->rows("SELECT stream, sequence FROM prompt_type_sums_noted UNION "
                                 "SELECT stream, sequence FROM prompt_type_latest_noted"));
    for (const control::Row& row : noted) {
        const auto stream = Uuid::parse(row.text(0));
        const auto place = std::ranges::find_if(
            removed, [&](const store::Position& one) { return stream && one.stream == *stream; });
        if (place != removed.end() && static_cast<std::uint64_t>(row.integer(1)) <= place->sequence) {
            // They may be in the store still, and more may have been said of them since.
            STENO_TRY(note_sums(*place));
            continue;
        }
        // It died before the journal said that they are gone: they are not.
        STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
            STENO_TRY(statements.run("DELETE FROM prompt_type_sums_noted WHERE stream = ?", {row.text(0)}));
            return statements.run("DELETE FROM prompt_type_latest_noted WHERE stream = ?", {row.text(0)});
        }));
    }
    STENO_TRY(remove());
    return settle_now(removed);
}

Result<void> Totals::inherit(const store::Position& until, const Remove& remove) {
    STENO_TRY(be_ready());
    const std::unique_lock lock(mutex_);
    STENO_ASSIGN(const bool any, note_sums(until));
    if (!any)
        STENO_TRY(database_->write([&](control::Statements& statements) {
            return statements.run("DELETE FROM prompt_type_sums_noted WHERE stream = ?",
                                  {until.stream.to_string()});
        }));
    STENO_TRY(remove());
    return settle_now(std::span(&until, 1));
}

Result<void> Totals::tidy(const Terms& terms) {
    STENO_TRY(be_ready());
    const std::shared_lock lock(mutex_);
    STENO_ASSIGN(const auto rows, database_->rows("SELECT started_at, id, type, retention, has_texts, bytes "
                                                  "FROM prompt_type_latest ORDER BY type"));
    struct Kept {
        custody::LatestCall place;
        const control::Row* row;
    };
    std::vector<Kept> kept;
    std::vector<std::string> gone;
    for (std::size_t begin = 0; begin < rows.size(); begin += custody::kTypesAtOnce) {
        const auto some =
            std::span(rows).subspan(begin, std::min(custody::kTypesAtOnce, rows.size() - begin));
        std::vector<std::string> types;
        for (const control::Row& row : some) types.push_back(row.text(2));
        STENO_ASSIGN(const auto there, custody::latest_among(store_, {}, types, terms.now));
        for (const control::Row& row : some) {
            STENO_ASSIGN(const custody::LatestCall place, place_of(row, 0, terms.now));
            const auto found = there.find(row.text(2));
            if (found != there.end() && place <= found->second)
                gone.push_back(row.text(2));
            else
                kept.push_back({place, &row});
        }
    }
    std::ranges::sort(kept, std::greater<>(), &Kept::place);
    std::vector<std::string> bare;
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
        const control::Row& row = *kept[i].row;
        if (i >= kMostCarried) {
            gone.push_back(row.text(2));
            continue;
        }
        if (row.integer(4) == 0) continue;
        bytes += row.integer(5);
        if (bytes > kMostCarriedBytes || !keeps_texts(terms, row.text(3), kept[i].place))
            bare.push_back(row.text(2));
    }
    if (gone.empty() && bare.empty()) return {};
    const auto change = [&](const std::vector<std::string>& types, const auto& one) -> Result<void> {
        for (std::size_t begin = 0; begin < types.size(); begin += kWriteCalls)
            STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
                const std::size_t count = std::min(kWriteCalls, types.size() - begin);
                for (const std::string& type : std::span(types).subspan(begin, count))
                    STENO_TRY(one(statements, type));
                return {};
            }));
        return {};
    };
    STENO_TRY(change(gone, [](control::Statements& statements, const std::string& type) {
        return statements.run("DELETE FROM prompt_type_latest WHERE type = ?", {type});
    }));
    STENO_TRY(change(bare, [](control::Statements& statements, const std::string& type) -> Result<void> {
        STENO_ASSIGN(const auto row,
                     statements.rows("SELECT call FROM prompt_type_latest WHERE type = ?", {type}));
        if (row.empty()) return {};
        STENO_ASSIGN(Call call, call_from_json(row.front().text(0)));
        const Carried figures = carried(std::move(call), false);
        return statements.run(
            "UPDATE prompt_type_latest SET has_texts = 0, bytes = ?, call = ? WHERE type = ?",
            {static_cast<std::int64_t>(figures.json.size()), figures.json, type});
    }));
    // Or they would stand in the write-ahead log until that is written over.
    STENO_TRY(database_->rows("PRAGMA wal_checkpoint(TRUNCATE)"));
    return {};
}

Result<void> Totals::settle_rest() {
    if (is_settled_) return {};
    const std::unique_lock lock(mutex_);
    if (is_settled_) return {};
    return settle_now(std::vector(unsettled_));
}

Result<void> Totals::settle_now(std::span<const store::Position> removed) {
    unsettled_.assign(removed.begin(), removed.end());
    is_settled_ = false;
    STENO_TRY(settle(unsettled_));
    unsettled_.clear();
    is_settled_ = true;
    return {};
}

}  // namespace steno::prompt_types
