#pragma once

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "record/call.hpp"
#include "record/field_table.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

/// The fields that a store has a column for, and values of them. All follow from the record's field table;
/// nothing here lists them again.
namespace steno::store {

/// Text, Enum and TextList members: string. Number: double. Attributes: string, double or bool, as each call
/// says.
using Value = std::variant<std::string, double, bool, std::int64_t, Decimal, Duration, Timestamp, Uuid>;

/// One field that can be filtered and grouped by, checked to exist. Made by make_field. Beside the table's
/// there are scores, said of a call ("scores", the set of their names, and "scores.<name>", a score's value,
/// a number, absent where it has a label only), its tokens (total_tokens.hpp), and subtrees (subtree.hpp).
struct Field {
    static constexpr std::size_t kScores = static_cast<std::size_t>(-1);
    std::size_t index = 0;  ///< in scalar_fields(), or one of those beside it
    std::string key;        ///< of labels.attributes.<key> and scores.<key>; else empty

    [[nodiscard]] const FieldInfo& info() const;
    [[nodiscard]] FieldType type() const { return info().type; }
    [[nodiscard]] std::string path() const;
    /// Has one value at most, of one type: can be ordered by. Not TextList and Attributes.
    [[nodiscard]] bool is_scalar() const;

    friend bool operator==(const Field&, const Field&) = default;
};

/// The field with this dotted path; InvalidArgument, with the names nearest to it, if there is none.
Result<Field> make_field(std::string_view path);

/// Indices in scalar_fields() of what a store keeps in a column, ascending: every header field with values of
/// the types above, and the preview. What remains of a call is kept as one encoded remainder, see
/// remainder.hpp.
std::span<const std::size_t> column_fields();

/// Reads a value of the field's type in the form that the record's JSON shows: durations in milliseconds,
/// times in RFC 3339. An attribute's is a number, true or false if it looks like one, else text; in double
/// quotes always text.
Result<Value> parse_value(const Field& field, std::string_view text);
/// Appends the value in that form, as JSON: money and ids as strings, durations as a number of milliseconds.
void append_json(std::string& out, const Value& value);

}  // namespace steno::store
