#pragma once

#include "base/error.hpp"
#include "store/duckdb/duckdb_api.hpp"
#include "store/duckdb/duckdb_store.hpp"
#include "store/sql.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

/// Owners of DuckDB's handles, and the running of a statement.
namespace steno::store::duckdb {

/// Owns one handle; `Destroy` takes its address and empties it.
template <class Handle, auto Destroy>
class Owned {
  public:
    Owned() = default;
    explicit Owned(Handle handle) : handle_(handle) {}
    Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Owned& operator=(Owned&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Owned() {
        if (handle_ != nullptr) Destroy(&handle_);
    }
    [[nodiscard]] Handle get() const { return handle_; }
    /// For the C functions that make one.
    Handle* out() { return &handle_; }
    explicit operator bool() const { return handle_ != nullptr; }

  private:
    Handle handle_ = nullptr;
};

using Chunk = Owned<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using LogicalType = Owned<duckdb_logical_type, duckdb_destroy_logical_type>;
using Appender = Owned<duckdb_appender, duckdb_appender_destroy>;
using Prepared = Owned<duckdb_prepared_statement, duckdb_destroy_prepare>;
using Pending = Owned<duckdb_pending_result, duckdb_destroy_pending>;

/// What a statement answered: chunks of rows, and how many rows it changed.
class Answer {
  public:
    Answer() = default;
    Answer(Answer&& other) noexcept : result_(std::exchange(other.result_, {})) {}
    Answer& operator=(Answer&& other) noexcept {
        std::swap(result_, other.result_);
        return *this;
    }
    ~Answer() { duckdb_destroy_result(&result_); }
    /// The next rows; empty at the end, and, of an answer that is streamed, when it fails (see error).
    Chunk next() { return Chunk(duckdb_fetch_chunk(result_)); }
    /// Null: none.
    const char* error() { return duckdb_result_error(&result_); }
    std::uint64_t rows_changed() { return duckdb_rows_changed(&result_); }
    duckdb_result* out() { return &result_; }

  private:
    duckdb_result result_{};
};

/// The database file, opened with our settings. Unavailable: another process has it. DataLoss: it is
/// damaged, or none of ours.
class Database {
  public:
    static Result<Database> open(const std::string& path, const DuckdbOptions& options);
    /// An empty one that has no file, and makes none.
    static Result<Database> in_memory(const DuckdbOptions& options);
    [[nodiscard]] duckdb_database get() const { return handle_.get(); }

  private:
    Owned<duckdb_database, duckdb_close> handle_;
};

/// One thread at a time.
class Connection {
  public:
    static Result<Connection> open(const Database& database);

    [[nodiscard]] duckdb_connection get() const { return handle_.get(); }
    Result<Prepared> prepare(const std::string& sql);
    /// With a timeout: a read, which may end early. DeadlineExceeded: it took longer and was stopped;
    /// Cancelled: by the thread's Cancellation. Without one it is carried out to its end, as what is written
    /// must be, and what a transaction ends with, whoever has gone away meanwhile.
    Result<Answer> run(const Prepared& statement, std::span<const Value> parameters,
                       std::optional<std::chrono::milliseconds> timeout = {});
    Result<Answer> run(const sql::Statement& statement,
                       std::optional<std::chrono::milliseconds> timeout = {});
    /// The answer is made as it is read, so that memory does not grow with it: until its end, or its
    /// destruction, the connection and the statement are its own. `wanted` is asked until the first rows are
    /// there; its error ends the query.
    Result<Answer> stream(const Prepared& statement, std::span<const Value> parameters,
                          const std::function<Result<void>()>& wanted = {});
    Result<Answer> run(const std::string& sql) { return run(sql::Statement{sql, {}}); }

  private:
    /// Until the answer's first rows are there, or `wanted`, asked between two tasks, gives an error.
    Result<void> carry_out(Pending& pending, const std::function<Result<void>()>& wanted);

    Owned<duckdb_connection, duckdb_disconnect> handle_;
};

/// An error at the deadline, or as soon as nobody waits any more (Cancellation): for a query's `wanted`.
std::function<Result<void>()> until(std::chrono::steady_clock::time_point deadline);

/// An error that the engine reported, with our code for it.
std::unexpected<Error> engine_error(std::string_view doing, const char* message);

}  // namespace steno::store::duckdb
