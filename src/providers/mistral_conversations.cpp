#include "providers/mistral.hpp"
#include "providers/request_facts.hpp"

#include <fmt/format.h>

#include <utility>

namespace steno::providers {

namespace {

/// What stands in `inputs` and `outputs`, by its type; without a type it is a message.
Message read_entry(JsonValue entry) {
    const JsonValue type = entry["type"];
    Message message;
    if (type.is("function.result")) {
        message.role = "tool";
        Part& part = message.parts.emplace_back();
        part.type = PartType::ToolResult;
        part.id = entry["tool_call_id"].string();
        part.text = entry["result"].string();
    } else if (type.is("function.call")) {
        message.role = "assistant";
        Part& part = message.parts.emplace_back();
        part.type = PartType::ToolCall;
        part.id = entry["tool_call_id"].string();
        part.name = entry["name"].string();
        part.value = tool_arguments(entry["arguments"]);
    } else if (entry["content"].has_value()) {
        message.role = entry["role"].string();
        read_openai_content(entry["content"], message);
    } else {
        message.role = "assistant";
        Part& part = message.parts.emplace_back();
        part.type = PartType::Other;
        part.value = verbatim(entry);
    }
    return message;
}

class ConversationReader final : public AnswerReader {
  public:
    ConversationReader(const RequestView& request, const ResponseView& response, const OpenAiDialect& dialect)
        : AnswerReader(request, response), dialect_(dialect) {}

  private:
    void on_document(JsonValue root) override {
        keep_first(id_, root["conversation_id"]);
        for (const JsonValue entry : objects(root, "outputs").elements()) {
            keep_first(model_, entry["model"]);
            if (entry["type"].is("message.output")) {
                on_content(text_or_objects(entry, "content"));
            } else if (entry["type"].is("function.call")) {
                answer_.add_tool_call(scalar(entry, "tool_call_id"), scalar(entry, "name"),
                                      entry["arguments"]);
            } else {
                answer_.add_verbatim(entry);
            }
        }
        read_usage(root);
    }

    [[nodiscard]] bool is_answer(JsonValue root) const override { return root["outputs"].is_array(); }
    void on_event(std::string_view, JsonValue event) override {
        const JsonValue type = event["type"];
        keep_first(model_, event["model"]);
        if (type.is("conversation.response.started")) {
            keep_first(id_, event["conversation_id"]);
        } else if (type.is("message.output.delta")) {
            event["content"].is_object() ? on_part(event["content"]) : on_content(event["content"]);
        } else if (type.is("function.call.delta")) {
            answer_.append_tool_call(event["output_index"].integer().value_or(0),
                                     scalar(event, "tool_call_id"), scalar(event, "name"),
                                     text(event, "arguments").string());
        } else if (type.is("tool.execution.started") || type.is("tool.execution.done") ||
                   type.is("agent.handoff.done")) {
            answer_.add_verbatim(event);
        } else if (type.is("conversation.response.error")) {
            const auto code = event["code"].integer();
            const bool is_status = code && *code >= 400 && *code < 600;
            report({{},
                    event["code"].scalar_text(),
                    event["message"].string(),
                    is_status ? code : std::nullopt});
            finish_stream();
        } else if (type.is("conversation.response.done")) {
            read_usage(event);
            finish_stream();
        }
    }

    void on_content(JsonValue content) {
        answer_.append(PartType::Text, content);
        for (const JsonValue part : content.elements()) on_part(part);
    }

    void on_part(JsonValue part) {
        if (part["type"].is("text")) {
            answer_.append(PartType::Text, text(part, "text"));
        } else if (part["type"].is("thinking")) {
            answer_.append(PartType::Reasoning, read_openai_part(part).text);
        } else {
            answer_.add_verbatim(part);
        }
    }

    /// What Mistral's own tools were used for is counted by tool.
    void read_usage(JsonValue source) {
        const JsonValue usage = source["usage"];
        if (!usage.is_object()) return;
        read_openai_usage(usage, dialect_, usage_);
        for (const std::string_view tool : {"web_search", "web_search_premium"}) {
            if (const auto times = usage["connectors"][tool].count())
                usage_.searches = usage_.searches.value_or(0) + *times;
        }
    }

    [[nodiscard]] bool stream_is_whole() const override { return false; }  // finish_stream() says so

    void on_end(Call& call) override {
        call.response.id = id_;
        call.model.served = model_;
        call.usage = usage_;
    }

    OpenAiDialect dialect_;
    std::string id_;
    std::string model_;
    Usage usage_;
};

}  // namespace

void read_conversation_request(JsonValue body, Call& call) {
    call.kind = Kind::Chat;
    const JsonValue inputs = body["inputs"];
    if (inputs.is_string()) {
        Message& message = call.request.messages.emplace_back();
        message.role = "user";
        message.parts.emplace_back().text = inputs.string();
    }
    for (const JsonValue entry : inputs.elements()) call.request.messages.push_back(read_entry(entry));
    call.request.system = body["instructions"].string();
    call.request.tools = verbatim(body["tools"]);
    call.request.parameters =
        parameters_without(body, {"inputs", "instructions", "tools", "model", "stream"});
}

std::unique_ptr<ResponseReader> make_conversation_reader(const RequestView& request,
                                                         const ResponseView& response,
                                                         const OpenAiDialect& dialect) {
    return std::make_unique<ConversationReader>(request, response, dialect);
}

}  // namespace steno::providers
