#include "control/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace steno::control {

namespace {

constexpr int kBusyMilliseconds = 5000;

Error error_of(sqlite3* connection, int status, std::string_view doing) {
    const std::string said = connection ? sqlite3_errmsg(connection) : sqlite3_errstr(status);
    switch (status & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {Code::Unavailable, fmt::format("{}: another program is writing to the settings", doing),
                    "Try again; if it stays so, look for a Steno command that hangs."};
        case SQLITE_CONSTRAINT:
            return {Code::AlreadyExists, fmt::format("{}: {}", doing, said)};
        case SQLITE_FULL:
            return {Code::ResourceExhausted, fmt::format("{}: the disk is full", doing),
                    "Make space and try again."};
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return {Code::DataLoss, fmt::format("{}: {}", doing, said),
                    "Put back a copy of control.sqlite with its -wal, or move both away: budgets, alerts and "
                    "prompts are then to be made anew, settings of prompt types are taken back from "
                    "prompt-types.json; the recorded calls are elsewhere and untouched."};
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
            return {Code::FailedPrecondition, fmt::format("{}: {}", doing, said),
                    "Steno's user must be able to read and write control.sqlite and its folder."};
        case SQLITE_IOERR:
            return {Code::Unavailable, fmt::format("{}: {}", doing, said), "Look at the disk."};
        default:
            return {Code::Internal, fmt::format("{}: {}", doing, said)};
    }
}

/// A prepared statement with its values; gives its rows one after the other.
class Prepared {
  public:
    static Result<Prepared> of(sqlite3* connection, std::string_view sql,
                               std::initializer_list<Value> values) {
        Prepared prepared(connection);
        const int status = sqlite3_prepare_v2(connection, sql.data(), static_cast<int>(sql.size()),
                                              &prepared.statement_, nullptr);
        if (status != SQLITE_OK) return std::unexpected(error_of(connection, status, "settings"));
        int place = 0;
        for (const Value& value : values) prepared.bind(++place, value);
        return prepared;
    }
    Prepared(Prepared&& other) noexcept
        : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)) {}
    Prepared& operator=(Prepared&&) = delete;
    ~Prepared() { sqlite3_finalize(statement_); }

    /// False: there are no more.
    Result<bool> next() {
        const int status = sqlite3_step(statement_);
        if (status == SQLITE_ROW) return true;
        if (status == SQLITE_DONE) return false;
        return std::unexpected(error_of(connection_, status, "settings"));
    }

    [[nodiscard]] Row row() const {
        std::vector<Value> values;
        const int columns = sqlite3_column_count(statement_);
        values.reserve(static_cast<std::size_t>(columns));
        for (int i = 0; i < columns; ++i) values.push_back(value(i));
        return Row(std::move(values));
    }

  private:
    explicit Prepared(sqlite3* connection) : connection_(connection) {}

    void bind(int place, const Value& value) {
        if (const auto* integer = std::get_if<std::int64_t>(&value))
            sqlite3_bind_int64(statement_, place, *integer);
        else if (const auto* number = std::get_if<double>(&value))
            sqlite3_bind_double(statement_, place, *number);
        else if (const auto* text = std::get_if<std::string>(&value))
            sqlite3_bind_text64(statement_, place, text->data(), text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
        else
            sqlite3_bind_null(statement_, place);
    }

    [[nodiscard]] Value value(int column) const {
        switch (sqlite3_column_type(statement_, column)) {
            case SQLITE_INTEGER:
                return std::int64_t{sqlite3_column_int64(statement_, column)};
            case SQLITE_FLOAT:
                return sqlite3_column_double(statement_, column);
            case SQLITE_TEXT: {
                const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
                return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
            }
            default:
                return nullptr;
        }
    }

    sqlite3* connection_;
    sqlite3_stmt* statement_ = nullptr;
};

Result<void> run_script(sqlite3* connection, const std::string& sql, std::string_view doing) {
    const int status = sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr);
    if (status != SQLITE_OK) return std::unexpected(error_of(connection, status, doing));
    return {};
}

}  // namespace

std::optional<std::string> Row::optional_text(std::size_t column) const {
    const auto* text = std::get_if<std::string>(&values_.at(column));
    return text ? std::optional(*text) : std::nullopt;
}

std::optional<std::int64_t> Row::optional_integer(std::size_t column) const {
    const auto* integer = std::get_if<std::int64_t>(&values_.at(column));
    return integer ? std::optional(*integer) : std::nullopt;
}

std::optional<double> Row::optional_number(std::size_t column) const {
    if (const auto* number = std::get_if<double>(&values_.at(column))) return *number;
    if (const auto integer = optional_integer(column)) return static_cast<double>(*integer);
    return std::nullopt;
}

std::string Row::text(std::size_t column) const {
    return optional_text(column).value_or(std::string());
}
std::int64_t Row::integer(std::size_t column) const {
    return optional_integer(column).value_or(0);
}
double Row::number(std::size_t column) const {
    return optional_number(column).value_or(0);
}
bool Row::is_null(std::size_t column) const {
    return std::holds_alternative<std::nullptr_t>(values_.at(column));
}

Result<void> Statements::run(std::string_view sql, std::initializer_list<Value> values) {
    STENO_ASSIGN(Prepared prepared, Prepared::of(connection_, sql, values));
    while (true) {
        STENO_ASSIGN(const bool more, prepared.next());
        if (!more) return {};
    }
}

Result<std::vector<Row>> Statements::rows(std::string_view sql, std::initializer_list<Value> values) {
    STENO_ASSIGN(Prepared prepared, Prepared::of(connection_, sql, values));
    std::vector<Row> rows;
    while (true) {
        STENO_ASSIGN(const bool more, prepared.next());
        if (!more) return rows;
        rows.push_back(prepared.row());
    }
}

std::int64_t Statements::changed() const {
    return sqlite3_changes64(connection_);
}

Result<std::unique_ptr<Database>> Database::open(const std::string& file) {
    // Made by us, because SQLite lets all users read what it makes; its side files follow this one's rights.
    if (const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); made >= 0) ::close(made);
    sqlite3* connection = nullptr;
    const int status = sqlite3_open_v2(
        file.c_str(), &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    std::unique_ptr<Database> database(new Database(connection));  // closes what could not be opened, too
    if (status != SQLITE_OK) return std::unexpected(error_of(connection, status, file));
    sqlite3_busy_timeout(connection, kBusyMilliseconds);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    STENO_TRY(
        run_script(connection,
                   // What is deleted may be a prompt: its bytes are to be gone, not only its row.
                   "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                   "PRAGMA secure_delete=ON;"
                   "CREATE TABLE IF NOT EXISTS owners(name TEXT PRIMARY KEY, steps INTEGER NOT NULL) STRICT;",
                   file));
    return database;
}

Database::~Database() {
    sqlite3_close_v2(connection_);
}

Result<void> Database::bring_up_to(std::string_view owner, std::span<const std::string_view> steps) {
    return write([&](Statements& statements) -> Result<void> {
        const std::string name(owner);
        STENO_ASSIGN(const std::vector<Row> found,
                     statements.rows("SELECT steps FROM owners WHERE name = ?", {name}));
        const std::size_t done = found.empty() ? 0 : static_cast<std::size_t>(found.front().integer(0));
        if (done > steps.size())
            return fail(Code::FailedPrecondition,
                        fmt::format("the {} in control.sqlite were written by a newer Steno", owner),
                        "Use that version, or a later one.");
        for (const std::string_view step : steps.subspan(done))
            STENO_TRY(run_script(statements.connection_, std::string(step), name));
        return statements.run("INSERT OR REPLACE INTO owners VALUES (?, ?)",
                              {name, static_cast<std::int64_t>(steps.size())});
    });
}

Result<void> Database::write(const std::function<Result<void>(Statements&)>& change) {
    const std::lock_guard lock(one_at_a_time_);
    // IMMEDIATE: waits for another process's transaction here, and never fails half-way because of it.
    STENO_TRY(run_script(connection_, "BEGIN IMMEDIATE", "settings"));
    Statements statements(connection_);
    Result<void> outcome = change(statements);
    if (outcome) outcome = run_script(connection_, "COMMIT", "settings");
    // A full disk may have ended the transaction by itself.
    if (!outcome && sqlite3_get_autocommit(connection_) == 0)
        sqlite3_exec(connection_, "ROLLBACK", nullptr, nullptr, nullptr);
    return outcome;
}

Result<std::vector<Row>> Database::rows(std::string_view sql, std::initializer_list<Value> values) {
    const std::lock_guard lock(one_at_a_time_);
    return Statements(connection_).rows(sql, values);
}

std::optional<std::int64_t> Database::state_of_others() {
    const std::unique_lock lock(one_at_a_time_, std::try_to_lock);
    if (!lock) return std::nullopt;
    const auto rows = Statements(connection_).rows("PRAGMA data_version");
    return rows && !rows->empty() ? rows->front().optional_integer(0) : std::nullopt;
}

}  // namespace steno::control
