#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "providers/answer_reader.hpp"
#include "providers/gemini.hpp"
#include "providers/request_edit.hpp"
#include "providers/request_facts.hpp"

#include <algorithm>
#include <array>

/// generateContent and streamGenerateContent.
namespace steno::providers {

namespace {

/// Google takes both spellings.
JsonValue either(JsonValue object, std::string_view camel, std::string_view snake) {
    const JsonValue value = object[camel];
    return value.has_value() ? value : object[snake];
}

Part read_media(JsonValue media, std::string_view uri_camel, std::string_view uri_snake) {
    Part part;
    part.mime = either(media, "mimeType", "mime_type").string();
    part.type = part_type_of_mime(part.mime);
    if (media["data"].is_string()) {
        part.url = "data:" + part.mime + ";base64," + media["data"].string();
    } else {
        part.url = either(media, uri_camel, uri_snake).string();
    }
    return part;
}

Part read_part(JsonValue source) {
    Part part;
    if (source["text"].is_string()) {
        part.type = source["thought"].boolean().value_or(false) ? PartType::Reasoning : PartType::Text;
        part.text = source["text"].string();
    } else if (const JsonValue data = either(source, "inlineData", "inline_data"); data.is_object()) {
        part = read_media(data, {}, {});
    } else if (const JsonValue file = either(source, "fileData", "file_data"); file.is_object()) {
        part = read_media(file, "fileUri", "file_uri");
    } else if (const JsonValue call = either(source, "functionCall", "function_call"); call.is_object()) {
        part.type = PartType::ToolCall;
        part.id = call["id"].string();
        part.name = call["name"].string();
        part.value = tool_arguments(call["args"]);
    } else if (const JsonValue result = either(source, "functionResponse", "function_response");
               result.is_object()) {
        part.type = PartType::ToolResult;
        part.id = result["id"].string();
        part.name = result["name"].string();
        part.value = verbatim(result["response"]);
    } else {
        part.type = PartType::Other;
        part.value = verbatim(source);
    }
    return part;
}

Message read_content(JsonValue content) {
    Message message;
    message.role = content["role"].is_string() ? content["role"].string() : "user";
    const JsonValue parts = content["parts"];
    if (parts.is_object()) message.parts.push_back(read_part(parts));
    for (const JsonValue part : parts.elements()) message.parts.push_back(read_part(part));
    return message;
}

std::string system_text(JsonValue instruction) {
    if (instruction.is_string()) return instruction.string();
    std::string text;
    for (const Part& part : read_content(instruction).parts) {
        if (!text.empty()) text.push_back('\n');
        text += part.text;
    }
    return text;
}

std::optional<std::int64_t> sum(std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
    if (!a) return b;
    return *a + b.value_or(0);
}

}  // namespace

std::optional<std::int64_t> tokens_of_modality(JsonValue details, std::string_view modality,
                                               std::string_view count) {
    for (const JsonValue entry : details.elements()) {
        if (equals_ignoring_case(entry["modality"].string(), modality)) return entry[count].count();
    }
    return std::nullopt;
}

void read_gemini_usage(JsonValue metadata, Usage& usage) {
    usage = {};
    const auto output = metadata["candidatesTokenCount"].has_value() ? metadata["candidatesTokenCount"]
                                                                     : metadata["responseTokenCount"];
    usage.input_tokens =
        sum(metadata["promptTokenCount"].count(), metadata["toolUsePromptTokenCount"].count());
    usage.reasoning_tokens = metadata["thoughtsTokenCount"].count();
    usage.output_tokens = sum(output.count(), usage.reasoning_tokens);
    usage.cache_read_tokens = metadata["cachedContentTokenCount"].count();
    usage.audio_input_tokens = tokens_of_modality(metadata["promptTokensDetails"], "AUDIO");
    usage.image_input_tokens = tokens_of_modality(metadata["promptTokensDetails"], "IMAGE");
    usage.audio_output_tokens = tokens_of_modality(metadata["candidatesTokensDetails"], "AUDIO");
    usage.image_output_tokens = tokens_of_modality(metadata["candidatesTokensDetails"], "IMAGE");
    usage.cache_read_audio_tokens = tokens_of_modality(metadata["cacheTokensDetails"], "AUDIO");
    usage.cache_read_image_tokens = tokens_of_modality(metadata["cacheTokensDetails"], "IMAGE");
    usage.billed = verbatim(metadata);
}

namespace {

class GenerateReader final : public AnswerReader {
  public:
    GenerateReader(const RequestView& request, const ResponseView& response)
        : AnswerReader(request, response, Expected::EventsOrArray) {}

  private:
    void on_event(std::string_view, JsonValue data) override { read(data); }
    void on_document(JsonValue root) override { read(root); }

    /// Lists that are empty are left out.
    [[nodiscard]] bool is_answer(JsonValue root) const override {
        return root["candidates"].is_array() || root["promptFeedback"].is_object() ||
               root["usageMetadata"].is_object();
    }
    void read(JsonValue root) {
        keep_first(id_, root["responseId"]);
        keep_first(model_, root["modelVersion"]);
        if (const JsonValue metadata = root["usageMetadata"]; metadata.is_object()) {
            read_gemini_usage(metadata, usage_);
            if (metadata["trafficType"].is_string()) traffic_ = metadata["trafficType"].string();
        }
        std::int64_t place = 0;
        for (const JsonValue candidate : objects(root, "candidates").elements()) {
            answer_.select(candidate["index"].integer().value_or(place++));
            read_candidate(candidate);
        }
        if (const JsonValue reason = root["promptFeedback"]["blockReason"];
            reason.has_value() && answer_.empty()) {
            block_reason_ = reason.scalar_text();
        }
    }

    void read_candidate(JsonValue candidate) {
        const JsonValue content = object(candidate, "content");
        if (content["role"].is_string()) answer_.set_role(content["role"].string());
        for (const JsonValue source : objects(content, "parts").elements()) {
            (void)text(either(source, "functionCall", "function_call"), "name");
            Part part = read_part(source);
            if (part.type == PartType::Text || part.type == PartType::Reasoning) {
                answer_.append(part.type, std::string_view(part.text));
            } else {
                answer_.add(std::move(part));
            }
        }
        read_grounding(candidate["groundingMetadata"]);
        const JsonValue reason = candidate["finishReason"];
        if (!reason.has_value()) return;
        answer_.set_finish_reason(reason.scalar_text());
        if (const auto number = reason.integer()) cut_by_number_ = cut_by_number_ || means_cut(*number);
    }

    /// Vertex with `$alt=json;enum-encoding=int`: MAX_TOKENS, SAFETY, RECITATION, BLOCKLIST,
    /// PROHIBITED_CONTENT, SPII, IMAGE_SAFETY (google/cloud/aiplatform/v1/content.proto, FinishReason).
    static bool means_cut(std::int64_t finish_reason) {
        static constexpr std::array<std::int64_t, 7> kReasons{2, 3, 4, 6, 7, 8, 11};
        return std::ranges::find(kReasons, finish_reason) != kReasons.end();
    }

    /// A stream tells it more than once; the last time says all.
    void read_grounding(JsonValue metadata) {
        std::int64_t queries = 0;
        for (const JsonValue query : metadata["webSearchQueries"].elements()) queries += query.is("") ? 0 : 1;
        queries_ = std::max(queries_, queries);
    }

    /// Gemini 3 and later are billed for each query, those before it once for a grounded answer
    /// (ai.google.dev/gemini-api/docs/pricing, "Grounding with Google Search").
    void write_searches(Call& call) const {
        if (queries_ == 0) return;
        std::string_view model = model_.empty() ? call.model.requested : std::string_view(model_);
        constexpr std::string_view kFamily = "gemini-";
        if (!model.starts_with(kFamily) || model.size() == kFamily.size()) return;
        const char generation = model[kFamily.size()];
        call.usage.searches = generation >= '3' && generation <= '9' ? queries_ : 1;
    }

    [[nodiscard]] bool stream_is_whole() const override {
        return answer_.all_finished() || !block_reason_.empty();
    }

    void on_end(Call& call) override {
        call.response.id = id_;
        call.model.served = model_;
        call.usage = usage_;
        write_searches(call);
        if (call.provider.service_tier.empty()) call.provider.service_tier = traffic_;  // Vertex
        if (!block_reason_.empty() && call.status == Status::Success && call.response.messages.empty()) {
            set_error(call, ErrorType::ContentFilter, "the prompt was blocked: " + block_reason_);
            call.error.provider_code = block_reason_;
        }
        if (cut_by_number_ && call.status == Status::Success) call.status = Status::Partial;
    }

    std::string id_;
    std::string model_;
    std::string block_reason_;
    std::string traffic_;
    Usage usage_;
    std::int64_t queries_ = 0;
    bool cut_by_number_ = false;
};

}  // namespace

void read_gemini_generate(JsonValue body, const GeminiTarget& target, Call& call) {
    call.kind = Kind::Chat;
    const JsonValue contents = body["contents"];
    if (contents.is_object()) call.request.messages.push_back(read_content(contents));
    if (contents.is_string()) {
        Message& message = call.request.messages.emplace_back();
        message.role = "user";
        message.parts.emplace_back().text = contents.string();
    }
    for (const JsonValue content : contents.elements())
        call.request.messages.push_back(read_content(content));
    call.request.system = system_text(either(body, "systemInstruction", "system_instruction"));
    call.request.tools = verbatim(body["tools"]);
    call.request.parameters =
        parameters_without(body, {"contents", "systemInstruction", "system_instruction", "tools", "model"});
    call.request.stream = target.verb == "streamGenerateContent";
    fill_input_modality(call);
    if (std::ranges::find(call.modality.input, "image") != call.modality.input.end())
        call.kind = Kind::Vision;
}

Result<void> edit_gemini_generate(JsonValue body, const RequestEdit& edit, JsonEdits& edits) {
    if (!edit.model.empty())
        return fail(Code::FailedPrecondition, "the model stands in the request's path, which is not edited");
    constexpr ParameterNames kNames{.token_limit = "maxOutputTokens", .top_p = "topP", .top_k = "topK"};
    if (const JsonValue config = either(body, "generationConfig", "generation_config"); config.is_object()) {
        ParameterNames names = kNames;  // or the client's, in the other of the two spellings
        for (const auto& [name, snake] : {std::pair(&names.token_limit, "max_output_tokens"),
                                          {&names.top_p, "top_p"},
                                          {&names.top_k, "top_k"}})
            if (config[snake].has_value()) *name = snake;
        set_parameters(edit, names, config, edits);
    } else {
        constexpr std::string_view kNone = "{}";
        JsonDocument none;
        none.parse(kNone);
        JsonEdits fresh(kNone);
        set_parameters(edit, kNames, none.root(), fresh);
        if (const auto made = fresh.result(); made && *made != kNone)
            edits.set(body, "generationConfig", *made);
    }
    const PromptTexts texts = texts_of(edit);
    if (!texts.system.empty()) {
        const JsonValue instruction = either(body, "systemInstruction", "system_instruction");
        const JsonValue parts = instruction["parts"];
        JsonValue text = parts.is_object() ? parts["text"] : JsonValue();
        for (const JsonValue part : parts.elements()) {
            if (text.is_string()) break;
            text = part["text"];
        }
        if (!text.is_string() && instruction.is_string()) text = instruction;
        if (text.is_string()) {
            edits.replace_text(text, joined(texts.system));
        } else {
            std::string made;
            JsonWriter json(made);
            json.begin_object();
            json.key("parts");
            json.begin_array();
            json.begin_object();
            json.member("text", std::string_view(joined(texts.system)));
            json.end_object();
            json.end_array();
            json.end_object();
            edits.set(body, "systemInstruction", made);
        }
    }
    const auto editable = [](JsonValue content) {
        const JsonValue role = content["role"];
        return editable_message(role.is_string() ? role.string() : "user", content["parts"], {});
    };
    const JsonValue contents = body["contents"];
    std::vector<EditableMessage> messages;
    if (contents.is_string()) messages.push_back(editable_message("user", contents, {}));
    if (contents.is_object()) messages.push_back(editable(contents));
    for (const JsonValue content : contents.elements()) messages.push_back(editable(content));
    return replace_texts(messages, texts.rest, edits);
}

std::unique_ptr<ResponseReader> make_gemini_generate_reader(const RequestView& request,
                                                            const ResponseView& response) {
    return std::make_unique<GenerateReader>(request, response);
}

}  // namespace steno::providers
