#include "analysis/experiment_versions.hpp"

#include "analysis/cells.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

namespace steno::analysis {

namespace {

constexpr std::size_t kMostNamed = 5;  ///< versions of a variant, in a sentence

store::Field field_of(std::string_view path) {
    return store::make_field(path).value();
}

}  // namespace

Result<std::vector<std::string>> mixed_versions(store::CallQueries& store,
                                                const ExperimentQuestion& question) {
    store::AggregateQuery query;
    query.selection.from = question.from;
    query.selection.to = question.to;
    query.selection.filters.push_back(store::ai_calls());
    query.selection.filters.push_back({field_of("prompt.experiment.id"), store::Op::Eq, {question.id}});
    query.selection.filters.push_back({field_of("prompt.version"), store::Op::Exists, {true}});
    query.group_by = {field_of("prompt.experiment.variant"), field_of("prompt.name"),
                      field_of("prompt.version")};
    STENO_ASSIGN(store::Measure number, store::make_measure("calls"));
    query.measures = {std::move(number)};
    query.order = "calls";
    query.limit = store::kMaxGroups;
    STENO_ASSIGN(const store::AggregateTable table, store.aggregate(query));
    // Most calls first, as they come.
    std::map<std::pair<std::string, std::string>, std::vector<std::string>> versions;
    for (const auto& group : table.groups)
        versions[{text_of(group.key[0]), text_of(group.key[1])}].push_back(
            fmt::format("{} ({})", text_of(group.key[2]), count_in(group.cells[0])));
    std::vector<std::string> sentences;
    for (auto& [of, named] : versions) {
        const auto& [variant, prompt] = of;
        if (named.size() < 2 || std::ranges::find(question.variants, variant) == question.variants.end())
            continue;
        if (named.size() > kMostNamed) {
            const std::size_t more = named.size() - kMostNamed;
            named.resize(kMostNamed);
            named.push_back(fmt::format("{} more", more));
        }
        sentences.push_back(fmt::format(
            "the calls of {} are of several versions of \"{}\" (calls): {}: what is told of it is "
            "of all of them",
            variant, prompt, fmt::join(named, ", ")));
    }
    return sentences;
}

}  // namespace steno::analysis
