#include "experiments/table.hpp"

#include "prompts/registry.hpp"

#include <algorithm>
#include <utility>

namespace steno::experiments {

assignment::Plan plan_of(const std::string& id, std::int64_t revision, const Definition& definition) {
    assignment::Plan plan{.id = id,
                          .name = definition.name,
                          .unit = definition.unit,
                          .share = definition.share,
                          .revision = revision,
                          .variants = {}};
    for (const Variant& variant : definition.variants)
        plan.variants.push_back({variant.name, variant.weight, variant.stopped});
    return plan;
}

Running::Running(const std::string& id, std::int64_t revision, Definition definition)
    : definition_(std::move(definition)), plan_(plan_of(id, revision, definition_)), assigner_(plan_) {}

Table::Table(const std::vector<std::shared_ptr<const Running>>& running, std::optional<Variants> started)
    : started_(std::move(started)) {
    for (const auto& one : running) {
        const Definition& definition = one->definition();
        if (!definition.prompt.empty()) prompts_.emplace(definition.prompt, one);
        if (!definition.prompt_type.empty()) types_.emplace(definition.prompt_type, one);
    }
}

std::shared_ptr<const Running> Table::of_prompt(std::string_view name,
                                                std::string_view label) const noexcept {
    const auto found = prompts_.find(name);
    if (found == prompts_.end()) return nullptr;
    const std::string& wanted = found->second->definition().label;
    if (label.empty() ? wanted != prompts::kProduction : wanted != label) return nullptr;
    return found->second;
}

std::shared_ptr<const Running> Table::of_type(std::string_view type) const noexcept {
    const auto found = types_.find(type);
    return found == types_.end() ? nullptr : found->second;
}

Table::Known Table::knows(std::string_view id, std::string_view variant) const noexcept {
    if (!started_) return Known::Both;
    const auto found = started_->find(id);
    if (found == started_->end()) return Known::NotTheExperiment;
    const bool has_it = variant.empty() || std::ranges::find(found->second, variant) != found->second.end();
    return has_it ? Known::Both : Known::NotTheVariant;
}

}  // namespace steno::experiments
