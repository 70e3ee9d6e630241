#include "sql/worker.hpp"

#include "sql/channel.hpp"
#include "sql/confine.hpp"
#include "sql/plan.hpp"
#include "sql/question.hpp"
#include "store/duckdb/batch.hpp"
#include "store/duckdb/columns.hpp"
#include "store/duckdb/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <exception>
#include <optional>
#include <poll.h>
#include <sys/prctl.h>
#include <utility>

namespace steno::sql {

namespace {

namespace engine = store::duckdb;
using engine::Answer;
using engine::Chunk;
using engine::Connection;
using engine::LogicalType;
using engine::Prepared;
using store::View;
using TableFunction = engine::Owned<duckdb_table_function, duckdb_destroy_table_function>;

/// Beside the engine's own limit: what it does not count (texts in the making), stacks, the program itself.
constexpr std::uint64_t kUncounted = 384ULL << 20;

/// What the views' functions work on. All is one thread's.
struct Source {
    Channel& channel;
    Plan plan = {};
    std::uint32_t scans = 0;
    std::optional<Error> error = {};  ///< of the server's: has its own words
};

struct Table {
    Source& source;
    const View& view;
    std::size_t number;
};

/// A scan of a view that is under way.
struct Scan {
    Source& source;
    std::uint32_t number;
    std::vector<FieldType> types;
    std::vector<std::size_t> places;  ///< of the columns, in the engine's chunk

    static std::string_view bytes_of(const std::uint32_t& number) {
        return {reinterpret_cast<const char*>(&number), sizeof number};
    }
    ~Scan() { (void)source.channel.send(Say::Close, bytes_of(number)); }

    Result<void> fill(duckdb_data_chunk chunk) const {
        STENO_TRY(source.channel.send(Say::Next, bytes_of(number)));
        STENO_ASSIGN(const Message message, source.channel.receive());
        if (message.what == Say::Problem) return std::unexpected(decode_problem(message.body));
        if (message.body.empty()) {
            duckdb_data_chunk_set_size(chunk, 0);
            return {};
        }
        STENO_ASSIGN(const auto rows, engine::BatchReader::of(message.body, types));
        for (std::size_t i = 0; i < places.size(); ++i)
            rows.fill(i, duckdb_data_chunk_get_vector(chunk, places[i]));
        duckdb_data_chunk_set_size(chunk, rows.rows());
        return {};
    }
};

LogicalType logical_type(FieldType type) {
    const auto plain = [](duckdb_type id) { return LogicalType(duckdb_create_logical_type(id)); };
    switch (type) {
        case FieldType::Integer:
            return plain(DUCKDB_TYPE_BIGINT);
        case FieldType::Number:
            return plain(DUCKDB_TYPE_DOUBLE);
        case FieldType::Boolean:
            return plain(DUCKDB_TYPE_BOOLEAN);
        case FieldType::Timestamp:
            return plain(DUCKDB_TYPE_TIMESTAMP);
        case FieldType::Uuid:
            return plain(DUCKDB_TYPE_UUID);
        case FieldType::Decimal:
            return LogicalType(duckdb_create_decimal_type(38, Decimal::kPlaces));
        case FieldType::Json: {
            LogicalType json = plain(DUCKDB_TYPE_VARCHAR);
            duckdb_logical_type_set_alias(json.get(), "JSON");
            return json;
        }
        default:
            return plain(DUCKDB_TYPE_VARCHAR);
    }
}

void bind(duckdb_bind_info info) {
    const Table& table = *static_cast<Table*>(duckdb_bind_get_extra_info(info));
    for (const store::ViewColumn& column : table.view.columns)
        duckdb_bind_add_result_column(info, column.name.c_str(), logical_type(column.type).get());
}

void init(duckdb_init_info info) {
    Table& table = *static_cast<Table*>(duckdb_init_get_extra_info(info));
    ScanWanted wanted{.view = table.number,
                      .columns = {},
                      .conditions = table.source.plan.conditions,
                      .by_reference = table.source.plan.texts_by_reference};
    auto scan = std::make_unique<Scan>(table.source, table.source.scans++);
    for (std::size_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
        const std::size_t column = duckdb_init_get_column_index(info, i);
        if (column >= table.view.columns.size()) continue;  // the engine only counts the rows
        wanted.columns.push_back(column);
        scan->types.push_back(table.view.columns[column].type);
        scan->places.push_back(i);
    }
    if (auto sent = table.source.channel.send(Say::Open, encode(wanted)); !sent)
        duckdb_init_set_error(info, sent.error().message.c_str());
    duckdb_init_set_max_threads(info, 1);
    duckdb_init_set_init_data(info, scan.release(), [](void* done) { delete static_cast<Scan*>(done); });
}

void fill(duckdb_function_info info, duckdb_data_chunk chunk) {
    const Scan& scan = *static_cast<Scan*>(duckdb_function_get_init_data(info));
    if (auto filled = scan.fill(chunk); !filled) {
        scan.source.error = std::move(filled).error();
        duckdb_function_set_error(info, scan.source.error->message.c_str());
    }
}

std::string quoted(std::string_view name) {
    return store::sql::quoted(name);
}

Result<void> add_view(Connection& connection, Table& table) {
    const std::string function_name = "rows of " + table.view.name;
    const TableFunction function(duckdb_create_table_function());
    duckdb_table_function_set_name(function.get(), function_name.c_str());
    duckdb_table_function_set_extra_info(function.get(), &table, nullptr);
    duckdb_table_function_set_bind(function.get(), bind);
    duckdb_table_function_set_init(function.get(), init);
    duckdb_table_function_set_function(function.get(), fill);
    duckdb_table_function_supports_projection_pushdown(function.get(), true);
    if (duckdb_register_table_function(connection.get(), function.get()) != DuckDBSuccess)
        return fail(Code::Internal, "DuckDB does not take the table function");
    STENO_TRY(connection.run(
        fmt::format("CREATE VIEW {} AS SELECT * FROM {}()", quoted(table.view.name), quoted(function_name))));
    return {};
}

/// How a column of the answer travels, and what makes it so.
struct Way {
    FieldType type;
    std::string_view cast;  ///< {} is the column; empty: it is so already
};

Way way_of(std::string_view type) {
    const auto is = [&](std::initializer_list<std::string_view> names) {
        return std::ranges::find(names, type) != names.end();
    };
    if (is({"BOOLEAN"})) return {FieldType::Boolean, ""};
    if (is({"BIGINT"})) return {FieldType::Integer, ""};
    if (is({"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT",
            "UHUGEINT"}))
        return {FieldType::Integer, "CAST({} AS BIGINT)"};
    if (is({"DOUBLE"})) return {FieldType::Number, ""};
    if (is({"FLOAT"})) return {FieldType::Number, "CAST({} AS DOUBLE)"};
    if (is({"TIMESTAMP"})) return {FieldType::Timestamp, ""};
    if (is({"TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"}))
        return {FieldType::Timestamp, "CAST({} AS TIMESTAMP)"};
    if (is({"UUID"})) return {FieldType::Uuid, ""};
    if (is({"VARCHAR"})) return {FieldType::Text, ""};
    if (is({"JSON"})) return {FieldType::Json, ""};
    if (is({"DECIMAL(38,12)"})) return {FieldType::Decimal, ""};
    if (type.starts_with("DECIMAL(")) {
        const std::string_view scale = type.substr(type.find(',') + 1);
        const int places = std::atoi(std::string(scale).c_str());
        if (places <= Decimal::kPlaces) return {FieldType::Decimal, "CAST({} AS DECIMAL(38,12))"};
        return {FieldType::Text, "CAST({} AS VARCHAR)"};
    }
    if (type.ends_with(']') || type.starts_with("STRUCT") || type.starts_with("MAP") ||
        type.starts_with("UNION"))
        return {FieldType::Json, "CAST(to_json({}) AS VARCHAR)"};
    return {FieldType::Text, "CAST({} AS VARCHAR)"};
}

class Run {
  public:
    Run(Channel& channel, Question question)
        : channel_(channel), question_(std::move(question)), source_{channel} {}

    Result<void> answer() {
        STENO_TRY(open());
        STENO_TRY(confine(question_.memory_bytes + kUncounted));
        STENO_ASSIGN(source_.plan, plan_of(*connection_, question_.query, question_.views));
        STENO_ASSIGN(const Prepared statement, prepared());
        auto rows = connection_->stream(statement, {});
        if (!rows) return refused(rows.error().message);
        return send(*rows);
    }

  private:
    Result<void> open() {
        store::DuckdbOptions options;
        options.memory_bytes = question_.memory_bytes;
        options.threads = 1;
        STENO_ASSIGN(database_, engine::Database::in_memory(options));
        STENO_ASSIGN(connection_, Connection::open(*database_));
        tables_.reserve(question_.views.size());  // the engine keeps their addresses
        for (std::size_t i = 0; i < question_.views.size(); ++i)
            STENO_TRY(add_view(*connection_, tables_.emplace_back(Table{source_, question_.views[i], i})));
        for (const char* setting : {"SET TimeZone = 'UTC'", "SET lock_configuration = true",
                                    // now() is one moment for what follows.
                                    "BEGIN TRANSACTION"})
            STENO_TRY(connection_->run(setting));
        return {};
    }

    /// An error of the engine's: the server's own, where that was its cause.
    std::unexpected<Error> refused(std::string_view says) {
        if (source_.error) return std::unexpected(*source_.error);
        return query_error(says);
    }

    /// The query, so that all columns of its answer can travel.
    Result<Prepared> prepared() {
        Prepared asked;
        if (duckdb_prepare(connection_->get(), question_.query.c_str(), asked.out()) != DuckDBSuccess)
            return refused(duckdb_prepare_error(asked.get()));
        if (duckdb_prepared_statement_type(asked.get()) != DUCKDB_STATEMENT_TYPE_SELECT)
            return fail(Code::InvalidArgument, "only SELECT can be asked");
        if (duckdb_nparams(asked.get()) != 0)
            return fail(Code::InvalidArgument, "the query has parameters, which are not given",
                        "write the values themselves");
        if (auto made = connection_->run("CREATE TEMPORARY VIEW \"the answer\" AS " + question_.query); !made)
            return refused(made.error().message);
        STENO_ASSIGN(Answer described, connection_->run("SELECT column_type FROM (DESCRIBE \"the answer\")"));
        std::string select;
        bool as_it_is = true;
        for (Chunk chunk = described.next(); chunk; chunk = described.next()) {
            const duckdb_vector types = duckdb_data_chunk_get_vector(chunk.get(), 0);
            for (std::size_t row = 0; row < duckdb_data_chunk_get_size(chunk.get()); ++row) {
                const char* name = duckdb_prepared_statement_column_name(asked.get(), columns_.size());
                const std::string type(engine::text_cell(types, row));
                const Way way = way_of(type);
                columns_.push_back({name == nullptr ? "" : name, way.type, type});
                duckdb_free(const_cast<char*>(name));
                const std::string column = fmt::format("#{}", columns_.size());
                as_it_is = as_it_is && way.cast.empty();
                select += select.empty() ? "" : ", ";
                select += way.cast.empty() ? column : fmt::format(fmt::runtime(way.cast), column);
            }
        }
        if (as_it_is) return asked;
        auto cast = connection_->prepare(fmt::format("SELECT {} FROM \"the answer\"", select));
        if (!cast) return refused(cast.error().message);
        return cast;
    }

    Result<void> send(Answer& rows) {
        STENO_TRY(channel_.send(Say::Columns, encode(columns_)));
        std::uint64_t left = question_.max_rows;
        for (Chunk chunk = rows.next(); chunk; chunk = rows.next()) {
            const std::uint64_t size = duckdb_data_chunk_get_size(chunk.get());
            const std::uint64_t count = std::min(size, left);
            STENO_TRY(send(chunk, count));
            left -= count;
            if (count < size) return channel_.send(Say::Done, "truncated");
        }
        if (const char* error = rows.error()) return refused(error);
        return channel_.send(Say::Done, "");
    }

    /// The chunk's first rows, in messages that the server takes.
    Result<void> send(const Chunk& chunk, std::size_t count) {
        std::vector<duckdb_vector> vectors;
        for (std::size_t i = 0; i < columns_.size(); ++i)
            vectors.push_back(duckdb_data_chunk_get_vector(chunk.get(), i));
        const auto pass_on = [&](std::size_t first, std::size_t behind) -> Result<void> {
            if (first == behind) return {};
            engine::BatchWriter writer(behind - first, first);
            for (std::size_t i = 0; i < columns_.size(); ++i) writer.add(columns_[i].type, vectors[i]);
            return channel_.send(Say::Rows, writer.take());
        };
        std::size_t first = 0;
        std::size_t bytes = 0;
        for (std::size_t row = 0; row < count; ++row) {
            std::size_t of_row = 0;
            for (std::size_t i = 0; i < columns_.size(); ++i)
                of_row += 1 + engine::size_of_cell(columns_[i].type, vectors[i], row);
            if (of_row > kMostOfRow)
                return fail(Code::ResourceExhausted,
                            fmt::format("a row of the answer has more than {} MB", kMostOfRow >> 20),
                            "select fewer columns, or a part of a text: left(response_content, 1000)");
            if (bytes + of_row > kMostOfRow) {
                STENO_TRY(pass_on(std::exchange(first, row), row));
                bytes = 0;
            }
            bytes += of_row;
        }
        return pass_on(first, count);
    }

    Channel& channel_;
    const Question question_;
    Source source_;
    std::vector<Table> tables_;
    std::optional<engine::Database> database_;
    std::optional<Connection> connection_;
    std::vector<AnswerColumn> columns_;
};

Result<void> answer(Channel& channel) {
    STENO_ASSIGN(const Message message, channel.receive());
    STENO_ASSIGN(Question question, decode_question(message.body));
    Run run(channel, std::move(question));
    return run.answer();
}

}  // namespace

int run_worker(int socket) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    // A server that died before that is not told of any more: its end of the socket is closed.
    if (pollfd look{socket, POLLRDHUP, 0}; ::poll(&look, 1, 0) != 0) {
        if ((look.revents & (POLLHUP | POLLRDHUP)) != 0) return 0;
    }
    Channel channel(socket, {}, kMostToWorker);
    Result<void> done;
    try {
        done = answer(channel);
    } catch (const std::bad_alloc&) {
        done = query_error("bad_alloc");
    } catch (const std::exception& error) {
        done = fail(Code::Internal, error.what());
    }
    if (!done) (void)channel.send(Say::Problem, encode(done.error()));
    return 0;
}

}  // namespace steno::sql
