#include "suggestions/task.hpp"

#include "analysis/cells.hpp"
#include "base/shell_word.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

namespace steno::suggestions {

namespace {

constexpr std::array<std::pair<std::string_view, std::string Task::*>, 5> kTask = {
    {{"prompt.type", &Task::type},
     {"prompt.name", &Task::prompt},
     {"prompt.version", &Task::version},
     {"trace.agent", &Task::agent},
     {"trace.function", &Task::function}}};
constexpr std::array<std::pair<std::string_view, std::string Model::*>, 2> kModel = {
    {{"provider.name", &Model::provider}, {"model.requested", &Model::name}}};

template <class Of, std::size_t N>
std::vector<store::Field> fields(const std::array<std::pair<std::string_view, std::string Of::*>, N>& names) {
    std::vector<store::Field> found;
    for (const auto& [name, member] : names) found.push_back(store::make_field(name).value());
    return found;
}

template <class Of, std::size_t N>
void filter(store::Selection& selection, const Of& of,
            const std::array<std::pair<std::string_view, std::string Of::*>, N>& names) {
    for (const auto& [name, member] : names) {
        const std::string& value = of.*member;
        store::Filter one{store::make_field(name).value(), store::Op::Eq, {value}};
        if (value.empty()) one.op = store::Op::Exists, one.values = {false};
        selection.filters.push_back(std::move(one));
    }
}

template <class Of, std::size_t N>
std::string flags(const Of& of, const std::array<std::pair<std::string_view, std::string Of::*>, N>& names) {
    std::string text;
    for (const auto& [name, member] : names)
        if (const std::string& value = of.*member; !value.empty())
            text += " -f " + shell_word(fmt::format("{}={}", name, value));
    return text;
}

}  // namespace

std::string Task::words() const {
    std::string text;
    const auto add = [&](std::string_view what, const std::string& name) {
        if (!name.empty()) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", what, name);
    };
    if (!prompt.empty() && !version.empty())
        text = fmt::format("version {} of prompt {}", version, prompt);
    else
        add("prompt", prompt);
    add("type", type);
    add("agent", agent);
    add("function", function);
    return text.empty() ? "calls without a name" : text;
}

std::vector<store::Field> task_fields() {
    return fields(kTask);
}

Task task_of(const Call& call) {
    return {call.prompt.type, call.prompt.name, call.prompt.version, call.trace.agent, call.trace.function};
}

Task task_of(std::span<const std::optional<store::Value>> key) {
    Task task;
    for (std::size_t i = 0; i < kTask.size(); ++i) task.*kTask[i].second = analysis::text_of(key[i]);
    return task;
}

void add_filters(store::Selection& selection, const Task& task) {
    filter(selection, task, kTask);
}

std::string flags_of(const Task& task) {
    return flags(task, kTask);
}

std::vector<store::Field> model_fields() {
    return fields(kModel);
}

Model model_of(const Call& call) {
    return {call.provider.name, call.model.requested};
}

Model model_of(std::span<const std::optional<store::Value>> key) {
    return {analysis::text_of(key[0]), analysis::text_of(key[1])};
}

void add_filters(store::Selection& selection, const Model& model) {
    filter(selection, model, kModel);
}

std::string flags_of(const Model& model) {
    return flags(model, kModel);
}

}  // namespace steno::suggestions
