#pragma once

#include "demo/caller.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// An agent at work: it asks a model, which asks for functions, whose results go into the next question,
/// until there is an answer; now and then another agent looks something up for it.
namespace steno::demo {

/// One tree of calls. All of it is made at once; each call knows its own times.
class AgentTree {
  public:
    AgentTree(Caller& caller, TextMaker& text, Draws& draws, const Rhythm& rhythm, const Setting& setting);

    /// The agent itself first, then the calls below it, in the order of their ends. Once.
    std::vector<std::unique_ptr<Call>> tell(std::int64_t now);

  private:
    Call& add(Kind kind, const std::string& parent);
    ToolCall draw_tool();
    /// One question to the model, with all that was said and found before. True: it was answered.
    bool ask(Reply reply);
    void run(const ToolCall& tool, const std::string& parent);
    void ask_researcher();
    void end_of(Call& call, double seconds);
    [[nodiscard]] std::int64_t steps_left() const;

    Caller& caller_;
    TextMaker& text_;
    Draws& draws_;
    const Rhythm& rhythm_;
    const Setting& setting_;
    std::int64_t now_ = 0;
    std::string goal_;
    std::string root_id_;
    std::string tools_;  ///< definitions, in the model's form
    std::vector<Message> history_;
    std::int64_t cached_tokens_ = 0;
    std::vector<std::unique_ptr<Call>> calls_;
};

/// What a recorder is told when the agent begins.
Call beginning_of(const Call& agent);

}  // namespace steno::demo
