#include "base/json_writer.hpp"
#include "providers/openai.hpp"
#include "providers/request_edit.hpp"
#include "providers/request_facts.hpp"

#include <map>
#include <utility>

/// Chat Completions and the old Completions.
namespace steno::providers {

namespace {

Part tool_call_part(JsonValue call) {
    Part part;
    part.type = PartType::ToolCall;
    part.id = call["id"].string();
    const JsonValue function = call["function"].is_object() ? call["function"] : call["custom"];
    part.name = function["name"].string();
    part.value =
        tool_arguments(function["arguments"].has_value() ? function["arguments"] : function["input"]);
    return part;
}

Message read_message(JsonValue source) {
    Message message;
    message.role = source["role"].string();
    message.name = source["name"].string();
    if (message.role == "tool" || message.role == "function") {
        Part result;
        result.type = PartType::ToolResult;
        result.id = source["tool_call_id"].string();
        result.name = message.name;
        const JsonValue content = source["content"];
        if (content.is_string()) {
            result.text = content.string();
        } else {
            result.value = verbatim(content);
        }
        message.parts.push_back(std::move(result));
        return message;
    }
    for (const std::string_view name : {"reasoning_content", "reasoning"}) {
        if (!source[name].is_string() || source[name].is("")) continue;
        Part& part = message.parts.emplace_back();
        part.type = PartType::Reasoning;
        part.text = source[name].string();
        break;
    }
    read_openai_content(source["content"], message);
    for (const JsonValue call : source["tool_calls"].elements())
        message.parts.push_back(tool_call_part(call));
    if (const JsonValue call = source["function_call"]; call.is_object()) {
        Part& part = message.parts.emplace_back();
        part.type = PartType::ToolCall;
        part.name = call["name"].string();
        part.value = tool_arguments(call["arguments"]);
    }
    return message;
}

/// Azure's verdicts on prompt and choices (content_filter_results), verbatim. Of a choice that is streamed
/// the last one that says something counts.
class ContentFilterResults {
  public:
    void read_prompt(JsonValue root) {
        const JsonValue results = root["prompt_filter_results"];
        if (results.size() != 0 && results.raw().size() <= kSmall) prompt_ = results.raw();
    }
    void read_choice(JsonValue choice) {
        const JsonValue results = choice["content_filter_results"];
        if (results.size() == 0 || results.raw().size() > kSmall) return;
        const std::int64_t index = choice["index"].integer().value_or(0);
        if (choices_.size() < kMaxChoices || choices_.contains(index)) choices_[index] = results.raw();
    }
    void write_to(Call& call) const {
        if (prompt_.empty() && choices_.empty()) return;
        JsonWriter writer(call.response.output.text);
        writer.begin_object();
        if (!prompt_.empty()) writer.member_raw("prompt_filter_results", prompt_);
        if (!choices_.empty()) {
            writer.key("content_filter_results");
            writer.begin_array();
            for (const auto& [index, results] : choices_) writer.raw(results);
            writer.end_array();
        }
        writer.end_object();
    }

  private:
    static constexpr std::size_t kSmall = 64 << 10;
    static constexpr std::size_t kMaxChoices = 128;
    std::string prompt_;
    std::map<std::int64_t, std::string> choices_;  ///< by index
};

/// What Chat Completions and Completions have in common: the envelope, in bodies and in chunks.
class CompletionsReader : public AnswerReader {
  public:
    CompletionsReader(const RequestView& request, const ResponseView& response, const OpenAiDialect& dialect)
        : AnswerReader(request, response),
          dialect_(dialect),
          usage_asked_(request.body.contains("\"include_usage\"")) {}

  protected:
    /// A choice of a body, or of a chunk.
    virtual void on_choice(JsonValue choice) = 0;

  private:
    void on_event(std::string_view, JsonValue data) override { read(data, true); }
    void on_document(JsonValue root) override { read(root, false); }
    /// Or the name, or state, of an answer that comes later: xAI's deferred one; Perplexity's, Z.ai's
    /// "async".
    [[nodiscard]] bool is_answer(JsonValue root) const override {
        return root["choices"].is_array() || root["request_id"].is_string() || root["status"].is_string();
    }
    [[nodiscard]] bool awaits_usage() const override { return usage_asked_ && !usage_told_; }

    /// In a body each choice and each call is one of its own, whatever index it bears; some hosts put 0 on
    /// all.
    void read(JsonValue root, bool streamed) {
        if (id_.empty()) keep_first(id_, root["id"]);
        if (model_.empty()) keep_first(model_, root["model"]);
        const JsonValue told = root["usage"];
        for (const JsonValue tier : {root["service_tier"], told["service_tier"]}) {  // Mistral's second
            if (tier.is_string()) tier_ = tier.string();
        }
        filters_.read_prompt(root);
        std::int64_t place = 0;
        for (const JsonValue choice : objects(root, "choices").elements()) {
            const std::int64_t index = streamed ? choice["index"].integer().value_or(place) : place;
            ++place;
            answer_.select(index);
            on_choice(choice);
            read_usage(choice["usage"]);  // Moonshot
            filters_.read_choice(choice);
            if (const JsonValue reason = choice["finish_reason"]; reason.has_value()) {
                answer_.set_finish_reason(reason.scalar_text());
            }
        }
        read_usage(root["x_groq"]["usage"]);
        read_usage(told);
    }

    void read_usage(JsonValue usage) {
        if (!usage.is_object()) return;
        usage_ = {};
        usage_told_ = true;
        read_openai_usage(usage, dialect_, usage_);
        read_reported_cost(usage, dialect_, cost_);
        read_phases(usage);
    }

    /// Groq tells how long its parts took, in seconds.
    void read_phases(JsonValue usage) {
        for (const auto& [member, phase] : {std::pair{"queue_time", "queue"},
                                            {"prompt_time", "prompt"},
                                            {"completion_time", "completion"}}) {
            const auto seconds = usage[member].number();
            constexpr double kDay = 86'400;
            if (seconds && *seconds >= 0 && *seconds < kDay) {
                phases_[phase] = Duration{static_cast<std::int64_t>(*seconds * 1e9)};
            }
        }
    }

    void on_end(Call& call) override {
        call.response.id = id_;
        call.model.served = model_;
        call.usage = usage_;
        if (cost_.total) call.cost = cost_;
        if (!tier_.empty()) call.provider.service_tier = tier_;
        call.time.phases.insert(phases_.begin(), phases_.end());
        filters_.write_to(call);
    }

    OpenAiDialect dialect_;
    bool usage_asked_;  ///< or refused, which costs nothing but that a record ends with its answer's body
    bool usage_told_ = false;
    std::string id_;
    std::string model_;
    std::string tier_;
    Usage usage_;
    Cost cost_;
    std::map<std::string, Duration> phases_;
    ContentFilterResults filters_;
};

class ChatReader final : public CompletionsReader {
  public:
    using CompletionsReader::CompletionsReader;

  private:
    void on_choice(JsonValue choice) override {
        const JsonValue delta = object(choice, "delta");
        const JsonValue message = delta.is_object() ? delta : object(choice, "message");
        if (const JsonValue role = message["role"]; role.is_string()) answer_.set_role(role.string());
        for (const std::string_view name : {"reasoning_content", "reasoning"}) {
            const JsonValue reasoning = message[name];
            if (!reasoning.has_value() || reasoning.is("")) continue;
            answer_.append(PartType::Reasoning, text(message, name));
            break;
        }
        on_content(text_or_objects(message, "content"));
        answer_.append_refusal(text(message, "refusal").string());
        const bool streamed = choice["delta"].is_object();
        std::int64_t place = 0;
        for (const JsonValue call : objects(message, "tool_calls").elements()) {
            on_tool_call(call, streamed ? call["index"].integer().value_or(place) : place);
            ++place;
        }
        if (const JsonValue call = object(message, "function_call"); call.is_object()) {
            constexpr std::int64_t kFunctionCall = -1;
            answer_.append_tool_call(kFunctionCall, {}, scalar(call, "name"),
                                     text(call, "arguments").string());
        }
        answer_.append(PartType::Audio, text(message["audio"], "transcript"));
    }

    void on_content(JsonValue content) {
        answer_.append(PartType::Text, content);
        for (const JsonValue part : content.elements()) {  // Mistral
            if (part["type"].is("text")) {
                answer_.append(PartType::Text, text(part, "text"));
            } else if (part["type"].is("thinking")) {
                const JsonValue thinking = text_or_objects(part, "thinking");
                answer_.append(PartType::Reasoning, thinking);
                for (const JsonValue piece : thinking.elements()) {
                    answer_.append(PartType::Reasoning, text(piece, "text"));
                }
            } else {
                answer_.add_verbatim(part);
            }
        }
    }

    void on_tool_call(JsonValue call, std::int64_t slot) {
        const JsonValue function = call["custom"].is_object() ? call["custom"] : object(call, "function");
        const JsonValue arguments =
            function["arguments"].has_value() ? function["arguments"] : function["input"];
        const std::string told =
            arguments.is_string() ? arguments.string() : std::string(verbatim(arguments).text);
        answer_.append_tool_call(slot, scalar(call, "id"), scalar(function, "name"), told);
    }
};

class CompletionReader final : public CompletionsReader {
  public:
    using CompletionsReader::CompletionsReader;

  private:
    void on_choice(JsonValue choice) override { answer_.append(PartType::Text, text(choice, "text")); }
};

}  // namespace

void read_chat_request(JsonValue body, Call& call) {
    call.kind = Kind::Chat;
    for (const JsonValue message : body["messages"].elements()) {
        call.request.messages.push_back(read_message(message));
    }
    call.request.tools = verbatim(body["tools"]);
    call.request.parameters = parameters_without(body, {"messages", "tools", "model", "stream"});
}

void read_completion_request(JsonValue body, Call& call) {
    call.kind = Kind::Completion;
    const auto add = [&](JsonValue prompt) {
        Message& message = call.request.messages.emplace_back();
        message.role = "user";
        message.parts.emplace_back().text = prompt.string();
    };
    const JsonValue prompt = body["prompt"];
    if (prompt.is_string()) add(prompt);
    for (const JsonValue one : prompt.elements()) {
        if (one.is_string()) add(one);
    }
    if (call.request.messages.empty()) call.request.input = verbatim(prompt);  // token ids
    call.request.parameters = parameters_without(body, {"prompt", "model", "stream"});
}

Result<void> edit_chat_request(JsonValue body, const RequestEdit& edit, const OpenAiDialect& dialect,
                               JsonEdits& edits) {
    if (!edit.model.empty()) edits.set_text(body, "model", edit.model);
    // What OpenAI calls max_completion_tokens now, most others know as max_tokens alone.
    const bool is_openai = dialect.record_name == "openai" || dialect.record_name == "azure.ai.openai";
    const bool has_old = body["max_tokens"].has_value();
    const bool has_new = body["max_completion_tokens"].has_value();
    if (is_openai && has_old && !has_new && !edit.model.empty()) {
        // Newer models refuse the old name, all of them take the new one.
        for (const auto& [key, value] : body.members()) {
            if (key.is("max_tokens")) edits.replace(key, R"("max_completion_tokens")");
        }
    }
    set_parameters(edit,
                   {.token_limit = is_openai ? "max_completion_tokens" : "max_tokens",
                    .top_k = body["top_k"].has_value() ? "top_k" : "",
                    .other_token_limit = is_openai ? "max_tokens" : "max_completion_tokens"},
                   body, edits);
    if (edit.texts.empty()) return {};

    if (!body["messages"].is_array()) return fail(Code::FailedPrecondition, "the request has no messages");
    constexpr std::string_view kTextTypes[] = {"text"};
    std::vector<ListedMessage> messages;
    for (const JsonValue source : body["messages"].elements())
        messages.push_back(
            {source, editable_message(source["role"].string(), source["content"], kTextTypes)});
    return replace_texts_in_list(body["messages"], messages, texts_of(edit), edits);
}

std::unique_ptr<ResponseReader> make_chat_reader(const RequestView& request, const ResponseView& response,
                                                 const OpenAiDialect& dialect) {
    return std::make_unique<ChatReader>(request, response, dialect);
}

std::unique_ptr<ResponseReader> make_completion_reader(const RequestView& request,
                                                       const ResponseView& response,
                                                       const OpenAiDialect& dialect) {
    return std::make_unique<CompletionReader>(request, response, dialect);
}

}  // namespace steno::providers
