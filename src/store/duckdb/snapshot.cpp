#include "store/duckdb/snapshot.hpp"

#include "store/cursor.hpp"
#include "store/duckdb/dialect.hpp"
#include "store/duckdb/groups.hpp"
#include "store/duckdb/scan.hpp"
#include "store/sql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace steno::store::duckdb {

class Snapshot::Work {
  public:
    static Result<Work> take(Snapshot& snapshot) {
        std::unique_lock lock(snapshot.mutex_);
        if (!snapshot.freed_.wait_for(lock, snapshot.side_.options.timeout,
                                      [&] { return !snapshot.idle_.empty(); }))
            return fail(Code::ResourceExhausted, "too many questions at once", "try again in a moment");
        if (snapshot.ended_by_) return std::unexpected(*snapshot.ended_by_);
        Connection* const connection = snapshot.idle_.back();
        snapshot.idle_.pop_back();
        return Work(snapshot, connection);
    }
    Work(Work&& other) noexcept
        : snapshot_(other.snapshot_), connection_(std::exchange(other.connection_, nullptr)) {}
    ~Work() {
        if (connection_ == nullptr) return;
        const std::scoped_lock lock(snapshot_.mutex_);
        snapshot_.idle_.push_back(connection_);
        snapshot_.freed_.notify_one();
    }
    Connection& operator*() { return *connection_; }

    /// What came of it. An error ends the connection's transaction.
    template <class Outcome>
    Outcome ended(Outcome outcome) {
        if (outcome || snapshot_.begun_again(*connection_)) return outcome;
        const std::scoped_lock lock(snapshot_.mutex_);
        snapshot_.ended_by_ = outcome.error();
        return outcome;
    }

  private:
    Work(Snapshot& snapshot, Connection* connection) : snapshot_(snapshot), connection_(connection) {}

    Snapshot& snapshot_;
    Connection* connection_;
};

Result<std::unique_ptr<Snapshot>> Snapshot::take(ReadSide& side, unsigned at_once) {
    STENO_ASSIGN(Readers::Turn turn, side.readers.take(at_once));
    std::unique_ptr<Snapshot> snapshot(new Snapshot(side, std::move(turn)));
    STENO_TRY(snapshot->begin());
    for (Connection& connection : snapshot->turn_.all()) snapshot->idle_.push_back(&connection);
    return snapshot;
}

Snapshot::~Snapshot() {
    for (Connection& connection : turn_.all()) static_cast<void>(connection.run("ROLLBACK"));
}

Result<void> Snapshot::begin(Connection& connection) {
    STENO_TRY(connection.run("BEGIN TRANSACTION READ ONLY"));
    // What it sees is settled by what is read first.
    STENO_TRY(connection.run("SELECT version FROM schema"));
    return {};
}

Result<void> Snapshot::begin() {
    const std::scoped_lock nothing_is_committed(side_.committing);
    for (Connection& connection : turn_.all()) STENO_TRY(begin(connection));
    moment_ = side_.answers.now();
    return {};
}

bool Snapshot::begun_again(Connection& connection) {
    static_cast<void>(connection.run("ROLLBACK"));
    const std::scoped_lock nothing_is_committed(side_.committing);
    return side_.answers.now() == moment_ && begin(connection);
}

Result<Answer> Snapshot::ask(const sql::Statement& statement) {
    STENO_ASSIGN(Work work, Work::take(*this));
    return work.ended((*work).run(statement, side_.options.timeout));
}

Result<std::vector<Row>> Snapshot::rows_of(const sql::Statement& statement, const ColumnChoice& choice) {
    STENO_ASSIGN(Answer answer, ask(statement));
    return read_rows(answer, choice);
}

Result<Page> Snapshot::find(const CallQuery& query) {
    STENO_TRY(check(query));
    STENO_ASSIGN(const auto after, decode_cursor(query));
    const ColumnChoice choice(shown_by(query));
    const Ask ask = [this](const sql::Statement& statement) { return this->ask(statement); };
    Page page;
    const std::string columns = choice.list();
    STENO_ASSIGN(auto near, side_.pages.rows(query, after, {ask, moment_}));
    if (near) {
        page.rows = *std::move(near);
    } else if (const auto top = sql::select_top(dialect(), columns, query, after); !top.text.empty()) {
        STENO_ASSIGN(page.rows, rows_of(top, choice));
    }
    if (page.rows.size() <= query.limit) {
        STENO_ASSIGN(page.rows, rows_of(sql::select_page(dialect(), columns, query, after), choice));
    }
    if (page.rows.size() > query.limit) {
        page.rows.pop_back();
        page.next_cursor = encode_cursor(query, page.rows.back().call);
    }
    return page;
}

Result<std::vector<CallPositions>> Snapshot::positions(const CallQuery& query) {
    STENO_TRY(check(query, kMaxPositions));
    STENO_ASSIGN(const auto after, decode_cursor(query));
    STENO_ASSIGN(Answer answer,
                 ask(sql::select_page(dialect(), PositionsReader::column_list(), query, after)));
    std::vector<CallPositions> out;
    for (Chunk chunk = answer.next(); chunk; chunk = answer.next()) {
        const PositionsReader reader(chunk.get());
        for (std::size_t i = 0; i < reader.size() && out.size() < query.limit; ++i)
            out.push_back(reader.row(i));
    }
    return out;
}

Result<std::optional<Row>> Snapshot::get(const Uuid& id, std::optional<std::string_view> project) {
    sql::Statement statement{
        fmt::format("SELECT {} FROM calls WHERE id = CAST($1 AS UUID)", ColumnChoice::all().list()), {id}};
    if (project) {
        statement.text += " AND project = $2";
        statement.parameters.emplace_back(std::string(*project));
    }
    // At most one a project. Ordered by the engine, they would be looked for twice.
    STENO_ASSIGN(auto rows, rows_of(statement, ColumnChoice::all()));
    const auto newest = std::ranges::max_element(rows, {}, [](const Row& row) {
        return std::pair(row.call.started_at, std::string_view(row.call.project));
    });
    return newest == rows.end() ? std::nullopt : std::optional(std::move(*newest));
}

Result<AggregateTable> Snapshot::aggregate(const AggregateQuery& query) {
    STENO_ASSIGN(const auto statement, sql::select_groups(dialect(), query));
    const std::uint64_t version = side_.answers.version(query.selection, moment_);
    std::string key = AnswerCache::key(query, statement);
    if (version != AnswerCache::kUnsettled)
        if (const auto kept = side_.answers.find(key, version)) return *kept;
    const Ask ask = [this](const sql::Statement& asked) { return this->ask(asked); };
    STENO_ASSIGN(std::optional<AggregateTable> table, side_.parts.answer(query, {ask, moment_}));
    if (!table) {
        STENO_ASSIGN(Answer answer, ask(statement));
        table.emplace();
        for (Chunk chunk = answer.next(); chunk; chunk = answer.next())
            for (std::size_t row = 0; row < duckdb_data_chunk_get_size(chunk.get()); ++row)
                table->groups.push_back(read_group(query, chunk.get(), row));
        table->truncated = table->groups.size() > query.limit;
        if (table->truncated) table->groups.resize(query.limit);
    }
    if (version != AnswerCache::kUnsettled)
        side_.answers.keep(std::move(key), version, std::make_shared<const AggregateTable>(*table));
    return *std::move(table);
}

Result<std::uint64_t> Snapshot::count(const Selection& selection) {
    if (selection.closed_until) {
        STENO_ASSIGN(Answer answer, ask(sql::select_count(dialect(), selection)));
        const Chunk chunk = answer.next();
        if (!chunk) return fail(Code::Internal, "a count gave no answer");
        return cell<std::uint64_t>(duckdb_data_chunk_get_vector(chunk.get(), 0), 0);
    }
    AggregateQuery query;
    query.selection = selection;
    STENO_ASSIGN(Measure calls, make_measure("calls"));
    query.measures.push_back(std::move(calls));
    STENO_ASSIGN(const AggregateTable table, aggregate(query));
    return static_cast<std::uint64_t>(
        std::get<std::int64_t>(std::get<Value>(table.groups.front().cells.front())));
}

Result<void> Snapshot::scan_numbers(const NumberQuery& query, const NumberSink& take) {
    STENO_TRY(check(query));
    STENO_ASSIGN(Work work, Work::take(*this));
    const auto wanted = until(std::chrono::steady_clock::now() + side_.options.timeout);
    return work.ended(duckdb::scan_numbers(*work, query, wanted, take));
}

}  // namespace steno::store::duckdb
