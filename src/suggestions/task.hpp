#pragma once

#include "record/call.hpp"
#include "store/query.hpp"

#include <compare>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace steno::suggestions {

/// What a program had a model do: calls with the same five names are taken to do the same work, and only such
/// are compared. Empty: the calls do not say it.
struct Task {
    std::string type, prompt, version, agent, function;

    auto operator<=>(const Task&) const = default;
    /// Nothing is said: such calls may be anything.
    [[nodiscard]] bool unknown() const { return *this == Task(); }
    /// "version 2 of prompt answer, type reply, agent desk"; "calls without a name" where nothing is said.
    [[nodiscard]] std::string words() const;
};

/// What makes up a task, in the order of its members.
std::vector<store::Field> task_fields();
Task task_of(const Call& call);
/// From the first five values of a group's key.
Task task_of(std::span<const std::optional<store::Value>> key);
/// That calls are of this task: what is empty must be absent.
void add_filters(store::Selection& selection, const Task& task);
/// The task as flags of commands, " -f prompt.name=answer …", to be copied.
std::string flags_of(const Task& task);

/// A model at a provider, as it was asked for.
struct Model {
    std::string provider, name;

    auto operator<=>(const Model&) const = default;
};
/// provider.name and model.requested.
std::vector<store::Field> model_fields();
Model model_of(const Call& call);
/// From the two values of a group's key.
Model model_of(std::span<const std::optional<store::Value>> key);
void add_filters(store::Selection& selection, const Model& model);
std::string flags_of(const Model& model);

}  // namespace steno::suggestions
