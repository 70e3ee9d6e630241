#include "analysis/call_tree.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

namespace steno::analysis {

CallTree tree_of(std::span<const Call> calls) {
    std::unordered_map<std::string, std::size_t> by_id;
    for (std::size_t i = 0; i < calls.size(); ++i) by_id[calls[i].id.to_string()] = i;
    for (std::size_t i = 0; i < calls.size(); ++i)
        if (!calls[i].trace.span_id.empty()) by_id.try_emplace(calls[i].trace.span_id, i);

    CallTree tree;
    tree.parent.resize(calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const auto parent = by_id.find(calls[i].trace.parent_id);
        if (parent != by_id.end() && parent->second != i) tree.parent[i] = parent->second;
    }
    // A walk up from each call that comes back to where it has been is a ring: its first call loses its
    // parent.
    std::vector<std::size_t> walk(calls.size(), calls.size());  // which walk has been here
    for (std::size_t i = 0; i < calls.size(); ++i) {
        std::optional<std::size_t> at = i;
        while (at && walk[*at] == calls.size()) {
            walk[*at] = i;
            at = tree.parent[*at];
        }
        if (!at || walk[*at] != i) continue;
        std::size_t first = *at;
        for (std::size_t next = *tree.parent[*at]; next != *at; next = *tree.parent[next])
            first = std::min(first, next);
        tree.parent[first].reset();
    }
    tree.children.resize(calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
        if (tree.parent[i])
            tree.children[*tree.parent[i]].push_back(i);
        else
            tree.roots.push_back(i);
    }
    return tree;
}

}  // namespace steno::analysis
