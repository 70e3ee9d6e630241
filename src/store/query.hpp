#pragma once

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "calendar/zone.hpp"
#include "store/field.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The one query model: what API, CLI and analysis ask of a store. Every backend answers the same question
/// with the same rows and numbers. All parts are made by the functions below, which check names and values,
/// so that a query that exists is a query that can be answered.
namespace steno::store {

enum class Op : std::uint8_t {
    Eq,  ///< on a set: has this member
    Ne,  ///< not Eq: also true where the field is absent
    Lt,
    Le,
    Gt,
    Ge,
    In,        ///< Eq to any of the values
    Prefix,    ///< of text, bytes as they are
    Contains,  ///< in text, bytes as they are
    Exists,    ///< the one value says whether it must be there or must be absent
};

/// "eq", "ne", "lt", "le" or "lte", "gt", "ge" or "gte", "in", "prefix", "contains", "exists".
std::optional<Op> parse_op(std::string_view name) noexcept;
std::string_view to_string(Op op) noexcept;

/// A place in the journal: the n-th record of its stream.
struct Position {
    Uuid stream;
    std::uint64_t sequence = 0;

    friend bool operator==(const Position&, const Position&) = default;
};

struct Filter {
    Field field;
    Op op = Op::Eq;
    std::vector<Value> values;  ///< of the field's type; one, except for In; of Exists a bool
};

/// Values as text, see parse_value; for In a list with commas. InvalidArgument names the field, or the fields
/// with names like it, and what it takes.
Result<Filter> make_filter(std::string_view field, Op op, std::string_view value);
/// "usage.input_tokens.gte", "status", "labels.attributes.tone.in": a field with the operator behind it.
Result<Filter> make_filter(std::string_view field_and_op, std::string_view value);

/// Which calls. All conditions hold together.
struct Selection {
    std::optional<Timestamp> from;  ///< started_at not before
    std::optional<Timestamp> to;    ///< started_at before
    std::vector<Filter> filters;
    /// Ignoring case, in the beginnings of prompt or answer that the store has (preview). Empty: any.
    std::string text;
    /// Whose closing record stands in this stream, at or before this place: those that CallStore::forget
    /// would take.
    std::optional<Position> closed_until = {};
};

/// Leaves out the calls that are not to be listed (privacy.listed: false), unless a filter asks about that.
void leave_out_unlisted(Selection& selection);

/// A filter for calls that reach a model, or for all others.
Filter ai_calls(bool reach_a_model = true);

struct CallQuery {
    Selection selection;
    Field order;               ///< a scalar; calls without it come last, either way
    bool descending = true;    ///< ties are in the order of (id, project), turned likewise
    std::uint32_t limit = 50;  ///< 1 … kMaxPage
    std::string cursor;        ///< from the page before, with the same order; empty: from the start
    /// Dotted paths ("cost.total", "usage"): what `find` reads, with all that is at or below them, beside id,
    /// project, started_at and what is ordered by. The rest of a row is absent then. Empty: everything. A
    /// list that shows ten fields of scattered calls is answered five times as fast as one of all.
    std::vector<std::string> fields;
    CallQuery();  ///< newest first
};
inline constexpr std::uint32_t kMaxPage = 1000;

inline constexpr std::uint32_t kMaxPositions = 1'000'000;

/// InvalidArgument: a limit out of bounds, an order that is none.
Result<void> check(const CallQuery& query, std::uint32_t max_limit = kMaxPage);
/// "started_at", "-cost.total": a field, with "-" for descending.
Result<void> set_order(CallQuery& query, std::string_view order);

/// What a row of the answer holds: indices in scalar_fields(), ascending, and whether the remainder (all that
/// has no column) is among it.
struct Shown {
    std::vector<std::size_t> columns;
    bool remainder = true;
};
Shown shown_by(const CallQuery& query);

/// Calls are grouped into spans of started_at, as clocks in the zone show it. Weeks begin on Monday. Days may
/// have 23 or 25 hours; an hour that clocks show twice is two.
struct Bucket {
    enum class Unit : std::uint8_t { Minute, Hour, Day, Week, Month };
    Unit unit = Unit::Day;
    calendar::Zone zone;
    friend bool operator==(const Bucket&, const Bucket&) = default;
};
/// unit: "minute", "hour", "day", "week", "month"; zone: as calendar::Zone::find takes it.
Result<Bucket> make_bucket(std::string_view unit, std::string_view zone);
/// What tells the moment's bucket from all others: of minutes and hours the beginning, UTC; of days and
/// longer the local time of the beginning (a day may have none that is later than all moments before).
std::int64_t bucket_key(const Bucket& bucket, std::int64_t unix_nanos);
/// The beginning of the bucket with this key.
Timestamp bucket_begin(const Bucket& bucket, std::int64_t key);

/// What is counted in a group. Calls without the field are left out of Sum … Percentile and Distinct; over
/// none of them the answer is absent, not 0.
struct Measure {
    enum class Function : std::uint8_t {
        Calls,      ///< their number
        Errors,     ///< those with status failure
        ErrorRate,  ///< Errors / Calls
        Cost,       ///< sum of cost.total, see CostSum
        Count,      ///< calls that have the field
        Distinct,   ///< its different values
        Sum,        ///< exact for integers, money and durations
        Average,    ///< the exact sum, divided once
        Minimum,
        Maximum,
        Percentile,  ///< nearest rank: the smallest value with at least `fraction` of all at or below it;
                     ///< exact
    };
    std::string name;  ///< as it was asked for; names the column of the answer
    Function function = Function::Calls;
    Field field;
    double fraction = 0;  ///< of Percentile, 0 < fraction <= 1
};

/// "calls", "errors", "error_rate", "cost", a field of usage without its group ("input_tokens"),
/// "duration_avg", "duration_p95", "ttft_p50", "queued_p99" (avg, min, max, sum, pNN), or in full:
/// "count(f)", "distinct(f)", "sum(f)", "avg(f)", "min(f)", "max(f)", "p99.9(f)" for a field f.
Result<Measure> make_measure(std::string_view name);

/// Money in different currencies is not added up: then `total` is absent and `currency` is "mixed".
struct CostSum {
    std::optional<Decimal> total;  ///< absent: no call has a price
    std::string currency;
    /// Calls that reached a model, have no cost, and did not fail before usage was known.
    std::int64_t unpriced_calls = 0;
    /// Calls in the total whose usage, and with it their cost, is an estimate.
    std::int64_t estimated_calls = 0;
    friend bool operator==(const CostSum&, const CostSum&) = default;
};

struct AggregateQuery {
    Selection selection;
    /// Scalars, attributes, sets (a call counts once for each of its members, so groups overlap), at most
    /// kMaxGroupBy.
    std::vector<Field> group_by;
    std::optional<Bucket> bucket;
    std::vector<Measure> measures;
    /// A measure's name; empty: by bucket, then key. Groups without a value come last, ties by bucket and
    /// key.
    std::string order;
    bool descending = true;     ///< of `order` only
    std::uint32_t limit = 100;  ///< groups; 1 … kMaxGroups
};
inline constexpr std::size_t kMaxGroupBy = 8;
inline constexpr std::size_t kMaxMeasures = 64;
inline constexpr std::uint32_t kMaxGroups = 100'000;
/// InvalidArgument: a limit out of bounds, an order that is no measure.
Result<void> check(const AggregateQuery& query);

/// A measure's answer: absent, a number, money, a moment, text, …
using Cell = std::variant<std::monostate, Value, CostSum>;
/// null, the value, or {"total", "currency", "unpriced_calls", "estimated_calls"}.
void append_json(std::string& out, const Cell& cell);

struct AggregateTable {
    struct Group {
        std::vector<std::optional<Value>> key;  ///< one a group_by; absent: the calls without the field
        std::optional<Timestamp> bucket;        ///< its beginning
        std::vector<Cell> cells;                ///< one a measure
        friend bool operator==(const Group&, const Group&) = default;
    };
    std::vector<Group> groups;
    bool truncated = false;  ///< there are more groups than `limit`
};

}  // namespace steno::store
