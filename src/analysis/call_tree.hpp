#pragma once

#include "record/call.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace steno::analysis {

/// Calls as a forest, by their places in the span that it was made of.
struct CallTree {
    std::vector<std::size_t> roots;
    std::vector<std::vector<std::size_t>> children;
    std::vector<std::optional<std::size_t>> parent;
};

/// A parent is named by its call id, or, where the trace comes from elsewhere, by its span id. A call whose
/// parent is not among them is a root; of calls that name each other in a ring, the first is.
CallTree tree_of(std::span<const Call> calls);

}  // namespace steno::analysis
