#pragma once

#include "base/error.hpp"
#include "store/cursor.hpp"
#include "store/field.hpp"
#include "store/number_scan.hpp"
#include "store/parts.hpp"
#include "store/query.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The one compiler from the query model to SQL. Names in the text come from the field table. A user's value
/// is a parameter, or, if the engine prefers it, a number, or a text of letters, digits and what cannot end a
/// string.
namespace steno::store::sql {

/// What differs between engines. Implementations have no state.
///
/// Common to all: the table "calls", with one column a field, named by its dotted path, unless value() says
/// otherwise. Timestamps and
/// durations are 64-bit nanoseconds; a timestamp's offset stands in "<path>.offset". What sums over calls ask
/// of each of them is kept beside: "counts.failed", a BOOLEAN, and "counts.cost", the number of a CostCount
/// (answers.hpp): a byte is compared for a fraction of what four texts cost. Absent is NULL, except
/// that "project" is ''. An attribute's value is text: 's' and the text, 'n' and the number in its shortest
/// form, 'b0' or 'b1'. "scores" holds what scores are worth, by name, for filters and measures; the rest of
/// them stands in the remainder.
class Dialect {
  public:
    virtual ~Dialect() = default;
    [[nodiscard]] virtual std::string_view column_type(FieldType type) const = 0;
    /// The field's value as it is compared, ordered and shown; its sum over a group; a column that is NULL
    /// exactly where the field is absent. By default the column of that name.
    [[nodiscard]] virtual std::string value(std::string_view path, FieldType type) const;
    [[nodiscard]] virtual std::string sum(std::string_view path, FieldType type) const;
    [[nodiscard]] virtual std::string presence(std::string_view path, FieldType type) const;
    /// What rows are ordered by for the order of value(), the first one first. By default value() itself;
    /// plain columns let an engine read the rest of a row only for those that are shown.
    [[nodiscard]] virtual std::vector<std::string> sort_keys(std::string_view path, FieldType type) const;
    /// The placeholder of the n-th parameter (from 1), which is compared with a column of this type.
    [[nodiscard]] virtual std::string parameter(std::size_t number, FieldType type) const = 0;
    /// The value itself, for engines that plan a statement with parameters a second time when their values
    /// are known. Empty, as by default: it is to be a parameter. Never of a text that is not plain().
    [[nodiscard]] virtual std::string literal(const Value& value, FieldType type) const;
    /// All arguments are SQL.
    [[nodiscard]] virtual std::string starts_with(std::string_view text, std::string_view prefix) const = 0;
    [[nodiscard]] virtual std::string contains(std::string_view text, std::string_view part) const = 0;
    [[nodiscard]] virtual std::string lower(std::string_view text) const = 0;
    [[nodiscard]] virtual std::string has_member(std::string_view set, std::string_view member) const = 0;
    /// The set with one member more, which may be NULL; NULL where both are.
    [[nodiscard]] virtual std::string with_member(std::string_view set, std::string_view member) const = 0;
    /// A row for each different member of the set, one with NULL if it is absent: an item of SELECT.
    [[nodiscard]] virtual std::string each_member(std::string_view set) const = 0;
    [[nodiscard]] virtual std::string attribute(std::string_view attributes, std::string_view key) const = 0;
    /// Of "scores": one score's value; the set of their names.
    [[nodiscard]] virtual std::string score(std::string_view scores, std::string_view name) const = 0;
    [[nodiscard]] virtual std::string score_names(std::string_view scores) const = 0;
    /// Of two whole numbers, of which each may be NULL: NULL where both are; the nearest 64-bit number.
    [[nodiscard]] virtual std::string sum_of_known(std::string_view a, std::string_view b) const = 0;
    [[nodiscard]] virtual std::string as_number(std::string_view text) const = 0;
    /// Aggregate: the rows of a group for which the condition is true.
    [[nodiscard]] virtual std::string count_where(std::string_view condition) const = 0;
    /// Aggregate: nearest rank.
    [[nodiscard]] virtual std::string percentile(std::string_view value, double fraction) const = 0;
    /// The field's value as a 64-bit number; kBeyond where it does not fit. By default value().
    [[nodiscard]] virtual std::string whole(std::string_view path, FieldType type) const;
    /// Aggregates: all values of a group that are not NULL, as a list; the first 128 bits of the MD5 of each
    /// different text among them, likewise (see parts.hpp).
    [[nodiscard]] virtual std::string collected(std::string_view value) const = 0;
    [[nodiscard]] virtual std::string fingerprints(std::string_view text) const = 0;
    /// The beginning of the month that holds the moment; both are nanoseconds since 1970 in local time.
    [[nodiscard]] virtual std::string month_of(std::string_view nanos) const = 0;
};

struct Statement {
    std::string text;
    std::vector<Value> parameters;  ///< by number
};

/// "=", "<", …; of what is no comparison "IS DISTINCT FROM", which counts an absent value as another.
std::string_view sign_of(Op op);
/// Up to 200 ASCII letters, digits, spaces and any of "_-.:/@": what no SQL takes for anything but text.
bool plain(std::string_view text);
/// "name", quoted.
std::string quoted(std::string_view name);

/// The text form of an attribute's value, and back.
std::string encode_attribute(const AttributeValue& value);
AttributeValue decode_attribute(std::string_view text);

/// "SELECT <columns> FROM calls …", in the query's order, with one row more than its limit. The query is
/// checked.
Statement select_page(const Dialect& dialect, std::string_view columns, const CallQuery& query,
                      const std::optional<Cursor>& after);

/// The same, reading the rest of a row only of those whose value is among the page's: less than half the
/// work where the order is not that of time. Gives less than the page if there are not enough calls with a
/// value (or with money beyond what one column holds): then ask select_page. Empty text: not for this order.
Statement select_top(const Dialect& dialect, std::string_view columns, const CallQuery& query,
                     const std::optional<Cursor>& after);

/// How far the first limit + 1 calls of each stretch of time reach: rows of which stretch it is, the value of
/// the last of them, and 0. None for a stretch that has fewer with a value. Of money one row more, with the
/// number of calls whose value is beyond what a border can tell; borders hold where there is none. The
/// query's own range does not count.
Statement select_borders(const Dialect& dialect, const CallQuery& query, const std::optional<Cursor>& after,
                         std::span<const Stretch> stretches);
/// The calls of each stretch up to its border, in no order; where there is none, all that have a value. At
/// most `most` rows and one more: many calls may have the same value.
Statement select_within_borders(const Dialect& dialect, std::string_view columns, const CallQuery& query,
                                const std::optional<Cursor>& after, std::span<const Stretch> stretches,
                                std::span<const std::optional<Value>> borders, std::uint64_t most);

/// "SELECT count(*) FROM calls …".
Statement select_count(const Dialect& dialect, const Selection& selection);

/// "SELECT <columns> FROM calls …", in no order.
Statement select_calls(const Dialect& dialect, std::string_view columns, const Selection& selection);

/// One row: the least and the greatest started_at, the number of calls that have one, and of all.
Statement select_span(const Dialect& dialect, const Selection& selection);

/// The beginnings of parts of time of this many nanoseconds, from selection.from on, and how many calls began
/// in each: ascending, without those where none did.
Statement select_histogram(const Dialect& dialect, const Selection& selection, std::int64_t width);

/// "SELECT <by>, <numbers>… FROM calls …", of those whose `by` is one of the groups, in no order. Numbers are
/// doubles: durations in nanoseconds, money in its smallest units. The query is checked.
Statement select_numbers(const Dialect& dialect, const NumberQuery& query);

/// One column a group_by, then the bucket's key (query.hpp) if there is one, then those of the
/// measures (see columns_of); one row more than the limit.
Result<Statement> select_groups(const Dialect& dialect, const AggregateQuery& query);

/// The same groups, of each of some parts of the query's range: first a column with the beginning of the part
/// that a row is of, then as above, those of `parts.measures`, a list for each of `parts.ranked` and of
/// `parts.told_apart`. `stretches` are in the order of time and do not overlap; kUndated stands for the calls
/// without a start time. In no order; `limit` rows and one more.
Result<Statement> select_parts(const Dialect& dialect, const AggregateQuery& query, const PartQuery& parts,
                               std::span<const Stretch> stretches, std::uint64_t limit);
inline constexpr Stretch kUndated{std::numeric_limits<std::int64_t>::min(),
                                  std::numeric_limits<std::int64_t>::min()};

/// How many columns a measure takes: Cost: sum, least and greatest currency, unpriced calls, estimated
/// ones. Average: sum and number. ErrorRate: errors and calls. Others: one.
std::size_t columns_of(Measure::Function function);

}  // namespace steno::store::sql
