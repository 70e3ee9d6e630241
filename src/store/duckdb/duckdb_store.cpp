#include "store/duckdb/duckdb_store.hpp"

#include "base/cancellation.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "store/answer_cache.hpp"
#include "store/answers.hpp"
#include "store/cursor.hpp"
#include "store/duckdb/columns.hpp"
#include "store/duckdb/connection.hpp"
#include "store/duckdb/dialect.hpp"
#include "store/duckdb/feeding.hpp"
#include "store/duckdb/scan.hpp"
#include "store/duckdb/views.hpp"
#include "store/sql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

namespace steno::store {
namespace duckdb {
namespace {

constexpr std::string_view kRebuild = "delete the store's folder; it is rebuilt from the journal";

/// The tables beside "calls". Bump the number in the first line when one of them changes its meaning.
constexpr const char* kTables[] = {
    "CREATE TABLE schema (version VARCHAR)",
    "CREATE TABLE watermarks (stream UUID NOT NULL, sequence BIGINT NOT NULL)",
    // In the order of `n`; `said` is encoded as in the journal.
    "CREATE TABLE waiting (n BIGINT NOT NULL, id UUID NOT NULL, said BLOB NOT NULL)",
};

/// Two builds that make the same tables can open each other's files.
std::string schema_version() {
    std::string all = create_table();
    for (const char* table : kTables) all += table;
    return fmt::format("1-{}", to_hex(as_text(sha256(all)).substr(0, 8)));
}

/// Makes the tables of a new file; checks those of one that was there.
Result<void> prepare_tables(Connection& connection) {
    STENO_ASSIGN(Answer tables,
                 connection.run("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'schema'"));
    const Chunk counted = tables.next();
    if (!counted) return fail(Code::Internal, "DuckDB gave no count of its tables");
    if (cell<std::int64_t>(duckdb_data_chunk_get_vector(counted.get(), 0), 0) == 0) {
        STENO_TRY(connection.run("BEGIN TRANSACTION"));
        for (const char* table : kTables) STENO_TRY(connection.run(table));
        STENO_TRY(connection.run(create_table()));
        STENO_TRY(connection.run({"INSERT INTO schema VALUES ($1)", {schema_version()}}));
        STENO_TRY(connection.run("COMMIT"));
        return {};
    }
    STENO_ASSIGN(Answer versions, connection.run("SELECT version FROM schema"));
    const Chunk chunk = versions.next();
    if (!chunk || text_cell(duckdb_data_chunk_get_vector(chunk.get(), 0), 0) != schema_version())
        return fail(Code::FailedPrecondition, "the store was made by another version of Steno",
                    std::string(kRebuild));
    return {};
}

/// The connections that reads take turns on.
class Readers {
  public:
    Readers(std::vector<Connection> connections, std::chrono::milliseconds patience)
        : idle_(std::move(connections)), patience_(patience) {}

    class Turn {
      public:
        Turn(Readers& readers, Connection connection)
            : readers_(readers), connection_(std::move(connection)) {}
        Turn(Turn&& other) = default;
        ~Turn() {
            if (connection_.get() == nullptr) return;
            const std::scoped_lock lock(readers_.mutex_);
            readers_.idle_.push_back(std::move(connection_));
            readers_.freed_.notify_one();
        }
        Connection* operator->() { return &connection_; }

      private:
        Readers& readers_;
        Connection connection_;
    };

    Result<Turn> take() {
        std::unique_lock lock(mutex_);
        if (Cancellation::asked()) return fail(Code::Cancelled, "nobody waits for this query any more");
        if (!freed_.wait_for(lock, patience_, [this] { return !idle_.empty(); }))
            return fail(Code::ResourceExhausted, "too many queries at once", "try again in a moment");
        Turn turn(*this, std::move(idle_.back()));
        idle_.pop_back();
        return turn;
    }

  private:
    std::mutex mutex_;
    std::condition_variable freed_;
    std::vector<Connection> idle_;
    std::chrono::milliseconds patience_;
};

/// A value of an answer, as a group's key or a measure.
std::optional<Value> value_cell(FieldType type, duckdb_vector vector, std::size_t row) {
    if (is_null(vector, row)) return std::nullopt;
    switch (type) {
        case FieldType::Integer:
            return cell<std::int64_t>(vector, row);
        case FieldType::Duration:
            return Duration{cell<std::int64_t>(vector, row)};
        case FieldType::Timestamp:
            return Timestamp{cell<std::int64_t>(vector, row), 0};
        case FieldType::Number:
            return cell<double>(vector, row);
        case FieldType::Boolean:
            return cell<bool>(vector, row);
        case FieldType::Decimal:
            return Decimal::from_units(huge_cell(vector, row));
        case FieldType::Uuid:
            return uuid_cell(vector, row);
        case FieldType::Attributes:
            return std::visit([](auto&& v) { return Value(std::move(v)); },
                              sql::decode_attribute(text_cell(vector, row)));
        default:
            return std::string(text_cell(vector, row));
    }
}

/// Sums are DOUBLE for numbers and 128-bit integers for all else.
Sum sum_in(FieldType type, duckdb_vector vector, std::size_t row) {
    Sum sum;
    if (is_null(vector, row)) return sum;
    sum.count = 1;
    if (type == FieldType::Number)
        sum.real = cell<double>(vector, row);
    else
        sum.exact = huge_cell(vector, row);
    return sum;
}

Cell measure_cell(const Measure& measure, duckdb_data_chunk chunk, std::size_t column, std::size_t row) {
    using Function = Measure::Function;
    const auto vector = [&](std::size_t i) { return duckdb_data_chunk_get_vector(chunk, column + i); };
    const auto number = [&](std::size_t i) { return cell<std::int64_t>(vector(i), row); };
    const auto text = [&](std::size_t i) {
        return is_null(vector(i), row) ? std::nullopt : std::optional(std::string(text_cell(vector(i), row)));
    };
    switch (measure.function) {
        case Function::Calls:
        case Function::Errors:
        case Function::Count:
        case Function::Distinct:
            return Value(number(0));
        case Function::ErrorRate:
            if (number(1) == 0) return std::monostate{};
            return Value(static_cast<double>(number(0)) / static_cast<double>(number(1)));
        case Function::Cost: {
            std::optional<Decimal> total;
            if (!is_null(vector(0), row)) total = Decimal::from_units(huge_cell(vector(0), row));
            return cost_cell(total, text(1), text(2), number(3), number(4));
        }
        case Function::Sum:
            return sum_cell(measure.field.type(), sum_in(measure.field.type(), vector(0), row));
        case Function::Average: {
            Sum sum = sum_in(measure.field.type(), vector(0), row);
            sum.count = number(1);
            return average_cell(measure.field.type(), sum);
        }
        default:
            break;
    }
    auto value = value_cell(measure.field.type(), vector(0), row);
    return value ? Cell(std::move(*value)) : Cell();
}

AggregateTable::Group read_group(const AggregateQuery& query, duckdb_data_chunk chunk, std::size_t row) {
    AggregateTable::Group group;
    std::size_t column = 0;
    for (const Field& field : query.group_by)
        group.key.push_back(value_cell(field.type(), duckdb_data_chunk_get_vector(chunk, column++), row));
    if (query.bucket) {
        const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, column++);
        if (!is_null(vector, row))
            group.bucket = bucket_begin(*query.bucket, cell<std::int64_t>(vector, row));
    }
    for (const Measure& measure : query.measures) {
        group.cells.push_back(measure_cell(measure, chunk, column, row));
        column += sql::columns_of(measure.function);
    }
    return group;
}

class DuckdbViewScan final : public ViewScan {
  public:
    DuckdbViewScan(Readers::Turn reader, ViewQuery query, ViewStatement statement)
        : reader_(std::move(reader)), query_(std::move(query)), statement_(std::move(statement)) {}

    Result<void> begin() {
        STENO_ASSIGN(prepared_, reader_->prepare(statement_.statement.text));
        STENO_ASSIGN(answer_, reader_->stream(prepared_, statement_.statement.parameters, query_.wanted));
        return {};
    }

    Result<std::string> next() override {
        while (!chunk_ || at_ == duckdb_data_chunk_get_size(chunk_.get())) {
            if (query_.wanted) STENO_TRY(query_.wanted());
            chunk_ = answer_.next();
            at_ = 0;
            if (chunk_) continue;
            if (const char* error = answer_.error()) return engine_error("reading the calls", error);
            return std::string();
        }
        STENO_ASSIGN(ViewBatch batch, batch_of(chunk_.get(), at_, statement_, query_));
        at_ += batch.rows;
        return std::move(batch.bytes);
    }

  private:
    Readers::Turn reader_;
    const ViewQuery query_;
    const ViewStatement statement_;
    Prepared prepared_;
    Answer answer_;
    Chunk chunk_;
    std::size_t at_ = 0;  ///< the chunk's next row
};

class DuckdbStore final : public CallStore, public CallScanner, public ViewScanner {
  public:
    static Result<std::unique_ptr<CallStore>> open(const DuckdbOptions& options) {
        std::error_code error;
        std::filesystem::create_directories(options.folder, error);
        if (error)
            return fail(Code::Unavailable, fmt::format("making {}: {}", options.folder, error.message()));
        std::filesystem::permissions(options.folder, std::filesystem::perms::owner_all, error);
        const std::string path = options.folder + "/calls.duckdb";
        STENO_ASSIGN(Database database, Database::open(path, options));
        STENO_ASSIGN(Connection writer, Connection::open(database));
        STENO_TRY(prepare_tables(writer));
        STENO_TRY(writer.run("SET lock_configuration = true"));
        std::vector<Connection> readers;
        for (std::size_t i = 0; i < std::max<std::size_t>(1, options.readers); ++i) {
            STENO_ASSIGN(Connection reader, Connection::open(database));
            readers.push_back(std::move(reader));
        }
        STENO_ASSIGN(auto feeding, Feeding::open(std::move(writer)));
        return std::unique_ptr<CallStore>(
            new DuckdbStore(options, path, std::move(database), std::move(readers), std::move(feeding)));
    }

    void follow(Follower& follower) override {
        const std::scoped_lock turn(writing_);
        feeding_->follow(follower);
        follower_ = &follower;
    }

    Result<void> apply(std::span<const Change> changes, std::span<const Watermark> watermarks) override {
        const std::scoped_lock turn(writing_);
        STENO_ASSIGN(const Days days, feeding_->apply(changes, watermarks));
        answers_.changed(days);
        return {};
    }

    Result<void> forget(std::span<const Position> until) override {
        const std::scoped_lock turn(writing_);
        STENO_TRY(feeding_->forget(until));
        answers_.everything_changed();
        // Who asks the store anew, told of this, must not be answered from before.
        if (follower_ != nullptr) follower_->calls_forgotten();
        return {};
    }

    Result<void> forget_payloads(std::span<const LostPayloads> lost) override {
        const std::scoped_lock turn(writing_);
        STENO_TRY(feeding_->forget_payloads(lost));
        answers_.everything_changed();
        return {};
    }

    Result<std::vector<Watermark>> watermarks() override {
        STENO_ASSIGN(Answer answer, ask({"SELECT stream, sequence FROM watermarks ORDER BY stream", {}}));
        std::vector<Watermark> out;
        for (Chunk chunk = answer.next(); chunk; chunk = answer.next()) {
            const duckdb_vector streams = duckdb_data_chunk_get_vector(chunk.get(), 0);
            const duckdb_vector sequences = duckdb_data_chunk_get_vector(chunk.get(), 1);
            for (std::size_t row = 0; row < duckdb_data_chunk_get_size(chunk.get()); ++row)
                out.push_back({uuid_cell(streams, row), cell<std::uint64_t>(sequences, row)});
        }
        return out;
    }

    Result<Page> find(const CallQuery& query) override {
        STENO_TRY(check(query));
        STENO_ASSIGN(const auto after, decode_cursor(query));
        const ColumnChoice choice(shown_by(query));
        Page page;
        const std::string columns = choice.list();
        if (const auto top = sql::select_top(dialect(), columns, query, after); !top.text.empty()) {
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

    Result<std::vector<CallPositions>> positions(const CallQuery& query) override {
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

    Result<std::optional<Row>> get(const Uuid& id, std::optional<std::string_view> project) override {
        sql::Statement statement{
            fmt::format("SELECT {} FROM calls WHERE id = CAST($1 AS UUID)", ColumnChoice::all().list()),
            {id}};
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

    Result<AggregateTable> aggregate(const AggregateQuery& query) override {
        STENO_ASSIGN(const auto statement, sql::select_groups(dialect(), query));
        const std::uint64_t version = answers_.version(query.selection);
        std::string key = AnswerCache::key(query, statement);
        if (const auto kept = answers_.find(key, version)) return *kept;
        STENO_ASSIGN(Answer answer, ask(statement));
        AggregateTable table;
        for (Chunk chunk = answer.next(); chunk; chunk = answer.next())
            for (std::size_t row = 0; row < duckdb_data_chunk_get_size(chunk.get()); ++row)
                table.groups.push_back(read_group(query, chunk.get(), row));
        table.truncated = table.groups.size() > query.limit;
        if (table.truncated) table.groups.resize(query.limit);
        answers_.keep(std::move(key), version, std::make_shared<const AggregateTable>(table));
        return table;
    }

    Result<std::uint64_t> count(const Selection& selection) override {
        return number_of(sql::select_count(dialect(), selection));
    }

    Result<std::unique_ptr<CallScan>> scan(const Selection& selection,
                                           std::span<const std::size_t> fields) override {
        STENO_TRY(check_scanned(fields));
        return scan_calls([this](const sql::Statement& statement) { return ask(statement); }, selection,
                          fields, scan_rows_);
    }

    Result<std::span<const View>> views() override { return duckdb::views(); }

    Result<std::unique_ptr<ViewScan>> scan_view(ViewQuery query) override {
        STENO_ASSIGN(ViewStatement statement, select_view(query));
        STENO_ASSIGN(auto reader, readers_.take());
        auto scan =
            std::make_unique<DuckdbViewScan>(std::move(reader), std::move(query), std::move(statement));
        STENO_TRY(scan->begin());
        return scan;
    }

    Result<StoreStats> stats() override {
        StoreStats stats;
        STENO_ASSIGN(stats.rows, number_of({"SELECT count(*) FROM calls", {}}));
        STENO_ASSIGN(stats.waiting, number_of({"SELECT count(*) FROM waiting", {}}));
        STENO_ASSIGN(stats.unused,
                     number_of({"SELECT free_blocks * block_size FROM pragma_database_size()", {}}));
        for (const char* suffix : {"", ".wal"}) {
            std::error_code missing;
            const auto size = std::filesystem::file_size(path_ + suffix, missing);
            if (!missing) stats.bytes += size;
        }
        return stats;
    }

    Result<void> checkpoint() override {
        const std::scoped_lock turn(writing_);
        return feeding_->checkpoint();
    }

  private:
    DuckdbStore(const DuckdbOptions& options, std::string path, Database database,
                std::vector<Connection> readers, std::unique_ptr<Feeding> feeding)
        : path_(std::move(path)),
          timeout_(options.timeout),
          scan_rows_(options.scan_rows),
          database_(std::move(database)),
          readers_(std::move(readers), options.patience),
          feeding_(std::move(feeding)) {}

    Result<Answer> ask(const sql::Statement& statement) {
        STENO_ASSIGN(auto reader, readers_.take());
        return reader->run(statement, timeout_);
    }

    Result<std::vector<Row>> rows_of(const sql::Statement& statement, const ColumnChoice& choice) {
        STENO_ASSIGN(Answer answer, ask(statement));
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

    Result<std::uint64_t> number_of(const sql::Statement& statement) {
        STENO_ASSIGN(Answer answer, ask(statement));
        const Chunk chunk = answer.next();
        if (!chunk) return fail(Code::Internal, "a count gave no answer");
        return cell<std::uint64_t>(duckdb_data_chunk_get_vector(chunk.get(), 0), 0);
    }

    std::string path_;
    std::chrono::milliseconds timeout_;
    std::uint64_t scan_rows_;
    Database database_;
    Readers readers_;
    AnswerCache answers_;
    std::mutex writing_;
    std::unique_ptr<Feeding> feeding_;
    Follower* follower_ = nullptr;
};

}  // namespace
}  // namespace duckdb

Result<std::unique_ptr<CallStore>> open_duckdb_store(const DuckdbOptions& options) {
    return duckdb::DuckdbStore::open(options);
}

}  // namespace steno::store
