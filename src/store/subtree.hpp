#pragma once

#include "record/call.hpp"
#include "store/field.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// In whose subtree a call is: the agent in whose name it was made and those around it, and the same of
/// functions. Sets that are not in the record's table, and that calls can be filtered and grouped by as by
/// those that are.
namespace steno::store {

struct SubtreeField {
    std::size_t index;  ///< what `Field::index` is of it
    std::string_view path;
    std::string_view innermost_path, outer_path;  ///< the fields that it is made of
    std::string Trace::* innermost;
    std::vector<std::string> Trace::* outer;
};
inline constexpr SubtreeField kSubtrees[] = {
    {Field::kScores - 2, "trace.agent_subtree", "trace.agent", "trace.outer_agents", &Trace::agent,
     &Trace::outer_agents},
    {Field::kScores - 3, "trace.function_subtree", "trace.function", "trace.outer_functions",
     &Trace::function, &Trace::outer_functions},
};
/// Null: the field is another one.
constexpr const SubtreeField* subtree_of(std::size_t field_index) {
    for (const SubtreeField& field : kSubtrees)
        if (field.index == field_index) return &field;
    return nullptr;
}

}  // namespace steno::store
