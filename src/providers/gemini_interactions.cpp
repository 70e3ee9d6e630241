#include "providers/answer_reader.hpp"
#include "providers/gemini.hpp"
#include "providers/request_facts.hpp"

#include <algorithm>

/// The Interactions API (ai.google.dev/api/interactions-api): steps instead of contents. Its first form,
/// which had `outputs` and events called content.*, is read too.
namespace steno::providers {

namespace {

/// text, image, audio, video, document; also a step that stands for itself.
Part read_piece(JsonValue source) {
    Part part;
    const JsonValue type = source["type"];
    const JsonValue mime = source["mime_type"];
    if (type.is("text")) {
        part.text = source["text"].string();
    } else if (type.is("image") || type.is("audio") || type.is("video") || type.is("document")) {
        part.mime = mime.string();
        part.type = type.is("image")   ? PartType::Image
                    : type.is("audio") ? PartType::Audio
                    : type.is("video") ? PartType::Video
                                       : PartType::Document;
        const JsonValue data = source["data"];
        part.url =
            data.is_string() ? "data:" + part.mime + ";base64," + data.string() : source["uri"].string();
    } else if (type.is("function_call")) {
        part.type = PartType::ToolCall;
        part.id = source["id"].string();
        part.name = source["name"].string();
        part.value = tool_arguments(source["arguments"]);
    } else if (type.is("function_result")) {
        part.type = PartType::ToolResult;
        part.id = source["call_id"].string();
        part.name = source["name"].string();
        if (source["result"].is_string()) {
            part.text = source["result"].string();
        } else {
            part.value = verbatim(source["result"]);
        }
    } else if (type.is("thought")) {
        part.type = PartType::Reasoning;
        for (const JsonValue piece : source["summary"].elements()) piece["text"].append_string_to(part.text);
    } else {
        part.type = PartType::Other;
        part.value = verbatim(source);
    }
    return part;
}

/// The pieces of a step or turn: text, one piece, or several.
void read_pieces(JsonValue content, Message& message) {
    if (content.is_string()) message.parts.emplace_back().text = content.string();
    if (content.is_object()) message.parts.push_back(read_piece(content));
    for (const JsonValue piece : content.elements()) message.parts.push_back(read_piece(piece));
}

/// `input`: text, pieces of one message, steps, or turns with a role.
void read_input(JsonValue input, std::vector<Message>& messages) {
    const auto add = [&](std::string_view role) -> Message& {
        Message& message = messages.emplace_back();
        message.role = role;
        return message;
    };
    if (input.is_string() || input.is_object()) return read_pieces(input, add("user"));
    bool in_message = false;  // pieces that follow each other are one message
    for (const JsonValue element : input.elements()) {
        const JsonValue type = element["type"];
        if (element["role"].is_string()) {
            read_pieces(element["content"], add(element["role"].string()));
        } else if (type.is("user_input") || type.is("model_output")) {
            read_pieces(element["content"], add(type.is("user_input") ? "user" : "model"));
        } else if (type.is("function_result")) {
            add("tool").parts.push_back(read_piece(element));
        } else if (type.is("function_call") || type.is("thought")) {
            add("model").parts.push_back(read_piece(element));
        } else {
            if (!in_message) add("user");
            messages.back().parts.push_back(read_piece(element));
            in_message = true;
            continue;
        }
        in_message = false;
    }
}

/// Whether the total of the output holds the thoughts already is seen from the sum.
void read_usage(JsonValue source, Usage& usage) {
    usage = {};
    const auto input = source["total_input_tokens"].count();
    const auto tools = source["total_tool_use_tokens"].count();
    const auto output = source["total_output_tokens"].count();
    const auto total = source["total_tokens"].count();
    usage.reasoning_tokens = source["total_thought_tokens"].count();
    if (input || tools) usage.input_tokens = input.value_or(0) + tools.value_or(0);
    if (output || usage.reasoning_tokens) {
        const bool already_in = total && *total == usage.input_tokens.value_or(0) + output.value_or(0);
        usage.output_tokens = output.value_or(0) + (already_in ? 0 : usage.reasoning_tokens.value_or(0));
    }
    usage.cache_read_tokens = source["total_cached_tokens"].count();
    usage.audio_input_tokens = tokens_of_modality(source["input_tokens_by_modality"], "AUDIO", "tokens");
    usage.image_input_tokens = tokens_of_modality(source["input_tokens_by_modality"], "IMAGE", "tokens");
    usage.audio_output_tokens = tokens_of_modality(source["output_tokens_by_modality"], "AUDIO", "tokens");
    usage.image_output_tokens = tokens_of_modality(source["output_tokens_by_modality"], "IMAGE", "tokens");
    usage.cache_read_audio_tokens =
        tokens_of_modality(source["cached_tokens_by_modality"], "AUDIO", "tokens");
    usage.cache_read_image_tokens =
        tokens_of_modality(source["cached_tokens_by_modality"], "IMAGE", "tokens");
    for (const JsonValue tool : source["grounding_tool_count"].elements()) {
        if (const auto count = tool["count"].count(); count && tool["type"].is("google_search"))
            usage.searches = *count;
    }
    usage.billed = verbatim(source);
}

class InteractionReader final : public AnswerReader {
  public:
    using AnswerReader::AnswerReader;

  private:
    void on_event(std::string_view name, JsonValue data) override {
        const std::string type =
            data["event_type"].is_string() ? data["event_type"].string() : std::string(name);
        const std::int64_t index = data["index"].integer().value_or(0);
        if (data["interaction"].is_object()) read_envelope(data["interaction"]);
        if (type == "step.start" || type == "content.start") {
            start_step(index, data["step"].is_object() ? data["step"] : data["content"]);
        } else if (type == "step.delta" || type == "content.delta") {
            extend_step(index, data["delta"]);
        } else if (type == "interaction.status_update") {
            keep_status(data["status"]);
        } else if (type == "interaction.completed" || type == "interaction.complete") {
            read_outcome(data["interaction"]);
            finish_stream();
        }
    }

    void on_document(JsonValue root) override {
        read_envelope(root);
        read_outcome(root);
    }

    [[nodiscard]] bool is_answer(JsonValue root) const override {
        return root["status"].is_string() || root["steps"].is_array() || root["outputs"].is_array();
    }
    void read_envelope(JsonValue interaction) {
        keep_first(id_, interaction["id"]);
        keep_first(model_, interaction["model"]);
        keep_status(interaction["status"]);
        if (interaction["service_tier"].is_string()) tier_ = interaction["service_tier"].string();
        if (interaction["usage"].is_object()) read_usage(interaction["usage"], usage_);
        for (const JsonValue error : interaction["errors"].elements()) {
            if (status_ == "failed") report({{}, error["code"].scalar_text(), error["message"].string(), {}});
            break;
        }
    }

    void keep_status(JsonValue status) {
        if (status.is_string()) status_ = status.string();
    }

    /// The last event may bring the whole answer once more.
    void read_outcome(JsonValue interaction) {
        const JsonValue steps =
            interaction["steps"].is_array() ? interaction["steps"] : interaction["outputs"];
        if (steps.size() != 0) answer_.restart();
        for (const JsonValue step : steps.elements()) read_step(step);
        if (!status_.empty()) answer_.set_finish_reason(status_);
    }

    void read_step(JsonValue step) {
        const JsonValue type = step["type"];
        if (type.is("user_input")) return;
        answer_.set_role("model");
        if (type.is("model_output")) {
            for (const JsonValue piece : step["content"].elements()) add(read_piece(piece));
        } else {
            add(read_piece(step));
        }
    }

    void add(Part part) {
        if (part.type == PartType::Text || part.type == PartType::Reasoning) {
            answer_.append(part.type, std::string_view(part.text));
        } else {
            answer_.add(std::move(part));
        }
    }

    void start_step(std::int64_t index, JsonValue step) {
        const JsonValue type = step["type"];
        if (type.is("user_input")) return;
        answer_.set_role("model");
        if (type.is("function_call")) {
            const JsonValue arguments = step["arguments"];
            answer_.append_tool_call(index, step["id"].string(), step["name"].string(),
                                     arguments.size() == 0 ? std::string_view() : arguments.raw());
        } else if (type.is("model_output") || type.is("thought") || type.is("text")) {
            read_step(step);
        } else {
            answer_.add_verbatim(step);
        }
    }

    void extend_step(std::int64_t index, JsonValue delta) {
        const JsonValue type = delta["type"];
        if (type.is("text")) {
            answer_.append(PartType::Text, delta["text"]);
        } else if (type.is("thought_summary")) {
            answer_.append(PartType::Reasoning, delta["content"]["text"]);
        } else if (type.is("arguments_delta")) {
            answer_.append_tool_call(index, {}, {}, delta["arguments"].string());
        } else if (type.is("function_call")) {
            answer_.append_tool_call(index, delta["id"].string(), delta["name"].string(),
                                     delta["arguments"].raw());
        } else if (type.is("image") || type.is("audio") || type.is("video") || type.is("document")) {
            answer_.add(read_piece(delta));
        } else if (!type.is("thought_signature") && !type.is("text_annotation_delta")) {
            answer_.add_verbatim(delta);
        }
    }

    [[nodiscard]] bool stream_is_whole() const override { return false; }  // finish_stream() says so

    void on_end(Call& call) override {
        call.response.id = id_;
        call.model.served = model_;
        call.usage = usage_;
        if (!tier_.empty()) call.provider.service_tier = tier_;
        if (call.status != Status::Success) return;
        if (status_ == "incomplete") call.status = Status::Partial;
        if (status_ == "cancelled") call.status = Status::Cancelled;
        if (status_ == "failed") set_error(call, ErrorType::Server, "the interaction failed");
    }

    std::string id_;
    std::string model_;
    std::string status_;
    std::string tier_;
    Usage usage_;
};

}  // namespace

void read_gemini_interaction(JsonValue body, Call& call) {
    call.kind = Kind::Chat;
    call.model.requested = body["model"].is_string() ? body["model"].string() : body["agent"].string();
    call.name = call.model.requested;
    call.request.stream = body["stream"].boolean();
    read_input(body["input"], call.request.messages);
    call.request.system = body["system_instruction"].string();
    call.request.tools = verbatim(body["tools"]);
    call.request.parameters =
        parameters_without(body, {"input", "system_instruction", "tools", "model", "agent", "stream"});
    fill_input_modality(call);
    if (std::ranges::find(call.modality.input, "image") != call.modality.input.end())
        call.kind = Kind::Vision;
}

std::unique_ptr<ResponseReader> make_gemini_interaction_reader(const RequestView& request,
                                                               const ResponseView& response) {
    return std::make_unique<InteractionReader>(request, response);
}

}  // namespace steno::providers
