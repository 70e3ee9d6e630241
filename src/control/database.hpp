#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

struct sqlite3;

namespace steno::control {

/// One value of a row, or of a `?` in a statement. Money is text (base/decimal.hpp), never a double.
using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string>;

/// A row as it was read. A column that is null, or of another type than asked for, is absent, or the type's
/// empty value.
class Row {
  public:
    explicit Row(std::vector<Value> values) : values_(std::move(values)) {}

    [[nodiscard]] std::string text(std::size_t column) const;
    [[nodiscard]] std::int64_t integer(std::size_t column) const;
    [[nodiscard]] double number(std::size_t column) const;  ///< an integer, too
    [[nodiscard]] bool is_null(std::size_t column) const;
    [[nodiscard]] std::optional<std::string> optional_text(std::size_t column) const;
    [[nodiscard]] std::optional<std::int64_t> optional_integer(std::size_t column) const;
    [[nodiscard]] std::optional<double> optional_number(std::size_t column) const;

  private:
    std::vector<Value> values_;
};

/// What statements are run on, inside `Database::write` and `Database::read` only.
class Statements {
  public:
    /// Runs one statement; each `?` is the next of `values`, and no value ever becomes part of the text.
    /// Rows that it gives are dropped. AlreadyExists: a unique key or a foreign key says no.
    Result<void> run(std::string_view sql, std::initializer_list<Value> values = {});
    /// The rows of one statement, all in memory.
    Result<std::vector<Row>> rows(std::string_view sql, std::initializer_list<Value> values = {});
    /// How many rows the last `run` changed.
    [[nodiscard]] std::int64_t changed() const;

  private:
    friend class Database;
    explicit Statements(sqlite3* connection) : connection_(connection) {}
    sqlite3* connection_;
};

/// What people have decided, and what was done about it: budgets, alerts, their history and notifications,
/// prompts. Small and changed rarely, unlike the record: one SQLite file, `<data>/control.sqlite`, which its
/// owner alone can read (channels have secrets).
///
/// When `write` has returned without an error, its change is on disk (WAL, an fsync each). Several processes
/// may have the file open; a writer waits for another's transaction for 5 seconds at most (Unavailable).
/// Thread-safe: statements of one object run one after the other. Plain blocking code: never on a loop.
class Database {
  public:
    /// Opens or makes the file. DataLoss: it is damaged or no SQLite file; FailedPrecondition: it cannot be
    /// written.
    static Result<std::unique_ptr<Database>> open(const std::string& file);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Each owner of tables calls this once before it uses them: `steps` are the statements (several to a
    /// step, divided by `;`) that lead from nothing to the present tables, and those that are not done yet
    /// are done, in one transaction. Steps that were ever released are never changed; new ones are added.
    /// FailedPrecondition: a newer Steno has been here.
    Result<void> bring_up_to(std::string_view owner, std::span<const std::string_view> steps);

    /// One transaction: kept as a whole when `change` succeeds, gone without a trace when it does not.
    /// `change` must not call this object again.
    Result<void> write(const std::function<Result<void>(Statements&)>& change);

    /// The rows of one question.
    Result<std::vector<Row>> rows(std::string_view sql, std::initializer_list<Value> values = {});

    /// Another number than before when another object or process has changed the file since; what is written
    /// through this object does not count. For who keeps what was read. Never waits: absent while a statement
    /// of this object runs.
    std::optional<std::int64_t> state_of_others();

  private:
    explicit Database(sqlite3* connection) : connection_(connection) {}

    std::mutex one_at_a_time_;
    sqlite3* connection_;
};

}  // namespace steno::control
