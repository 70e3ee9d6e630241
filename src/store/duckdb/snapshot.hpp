#pragma once

#include "base/error.hpp"
#include "store/answer_cache.hpp"
#include "store/call_store.hpp"
#include "store/duckdb/columns.hpp"
#include "store/duckdb/connection.hpp"
#include "store/duckdb/read_side.hpp"
#include "store/number_scan.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace steno::store::duckdb {

/// One state of the tables: transactions that began between the same two commits. See CallStore::snapshot.
class Snapshot final : public CallQueries, public NumberScanner {
  public:
    /// `side` must outlive it. `at_once`: connections that it takes.
    static Result<std::unique_ptr<Snapshot>> take(ReadSide& side, unsigned at_once);
    ~Snapshot() override;
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

    Result<Page> find(const CallQuery& query) override;
    Result<std::vector<CallPositions>> positions(const CallQuery& query) override;
    Result<std::optional<Row>> get(const Uuid& id, std::optional<std::string_view> project) override;
    Result<AggregateTable> aggregate(const AggregateQuery& query) override;
    Result<std::uint64_t> count(const Selection& selection) override;
    Result<void> scan_numbers(const NumberQuery& query, const NumberSink& take) override;

  private:
    Snapshot(ReadSide& side, Readers::Turn turn) : side_(side), turn_(std::move(turn)) {}

    /// On all connections, between two commits: they see the same.
    Result<void> begin();
    static Result<void> begin(Connection& connection);

    /// One of the connections, while it works.
    class Work;
    Result<Answer> ask(const sql::Statement& statement);
    Result<std::vector<Row>> rows_of(const sql::Statement& statement, const ColumnChoice& choice);
    /// After an error, which ends a transaction: whether a new one sees the same.
    bool begun_again(Connection& connection);

    ReadSide& side_;
    Readers::Turn turn_;
    std::uint64_t moment_ = 0;  ///< see AnswerCache::now
    std::mutex mutex_;
    std::condition_variable freed_;
    std::vector<Connection*> idle_;
    std::optional<Error> ended_by_;  ///< what it cannot be asked any more after
};

}  // namespace steno::store::duckdb
