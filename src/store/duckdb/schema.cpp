#include "store/duckdb/schema.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include "store/duckdb/columns.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace steno::store::duckdb {
namespace {

/// The tables beside "calls". Bump the number in schema_version when one of them changes its meaning.
constexpr const char* kTables[] = {
    "CREATE TABLE schema (version VARCHAR)",
    "CREATE TABLE watermarks (stream UUID NOT NULL, sequence BIGINT NOT NULL)",
    // In the order of `n`; `said` is encoded as in the journal.
    "CREATE TABLE waiting (n BIGINT NOT NULL, id UUID NOT NULL, said BLOB NOT NULL)",
};
/// Those with rows of the record's; `schema` has its row from the beginning.
constexpr const char* kCopied[] = {"calls", "watermarks", "waiting"};

/// Two builds that make the same tables can open each other's files.
std::string schema_version() {
    std::string all = create_table();
    for (const char* table : kTables) all += table;
    return fmt::format("1-{}", to_hex(as_text(sha256(all)).substr(0, 8)));
}

Result<void> copy_table(Connection& from, Connection& to, const char* table) {
    STENO_ASSIGN(const Prepared all, from.prepare(fmt::format("SELECT * FROM {}", table)));
    STENO_ASSIGN(Answer rows, from.stream(all, {}));
    Appender appender;
    if (duckdb_appender_create(to.get(), nullptr, table, appender.out()) != DuckDBSuccess)
        return engine_error("copying the store", duckdb_appender_error(appender.get()));
    for (Chunk chunk = rows.next(); chunk; chunk = rows.next()) {
        if (duckdb_append_data_chunk(appender.get(), chunk.get()) != DuckDBSuccess)
            return engine_error("copying the store", duckdb_appender_error(appender.get()));
    }
    if (const char* error = rows.error()) return engine_error("copying the store", error);
    if (duckdb_appender_flush(appender.get()) != DuckDBSuccess)
        return engine_error("copying the store", duckdb_appender_error(appender.get()));
    return {};
}

}  // namespace

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
                    "delete the store's folder; it is rebuilt from the journal");
    return {};
}

Result<void> copy_tables(Connection& from, Connection& to) {
    for (const char* table : kCopied) STENO_TRY(copy_table(from, to, table));
    STENO_TRY(to.run("CHECKPOINT"));
    return {};
}

}  // namespace steno::store::duckdb
