#include "store/duckdb/page_reading.hpp"

#include "store/duckdb/dialect.hpp"
#include "store/memory/evaluate.hpp"
#include "store/sql.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <tuple>
#include <utility>

namespace steno::store::duckdb {
namespace {

using Limits = std::numeric_limits<std::int64_t>;

/// Of fewer it is read at once which are the first.
constexpr std::int64_t kLeastDays = 2;
/// Calls with the same value as the last of a list, beyond which it is not put together.
constexpr std::uint64_t kMostEqual = 1000;
/// Pages of more calls are no lists that people look at.
constexpr std::uint32_t kMostKept = 100;

std::int64_t floored(std::int64_t nanos, std::int64_t width) {
    const std::int64_t over = nanos % width;
    return nanos - over - (over < 0 ? width : 0);
}

std::size_t bytes_of(const std::vector<Row>& rows) {
    std::size_t bytes = 0;
    for (const Row& row : rows)
        bytes += sizeof row + row.call.preview.prompt.size() + row.call.preview.answer.size() + 1000;
    return bytes;
}

/// The first limit + 1 of them.
std::vector<Row> in_order(const CallQuery& query, std::vector<Row> rows) {
    std::vector<std::pair<Cursor, std::size_t>> places;
    for (std::size_t i = 0; i < rows.size(); ++i)
        places.emplace_back(memory::place_of(rows[i].call, query), i);
    std::ranges::sort(
        places, [&](const auto& a, const auto& b) { return memory::order_of(a.first, b.first, query) < 0; });
    places.resize(std::min<std::size_t>(places.size(), query.limit + 1));
    std::vector<Row> page;
    for (const auto& [place, i] : places) page.push_back(std::move(rows[i]));
    return page;
}

}  // namespace

Result<std::vector<Row>> read_rows(Answer& answer, const ColumnChoice& choice) {
    std::vector<Row> rows;
    for (Chunk chunk = answer.next(); chunk; chunk = answer.next()) {
        const RowReader reader(chunk.get(), choice);
        for (std::size_t i = 0; i < reader.size(); ++i) {
            STENO_ASSIGN(Row row, reader.row(i));
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

// In two steps: a page asked for at once makes the engine look for its rows in the whole table once it knows
// which they are, which takes longer.
Result<PageReading::First> PageReading::first_of(const CallQuery& query, const std::optional<Cursor>& after,
                                                 std::span<const Stretch> stretches, const State& state) {
    STENO_ASSIGN(Answer answer, state.ask(sql::select_borders(dialect(), query, after, stretches)));
    std::vector<std::optional<Value>> borders(stretches.size());
    const bool real = query.order.type() == FieldType::Number;
    for (Chunk chunk = answer.next(); chunk; chunk = answer.next()) {
        for (std::size_t row = 0; row < duckdb_data_chunk_get_size(chunk.get()); ++row) {
            const auto vector = [&](std::size_t i) { return duckdb_data_chunk_get_vector(chunk.get(), i); };
            if (cell<std::int64_t>(vector(2), row) != 0)
                return First{.rows = {}, .found = false, .many_equal = false};
            if (is_null(vector(1), row)) continue;
            borders[static_cast<std::size_t>(cell<std::int32_t>(vector(0), row))] =
                real ? Value(cell<double>(vector(1), row)) : Value(cell<std::int64_t>(vector(1), row));
        }
    }
    const ColumnChoice choice(shown_by(query));
    const std::uint64_t most = kMostEqual + stretches.size() * (query.limit + 1);
    STENO_ASSIGN(answer, state.ask(sql::select_within_borders(dialect(), choice.list(), query, after,
                                                              stretches, borders, most)));
    STENO_ASSIGN(std::vector<Row> rows, read_rows(answer, choice));
    if (rows.size() > most) return First{.rows = {}, .found = false, .many_equal = true};
    return First{.rows = std::move(rows), .found = true, .many_equal = false};
}

Result<std::optional<std::vector<Row>>> PageReading::rows(const CallQuery& query,
                                                          const std::optional<Cursor>& after,
                                                          const State& state) {
    if (query.order.path() == "started_at") return by_time(query, after, state);
    const FieldType type = query.order.type();
    const bool number = type == FieldType::Integer || type == FieldType::Duration ||
                        type == FieldType::Decimal || type == FieldType::Number;
    if (after || !query.order.key.empty() || !number || query.limit > kMostKept) return std::nullopt;
    return by_value(query, state);
}

Result<std::optional<std::vector<Row>>> PageReading::by_time(const CallQuery& query,
                                                             const std::optional<Cursor>& after,
                                                             const State& state) {
    if (after && !after->value) return std::nullopt;  // among those without a time
    std::optional<std::int64_t> edge;
    if (after) {
        edge = std::get<Timestamp>(*after->value).unix_nanos;
    } else if (query.descending && query.selection.to) {
        edge = query.selection.to->unix_nanos;
    } else if (!query.descending && query.selection.from) {
        edge = query.selection.from->unix_nanos;
    }
    STENO_ASSIGN(const std::optional<Stretch> ends, ends_.find(state));
    if (!ends) return std::nullopt;
    // A range may end long after the last call.
    if (query.descending)
        edge = std::min(edge.value_or(Limits::max()), ends->end);
    else
        edge = std::max(edge.value_or(Limits::min()), ends->begin);
    for (const std::int64_t width : {kHour, kDay, 16 * kDay}) {
        std::int64_t border = 0;
        if (query.descending ? __builtin_sub_overflow(*edge, width, &border)
                             : __builtin_add_overflow(*edge, width, &border))
            return std::nullopt;
        Stretch near;
        const auto& [from, to] = std::tie(query.selection.from, query.selection.to);
        if (query.descending) {
            if (from && from->unix_nanos >= border) return std::nullopt;
            near = {border, to ? to->unix_nanos : Limits::max()};
        } else {
            if (to && to->unix_nanos <= border) return std::nullopt;
            near = {from ? from->unix_nanos : Limits::min(), border};
        }
        STENO_ASSIGN(First first, first_of(query, after, std::span(&near, 1), state));
        if (!first.found) return std::nullopt;
        if (first.rows.size() > query.limit) return in_order(query, std::move(first.rows));
    }
    return std::nullopt;
}

Result<std::optional<std::vector<Row>>> PageReading::by_value(const CallQuery& query, const State& state) {
    if (query.selection.closed_until) return std::nullopt;
    Stretch time;
    if (!query.selection.from || !query.selection.to) {
        STENO_ASSIGN(const std::optional<Stretch> ends, ends_.find(state));
        if (!ends) return std::nullopt;
        time = *ends;
    }
    if (query.selection.from) time.begin = query.selection.from->unix_nanos;
    if (query.selection.to) time.end = query.selection.to->unix_nanos;
    if (time.begin < Limits::min() / 2 || time.end > Limits::max() / 2) return std::nullopt;
    const Stretch hours{floored(time.begin + kHour - 1, kHour), floored(time.end, kHour)};
    if (hours.end - hours.begin < kLeastDays * kDay) return std::nullopt;

    CallQuery timeless = query;
    timeless.selection.from = timeless.selection.to = std::nullopt;
    const sql::Statement statement =
        sql::select_page(dialect(), ColumnChoice(shown_by(query)).list(), timeless, std::nullopt);
    const std::string key = AnswerCache::key({}, statement);
    if (!kept_.worthwhile(key)) return std::nullopt;
    const std::uint64_t version = answers_.versions(std::span(&hours, 1), state.moment).front();
    if (version == AnswerCache::kUnsettled) return std::nullopt;
    const KeptParts<Top>::Pointer kept =
        kept_.find(key, std::span(&hours, 1), std::span(&version, 1)).front();

    std::vector<Stretch> missing = {{query.selection.from ? time.begin : Limits::min(), hours.begin},
                                    {hours.end, query.selection.to ? time.end : Limits::max()}};
    std::erase_if(missing, [](const Stretch& edge) { return edge.begin >= edge.end; });
    if (kept == nullptr) missing.push_back(hours);
    if (!query.selection.from && !query.selection.to) missing.push_back(sql::kUndated);
    std::vector<Row> rows;
    if (!missing.empty()) {
        STENO_ASSIGN(First first, first_of(query, std::nullopt, missing, state));
        if (first.many_equal) kept_.not_worthwhile(key);
        if (!first.found) return std::nullopt;
        rows = std::move(first.rows);
    }
    if (kept != nullptr) {
        rows.insert(rows.end(), kept->rows.begin(), kept->rows.end());
    } else {
        auto top = std::make_shared<Top>();
        top->time = hours;
        top->version = version;
        for (const Row& row : rows) {
            if (!row.call.started_at) continue;
            const std::int64_t at = row.call.started_at->unix_nanos;
            if (at >= hours.begin && at < hours.end) top->rows.push_back(row);
        }
        top->rows = in_order(query, std::move(top->rows));
        top->bytes = bytes_of(top->rows);
        const KeptParts<Top>::Pointer pointer = std::move(top);
        kept_.keep(key, std::span(&pointer, 1));
    }
    if (rows.size() <= query.limit) return std::nullopt;  // calls without a value belong to the page, too
    return in_order(query, std::move(rows));
}

}  // namespace steno::store::duckdb
