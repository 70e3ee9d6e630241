#pragma once

#include "store/answer_cache.hpp"
#include "store/call_store.hpp"
#include "store/cursor.hpp"
#include "store/duckdb/columns.hpp"
#include "store/duckdb/connection.hpp"
#include "store/duckdb/part_reading.hpp"
#include "store/kept_parts.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace steno::store::duckdb {

/// Pages of calls of which most of a long range need not be looked at. Any thread.
class PageReading {
  public:
    /// `answers` knows what has changed, and must outlive this.
    explicit PageReading(const AnswerCache& answers) : answers_(answers), ends_(answers) {}

    /// The first limit + 1 calls in the query's order, behind `after`. nullopt: it was not found out in this
    /// way; ask the engine for all.
    Result<std::optional<std::vector<Row>>> rows(const CallQuery& query, const std::optional<Cursor>& after,
                                                 const State& state);

  private:
    /// The first or the last calls of a stretch of time.
    struct Top {
        Stretch time;
        std::uint64_t version = 0;
        std::vector<Row> rows;
        std::size_t bytes = 0;
    };
    /// By time: the newest calls are in the last hour, or the last day.
    Result<std::optional<std::vector<Row>>> by_time(const CallQuery& query,
                                                    const std::optional<Cursor>& after, const State& state);
    /// By anything else: of whole hours the dearest, slowest, largest calls stay the same.
    Result<std::optional<std::vector<Row>>> by_value(const CallQuery& query, const State& state);
    /// What may be among the first limit + 1 calls of each of some stretches; enough where there are so many.
    struct First {
        std::vector<Row> rows;
        bool found = false;
        bool many_equal = false;  ///< not found, because too many calls have the same value
    };
    Result<First> first_of(const CallQuery& query, const std::optional<Cursor>& after,
                           std::span<const Stretch> stretches, const State& state);

    const AnswerCache& answers_;
    FirstAndLast ends_;
    KeptParts<Top> kept_{32U << 20};
};

/// The rows of an answer whose columns are the chosen ones.
Result<std::vector<Row>> read_rows(Answer& answer, const ColumnChoice& choice);

}  // namespace steno::store::duckdb
