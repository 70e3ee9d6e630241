#include "providers/gemini.hpp"

#include "providers/answer_reader.hpp"
#include "providers/http_facts.hpp"
#include "providers/openai.hpp"
#include "providers/request_facts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace steno::providers {

namespace {

constexpr std::string_view kRecordName = "gcp.gemini";

/// "…/models/{model}:{method}"
struct Target {
    std::string model;
    std::string method;
    bool openai_style = false;
};

Target target_of(const RequestView& request) {
    const std::vector<std::string> segments = path_segments(request.path);
    Target target;
    if (request.method != "POST" || segments.empty()) return target;
    target.openai_style = std::ranges::find(segments, "openai") != segments.end();
    const std::string& last = segments.back();
    const std::size_t colon = last.rfind(':');
    if (colon == std::string::npos || colon == 0) return target;
    target.model = last.substr(0, colon);
    target.method = last.substr(colon + 1);
    return target;
}

bool generates(const Target& target) {
    return target.method == "generateContent" || target.method == "streamGenerateContent";
}
bool embeds(const Target& target) {
    return target.method == "embedContent" || target.method == "batchEmbedContents";
}

const OpenAiProvider& openai_endpoints() {
    static const OpenAiProvider provider({.record_name = kRecordName});
    return provider;
}

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

std::optional<std::int64_t> tokens_of(JsonValue details, std::string_view modality) {
    for (const JsonValue entry : details.elements()) {
        if (entry["modality"].is(modality)) return entry["tokenCount"].count();
    }
    return std::nullopt;
}

void read_usage(JsonValue metadata, Usage& usage) {
    usage = {};
    const auto output = metadata["candidatesTokenCount"].has_value() ? metadata["candidatesTokenCount"]
                                                                     : metadata["responseTokenCount"];
    usage.input_tokens =
        sum(metadata["promptTokenCount"].count(), metadata["toolUsePromptTokenCount"].count());
    usage.reasoning_tokens = metadata["thoughtsTokenCount"].count();
    usage.output_tokens = sum(output.count(), usage.reasoning_tokens);
    usage.cache_read_tokens = metadata["cachedContentTokenCount"].count();
    usage.audio_input_tokens = tokens_of(metadata["promptTokensDetails"], "AUDIO");
    usage.image_input_tokens = tokens_of(metadata["promptTokensDetails"], "IMAGE");
    usage.audio_output_tokens = tokens_of(metadata["candidatesTokensDetails"], "AUDIO");
    usage.image_output_tokens = tokens_of(metadata["candidatesTokensDetails"], "IMAGE");
    usage.cache_read_audio_tokens = tokens_of(metadata["cacheTokensDetails"], "AUDIO");
    usage.cache_read_image_tokens = tokens_of(metadata["cacheTokensDetails"], "IMAGE");
    usage.billed = verbatim(metadata);
}

class GenerateReader final : public AnswerReader {
  public:
    GenerateReader(const RequestView& request, const ResponseView& response)
        : AnswerReader(request, response, Expected::EventsOrArray) {}

  private:
    void on_event(std::string_view, JsonValue data) override { read(data); }
    void on_document(JsonValue root) override { read(root); }

    void read(JsonValue root) {
        keep_first(id_, root["responseId"]);
        keep_first(model_, root["modelVersion"]);
        if (const JsonValue metadata = root["usageMetadata"]; metadata.is_object()) {
            read_usage(metadata, usage_);
            if (metadata["trafficType"].is_string()) traffic_ = metadata["trafficType"].string();
        }
        std::int64_t place = 0;
        for (const JsonValue candidate : root["candidates"].elements()) {
            answer_.select(candidate["index"].integer().value_or(place++));
            read_candidate(candidate);
        }
        if (const JsonValue reason = root["promptFeedback"]["blockReason"];
            reason.has_value() && answer_.empty()) {
            block_reason_ = reason.scalar_text();
        }
    }

    void read_candidate(JsonValue candidate) {
        const JsonValue content = candidate["content"];
        if (content["role"].is_string()) answer_.set_role(content["role"].string());
        for (const JsonValue source : content["parts"].elements()) {
            Part part = read_part(source);
            if (part.type == PartType::Text || part.type == PartType::Reasoning) {
                answer_.append(part.type, std::string_view(part.text));
            } else {
                answer_.add(std::move(part));
            }
        }
        // A stream may repeat what it grounded its answer in.
        searches_ = std::max(searches_, candidate["groundingMetadata"]["webSearchQueries"].size());
        const JsonValue reason = candidate["finishReason"];
        if (!reason.has_value()) return;
        answer_.set_finish_reason(reason.scalar_text());
        constexpr std::int64_t kMaxTokens = 2;  // Vertex with $alt=json;enum-encoding=int
        if (reason.integer() == kMaxTokens) cut_by_number_ = true;
    }

    [[nodiscard]] bool stream_is_whole() const override {
        return answer_.all_finished() || !block_reason_.empty();
    }

    void on_end(Call& call) override {
        call.response.id = id_;
        call.model.served = model_;
        call.usage = usage_;
        if (searches_ > 0) call.usage.searches = static_cast<std::int64_t>(searches_);
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
    std::size_t searches_ = 0;
    bool cut_by_number_ = false;
};

class EmbedReader final : public AnswerReader {
  public:
    EmbedReader(const RequestView& request, const ResponseView& response) : AnswerReader(request, response) {}

  private:
    void on_event(std::string_view, JsonValue) override {}

    void on_document(JsonValue root) override {
        if (root["usageMetadata"].is_object()) read_usage(root["usageMetadata"], usage_);
        JsonValue first = root["embedding"];
        count_ = first.is_object() ? 1 : root["embeddings"].size();
        for (const JsonValue embedding : root["embeddings"].elements()) {
            first = embedding;
            break;
        }
        dimensions_ = first["values"].size();
    }

    void on_end(Call& call) override {
        call.usage = usage_;
        if (count_ != 0) {
            call.response.output.text = fmt::format(R"({{"count":{},"dimensions":{}}})", count_, dimensions_);
        }
    }

    Usage usage_;
    std::size_t count_ = 0;
    std::size_t dimensions_ = 0;
};

void read_generate_request(JsonValue body, const Target& target, Call& call) {
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
    call.request.stream = target.method == "streamGenerateContent";
    fill_input_modality(call);
    if (std::ranges::find(call.modality.input, "image") != call.modality.input.end())
        call.kind = Kind::Vision;
}

void read_embed_request(JsonValue body, Call& call) {
    call.kind = Kind::Embedding;
    const JsonValue batch = body["requests"];
    call.request.input = verbatim(batch.has_value() ? batch : body["content"]);
    if (!call.request.input.text.empty()) call.modality.input = {"text"};
    call.request.parameters = parameters_without(body, {"content", "requests", "model"});
}

class GeminiProvider final : public Provider {
  public:
    void read_request(const RequestView& request, Call& call) const override {
        const Target target = target_of(request);
        if (target.openai_style) return openai_endpoints().read_request(request, call);
        JsonDocument document;
        if (!(generates(target) || embeds(target)) || !document.parse(request.body) ||
            !document.root().is_object()) {
            return read_unknown_request(request, kRecordName, call);
        }
        call.provider.name = kRecordName;
        read_request_head(request, call);
        call.model.requested = target.model;
        call.name = target.model;
        if (generates(target)) {
            read_generate_request(document.root(), target, call);
        } else {
            read_embed_request(document.root(), call);
        }
    }

    std::unique_ptr<ResponseReader> read_response(const RequestView& request, const ResponseView& response,
                                                  Call& call) const override {
        const Target target = target_of(request);
        if (target.openai_style) return openai_endpoints().read_response(request, response, call);
        read_response_head(response, call);
        if (generates(target)) return std::make_unique<GenerateReader>(request, response);
        if (embeds(target)) return std::make_unique<EmbedReader>(request, response);
        return make_generic_reader(request, response);
    }
};

}  // namespace

const Provider& gemini_provider() {
    static const GeminiProvider provider;
    return provider;
}

}  // namespace steno::providers
