#pragma once

#include "assignment/assignment.hpp"
#include "steno/prompts.hpp"
#include "templates/rendering.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace steno {

/// A version as a server gave it, or a text that the program brought itself. Never changes.
struct FetchedPrompt {
    std::string name;
    std::string version;
    std::vector<std::string> labels;
    prompts::Content content;
    prompts::Included included;
};

/// An experiment that runs for who asks so, as a server gave it with the prompt. Never changes.
struct FetchedExperiment {
    explicit FetchedExperiment(assignment::Plan its_plan) : plan(std::move(its_plan)), assigner(plan) {}
    assignment::Plan plan;
    assignment::Assigner assigner;
    /// By variant, as the plan has them; null: the prompt as it came.
    std::vector<std::shared_ptr<const FetchedPrompt>> prompts;
};

/// What became of the experiment for whom a prompt was asked for.
struct ExperimentPart {
    std::shared_ptr<const FetchedExperiment> experiment;
    std::optional<assignment::Assignment> assigned;
    std::string unit;
    std::string left_out;  ///< where nothing is assigned: why

    [[nodiscard]] const std::string& variant() const {
        return experiment->plan.variants[assigned->variant].name;
    }
};

struct Prompt::Data {
    PromptSource source = PromptSource::None;
    bool unknown = false;
    std::string error;
    std::shared_ptr<const FetchedPrompt> fetched;         ///< null: there is none
    std::shared_ptr<const FetchedExperiment> experiment;  ///< null: none runs
    std::optional<ExperimentPart> part;
};

struct RenderedPrompt::Data {
    std::string name;
    std::string version;
    std::string variables;  ///< JSON, as they were given
    std::string error;      ///< nothing else is there then
    std::string text;
    std::vector<PromptMessage> messages;
    std::vector<std::string> missing;
    std::vector<std::string> unused;
    std::optional<ExperimentPart> part;
};

}  // namespace steno
