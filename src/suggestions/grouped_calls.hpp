#pragma once

#include "base/error.hpp"
#include "suggestions/looks.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Calls by task and model, as the store adds them up.
namespace steno::suggestions {

using Names = std::pair<Task, Model>;

/// Groups that are asked for at once: those of most calls.
inline constexpr std::uint32_t kMostGroups = 10'000;

/// The cells of each group; "calls" must be among the measures. `more`: fields behind those of task and
/// model, whose values are left out of the names: such groups are several of one name.
struct GroupedCalls {
    struct Group {
        Names names;
        std::vector<std::optional<store::Value>> more;
        std::vector<store::Cell> cells;
    };
    std::vector<Group> groups;
    bool truncated = false;
};
Result<GroupedCalls> group_calls(const Evidence& evidence, const std::vector<std::string>& measures,
                                 std::vector<store::Filter> filters = {},
                                 std::vector<store::Field> more = {});

/// The newest calls that the filters say, of a task and model.
Result<std::vector<Uuid>> some_calls(const Evidence& evidence, const Names& names,
                                     std::vector<store::Filter> filters);

}  // namespace steno::suggestions
