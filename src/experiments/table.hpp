#pragma once

#include "assignment/assignment.hpp"
#include "base/published.hpp"
#include "experiments/definition.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace steno::experiments {

/// What all of an experiment's assignments are made by: its definition as it is, and its revision.
assignment::Plan plan_of(const std::string& id, std::int64_t revision, const Definition& definition);

/// An experiment that runs, made ready for calls.
class Running {
  public:
    Running(const std::string& id, std::int64_t revision, Definition definition);

    [[nodiscard]] const Definition& definition() const noexcept { return definition_; }
    [[nodiscard]] const assignment::Plan& plan() const noexcept { return plan_; }
    /// Who gets what; the variant's place is that in the definition, too. Absent: the unit takes no part.
    [[nodiscard]] std::optional<assignment::Assignment> assign(std::string_view unit) const noexcept {
        return assigner_.assign(unit);
    }

  private:
    Definition definition_;
    assignment::Plan plan_;
    assignment::Assigner assigner_;
};

/// All experiments that run at a moment, as calls are asked about, and the names of those that ever did:
/// never changed, replaced as a whole. A look-up takes some 30 ns. Any thread.
class Table {
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

  public:
    /// The variants' names, by the ids of all experiments that calls may name.
    using Variants = std::unordered_map<std::string, std::vector<std::string>, Hash, std::equal_to<>>;

    Table() = default;
    /// Without `started` every name is taken for known.
    explicit Table(const std::vector<std::shared_ptr<const Running>>& running,
                   std::optional<Variants> started = {});

    /// For who fetches the prompt by this label, or by none (""). Null: none runs.
    [[nodiscard]] std::shared_ptr<const Running> of_prompt(std::string_view name,
                                                           std::string_view label) const noexcept;
    /// For calls of this kind. Null: none runs.
    [[nodiscard]] std::shared_ptr<const Running> of_type(std::string_view type) const noexcept;
    enum class Known : std::uint8_t { Both, NotTheExperiment, NotTheVariant };
    /// Was an experiment of this id ever started, and has it this variant ("": none is asked about)?
    [[nodiscard]] Known knows(std::string_view id, std::string_view variant) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return prompts_.empty() && types_.empty(); }

  private:
    using By = std::unordered_map<std::string, std::shared_ptr<const Running>, Hash, std::equal_to<>>;
    By prompts_;
    By types_;
    std::optional<Variants> started_;
};

/// Where servers look it up: table.now()->of_prompt(name, label).
using PublishedTable = Published<Table>;

}  // namespace steno::experiments
