#pragma once

#include "demo/applications.hpp"
#include "demo/models.hpp"
#include "demo/rhythm.hpp"
#include "demo/text_maker.hpp"
#include "record/call.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace steno::demo {

/// What stays the same through a conversation or a tree of calls.
struct Setting {
    const Application* application = nullptr;
    const Model* model = nullptr;
    User user;
    Language language = Language::English;
    Topic topic = 0;
    std::string_view environment;
    std::string session_id;
    std::string request_id;
    std::string trace_id;
};

/// What the model says, if all goes well.
struct Reply {
    std::string text;
    std::vector<ToolCall> tool_calls;
    Json structured;
    Json output;
    bool stream = false;
    std::int64_t cached_tokens = 0;  ///< of the prompt, that a call before has left at the provider
};

/// Makes single calls: who made them and where, how they went, how long they took and what they used. The
/// requests' content is the caller's. One thread.
class Caller {
  public:
    Caller(Draws& draws, TextMaker& text, const Rhythm& rhythm, bool keep_raw);

    Setting setting(const Application& application, const User& user);
    /// A call that begins at this moment: its id, who, where, labels and prompt; an AI call's endpoint and
    /// model.
    std::unique_ptr<Call> begin(const Setting& setting, std::int64_t now, Kind kind);
    /// As a message or as a field, as the model has it.
    void add_system(Call& call, const Setting& setting, std::int64_t now) const;
    /// What would be answered.
    Reply reply(const Setting& setting);
    /// Once the request is complete: decides how it went, and fills in all the rest. `longest`: nanoseconds.
    void finish(Call& call, const Setting& setting, Reply reply, std::int64_t longest);
    /// The same for what reaches no model: a function, an agent, a retrieval.
    void finish_own(Call& call, std::int64_t duration) const;

  private:
    static std::int64_t tokens_of(std::size_t bytes, Language language);
    /// The system prompt that the application uses at this moment.
    const std::string& system_prompt(const Application& application, std::int64_t now) const;
    void label(Call& call, const Setting& setting, double progress);
    void place(Call& call, const Setting& setting);
    void measure(Call& call, const Setting& setting, const Reply& reply, std::size_t answer_bytes);
    void limits(Call& call, const Model& model);
    [[nodiscard]] std::size_t version_of(const Application& application, double progress) const;

    static constexpr std::size_t kVersions = 4;

    Draws& draws_;
    TextMaker& text_;
    const Rhythm& rhythm_;
    bool keep_raw_;
    std::vector<std::array<std::string, kVersions>> system_prompts_;  ///< by application
};

/// Of all texts and values in the parts.
std::size_t text_bytes(const std::vector<Message>& messages);
/// Of messages, system prompt, tools and input.
std::size_t prompt_bytes(const Call& call);
Message message_of(std::string_view role, std::string text);
/// "assistant", or what the model calls it.
std::string_view role_of_model(const Model& model);
std::string json_string(std::string_view text);

}  // namespace steno::demo
