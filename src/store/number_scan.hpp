#pragma once

#include "base/error.hpp"
#include "store/call_queries.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Numbers of many calls, column by column: for statistics that need every value and not only sums of them.
namespace steno::store {

struct NumberQuery {
    Selection selection;
    Field by;                         ///< a text: what calls are told apart by
    std::vector<std::string> groups;  ///< values of it, each once; other calls are left out
    std::vector<Field> numbers;       ///< Integer, Number, Decimal, Duration, Boolean or Timestamp
    std::vector<Field> texts = {};    ///< Text or Enum: told of each call beside its numbers; may be none
};
inline constexpr std::size_t kMostNumberGroups = 100;
inline constexpr std::size_t kMostNumbers = 64;

/// Some calls, in no order.
struct NumberBatch {
    std::span<const std::uint8_t> group;  ///< of each call: which of `groups`
    /// One column a field: NaN where a call does not have it. Durations in milliseconds, money in its
    /// currency, rounded to a double: for statistics, not for sums. True is 1, false 0; moments are
    /// milliseconds since 1970.
    std::span<const std::span<const double>> numbers;
    /// One column a field: empty where a call does not have it. Good until the sink returns.
    std::span<const std::span<const std::string_view>> texts;
};
/// Must not ask the store.
using NumberSink = std::function<void(const NumberBatch&)>;

/// What every backend and its snapshots are beside CallQueries. Threads as there.
class NumberScanner {
  public:
    virtual ~NumberScanner() = default;
    /// All calls that fit, some thousand at a time, on the caller's thread: memory does not grow with their
    /// number. Holds one of the store's concurrent reads meanwhile; DeadlineExceeded and Cancelled as of
    /// other reads, after which some calls may have been given. InvalidArgument: a field of another type, no
    /// or too many groups or numbers.
    virtual Result<void> scan_numbers(const NumberQuery& query, const NumberSink& take) = 0;
};

/// The store, or a snapshot of it, as one. Unimplemented: its backend is none.
Result<NumberScanner*> number_scanner_of(CallQueries& calls);

/// For backends: InvalidArgument as above.
Result<void> check(const NumberQuery& query);

}  // namespace steno::store
