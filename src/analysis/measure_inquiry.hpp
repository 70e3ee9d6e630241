#pragma once

#include "analysis/trends.hpp"
#include "base/error.hpp"
#include "store/call_queries.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// One measure as the store tells it, bucket by bucket and group by group: what trends and odd hours are made
/// of.
namespace steno::analysis {

/// What it is of one group of calls in one bucket, or in all of a period.
struct Measured {
    std::int64_t calls = 0;
    Amount value;
    std::string currency;
    std::map<std::string, Decimal> by_currency;  ///< where that is "mixed", of the measure "cost"
};

/// By bucket_key; without buckets at the one key "absent".
using MeasuredBuckets = std::map<std::optional<std::int64_t>, Measured>;
using GroupKey = std::vector<std::optional<store::Value>>;  ///< one a field

/// Asks one store about one measure. Blocking; one thread.
class MeasureInquiry {
  public:
    /// All must outlive it.
    MeasureInquiry(store::CallQueries& store, const TrendMeasure& measure, const store::Bucket& bucket)
        : store_(store), measure_(measure), bucket_(bucket) {}

    Result<MeasuredBuckets> ask(const store::Selection& selection, bool buckets);

    /// By key_text of the group.
    struct Groups {
        std::map<std::string, MeasuredBuckets> groups;
        bool truncated = false;  ///< there were more than the store answers
    };
    Result<Groups> ask_by(const store::Selection& selection, const std::vector<store::Field>& by,
                          bool buckets);

    /// The groups of a period, the greatest first; where their money is in several currencies, of which none
    /// is more than the other, those with the most calls. `truncated`: there are more than `most`.
    Result<std::vector<GroupKey>> greatest(const store::Selection& selection,
                                           const std::vector<store::Field>& by, std::uint32_t most,
                                           bool& truncated);

    /// Of all money that was told so far; "mixed": it is in several.
    [[nodiscard]] const std::string& currency() const { return currency_; }

  private:
    [[nodiscard]] std::optional<std::int64_t> key(const std::optional<Timestamp>& bucket) const;
    void set_value(Measured& measured, const store::AggregateTable::Group& group);
    Result<void> split(store::AggregateQuery query, Groups& found);

    store::CallQueries& store_;
    const TrendMeasure& measure_;
    const store::Bucket& bucket_;
    std::string currency_;
};

/// The AI calls in it.
store::Selection ai_calls_of(store::Selection selection);

/// Those of this group.
store::Selection group_of(store::Selection selection, const std::vector<store::Field>& by,
                          const GroupKey& key);

/// Every bucket that has a part of [from, to): its key, and when it begins. InvalidArgument: more than
/// `most`.
Result<std::vector<std::pair<std::int64_t, Timestamp>>> buckets_of(const store::Bucket& bucket,
                                                                   Timestamp from, Timestamp to,
                                                                   std::size_t most);

}  // namespace steno::analysis
