#include "store/duckdb/connection.hpp"

#include "base/cancellation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstring>
#include <filesystem>
#include <thread>
#include <variant>

namespace steno::store::duckdb {
namespace {

constexpr std::string_view kRebuild = "delete the store's folder; it is rebuilt from the journal";

constexpr const char* kInMemory = ":memory:";

using Config = Owned<duckdb_config, duckdb_destroy_config>;

/// DuckDB's messages end in advice and stacks that are not ours to give.
std::string_view first_line(const char* message) {
    const std::string_view text = message == nullptr ? "no reason given" : message;
    return text.substr(0, std::min<std::size_t>(text.find('\n'), 400));
}

Result<Config> configure(const std::string& path, const DuckdbOptions& options) {
    Config config;
    if (duckdb_create_config(config.out()) != DuckDBSuccess)
        return fail(Code::ResourceExhausted, "out of memory");
    const unsigned threads =
        options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
    const std::array<std::pair<const char*, std::string>, 12> settings = {{
        {"threads", fmt::format("{}", threads)},
        {"memory_limit", fmt::format("{}MiB", std::max<std::uint64_t>(64, options.memory_bytes >> 20))},
        {"temp_directory", path == kInMemory ? "" : fmt::format("{}.spill", path)},
        {"wal_autocheckpoint", "1TiB"},               // by us: a commit must not take seconds
        {"storage_compatibility_version", "latest"},  // the default is old and lacks zstd
        {"late_materialization_max_rows", fmt::format("{}", kMaxPage + 1)},
        // Then the rows of a page are fetched by their places, and not everything between the first and the
        // last.
        {"dynamic_or_filter_threshold", fmt::format("{}", kMaxPage + 1)},
        {"autoinstall_known_extensions", "false"},
        {"autoload_known_extensions", "false"},
        {"allow_community_extensions", "false"},
        {"enable_external_access", "false"},
        {"preserve_insertion_order", "true"},
    }};
    for (const auto& [name, value] : settings)
        if (duckdb_set_config(config.get(), name, value.c_str()) != DuckDBSuccess)
            return fail(Code::Internal, fmt::format("DuckDB does not take the setting {} = {}", name, value));
    return config;
}

std::unexpected<Error> open_error(const std::string& path, const char* message) {
    const std::string_view text = first_line(message);
    const auto says = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
    if (says("Could not set lock") || says("already attached") || says("Conflicting lock"))
        return fail(Code::Unavailable, fmt::format("the store {} is in use by another process", path),
                    "stop that process, or ask it: a server answers for its own data folder");
    if (says("Permission denied") || says("No space left") || says("Cannot open file") ||
        says("Read-only file system"))
        return fail(Code::Unavailable, fmt::format("the store {} cannot be opened: {}", path, text));
    return fail(Code::DataLoss, fmt::format("the store {} is damaged: {}", path, text),
                std::string(kRebuild));
}

duckdb_state bind(duckdb_prepared_statement statement, idx_t index, const Value& value) {
    return std::visit(
        [&]<class T>(const T& v) {
            if constexpr (std::same_as<T, std::string>) {
                return duckdb_bind_varchar_length(statement, index, v.data(), v.size());
            } else if constexpr (std::same_as<T, double>) {
                return duckdb_bind_double(statement, index, v);
            } else if constexpr (std::same_as<T, bool>) {
                return duckdb_bind_boolean(statement, index, v);
            } else if constexpr (std::same_as<T, std::int64_t>) {
                return duckdb_bind_int64(statement, index, v);
            } else if constexpr (std::same_as<T, Decimal>) {
                const __int128 units = v.units();
                return duckdb_bind_hugeint(
                    statement, index,
                    {static_cast<std::uint64_t>(units), static_cast<std::int64_t>(units >> 64)});
            } else if constexpr (std::same_as<T, Duration>) {
                return duckdb_bind_int64(statement, index, v.nanos);
            } else if constexpr (std::same_as<T, Timestamp>) {
                return duckdb_bind_int64(statement, index, v.unix_nanos);
            } else {
                const std::string text = v.to_string();
                return duckdb_bind_varchar_length(statement, index, text.data(), text.size());
            }
        },
        value);
}

}  // namespace

std::function<Result<void>()> until(std::chrono::steady_clock::time_point deadline) {
    return [deadline]() -> Result<void> {
        if (Cancellation::asked()) return fail(Code::Cancelled, "nobody waits for this query any more");
        if (std::chrono::steady_clock::now() >= deadline)
            return fail(Code::DeadlineExceeded, "the query took too long and was stopped",
                        "ask for a shorter time range or fewer groups");
        return {};
    };
}

std::unexpected<Error> engine_error(std::string_view doing, const char* message) {
    const std::string_view text = first_line(message);
    const auto says = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
    if (says("Out of Memory"))
        return fail(Code::ResourceExhausted, fmt::format("{}: {}", doing, text),
                    "ask for less (a time range, fewer groups), or give the store more memory");
    if (says("No space left"))
        return fail(Code::ResourceExhausted, fmt::format("{}: {}", doing, text), "free disk space");
    if (says("Corrupt") || says("checksum") || says("FATAL"))
        return fail(Code::DataLoss, fmt::format("{}: {}", doing, text), std::string(kRebuild));
    return fail(Code::Internal, fmt::format("{}: {}", doing, text));
}

Result<Database> Database::open(const std::string& path, const DuckdbOptions& options) {
    if (std::strcmp(duckdb_library_version(), kDuckdbVersion) != 0)
        return fail(Code::Internal,
                    fmt::format("libduckdb.so is {}, this program needs {}", duckdb_library_version(),
                                kDuckdbVersion),
                    "put the library that came with steno beside it");
    STENO_ASSIGN(const Config config, configure(path, options));
    Database database;
    char* error = nullptr;
    if (duckdb_open_ext(path.c_str(), database.handle_.out(), config.get(), &error) != DuckDBSuccess) {
        auto failure = open_error(path, error);
        duckdb_free(error);
        return failure;
    }
    return database;
}

Result<Database> Database::in_memory(const DuckdbOptions& options) {
    return open(kInMemory, options);
}

Result<Connection> Connection::open(const Database& database) {
    Connection connection;
    if (duckdb_connect(database.get(), connection.handle_.out()) != DuckDBSuccess)
        return fail(Code::ResourceExhausted, "DuckDB gave no connection");
    return connection;
}

Result<Prepared> Connection::prepare(const std::string& sql) {
    Prepared statement;
    if (duckdb_prepare(get(), sql.c_str(), statement.out()) != DuckDBSuccess)
        return engine_error("preparing a query", duckdb_prepare_error(statement.get()));
    return statement;
}

Result<void> Connection::carry_out(Pending& pending, const std::function<Result<void>()>& wanted) {
    for (;;) {
        const auto state = duckdb_pending_execute_task(pending.get());
        if (state == DUCKDB_PENDING_ERROR)
            return engine_error("running a query", duckdb_pending_error(pending.get()));
        if (state == DUCKDB_PENDING_RESULT_READY) return {};
        if (auto still = wanted(); !still) {
            duckdb_interrupt(get());
            return still;
        }
        // Its other threads have all the work; there is nothing to wait on but time.
        if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE)
            std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
}

Result<Answer> Connection::run(const Prepared& statement, std::span<const Value> parameters,
                               std::optional<std::chrono::milliseconds> timeout) {
    for (std::size_t i = 0; i < parameters.size(); ++i)
        if (bind(statement.get(), i + 1, parameters[i]) != DuckDBSuccess)
            return engine_error("binding a value", duckdb_prepare_error(statement.get()));
    Pending pending;
    if (duckdb_pending_prepared(statement.get(), pending.out()) != DuckDBSuccess)
        return engine_error("running a query", duckdb_pending_error(pending.get()));
    if (timeout) STENO_TRY(carry_out(pending, until(std::chrono::steady_clock::now() + *timeout)));
    Answer answer;
    if (duckdb_execute_pending(pending.get(), answer.out()) != DuckDBSuccess)
        return engine_error("running a query", duckdb_result_error(answer.out()));
    return answer;
}

Result<Answer> Connection::stream(const Prepared& statement, std::span<const Value> parameters,
                                  const std::function<Result<void>()>& wanted) {
    for (std::size_t i = 0; i < parameters.size(); ++i)
        if (bind(statement.get(), i + 1, parameters[i]) != DuckDBSuccess)
            return engine_error("binding a value", duckdb_prepare_error(statement.get()));
    Pending pending;
    if (duckdb_pending_prepared_streaming(statement.get(), pending.out()) != DuckDBSuccess)
        return engine_error("running a query", duckdb_pending_error(pending.get()));
    if (wanted) STENO_TRY(carry_out(pending, wanted));
    Answer answer;
    if (duckdb_execute_pending(pending.get(), answer.out()) != DuckDBSuccess)
        return engine_error("running a query", duckdb_result_error(answer.out()));
    return answer;
}

Result<Answer> Connection::run(const sql::Statement& statement,
                               std::optional<std::chrono::milliseconds> timeout) {
    STENO_ASSIGN(const Prepared prepared, prepare(statement.text));
    return run(prepared, statement.parameters, timeout);
}

}  // namespace steno::store::duckdb
