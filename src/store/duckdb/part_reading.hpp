#pragma once

#include "store/answer_cache.hpp"
#include "store/duckdb/connection.hpp"
#include "store/kept_parts.hpp"
#include "store/parts.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace steno::store::duckdb {

using Ask = std::function<Result<Answer>(const sql::Statement&)>;

/// The start times of the first call and of the last; nullopt: none has one.
Result<std::optional<Stretch>> first_and_last(const Ask& ask);

/// Aggregates over long ranges, put together from parts (store/parts.hpp): what is not there of them is read
/// from the engine. Any thread.
class PartReading {
  public:
    /// `answers` knows what has changed, and must outlive this. `least`: whole hours of a range that is put
    /// together. `timeout`: of an answer, however often the engine is asked for it.
    PartReading(const AnswerCache& answers, Ask ask, std::int64_t least, std::chrono::milliseconds timeout)
        : answers_(answers), ask_(std::move(ask)), least_(least), timeout_(timeout) {}

    /// As the engine would answer, and of one state of the store. nullopt: ask it for all at once.
    Result<std::optional<AggregateTable>> answer(const AggregateQuery& query);

  private:
    struct Inquiry;
    Result<CutTime> pieces(const Selection& selection);
    /// nullopt: there are too many groups, or numbers that do not fit.
    Result<std::optional<std::vector<Part>>> read(const Inquiry& inquiry, std::span<const Stretch> stretches);
    /// Reads the parts that are nullptr, and what the others lack.
    Result<std::optional<AggregateTable>> join(const Inquiry& inquiry, std::span<const Stretch> whole,
                                               std::span<const std::uint64_t> versions,
                                               std::span<KeptParts<Part>::Pointer> parts,
                                               std::vector<Part>& moving);
    /// Not to be tried again.
    std::nullopt_t give_up(const Inquiry& inquiry);

    const AnswerCache& answers_;
    const Ask ask_;
    const std::int64_t least_;
    const std::chrono::milliseconds timeout_;
    KeptParts<Part> kept_{128U << 20};
};

}  // namespace steno::store::duckdb
