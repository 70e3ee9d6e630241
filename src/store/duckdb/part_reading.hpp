#pragma once

#include "store/answer_cache.hpp"
#include "store/duckdb/connection.hpp"
#include "store/kept_parts.hpp"
#include "store/parts.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace steno::store::duckdb {

using Ask = std::function<Result<Answer>(const sql::Statement&)>;

/// One state of the tables: whom to ask about it, and when it was (AnswerCache::now).
struct State {
    const Ask& ask;
    std::uint64_t moment = 0;
};

/// The start times of the first call and of the last, so that what is open on a side is looked through where
/// there are calls. Any thread.
class FirstAndLast {
  public:
    /// `answers` must outlive this.
    explicit FirstAndLast(const AnswerCache& answers) : answers_(answers) {}
    /// nullopt: no call has one.
    Result<std::optional<Stretch>> find(const State& state);

  private:
    const AnswerCache& answers_;
    std::mutex mutex_;
    std::uint64_t version_ = AnswerCache::kUnsettled;  ///< of what was found
    std::optional<Stretch> found_;
};

/// Aggregates over long ranges, put together from parts (store/parts.hpp): what is not there of them is read
/// from the engine. Any thread.
class PartReading {
  public:
    /// `answers` knows what has changed, and must outlive this. `least`: whole hours of a range that is put
    /// together. `timeout`: of an answer, however often the engine is asked for it.
    PartReading(const AnswerCache& answers, std::int64_t least, std::chrono::milliseconds timeout)
        : answers_(answers), ends_(answers), least_(least), timeout_(timeout) {}

    /// As the engine would answer. nullopt: ask it for all at once.
    Result<std::optional<AggregateTable>> answer(const AggregateQuery& query, const State& state);

  private:
    struct Inquiry;
    /// The parts of an answer that do not move, with their versions.
    using Settled = std::vector<std::pair<Stretch, std::uint64_t>>;
    Different known(const Inquiry& inquiry, const Settled& of);
    void remember(const Inquiry& inquiry, Settled of, Different different);
    Result<CutTime> pieces(const Selection& selection, const State& state);
    /// nullopt: there are too many groups, or numbers that do not fit.
    Result<std::optional<std::vector<Part>>> read(const Inquiry& inquiry, std::span<const Stretch> stretches);
    /// Reads the parts that are nullptr, and what the others lack.
    Result<std::optional<AggregateTable>> join(const Inquiry& inquiry, std::span<const Stretch> whole,
                                               std::span<const std::uint64_t> versions,
                                               std::span<KeptParts<Part>::Pointer> parts,
                                               std::vector<Part>& moving, Different& different);
    /// Not to be tried again.
    std::nullopt_t give_up(const Inquiry& inquiry);

    const AnswerCache& answers_;
    FirstAndLast ends_;
    const std::int64_t least_;
    const std::chrono::milliseconds timeout_;
    KeptParts<Part> kept_{128U << 20};
    std::mutex known_mutex_;
    std::map<std::string, std::pair<Settled, Different>> known_;  ///< by question
};

}  // namespace steno::store::duckdb
