#include "base/json_writer.hpp"
#include "providers/openai.hpp"
#include "providers/request_edit.hpp"
#include "providers/request_facts.hpp"

#include <map>

/// The Responses API.
namespace steno::providers {

namespace {

/// A tool call that the client is to run.
bool is_client_call(JsonValue type) {
    return type.is("function_call") || type.is("custom_tool_call");
}

Json call_arguments(JsonValue item) {
    return item["type"].is("custom_tool_call") ? tool_arguments(item["input"])
                                               : tool_arguments(item["arguments"]);
}

std::string reasoning_text(JsonValue item) {
    std::string text;
    for (const std::string_view name : {"summary", "content"}) {
        for (const JsonValue piece : item[name].elements()) {
            if (!text.empty()) text.push_back('\n');
            piece["text"].append_string_to(text);
        }
    }
    return text;
}

Message read_item(JsonValue item) {
    Message message;
    const JsonValue type = item["type"];
    message.role = item["role"].string();
    if (type.is("message") || (!type.has_value() && item["content"].has_value())) {
        read_openai_content(item["content"], message);
        return message;
    }
    Part& part = message.parts.emplace_back();
    if (is_client_call(type)) {
        part.type = PartType::ToolCall;
        part.id = item["call_id"].string();
        part.name = item["name"].string();
        part.value = call_arguments(item);
    } else if (type.is("function_call_output") || type.is("custom_tool_call_output")) {
        message.role = "tool";
        part.type = PartType::ToolResult;
        part.id = item["call_id"].string();
        const JsonValue output = item["output"];
        if (output.is_string()) {
            part.text = output.string();
        } else {
            part.value = verbatim(output);
        }
        return message;
    } else if (type.is("reasoning")) {
        part.type = PartType::Reasoning;
        part.text = reasoning_text(item);
        if (part.text.empty()) part.value = verbatim(item);
    } else {
        part.type = PartType::Other;
        part.value = verbatim(item);
    }
    if (message.role.empty()) message.role = "assistant";
    return message;
}

/// The last event of a stream carries the whole response, the same as a body that is not streamed, so that is
/// where the answer is read from. The deltas before it are put together only for a stream that breaks.
class ResponsesReader final : public AnswerReader {
  public:
    ResponsesReader(const RequestView& request, const ResponseView& response, const OpenAiDialect& dialect)
        : AnswerReader(request, response), dialect_(dialect) {}

  private:
    void on_event(std::string_view name, JsonValue data) override {
        const std::string type = data["type"].is_string() ? data["type"].string() : std::string(name);
        if (const JsonValue response = data["response"]; response.is_object()) {
            read_envelope(response);
            if (type == "response.completed" || type == "response.incomplete" || type == "response.failed" ||
                type == "response.cancelled") {
                read_outcome(response);
                finish_stream();
            }
            return;
        }
        if (type == "response.output_text.delta") {
            answer_.append(PartType::Text, text(data, "delta"));
        } else if (type == "response.reasoning_summary_text.delta" ||
                   type == "response.reasoning_text.delta") {
            answer_.append(PartType::Reasoning, text(data, "delta"));
        } else if (type == "response.refusal.delta") {
            answer_.append_refusal(text(data, "delta").string());
        } else if (type == "response.function_call_arguments.delta" ||
                   type == "response.custom_tool_call_input.delta") {
            answer_.append_tool_call(data["output_index"].integer().value_or(0), {}, {},
                                     text(data, "delta").string());
        } else if (type == "response.output_item.added" && is_client_call(data["item"]["type"])) {
            answer_.append_tool_call(data["output_index"].integer().value_or(0),
                                     scalar(data["item"], "call_id"), scalar(data["item"], "name"), {});
        } else if (type == "response.output_item.done" && !data["item"]["type"].is("message") &&
                   !data["item"]["type"].is("reasoning") && !is_client_call(data["item"]["type"])) {
            answer_.add_verbatim(data["item"]);
        }
    }

    void on_document(JsonValue root) override {
        read_envelope(root);
        read_outcome(root);
    }

    [[nodiscard]] bool is_answer(JsonValue root) const override { return root["output"].is_array(); }
    void read_envelope(JsonValue response) {
        keep_first(id_, response["id"]);
        keep_first(model_, response["model"]);
        if (response["service_tier"].is_string()) tier_ = response["service_tier"].string();
        if (response["usage"].is_object()) {
            usage_ = {};
            read_openai_usage(response["usage"], dialect_, usage_);
            read_reported_cost(response["usage"], dialect_, cost_);
        }
    }

    void read_outcome(JsonValue response) {
        if (response["error"].is_object() && response["error"].size() != 0) {
            if (auto error = find_error(response, true)) report(std::move(*error));
        }
        if (response["output"].size() != 0) {
            answer_.restart();
            for (const JsonValue item : objects(response, "output").elements()) read_output(item);
        }
        const JsonValue reason = response["incomplete_details"]["reason"];
        const JsonValue status = response["status"];
        answer_.set_finish_reason(reason.is_string() ? reason.string() : status.string());
        if (status.is("incomplete")) incomplete_ = true;
        if (status.is("cancelled")) cancelled_ = true;
        if (status.is("failed")) failed_ = true;
    }

    void read_output(JsonValue item) {
        const JsonValue type = item["type"];
        if (type.is("message")) {
            if (item["role"].is_string()) answer_.set_role(item["role"].string());
            for (const JsonValue part : objects(item, "content").elements()) {
                if (part["type"].is("output_text")) {
                    answer_.append(PartType::Text, text(part, "text"));
                } else if (part["type"].is("refusal")) {
                    answer_.append_refusal(text(part, "refusal").string());
                } else {
                    answer_.add_verbatim(part);
                }
            }
        } else if (is_client_call(type)) {
            Part part;
            part.type = PartType::ToolCall;
            part.id = scalar(item, "call_id");
            part.name = scalar(item, "name");
            part.value = call_arguments(item);
            answer_.add(std::move(part));
        } else if (type.is("reasoning")) {
            for (const std::string_view name : {"summary", "content"}) {
                for (const JsonValue piece : objects(item, name).elements()) (void)text(piece, "text");
            }
            answer_.append(PartType::Reasoning, reasoning_text(item));
        } else {
            answer_.add_verbatim(item);
        }
    }

    [[nodiscard]] bool stream_is_whole() const override { return false; }  // finish_stream() says so

    void on_end(Call& call) override {
        call.response.id = id_;
        call.model.served = model_;
        call.usage = usage_;
        if (cost_.total) call.cost = cost_;
        if (!tier_.empty()) call.provider.service_tier = tier_;
        if (failed_ && call.status == Status::Success)
            set_error(call, ErrorType::Server, "the provider gave up on this response");
        if (cancelled_ && call.status == Status::Success) call.status = Status::Cancelled;
        if (incomplete_ && call.status == Status::Success) call.status = Status::Partial;
    }

    OpenAiDialect dialect_;
    std::string id_;
    std::string model_;
    std::string tier_;
    Usage usage_;
    Cost cost_;
    bool incomplete_ = false;
    bool cancelled_ = false;
    bool failed_ = false;
};

}  // namespace

void read_responses_request(JsonValue body, Call& call) {
    call.kind = Kind::Chat;
    const JsonValue input = body["input"];
    if (input.is_string()) {
        Message& message = call.request.messages.emplace_back();
        message.role = "user";
        message.parts.emplace_back().text = input.string();
    }
    for (const JsonValue item : input.elements()) call.request.messages.push_back(read_item(item));
    call.request.system = body["instructions"].string();
    call.request.tools = verbatim(body["tools"]);
    call.request.parameters = parameters_without(body, {"input", "instructions", "tools", "model", "stream"});
}

Result<void> edit_responses_request(JsonValue body, const RequestEdit& edit, const OpenAiDialect&,
                                    JsonEdits& edits) {
    if (!edit.model.empty()) edits.set_text(body, "model", edit.model);
    set_parameters(edit,
                   {.token_limit = "max_output_tokens", .top_k = body["top_k"].has_value() ? "top_k" : ""},
                   body, edits);
    PromptTexts texts = texts_of(edit);
    if (edit.texts.empty()) return {};
    if (body["prompt"].has_value())
        return fail(Code::FailedPrecondition, "the request names a prompt that the provider keeps");
    if (!texts.rest.empty() && (body["previous_response_id"].has_value() || body["conversation"].has_value()))
        return fail(Code::FailedPrecondition,
                    "the request goes on with a conversation that the provider keeps");

    const JsonValue input = body["input"];
    constexpr std::string_view kTextTypes[] = {"input_text", "output_text"};
    std::vector<ListedMessage> messages;
    if (input.is_string()) messages.push_back({input, editable_message("user", input, kTextTypes)});
    for (const JsonValue item : input.elements()) {
        const bool is_message = item["type"].is("message") || !item["type"].has_value();
        messages.push_back({item, is_message
                                      ? editable_message(item["role"].string(), item["content"], kTextTypes)
                                      : EditableMessage{}});
    }
    const bool has_system =
        !messages.empty() && messages.front().message.role == EditableMessage::Role::System;
    if (!texts.system.empty() && (body["instructions"].has_value() || !has_system)) {
        edits.set_text(body, "instructions", joined(texts.system));
        texts.system = {};
    }
    return replace_texts_in_list(input, messages, texts, edits);
}

std::unique_ptr<ResponseReader> make_responses_reader(const RequestView& request,
                                                      const ResponseView& response,
                                                      const OpenAiDialect& dialect) {
    return std::make_unique<ResponsesReader>(request, response, dialect);
}

}  // namespace steno::providers
