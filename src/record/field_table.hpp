#pragma once

#include "record/call.hpp"
#include "record/fields.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

/// The leaves of a Call as one flat table, derived from `describe`: the columns of the stores, the names that
/// filters and projections accept, the heads of a CSV. Indices follow the order of fields.hpp; they hold for
/// one build only, paths for ever.
///
/// In the table: every leaf, also those of nested groups ("usage.cache_write_tokens.5m"). Lists and maps of
/// groups among the header fields (attempts, privacy.truncated) are one Json entry each. Not in it:
/// request.messages, response.messages, response.tool_calls (payload only) and scores (folded in by the
/// store). Leaves whose place is not Header are payload; `preview` is among them.
namespace steno {

enum class FieldType : std::uint8_t {
    Text,
    Bytes,  ///< raw.request, raw.response: any bytes
    Integer,
    Number,
    Duration,  ///< milliseconds in JSON and filters, nanoseconds here
    Decimal,
    Timestamp,
    Boolean,
    Uuid,
    Enum,  ///< one of FieldInfo::names
    TextList,
    Attributes,  ///< {name: text, number or boolean}
    Counts,      ///< {name: integer}
    Durations,   ///< {name: duration}
    Json,
};

struct FieldInfo {
    std::string path;  ///< "usage.input_tokens", as in the JSON form
    FieldType type = FieldType::Text;
    Place place = Place::Header;
    std::vector<std::string_view> names;  ///< of an Enum: what it accepts, in the order of its values
};

/// monostate: absent. Views and pointers are borrowed.
using FieldValue = std::variant<std::monostate,                                // absent
                                std::string_view,                              // Text, Bytes, Enum, Json
                                std::int64_t,                                  // Integer
                                double,                                        // Number
                                bool,                                          // Boolean
                                Duration, Decimal, Timestamp, Uuid,            // the types of the same name
                                const std::vector<std::string>*,               // TextList
                                const std::map<std::string, AttributeValue>*,  // Attributes
                                const std::map<std::string, std::int64_t>*,    // Counts
                                const std::map<std::string, Duration>*>;       // Durations

/// The table. Built at the first call, lives as long as the program; any thread.
std::span<const FieldInfo> scalar_fields();
/// The index of a path.
std::optional<std::size_t> find_field(std::string_view path);

/// One value. Points into the call, or, for the Json of a list of groups, into `scratch`.
FieldValue value_of(const Call& call, std::size_t index, std::string& scratch);

/// Calls fn(index, value) for every entry of the table in its order, absent ones too. A value lives until fn
/// returns.
template <class F>
    requires std::is_invocable_v<F&, std::size_t, const FieldValue&>
void visit_values(const Call& call, F&& fn) {
    std::string scratch;
    const std::size_t count = scalar_fields().size();
    for (std::size_t i = 0; i < count; ++i) fn(i, value_of(call, i, scratch));
}

/// Sets one field (copies what the value borrows); monostate makes it absent, or the first name of an Enum
/// that cannot be absent. An Integer is taken for a Number too. InvalidArgument when the value is not of the
/// field's type.
Result<void> set_value(Call& call, std::size_t index, const FieldValue& value);

}  // namespace steno
