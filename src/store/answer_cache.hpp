#pragma once

#include "store/query.hpp"
#include "store/sql.hpp"
#include "store/stretch.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

/// Answers that were computed before, for as long as they are still right: dashboards ask the same questions
/// again and again, and most of what they ask about does not change any more.
namespace steno::store {

/// The UTC hours (since 1970) that calls with these start times belong to; calls without one have no hour.
struct Hours {
    std::set<std::int64_t> hours;
    bool undated = false;

    void add(const std::optional<Timestamp>& started_at);
};

/// Any thread.
class AnswerCache {
  public:
    static constexpr std::uint64_t kUnsettled = 0;

    /// Calls of these hours came, went or changed, as readers can see from now on: answers over ranges that
    /// touch them are forgotten.
    void changed(const Hours& hours);
    void everything_changed();

    /// How many changes there were: a moment that can be asked about later.
    [[nodiscard]] std::uint64_t now() const;

    /// The state of what a selection's time range touches, now.
    [[nodiscard]] std::uint64_t version(const Selection& selection) const;
    /// The same at a moment that was; kUnsettled: it has changed since.
    [[nodiscard]] std::uint64_t version(const Selection& selection, std::uint64_t then) const;
    /// Of each of these stretches of time.
    [[nodiscard]] std::vector<std::uint64_t> versions(std::span<const Stretch> stretches,
                                                      std::uint64_t then) const;

    /// What tells one question from another: its SQL, the values in it, and how the columns are read.
    static std::string key(const AggregateQuery& query, const sql::Statement& statement);

    /// nullptr: it was not asked before, or the answer is not right any more.
    std::shared_ptr<const AggregateTable> find(const std::string& key, std::uint64_t version);
    void keep(std::string key, std::uint64_t version, std::shared_ptr<const AggregateTable> answer);

    /// Cells of answers (groups times keys and measures), all together: about 100 bytes each.
    static constexpr std::size_t kMaxCells = 200'000;
    static constexpr std::size_t kMaxAnswers = 2000;
    /// Hours told apart; beyond, everything older counts as changed.
    static constexpr std::size_t kMaxHours = 100'000;

  private:
    struct Entry {
        std::string key;
        std::uint64_t version;
        std::shared_ptr<const AggregateTable> answer;
        std::size_t cells;
    };
    void drop(std::list<Entry>::iterator entry);
    /// From the first to the last; nullopt: open.
    struct Range {
        std::optional<std::int64_t> first;
        std::optional<std::int64_t> last;
        static Range of(const Selection& selection);
        static Range of(const Stretch& stretch);
    };
    /// When a call of these hours changed last; under the lock.
    [[nodiscard]] std::uint64_t changed_within(const Range& hours) const;

    mutable std::mutex mutex_;
    std::uint64_t clock_ = 1;
    std::uint64_t all_ = 1;                        ///< when everything changed
    std::uint64_t undated_ = 1;                    ///< when a call without a start time changed
    std::map<std::int64_t, std::uint64_t> hours_;  ///< when a call of the hour changed
    std::list<Entry> entries_;                     ///< the one asked last is the first
    std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
    std::size_t cells_ = 0;
};

}  // namespace steno::store
