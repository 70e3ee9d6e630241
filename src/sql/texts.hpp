#pragma once

#include "ingest/call_reader.hpp"
#include "store/view_scan.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The texts of calls, which are in the journal, as columns of the views.
namespace steno::sql {

/// Reads them. Absent: the call has none, or the journal has it no longer.
std::vector<std::optional<std::string>> read_texts(ingest::CallReader& calls, const store::Row& positions,
                                                   std::span<const store::ViewText> wanted);

/// What stands for a text until it is known that its row is in the answer. It is sealed with `secret`, which
/// the query's process never sees: a text that the query makes, or takes from a call, is no reference,
/// whatever it looks like.
std::string reference(std::string_view secret, const store::Row& positions, store::ViewText text);
struct Reference {
    store::Row positions;
    store::ViewText text;
};
std::optional<Reference> parse_reference(std::string_view secret, std::string_view cell);

}  // namespace steno::sql
