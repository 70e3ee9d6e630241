#pragma once

#include "base/error.hpp"
#include "exports/table.hpp"
#include "store/call_store.hpp"
#include "store/query.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Calls as the rows of a table: which columns, and their values straight from a store.
namespace steno::server {

struct CallColumn {
    exports::Column column;
    std::optional<std::size_t> field;  ///< in scalar_fields(); absent: the API alone knows it
    std::string pointer;               ///< in the JSON form of a call: "/usage/input_tokens"
};

/// Those of `fields`: dotted paths with commas, as the API's `fields`; a group stands for the fields in it.
/// Without any: all fields of the header, and the preview. InvalidArgument: there is no such field.
Result<std::vector<CallColumn>> call_columns(std::string_view fields);

/// Whether a scan of the store has them all: nothing of a payload, nothing within a map.
bool can_be_scanned(const std::vector<CallColumn>& columns);

/// All calls that fit, oldest first, straight from the store, which must outlive it.
Result<std::unique_ptr<exports::Rows>> scanned_calls(store::CallStore& store,
                                                     const store::Selection& selection,
                                                     std::vector<CallColumn> columns);

}  // namespace steno::server
