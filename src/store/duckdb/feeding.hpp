#pragma once

#include "store/answer_cache.hpp"
#include "store/call_store.hpp"
#include "store/duckdb/columns.hpp"
#include "store/duckdb/connection.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

/// The writing side of the DuckDB store: changes become rows, in one transaction a batch. There is no index:
/// new calls are appended, and only what may concern a call that is there already is looked up, by one scan
/// of the ids.
namespace steno::store::duckdb {

/// Commits what was written, and tells readers of what hours the calls are that came, went or changed;
/// nullopt: of any.
using Commit = std::function<Result<void>(Connection& writer, const std::optional<Hours>& changed)>;

/// One thread at a time.
class Feeding {
  public:
    static Result<std::unique_ptr<Feeding>> open(Connection writer, Commit commit);

    /// See CallStore::follow; told here of what `apply` does.
    void follow(Follower& follower) { follower_ = &follower; }
    Result<void> apply(std::span<const Change> changes, std::span<const Watermark> watermarks);
    Result<void> forget_payloads(std::span<const LostPayloads> lost);
    Result<void> forget(std::span<const Position> until);
    Result<void> checkpoint();
    /// Rows, since it was opened.
    [[nodiscard]] std::uint64_t appended() const { return appended_; }

  private:
    struct Waiting {
        std::int64_t n;
        Said said;
    };
    struct Batch;

    Feeding(Connection writer, Commit commit) : writer_(std::move(writer)), commit_(std::move(commit)) {}
    Result<void> load();
    Result<void> blank_previews(std::span<const LostPayloads> lost);
    Result<void> remove(std::span<const Position> until);
    Result<void> write(Batch& batch, std::span<const Watermark> watermarks);
    Result<void> look_up(Batch& batch, std::span<const Change> changes);
    void put(Batch& batch, const Upsert& upsert) const;
    void hear(Batch& batch, const Said& said) const;
    Result<void> append(const Batch& batch);
    Result<void> flush();
    Result<void> keep_waiting(const Batch& batch);
    Result<void> keep_watermarks(std::span<const Watermark> watermarks);

    Follower* follower_ = nullptr;
    Connection writer_;
    const Commit commit_;
    Appender appender_;  ///< made again after an error
    RowWriter rows_;
    std::uint64_t appended_ = 0;
    std::map<Uuid, std::uint64_t> watermarks_;
    std::unordered_map<Uuid, std::vector<Waiting>> waiting_;
    std::int64_t next_waiting_ = 0;
};

}  // namespace steno::store::duckdb
