#include "store/duckdb/duckdb_store.hpp"

#include "base/cancellation.hpp"
#include "base/log.hpp"
#include "store/answer_cache.hpp"
#include "store/cursor.hpp"
#include "store/duckdb/columns.hpp"
#include "store/duckdb/connection.hpp"
#include "store/duckdb/dialect.hpp"
#include "store/duckdb/feeding.hpp"
#include "store/duckdb/groups.hpp"
#include "store/duckdb/page_reading.hpp"
#include "store/duckdb/part_reading.hpp"
#include "store/duckdb/scan.hpp"
#include "store/duckdb/schema.hpp"
#include "store/duckdb/views.hpp"
#include "store/sql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace steno::store {
namespace duckdb {
namespace {

/// Added to the path of a copy that is not yet the store.
constexpr std::string_view kCopySuffix = ".compacted";

std::uint64_t size_of(const std::string& path) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(path, missing);
    return missing ? 0 : size;
}

void remove_database(const std::string& path) {
    std::error_code ignored;
    for (const char* suffix : {"", ".wal", ".spill"}) std::filesystem::remove_all(path + suffix, ignored);
}

constexpr const char* kUnusedBytes = "SELECT free_blocks * block_size FROM pragma_database_size()";

/// The database, and the connection that writes to it.
struct File {
    Database database;
    Connection writer;
};

Result<File> open_tables(const std::string& path, const DuckdbOptions& options) {
    File file;
    STENO_ASSIGN(file.database, Database::open(path, options));
    STENO_ASSIGN(file.writer, Connection::open(file.database));
    STENO_TRY(prepare_tables(file.writer));
    return file;
}

/// All that is in the file, about `size` bytes, in a new one: on disk, and closed.
Result<void> copy_file(File& file, const std::string& path, std::uint64_t size,
                       const DuckdbOptions& options) {
    std::error_code error;
    const auto space = std::filesystem::space(options.folder, error);
    // The journal is written on meanwhile.
    if (!error && space.available < 2 * size + (64U << 20))
        return fail(Code::ResourceExhausted, fmt::format("a copy takes {} MB, and {} MB are free on the disk",
                                                         size >> 20, space.available >> 20));
    STENO_TRY(file.writer.run("CHECKPOINT"));
    DuckdbOptions little = options;
    little.memory_bytes = std::min<std::uint64_t>(options.memory_bytes, 256U << 20);
    STENO_ASSIGN(File to, open_tables(path, little));
    return copy_tables(file.writer, to.writer);
}

/// Opens the file. Where most of it is free it is first replaced by a copy: whoever dies meanwhile leaves one
/// of the two, whole. If that fails, it stays as it is.
Result<File> open_file(const std::string& path, const DuckdbOptions& options) {
    const std::string copy = path + std::string(kCopySuffix);
    remove_database(copy);  // of one who was killed
    STENO_ASSIGN(File file, open_tables(path, options));
    if (options.worth_compacting == 0) return file;
    STENO_ASSIGN(Answer answer, file.writer.run(kUnusedBytes));
    const Chunk chunk = answer.next();
    if (!chunk) return fail(Code::Internal, "DuckDB did not say what is free in its file");
    const auto unused = cell<std::uint64_t>(duckdb_data_chunk_get_vector(chunk.get(), 0), 0);
    const std::uint64_t before = size_of(path);
    if (unused < options.worth_compacting || unused < before / 2) return file;
    std::error_code error;
    if (const auto copied = copy_file(file, copy, before - unused, options); copied) {
        file = File();
        std::filesystem::remove(path + ".wal", error);  // folded in, before the copy was made
        if (!error) std::filesystem::rename(copy, path, error);
        if (error)
            log::warning("the store's file stays as large as it is: {}", error.message());
        else
            log::info("the store's file is {} MB smaller: most of it was free",
                      (before - size_of(path)) >> 20);
    } else {
        log::warning("the store's file stays as large as it is: {}", copied.error().message);
        file = File();
    }
    remove_database(copy);
    return open_tables(path, options);
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
        Connection& operator*() { return connection_; }

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

class DuckdbStore final : public CallStore, public CallScanner, public NumberScanner, public ViewScanner {
  public:
    static Result<std::unique_ptr<CallStore>> open(const DuckdbOptions& options) {
        std::error_code error;
        std::filesystem::create_directories(options.folder, error);
        if (error)
            return fail(Code::Unavailable, fmt::format("making {}: {}", options.folder, error.message()));
        std::filesystem::permissions(options.folder, std::filesystem::perms::owner_all, error);
        const std::string path = options.folder + "/calls.duckdb";
        STENO_ASSIGN(File file, open_file(path, options));
        STENO_TRY(file.writer.run("SET lock_configuration = true"));
        std::vector<Connection> readers;
        for (std::size_t i = 0; i < std::max<std::size_t>(1, options.readers); ++i) {
            STENO_ASSIGN(Connection reader, Connection::open(file.database));
            readers.push_back(std::move(reader));
        }
        STENO_ASSIGN(auto feeding, Feeding::open(std::move(file.writer)));
        return std::unique_ptr<CallStore>(
            new DuckdbStore(options, path, std::move(file.database), std::move(readers), std::move(feeding)));
    }

    void follow(Follower& follower) override {
        const std::scoped_lock turn(writing_);
        feeding_->follow(follower);
        follower_ = &follower;
    }

    Result<void> apply(std::span<const Change> changes, std::span<const Watermark> watermarks) override {
        const std::scoped_lock turn(writing_);
        const Moving moving(moves_);
        Settling settling(answers_);
        return feeding_->apply(changes, watermarks, [&](Hours soon) { settling.of(std::move(soon)); });
    }

    Result<void> forget(std::span<const Position> until) override {
        const std::scoped_lock turn(writing_);
        const Moving moving(moves_);
        {
            Settling settling(answers_);
            settling.of_everything();
            STENO_TRY(feeding_->forget(until));
        }
        // Who asks the store anew, told of this, must not be answered from before.
        if (follower_ != nullptr) follower_->calls_forgotten();
        return {};
    }

    Result<void> forget_payloads(std::span<const LostPayloads> lost) override {
        const std::scoped_lock turn(writing_);
        const Moving moving(moves_);
        Settling settling(answers_);
        settling.of_everything();
        return feeding_->forget_payloads(lost);
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
        STENO_ASSIGN(auto near, pages_.rows(query, after));
        if (near) {
            page.rows = *std::move(near);
        } else if (const auto top = sql::select_top(dialect(), columns, query, after); !top.text.empty()) {
            STENO_ASSIGN(page.rows, rows_of(top, choice));
        }
        if (page.rows.size() <= query.limit) {
            STENO_ASSIGN(page.rows, when_rows_rest(query.limit + 1, [&] {
                             return rows_of(sql::select_page(dialect(), columns, query, after), choice);
                         }));
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
        const auto read = [&]() -> Result<std::vector<CallPositions>> {
            STENO_ASSIGN(Answer answer,
                         ask(sql::select_page(dialect(), PositionsReader::column_list(), query, after)));
            std::vector<CallPositions> out;
            for (Chunk chunk = answer.next(); chunk; chunk = answer.next()) {
                const PositionsReader reader(chunk.get());
                for (std::size_t i = 0; i < reader.size() && out.size() < query.limit; ++i)
                    out.push_back(reader.row(i));
            }
            return out;
        };
        return when_rows_rest(query.limit, read);
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
        STENO_ASSIGN(std::optional<AggregateTable> joined, parts_.answer(query));
        if (!joined) {
            STENO_ASSIGN(Answer answer, ask(statement));
            joined.emplace();
            for (Chunk chunk = answer.next(); chunk; chunk = answer.next())
                for (std::size_t row = 0; row < duckdb_data_chunk_get_size(chunk.get()); ++row)
                    joined->groups.push_back(read_group(query, chunk.get(), row));
            joined->truncated = joined->groups.size() > query.limit;
            if (joined->truncated) joined->groups.resize(query.limit);
        }
        answers_.keep(std::move(key), version, std::make_shared<const AggregateTable>(*joined));
        return *std::move(joined);
    }

    Result<std::uint64_t> count(const Selection& selection) override {
        if (selection.closed_until) return number_of(sql::select_count(dialect(), selection));
        AggregateQuery query;
        query.selection = selection;
        STENO_ASSIGN(Measure calls, make_measure("calls"));
        query.measures.push_back(std::move(calls));
        STENO_ASSIGN(const AggregateTable table, aggregate(query));
        return static_cast<std::uint64_t>(
            std::get<std::int64_t>(std::get<Value>(table.groups.front().cells.front())));
    }

    Result<std::unique_ptr<CallScan>> scan(const Selection& selection,
                                           std::span<const std::size_t> fields) override {
        STENO_TRY(check_scanned(fields));
        return scan_calls([this](const sql::Statement& statement) { return ask(statement); }, selection,
                          fields, options_.scan_rows);
    }

    Result<void> scan_numbers(const NumberQuery& query, const NumberSink& take) override {
        STENO_TRY(check(query));
        STENO_ASSIGN(auto reader, readers_.take());
        const auto wanted = until(std::chrono::steady_clock::now() + options_.timeout);
        return duckdb::scan_numbers(*reader, query, wanted, take);
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
        STENO_ASSIGN(stats.unused, number_of({kUnusedBytes, {}}));
        stats.bytes = size_of(path_) + size_of(path_ + ".wal");
        return stats;
    }

    Result<void> checkpoint() override {
        const std::scoped_lock turn(writing_);
        const Moving moving(moves_);
        return feeding_->checkpoint();
    }

  private:
    DuckdbStore(const DuckdbOptions& options, std::string path, Database database,
                std::vector<Connection> readers, std::unique_ptr<Feeding> feeding)
        : options_(options),
          path_(std::move(path)),
          database_(std::move(database)),
          readers_(std::move(readers), options.patience),
          parts_(
              answers_, [this](const sql::Statement& statement) { return ask(statement); },
              options.hours_in_parts, options.timeout),
          pages_(answers_, [this](const sql::Statement& statement) { return ask(statement); }),
          feeding_(std::move(feeding)) {}

    Result<Answer> ask(const sql::Statement& statement) {
        STENO_ASSIGN(auto reader, readers_.take());
        return reader->run(statement, options_.timeout);
    }

    /// Lives while calls change, until readers can see it.
    class Settling {
      public:
        explicit Settling(AnswerCache& answers) : answers_(answers) {}
        ~Settling() {
            if (everything_)
                answers_.everything_changed();
            else
                answers_.changed(hours_);
        }
        Settling(const Settling&) = delete;
        Settling& operator=(const Settling&) = delete;
        void of(Hours hours) {
            hours_ = std::move(hours);
            answers_.changing(hours_);
        }
        void of_everything() {
            everything_ = true;
            answers_.everything_changes();
        }

      private:
        AnswerCache& answers_;
        Hours hours_;
        bool everything_ = false;
    };

    /// Lives while the places of rows may change.
    class Moving {
      public:
        explicit Moving(std::atomic<std::uint64_t>& moves) : moves_(moves) { ++moves_; }
        ~Moving() { ++moves_; }
        Moving(const Moving&) = delete;
        Moving& operator=(const Moving&) = delete;

      private:
        std::atomic<std::uint64_t>& moves_;
    };

    /// The rows that `ask` gives. The engine finds the rows of a page first and then fetches them by their
    /// places; a checkpoint between the two, which fills the room of rows that were replaced, makes it miss
    /// some, and the page look like the last one. So where there are fewer than `full`, and rows may have
    /// moved meanwhile, it is asked once more, and then while nothing is written.
    template <class Ask>
    auto when_rows_rest(std::uint64_t full, Ask&& ask) -> decltype(ask()) {
        for (int attempt = 0; attempt < 2; ++attempt) {
            const std::uint64_t before = moves_;
            auto rows = ask();
            if (!rows || rows->size() >= full || (before % 2 == 0 && before == moves_)) return rows;
        }
        const std::unique_lock turn(writing_, options_.patience);
        if (!turn)
            return fail(Code::Unavailable, "the store is being written to all the time",
                        "try again in a moment");
        return ask();
    }

    Result<std::vector<Row>> rows_of(const sql::Statement& statement, const ColumnChoice& choice) {
        STENO_ASSIGN(Answer answer, ask(statement));
        return read_rows(answer, choice);
    }

    Result<std::uint64_t> number_of(const sql::Statement& statement) {
        STENO_ASSIGN(Answer answer, ask(statement));
        const Chunk chunk = answer.next();
        if (!chunk) return fail(Code::Internal, "a count gave no answer");
        return cell<std::uint64_t>(duckdb_data_chunk_get_vector(chunk.get(), 0), 0);
    }

    const DuckdbOptions options_;
    const std::string path_;
    Database database_;
    Readers readers_;
    AnswerCache answers_;
    PartReading parts_;
    PageReading pages_;
    std::timed_mutex writing_;
    std::atomic<std::uint64_t> moves_{0};  ///< odd: the places of rows may be changing now
    std::unique_ptr<Feeding> feeding_;
    Follower* follower_ = nullptr;
};

}  // namespace
}  // namespace duckdb

Result<std::unique_ptr<CallStore>> open_duckdb_store(const DuckdbOptions& options) {
    return duckdb::DuckdbStore::open(options);
}

}  // namespace steno::store
