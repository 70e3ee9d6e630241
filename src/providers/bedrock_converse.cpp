// Converse and ConverseStream (Amazon Bedrock API Reference, "Converse", "ConverseStream", data types
// Message, ContentBlock, TokenUsage), and Nova's native body, whose blocks and events are the same.

#include "base/json_writer.hpp"
#include "providers/bedrock_bodies.hpp"
#include "providers/request_facts.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace steno::providers {

namespace {

std::string document_mime(std::string_view format) {
    static constexpr std::array kKnown{
        std::pair{std::string_view("pdf"), std::string_view("application/pdf")},
        std::pair{std::string_view("txt"), std::string_view("text/plain")},
        std::pair{std::string_view("md"), std::string_view("text/markdown")},
        std::pair{std::string_view("doc"), std::string_view("application/msword")},
        std::pair{std::string_view("xls"), std::string_view("application/vnd.ms-excel")},
        std::pair{
            std::string_view("docx"),
            std::string_view("application/vnd.openxmlformats-officedocument.wordprocessingml.document")},
        std::pair{std::string_view("xlsx"),
                  std::string_view("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")},
    };
    for (const auto& [name, mime] : kKnown) {
        if (name == format) return std::string(mime);
    }
    return "text/" + std::string(format);  // csv, html
}

Part other_part(JsonValue block) {
    Part part;
    part.type = PartType::Other;
    part.value = verbatim(block);
    return part;
}

/// `media` is {format, source: {bytes | s3Location{uri} | text}}, a document's with a name.
Part media_part(JsonValue block, JsonValue media, PartType type, std::string_view kind) {
    const std::string format = media["format"].string();
    const JsonValue source = media["source"];
    Part part;
    part.type = type;
    part.name = media["name"].string();
    part.mime = type == PartType::Document ? document_mime(format) : std::string(kind) + "/" + format;
    if (source["bytes"].is_string()) {
        part.url = "data:" + part.mime + ";base64," + source["bytes"].string();
    } else if (source["s3Location"]["uri"].is_string()) {
        part.url = source["s3Location"]["uri"].string();
    } else if (source["text"].is_string()) {
        part.text = source["text"].string();
    } else {
        return other_part(block);
    }
    return part;
}

Part tool_result(JsonValue result) {
    Part part;
    part.type = PartType::ToolResult;
    part.id = result["toolUseId"].string();
    const JsonValue content = result["content"];
    const bool one = content.size() == 1;
    for (const JsonValue block : content.elements()) {
        if (one && block["text"].is_string()) part.text = block["text"].string();
    }
    if (part.text.empty()) part.value = verbatim(content);
    return part;
}

std::string cited_text(JsonValue citations) {
    std::string text;
    for (const JsonValue piece : citations["content"].elements()) piece["text"].append_string_to(text);
    return text;
}

Part read_block(JsonValue block) {
    Part part;
    if (block["text"].is_string()) {
        part.text = block["text"].string();
    } else if (const JsonValue use = block["toolUse"];
               use.is_object() && !use["type"].is("server_tool_use")) {
        part.type = PartType::ToolCall;
        part.id = use["toolUseId"].string();
        part.name = use["name"].string();
        part.value = tool_arguments(use["input"]);
    } else if (block["toolResult"].is_object()) {
        part = tool_result(block["toolResult"]);
    } else if (const JsonValue thought = block["reasoningContent"]["reasoningText"]; thought.is_object()) {
        part.type = PartType::Reasoning;
        part.text = thought["text"].string();
    } else if (block["image"].is_object()) {
        part = media_part(block, block["image"], PartType::Image, "image");
    } else if (block["video"].is_object()) {
        part = media_part(block, block["video"], PartType::Video, "video");
    } else if (block["audio"].is_object()) {
        part = media_part(block, block["audio"], PartType::Audio, "audio");
    } else if (block["document"].is_object()) {
        part = media_part(block, block["document"], PartType::Document, "");
    } else if (const JsonValue guarded = block["guardContent"]["text"]["text"]; guarded.is_string()) {
        part.text = guarded.string();
    } else if (block["citationsContent"].is_object()) {
        part.text = cited_text(block["citationsContent"]);
    } else {
        part = other_part(block);
    }
    return part;
}

/// Converse says inputTokens without what concerns caches; where both spellings of a cache count are there
/// they are the same count. Its traces quote usage objects of their own: they stand elsewhere.
void read_usage(JsonValue source, Usage& usage) {
    if (!source.is_object()) return;
    const auto either = [&](std::string_view name, std::string_view or_name) {
        const auto count = source[name].count();
        return count ? count : source[or_name].count();
    };
    usage = {};
    usage.billed = verbatim(source);
    usage.cache_read_tokens = either("cacheReadInputTokens", "cacheReadInputTokenCount");
    const auto written = either("cacheWriteInputTokens", "cacheWriteInputTokenCount");
    CacheWrites& writes = usage.cache_write_tokens;
    for (const JsonValue detail : source["cacheDetails"].elements()) {
        std::optional<std::int64_t>& kept = detail["ttl"].is("5m")   ? writes.minutes_5
                                            : detail["ttl"].is("1h") ? writes.hours_1
                                                                     : writes.other;
        const auto count = detail["inputTokens"].count();
        if (count) kept = kept.value_or(0) + *count;
    }
    const bool is_split = writes.minutes_5 || writes.hours_1 || writes.other;
    const std::int64_t split =
        writes.minutes_5.value_or(0) + writes.hours_1.value_or(0) + writes.other.value_or(0);
    if (written && (!is_split || *written > split))
        writes.other = writes.other.value_or(0) + *written - split;
    usage.input_tokens = source["inputTokens"].count();
    if (usage.input_tokens)
        *usage.input_tokens += usage.cache_read_tokens.value_or(0) + std::max(split, written.value_or(0));
    usage.output_tokens = source["outputTokens"].count();
}

class ConverseReader final : public AnswerReader {
  public:
    using AnswerReader::AnswerReader;

  private:
    /// A tool that Bedrock runs itself, whose input comes in fragments.
    struct ServerTool {
        std::string start;
        std::string input;
    };
    static constexpr std::size_t kMaxServerTools = 64;

    void on_event(std::string_view name, JsonValue data) override {
        if (!name.empty()) return on_converse_event(name, data);
        for (const auto [key, value] : data.members()) on_converse_event(key.string(), value);
    }

    void on_converse_event(std::string_view name, JsonValue data) {
        const std::int64_t index = data["contentBlockIndex"].integer().value_or(0);
        if (name == "messageStart") {
            if (data["role"].is_string()) answer_.set_role(data["role"].string());
        } else if (name == "contentBlockStart") {
            start_block(index, data["start"]);
        } else if (name == "contentBlockDelta") {
            extend_block(index, data["delta"]);
        } else if (name == "contentBlockStop") {
            stop_block(index);
        } else if (name == "messageStop") {
            if (data["stopReason"].is_string()) answer_.set_finish_reason(data["stopReason"].string());
        } else if (name == "metadata") {
            read_metadata(data);
            finish_stream();
        }
    }

    void on_document(JsonValue root) override {
        const JsonValue message = object(object(root, "output"), "message");
        if (message["role"].is_string()) answer_.set_role(message["role"].string());
        for (const JsonValue block : objects(message, "content").elements()) {
            (void)text(block["reasoningContent"]["reasoningText"], "text");
            for (const std::string_view name : {"toolUseId", "name"}) (void)text(block["toolUse"], name);
            Part part = read_block(block);
            if (part.type == PartType::Text || part.type == PartType::Reasoning) {
                answer_.append(part.type, std::string_view(part.text));
            } else {
                answer_.add(std::move(part));
            }
        }
        if (root["stopReason"].is_string()) answer_.set_finish_reason(root["stopReason"].string());
        read_metadata(root);
    }

    [[nodiscard]] bool is_answer(JsonValue root) const override { return root["output"].is_object(); }
    void start_block(std::int64_t index, JsonValue start) {
        const JsonValue use = start["toolUse"];
        if (!use.is_object()) {
            if (start["toolResult"].is_object()) answer_.add_verbatim(start);
        } else if (!use["type"].is("server_tool_use")) {
            answer_.append_tool_call(index, scalar(use, "toolUseId"), scalar(use, "name"), {});
        } else if (server_tools_.size() < kMaxServerTools) {
            server_tools_[index] = {std::string(use.raw()), {}};
        }
    }

    void extend_block(std::int64_t index, JsonValue delta) {
        answer_.append(PartType::Text, text(delta, "text"));
        if (const JsonValue use = object(delta, "toolUse"); use.is_object()) {
            const auto server = server_tools_.find(index);
            if (server == server_tools_.end()) {
                answer_.append_tool_call(index, {}, {}, text(use, "input").string());
            } else if (server->second.input.size() < Answer::kMaxKept / kMaxServerTools) {
                use["input"].append_string_to(server->second.input);
            }
        }
        const JsonValue thought = delta["reasoningContent"];
        answer_.append(PartType::Reasoning, text(thought, "text"));
        if (thought["redactedContent"].has_value() || delta["image"].is_object() ||
            delta["toolResult"].has_value())
            answer_.add_verbatim(delta);
    }

    void stop_block(std::int64_t index) {
        const auto server = server_tools_.find(index);
        if (server == server_tools_.end()) return;
        JsonDocument start;
        start.parse(server->second.start);
        Part part;
        part.type = PartType::Other;
        JsonWriter writer(part.value.text);
        writer.begin_object();
        writer.key("toolUse");
        writer.begin_object();
        for (const auto [key, value] : start.root().members()) writer.member_raw(key.string(), value.raw());
        writer.member_raw("input", tool_arguments(server->second.input).text);
        writer.end_object();
        writer.end_object();
        answer_.add(std::move(part));
        server_tools_.erase(server);
    }

    void read_metadata(JsonValue source) {
        read_usage(source["usage"], usage_);
        if (const auto ms = source["metrics"]["latencyMs"].count()) latency_ms_ = ms;
        if (source["serviceTier"]["type"].is_string()) service_tier_ = source["serviceTier"]["type"].string();
        keep_first(model_, source["trace"]["promptRouter"]["invokedModelId"]);
    }

    /// Only with the metadata behind its last event, which ends it.
    [[nodiscard]] bool stream_is_whole() const override { return false; }

    void on_end(Call& call) override {
        call.usage = usage_;
        call.model.served = model_;
        if (!service_tier_.empty()) call.provider.service_tier = service_tier_;
        note_processing_ms(latency_ms_, call);
    }

    Usage usage_;
    std::string model_;  ///< that a prompt router chose
    std::string service_tier_;
    std::optional<std::int64_t> latency_ms_;
    std::map<std::int64_t, ServerTool> server_tools_;
};

}  // namespace

void read_converse_request(JsonValue body, Call& call) {
    call.kind = Kind::Chat;
    for (const JsonValue source : body["messages"].elements()) {
        Message& message = call.request.messages.emplace_back();
        message.role = source["role"].string();
        for (const JsonValue block : source["content"].elements()) message.parts.push_back(read_block(block));
        if (source["content"].is_string()) message.parts.emplace_back().text = source["content"].string();
    }
    for (const JsonValue block : body["system"].elements()) {
        const Part part = read_block(block);
        if (part.text.empty()) continue;
        if (!call.request.system.empty()) call.request.system.push_back('\n');
        call.request.system += part.text;
    }
    const JsonValue tools = body["toolConfig"];
    call.request.tools = verbatim(tools["tools"]);
    call.request.parameters = parameters_without(body, {"messages", "system", "toolConfig"});
    if (tools["toolChoice"].has_value()) {  // a parameter, though it stands beside the tools
        std::string& text = call.request.parameters.text;
        if (text.empty()) {
            text = "{";
        } else {
            text.back() = ',';
        }
        text += R"("toolConfig":{"toolChoice":)";
        text += tools["toolChoice"].raw();
        text += "}}";
    }
    fill_input_modality(call);
    if (std::ranges::find(call.modality.input, "image") != call.modality.input.end())
        call.kind = Kind::Vision;
}

std::unique_ptr<ResponseReader> make_converse_reader(const RequestView& request,
                                                     const ResponseView& response) {
    return std::make_unique<ConverseReader>(request, response);
}

}  // namespace steno::providers
