#include "store/duckdb/duckdb_store.hpp"

#include "base/log.hpp"
#include "store/duckdb/connection.hpp"
#include "store/duckdb/dialect.hpp"
#include "store/duckdb/feeding.hpp"
#include "store/duckdb/read_side.hpp"
#include "store/duckdb/scan.hpp"
#include "store/duckdb/schema.hpp"
#include "store/duckdb/snapshot.hpp"
#include "store/duckdb/views.hpp"
#include "store/sql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
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
        std::unique_ptr<DuckdbStore> store(
            new DuckdbStore(options, path, std::move(file.database), std::move(readers)));
        STENO_ASSIGN(store->feeding_,
                     Feeding::open(std::move(file.writer),
                                   [side = &store->side_](Connection& writer, const auto& changed) {
                                       return commit(*side, writer, changed);
                                   }));
        return store;
    }

    void follow(Follower& follower) override {
        const std::scoped_lock turn(writing_);
        feeding_->follow(follower);
        follower_ = &follower;
    }

    Result<void> apply(std::span<const Change> changes, std::span<const Watermark> watermarks) override {
        const std::scoped_lock turn(writing_);
        {
            std::optional<Readers::Turn> alone;
            if (feeding_->appended() == appended_in_file_) {
                // Who reads for longer than that must not keep calls from being seen.
                for (int attempt = 0; attempt < 4 && !alone; ++attempt)
                    if (auto turn_of_all = nobody_reads()) alone.emplace(*std::move(turn_of_all));
            }
            STENO_TRY(feeding_->apply(changes, watermarks));
        }
        if (const std::uint64_t log = size_of(path_ + ".wal"); log > most_log_) {
            const auto folded = fold_in_log();
            if (!folded) log::warning("the store's log goes on growing: {}", folded.error().message);
            most_log_ = folded ? side_.options.log_bytes : log + side_.options.log_bytes / 4;
        }
        return {};
    }

    Result<void> forget(std::span<const Position> until) override {
        const std::scoped_lock turn(writing_);
        STENO_TRY(feeding_->forget(until));
        // Who asks the store anew, told of this, must not be answered from before.
        if (follower_ != nullptr) follower_->calls_forgotten();
        return {};
    }

    Result<void> forget_payloads(std::span<const LostPayloads> lost) override {
        const std::scoped_lock turn(writing_);
        return feeding_->forget_payloads(lost);
    }

    Result<std::unique_ptr<CallQueries>> snapshot(unsigned at_once) override {
        return Snapshot::take(side_, std::clamp(at_once, 1U, kMostAtOnce));
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
        STENO_ASSIGN(const auto calls, Snapshot::take(side_, 1));
        return calls->find(query);
    }

    Result<std::vector<CallPositions>> positions(const CallQuery& query) override {
        STENO_ASSIGN(const auto calls, Snapshot::take(side_, 1));
        return calls->positions(query);
    }

    Result<std::optional<Row>> get(const Uuid& id, std::optional<std::string_view> project) override {
        STENO_ASSIGN(const auto calls, Snapshot::take(side_, 1));
        return calls->get(id, project);
    }

    Result<AggregateTable> aggregate(const AggregateQuery& query) override {
        STENO_ASSIGN(const auto statement, sql::select_groups(dialect(), query));
        const std::uint64_t version = side_.answers.version(query.selection);
        if (const auto kept = side_.answers.find(AnswerCache::key(query, statement), version)) return *kept;
        STENO_ASSIGN(const auto calls, Snapshot::take(side_, 1));
        return calls->aggregate(query);
    }

    Result<std::uint64_t> count(const Selection& selection) override {
        STENO_ASSIGN(const auto calls, Snapshot::take(side_, 1));
        return calls->count(selection);
    }

    Result<std::unique_ptr<CallScan>> scan(const Selection& selection,
                                           std::span<const std::size_t> fields) override {
        STENO_TRY(check_scanned(fields));
        return scan_calls([this](const sql::Statement& statement) { return ask(statement); }, selection,
                          fields, side_.options.scan_rows);
    }

    Result<void> scan_numbers(const NumberQuery& query, const NumberSink& take) override {
        STENO_ASSIGN(const auto calls, Snapshot::take(side_, 1));
        return calls->scan_numbers(query, take);
    }

    Result<std::span<const View>> views() override { return duckdb::views(); }

    Result<std::unique_ptr<ViewScan>> scan_view(ViewQuery query) override {
        STENO_ASSIGN(ViewStatement statement, select_view(query));
        STENO_ASSIGN(auto reader, side_.readers.take());
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
        return fold_in_log();
    }

  private:
    DuckdbStore(const DuckdbOptions& options, std::string path, Database database,
                std::vector<Connection> readers)
        : path_(std::move(path)),
          database_(std::move(database)),
          side_(options, std::move(readers)),
          most_log_(options.log_bytes) {}

    /// Lives while nobody reads. Who reads is waited for less long than readers wait for their turn: who has
    /// one and asks for another gets it.
    ///
    /// Readers beside a checkpoint, or beside the first append to what is in the file, miss the last rows of
    /// a table now and then (engine 1.5.6; some two answers of a thousand where checkpoints follow each
    /// other), and are not told.
    Result<Readers::Turn> nobody_reads() { return side_.readers.take_all(side_.options.patience / 4); }

    /// While nobody reads: a checkpoint is also refused while somebody reads who began before a row was
    /// changed in place.
    Result<void> fold_in_log() {
        const auto alone = nobody_reads();
        if (!alone)
            return fail(Code::Unavailable, "the store is read all the time", "it is tried again later");
        STENO_TRY(feeding_->checkpoint());
        appended_in_file_ = feeding_->appended();
        return {};
    }

    Result<Answer> ask(const sql::Statement& statement) {
        STENO_ASSIGN(auto reader, side_.readers.take());
        return reader->run(statement, side_.options.timeout);
    }

    static Result<void> commit(ReadSide& side, Connection& writer, const std::optional<Hours>& changed) {
        const std::scoped_lock lock(side.committing);
        const auto committed = writer.run("COMMIT");
        // What an engine says failed may be there all the same.
        if (changed)
            side.answers.changed(*changed);
        else
            side.answers.everything_changed();
        return committed ? Result<void>() : std::unexpected(committed.error());
    }

    Result<std::uint64_t> number_of(const sql::Statement& statement) {
        STENO_ASSIGN(Answer answer, ask(statement));
        const Chunk chunk = answer.next();
        if (!chunk) return fail(Code::Internal, "a count gave no answer");
        return cell<std::uint64_t>(duckdb_data_chunk_get_vector(chunk.get(), 0), 0);
    }

    const std::string path_;
    Database database_;
    ReadSide side_;
    std::mutex writing_;      ///< held by whoever writes
    std::uint64_t most_log_;  ///< bytes beyond which an apply folds the log into the file
    std::unique_ptr<Feeding> feeding_;
    std::uint64_t appended_in_file_ = 0;  ///< of what was appended, what the last checkpoint wrote
    Follower* follower_ = nullptr;
};

}  // namespace
}  // namespace duckdb

Result<std::unique_ptr<CallStore>> open_duckdb_store(const DuckdbOptions& options) {
    return duckdb::DuckdbStore::open(options);
}

}  // namespace steno::store
