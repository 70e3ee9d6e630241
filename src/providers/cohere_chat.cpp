#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "providers/cohere.hpp"
#include "providers/openai.hpp"
#include "providers/request_facts.hpp"

#include <map>
#include <utility>

namespace steno::providers {

namespace {

/// v1 writes USER, CHATBOT, SYSTEM and TOOL, in any case.
std::string role_of(JsonValue role) {
    std::string name = lower_case(role.string());
    return name == "chatbot" ? "assistant" : name;
}

/// v1's calls have no ids.
void add_tool_results(JsonValue results, Message& message) {
    for (const JsonValue result : results.elements()) {
        Part& part = message.parts.emplace_back();
        part.type = PartType::ToolResult;
        part.name = result["call"]["name"].string();
        part.value = verbatim(result["outputs"]);
    }
}

Message read_v1_message(JsonValue source) {
    Message message;
    message.role = role_of(source["role"].has_value() ? source["role"] : source["user_name"]);
    const JsonValue text = source["message"].is_string() ? source["message"] : source["text"];
    if (text.is_string() && !text.is("")) message.parts.emplace_back().text = text.string();
    for (const JsonValue call : source["tool_calls"].elements()) {
        Part& part = message.parts.emplace_back();
        part.type = PartType::ToolCall;
        part.name = call["name"].string();
        part.value = tool_arguments(call["parameters"]);
    }
    add_tool_results(source["tool_results"], message);
    return message;
}

void read_v1_chat_request(JsonValue body, Call& call) {
    call.kind = Kind::Chat;
    for (const JsonValue message : body["chat_history"].elements())
        call.request.messages.push_back(read_v1_message(message));
    Message& last = call.request.messages.emplace_back();
    last.role = "user";
    if (const JsonValue text = body["message"]; text.is_string() && !text.is(""))
        last.parts.emplace_back().text = text.string();
    add_tool_results(body["tool_results"], last);
    call.request.system = body["preamble"].string();
    call.request.tools = verbatim(body["tools"]);
    call.request.parameters = parameters_without(
        body, {"message", "chat_history", "tool_results", "preamble", "tools", "model", "stream"});
}

void read_v2_chat_request(JsonValue body, Call& call) {
    read_chat_request(body, call);  // the messages are OpenAI's, but for the plan
    std::size_t at = 0;
    for (const JsonValue source : body["messages"].elements()) {
        Message& message = call.request.messages[at++];
        if (!source["tool_plan"].is_string() || source["tool_plan"].is("")) continue;
        Part plan;
        plan.type = PartType::Reasoning;
        plan.text = source["tool_plan"].string();
        message.parts.insert(message.parts.begin(), std::move(plan));
    }
}

/// What an answer rests on: lists in v1's answers and events; v2 has citations alone.
constexpr std::string_view kGrounds[] = {"citations", "documents", "search_queries", "search_results"};

class ChatReader final : public AnswerReader {
  public:
    ChatReader(const RequestView& request, const ResponseView& response)
        : AnswerReader(request, response, Expected::EventsOrLines) {}

  private:
    static constexpr std::size_t kMaxGrounds = 4 << 20;

    void on_document(JsonValue root) override { root["message"].is_object() ? read_v2(root) : read_v1(root); }

    [[nodiscard]] bool is_answer(JsonValue root) const override {
        return root["message"].is_object() || root["text"].is_string() || root["generations"].is_array();
    }
    void on_event(std::string_view, JsonValue event) override {
        event["event_type"].is_string() ? on_v1_event(event) : on_v2_event(event);
    }

    void read_v2(JsonValue root) {
        keep_first(id_, root["id"]);
        const JsonValue message = root["message"];
        answer_.set_role(message["role"].string());
        answer_.append(PartType::Reasoning, text(message, "tool_plan"));
        const JsonValue content = text_or_objects(message, "content");
        answer_.append(PartType::Text, content);
        for (const JsonValue part : content.elements()) on_content(part);
        for (const JsonValue call : objects(message, "tool_calls").elements()) {
            const JsonValue function = object(call, "function");
            answer_.add_tool_call(scalar(call, "id"), scalar(function, "name"), function["arguments"]);
        }
        keep_grounds(message);
        on_ending(root);
    }

    void on_content(JsonValue part) {
        if (part["thinking"].is_string()) {
            answer_.append(PartType::Reasoning, part["thinking"]);
        } else if (part["text"].is_string()) {
            answer_.append(PartType::Text, part["text"]);
        } else {
            answer_.add_verbatim(part);
        }
    }

    void on_v2_event(JsonValue event) {
        const JsonValue type = event["type"];
        const JsonValue delta = object(event, "delta");
        const JsonValue message = object(delta, "message");
        if (type.is("message-start")) {
            keep_first(id_, event["id"]);
            answer_.set_role(message["role"].string());
        } else if (type.is("content-start") || type.is("content-delta")) {
            on_content(object(message, "content"));
        } else if (type.is("tool-plan-delta")) {
            answer_.append(PartType::Reasoning, text(message, "tool_plan"));
        } else if (type.is("tool-call-start") || type.is("tool-call-delta")) {
            const JsonValue call = message["tool_calls"];
            const JsonValue function = call["function"];
            answer_.append_tool_call(event["index"].integer().value_or(0), scalar(call, "id"),
                                     scalar(function, "name"), text(function, "arguments").string());
        } else if (type.is("citation-start")) {
            keep_ground("citations", message["citations"]);
        } else if (type.is("message-end")) {
            keep_first(id_, event["id"]);
            on_ending(delta);
            if (delta["error"].is_string()) report({{}, {}, delta["error"].string(), {}});
            finish_stream();
        }
    }

    void on_ending(JsonValue source) {
        answer_.set_finish_reason(source["finish_reason"].string());
        if (source["usage"].is_object()) read_cohere_usage(source["usage"], usage_);
    }

    void read_v1(JsonValue root) {
        keep_first(id_, root["generations"].is_array() ? root["id"] : root["response_id"]);
        std::int64_t place = 0;
        for (const JsonValue generation : objects(root, "generations").elements()) {
            answer_.select(generation["index"].integer().value_or(place++));
            answer_.append(PartType::Text, text(generation, "text"));
            answer_.set_finish_reason(generation["finish_reason"].string());
        }
        answer_.append(PartType::Text, text(root, "text"));
        for (const JsonValue call : objects(root, "tool_calls").elements())
            answer_.add_tool_call({}, scalar(call, "name"), call["parameters"]);
        if (root["finish_reason"].is_string()) answer_.set_finish_reason(root["finish_reason"].string());
        keep_grounds(root);
        if (root["meta"].is_object()) read_cohere_usage(root["meta"], usage_);
    }

    void on_v1_event(JsonValue event) {
        const JsonValue type = event["event_type"];
        keep_grounds(event);
        if (type.is("text-generation")) {
            if (const auto index = event["index"].integer()) answer_.select(*index);
            answer_.append(PartType::Text, text(event, "text"));
        } else if (type.is("tool-calls-chunk")) {
            const JsonValue delta = event["tool_call_delta"];
            answer_.append(PartType::Reasoning, text(delta, "text"));
            if (!delta["name"].has_value() && !delta["parameters"].has_value()) return;
            in_chunks_ = true;
            answer_.append_tool_call(delta["index"].integer().value_or(0), {}, delta["name"].string(),
                                     delta["parameters"].string());
        } else if (type.is("tool-calls-generation")) {
            if (in_chunks_) return;  // the same calls, whole
            for (const JsonValue call : objects(event, "tool_calls").elements())
                answer_.add_tool_call({}, scalar(call, "name"), call["parameters"]);
        } else if (type.is("stream-error")) {
            report({{}, {}, event["err"].string(), {}});
            answer_.set_finish_reason(event["finish_reason"].string());
            finish_stream();
        } else if (type.is("stream-end")) {
            on_v1_end(event);
            finish_stream();
        }
    }

    void on_v1_end(JsonValue event) {
        const JsonValue response = event["response"];
        if (response["text"].is_string() || response["generations"].is_array()) {
            answer_.restart();  // it holds the whole answer again
            grounds_.clear();
            grounds_size_ = 0;
            read_v1(response);
        }
        if (!response["generations"].is_array() || answer_.empty())
            answer_.set_finish_reason(event["finish_reason"].string());
    }

    void keep_grounds(JsonValue source) {
        for (const std::string_view name : kGrounds) {
            for (const JsonValue item : source[name].elements()) keep_ground(name, item);
        }
    }

    void keep_ground(std::string_view name, JsonValue item) {
        grounds_size_ += item.raw().size();
        if (!item.is_object() || grounds_size_ > kMaxGrounds) return;
        std::string& list = grounds_[name];
        if (!list.empty()) list.push_back(',');
        list.append(item.raw());
    }

    /// After the answer's text: an answer in one part reads better than one cut at each citation.
    void add_grounds(Call& call) {
        if (grounds_size_ > kMaxGrounds) call.privacy.truncated["response.messages"] = {};
        if (grounds_.empty() || call.response.messages.empty()) return;
        Part& part = call.response.messages.front().parts.emplace_back();
        part.type = PartType::Other;
        JsonWriter json(part.value.text);
        json.begin_object();
        for (const auto& [name, list] : grounds_) json.member_raw(name, "[" + list + "]");
        json.end_object();
    }

    void on_end(Call& call) override {
        call.response.id = id_;
        call.usage = usage_;
        add_grounds(call);
    }

    std::map<std::string_view, std::string> grounds_;  ///< name → its items, joined by commas
    std::size_t grounds_size_ = 0;
    std::string id_;
    Usage usage_;
    bool in_chunks_ = false;
};

}  // namespace

void read_cohere_chat_request(JsonValue body, Call& call) {
    body["messages"].is_array() ? read_v2_chat_request(body, call) : read_v1_chat_request(body, call);
}

std::unique_ptr<ResponseReader> make_cohere_chat_reader(const RequestView& request,
                                                        const ResponseView& response) {
    return std::make_unique<ChatReader>(request, response);
}

}  // namespace steno::providers
