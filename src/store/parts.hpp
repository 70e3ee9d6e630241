#pragma once

#include "store/query.hpp"
#include "store/stretch.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Answers over long ranges, put together from what their hours and days come to. Most of these do not change
/// any more, so that of a month asked about again only what is left over at its ends is computed.
///
/// All of it is exact. Sums are added up. Of numbers whose percentiles are asked for, a part knows how many
/// lie in each of 3,617 ranges of values, which tells in which range a percentile is, and keeps the values of
/// those ranges that were needed. Of texts that are counted once each it keeps fingerprints of 128 bits.
namespace steno::store {

/// What is asked of each part, and how it becomes the answer.
struct PartQuery {
    std::vector<Measure> measures;  ///< of which the parts' cells are added up
    std::vector<Field> ranked;      ///< of whose numbers (nanoseconds, units of money) there are percentiles
    std::vector<Field> told_apart;  ///< whose different values are counted

    /// nullopt: something in it cannot be put together from parts.
    static std::optional<PartQuery> of(const AggregateQuery& query);

    /// Where a measure of the answer comes from: an index in one of the above; of a rate or an average the
    /// second is what it is divided by.
    struct Source {
        std::size_t first = 0;
        std::size_t second = 0;
    };
    std::vector<Source> sources;
};

/// Stands for a number that does not fit 64 bits, with which nothing can be put together.
inline constexpr std::int64_t kBeyond = std::numeric_limits<std::int64_t>::min();

/// The numbers of one field in one group of a part.
class RankedNumbers {
  public:
    /// Ranges of values: negative ones are the first, numbers below 16 have one each, and so on, each 16-fold
    /// in 240 of the same width.
    static constexpr std::size_t kRanges = 1 + 16 + 15 * 240;
    static std::size_t range_of(std::int64_t number);

    RankedNumbers() = default;
    explicit RankedNumbers(std::vector<std::int64_t> numbers);

    struct Count {
        std::uint16_t range;
        std::uint32_t numbers;
        friend bool operator==(const Count&, const Count&) = default;
    };
    /// Ascending, without those that have none.
    [[nodiscard]] std::span<const Count> counts() const { return counts_; }
    /// The numbers in this range, in no order; nullptr: they were not kept.
    [[nodiscard]] const std::vector<std::int64_t>* in(std::uint16_t range) const;
    /// Keeps the numbers of these ranges, which are in its order by range; the others go. Before that all are
    /// there.
    void keep(const std::vector<bool>& ranges);
    /// What another one of the same numbers has kept is kept here, too.
    void take_kept(const RankedNumbers& other);
    [[nodiscard]] std::size_t bytes() const;

  private:
    std::vector<Count> counts_;
    std::vector<std::int64_t> all_;
    std::map<std::uint16_t, std::vector<std::int64_t>> kept_;
};

/// Of a value: the first 128 bits of its MD5. That two of ten million are the same is less likely than one in
/// 10^24.
struct Fingerprint {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    friend auto operator<=>(const Fingerprint&, const Fingerprint&) = default;
};

/// What the calls of a stretch of time come to.
struct Part {
    struct Group {
        std::string id;  ///< tells its key and bucket from others'
        std::vector<std::optional<Value>> key;
        std::optional<Timestamp> bucket;
        std::vector<Cell> cells;
        std::vector<RankedNumbers> ranked;
        std::vector<std::vector<Fingerprint>> told_apart;  ///< each ascending, none twice
    };
    Stretch time;
    std::uint64_t version = 0;  ///< see AnswerCache
    std::vector<Group> groups;
    std::size_t bytes = 0;  ///< see bytes_of

    /// What another one of the same calls has kept of numbers is kept here, too.
    void take_kept(const Part& other);
};
/// Of memory, about.
std::size_t bytes_of(const Part& part);
std::string group_id(const std::vector<std::optional<Value>>& key, const std::optional<Timestamp>& bucket);

/// How many different values the groups of some parts have together, by group and by PartQuery::told_apart:
/// of ten million fingerprints this is half a second's work, for which there is no need as long as the parts
/// are the same.
using Different = std::map<std::string, std::vector<std::int64_t>, std::less<>>;

/// Parts become an answer, in two steps, so that parts need not keep all numbers.
class Joining {
  public:
    /// The parts must outlive it.
    Joining(const AggregateQuery& query, const PartQuery& parts);
    void add(const Part& part);
    /// One that is read again for each answer.
    void add_moving(const Part& part);
    /// False: a sum does not fit a part's cells, or (after answer()) parts are of different states; ask the
    /// engine for all at once.
    [[nodiscard]] bool adds_up() const { return adds_up_; }
    /// Of a part that has all its numbers, and was added, itself or one of the same stretch: keeps those
    /// where percentiles lie by what was added so far, and some around them.
    void keep_wanted(Part& part);
    /// A part that was added has all numbers that the answer needs, if no more are added.
    [[nodiscard]] bool has_numbers(const Part& part);
    /// In its order and within its limit. All parts have their numbers. `different`: of the parts that do not
    /// move; what it lacks is counted, and put into it.
    [[nodiscard]] AggregateTable answer(Different& different);

  private:
    struct Joined {
        const Part::Group* first = nullptr;
        std::vector<Cell> cells;
        std::vector<const Part::Group*> from;  ///< of parts that do not move
        std::vector<const Part::Group*> moving;
        std::vector<std::vector<bool>> wanted;
        /// Of each measure that is a percentile: its range, and its place among the numbers there.
        std::vector<std::pair<std::uint16_t, std::uint64_t>> places;
    };
    void add(const Part& part, std::vector<const Part::Group*> Joined::* to);
    void find_places();
    Cell finished(const Joined& group, std::size_t measure, std::span<const std::int64_t> different);

    const AggregateQuery& query_;
    const PartQuery& parts_;
    std::map<std::string, Joined, std::less<>> groups_;
    bool placed_ = false;
    bool adds_up_ = true;
};

}  // namespace steno::store
