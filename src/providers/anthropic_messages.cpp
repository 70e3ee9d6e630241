#include "base/json_writer.hpp"
#include "providers/answer_reader.hpp"
#include "providers/anthropic.hpp"
#include "providers/request_edit.hpp"
#include "providers/request_facts.hpp"

#include <algorithm>
#include <map>
#include <utility>

/// Messages, and the old Completions.
namespace steno::providers {

namespace {

Part media_part(JsonValue block, PartType type) {
    const JsonValue source = block["source"];
    Part part;
    part.type = type;
    part.mime = source["media_type"].string();
    part.name = block["title"].string();
    if (source["type"].is("text")) {
        part.text = source["data"].string();
    } else if (source["data"].is_string()) {
        part.url = "data:" + part.mime + ";base64," + source["data"].string();
    } else if (source["url"].is_string()) {
        part.url = source["url"].string();
    } else if (source["file_id"].is_string()) {
        part.id = source["file_id"].string();
    } else {
        part = {};
        part.type = PartType::Other;
        part.value = verbatim(block);
    }
    return part;
}

Part read_block(JsonValue block) {
    Part part;
    const JsonValue type = block["type"];
    if (type.is("text")) {
        part.text = block["text"].string();
    } else if (type.is("image")) {
        part = media_part(block, PartType::Image);
    } else if (type.is("document")) {
        part = media_part(block, PartType::Document);
    } else if (type.is("tool_use")) {
        part.type = PartType::ToolCall;
        part.id = block["id"].string();
        part.name = block["name"].string();
        part.value = tool_arguments(block["input"]);
    } else if (type.is("tool_result")) {
        part.type = PartType::ToolResult;
        part.id = block["tool_use_id"].string();
        if (block["content"].is_string()) {
            part.text = block["content"].string();
        } else {
            part.value = verbatim(block["content"]);
        }
    } else if (type.is("thinking")) {
        part.type = PartType::Reasoning;
        part.text = block["thinking"].string();
    } else {
        part.type = PartType::Other;
        part.value = verbatim(block);
    }
    return part;
}

void read_content(JsonValue content, Message& message) {
    if (content.is_string()) message.parts.emplace_back().text = content.string();
    for (const JsonValue block : content.elements()) message.parts.push_back(read_block(block));
}

std::string system_text(JsonValue system) {
    std::string text = system.string();
    for (const JsonValue block : system.elements()) {
        if (!text.empty()) text.push_back('\n');
        block["text"].append_string_to(text);
    }
    return text;
}

/// usage, put together key by key: a stream's message_delta overrides its message_start.
class UsageReport {
  public:
    void add(JsonValue usage) {
        if (!usage.is_object()) return;
        verbatim_ = seen_.empty() ? std::string(usage.raw()) : std::string();
        for (const auto [key, value] : usage.members()) {
            if (!value.has_value() && seen_.contains(key.string())) continue;
            seen_.insert_or_assign(key.string(), std::string(value.raw()));
        }
    }

    /// `output_is_final` false: what there is of output_tokens is message_start's placeholder.
    void write_to(Call& call, bool output_is_final) const {
        if (seen_.empty()) return;
        std::string& billed = call.usage.billed.text;
        billed = verbatim_.empty() ? merged() : verbatim_;

        JsonDocument document;
        if (!document.parse(billed)) return;
        const JsonValue usage = document.root();
        const auto read = usage["cache_read_input_tokens"].count();
        const auto written = usage["cache_creation_input_tokens"].count();
        const JsonValue by_duration = usage["cache_creation"];
        CacheWrites& writes = call.usage.cache_write_tokens;
        writes.minutes_5 = by_duration["ephemeral_5m_input_tokens"].count();
        writes.hours_1 = by_duration["ephemeral_1h_input_tokens"].count();
        const std::int64_t split = writes.minutes_5.value_or(0) + writes.hours_1.value_or(0);
        const bool is_split = writes.minutes_5 || writes.hours_1;
        if (written && (!is_split || *written > split)) writes.other = *written - split;
        call.usage.cache_read_tokens = read;
        call.usage.input_tokens = usage["input_tokens"].count();
        if (call.usage.input_tokens)
            *call.usage.input_tokens += read.value_or(0) + split + writes.other.value_or(0);
        if (output_is_final) call.usage.output_tokens = usage["output_tokens"].count();
        call.usage.reasoning_tokens = usage["output_tokens_details"]["thinking_tokens"].count();
        call.usage.searches = usage["server_tool_use"]["web_search_requests"].count();
        add_compactions(usage["iterations"], call.usage);
        if (usage["service_tier"].is_string()) call.provider.service_tier = usage["service_tier"].string();
        if (usage["speed"].is_string()) call.provider.speed = usage["speed"].string();
        const JsonValue geo = usage["inference_geo"];
        if (geo.is_string() && !geo.is("not_available")) call.provider.region = geo.string();
    }

  private:
    /// What shortening the context took comes on top of the totals (the iterations of the model itself are in
    /// them already, and an advisor is another model).
    static void add_compactions(JsonValue iterations, Usage& usage) {
        int left = 500;  // keeps the sums within 64 bits
        for (const JsonValue one : iterations.elements()) {
            if (left-- == 0) break;
            if (!one["type"].is("compaction") || !usage.input_tokens || !usage.output_tokens) continue;
            const std::int64_t read = one["cache_read_input_tokens"].count().value_or(0);
            const std::int64_t written = one["cache_creation_input_tokens"].count().value_or(0);
            *usage.input_tokens += one["input_tokens"].count().value_or(0) + read + written;
            *usage.output_tokens += one["output_tokens"].count().value_or(0);
            if (read != 0) usage.cache_read_tokens = usage.cache_read_tokens.value_or(0) + read;
            auto& other = usage.cache_write_tokens.other;
            if (written != 0) other = other.value_or(0) + written;
        }
    }

    [[nodiscard]] std::string merged() const {
        std::string out;
        JsonWriter writer(out);
        writer.begin_object();
        for (const auto& [key, value] : seen_) writer.member_raw(key, value);
        writer.end_object();
        return out;
    }

    std::map<std::string, std::string> seen_;
    std::string verbatim_;  ///< the object, if there was only one
};

class MessagesReader final : public AnswerReader {
  public:
    using AnswerReader::AnswerReader;

  private:
    /// A block of a server-side tool, whose input comes in fragments.
    struct OpenBlock {
        std::string block;
        std::string input;
    };
    static constexpr std::size_t kMaxOpenBlocks = 64;

    void on_event(std::string_view name, JsonValue data) override {
        const std::string type = data["type"].is_string() ? data["type"].string() : std::string(name);
        const std::int64_t index = data["index"].integer().value_or(0);
        if (type == "message_start") {
            streamed_ = true;
            output_is_final_ = false;  // the count that it brings is a placeholder, wherever it stands
            read_envelope(data["message"]);
        } else if (type == "content_block_start") {
            start_block(index, object(data, "content_block"));
        } else if (type == "content_block_delta") {
            extend_block(index, object(data, "delta"));
        } else if (type == "content_block_stop") {
            stop_block(index);
        } else if (type == "message_delta") {
            read_end(data, data["delta"]);
        } else if (type == "message_stop") {
            finish_stream();
        } else if (type == "completion") {
            read_completion(data);
        }
    }

    void on_document(JsonValue root) override {
        if (root["completion"].is_string()) return read_completion(root);
        read_envelope(root);
        for (const JsonValue block : objects(root, "content").elements()) {
            const JsonValue type = block["type"];
            if (type.is("text")) {
                answer_.append(PartType::Text, text(block, "text"));
            } else if (type.is("thinking")) {
                answer_.append(PartType::Reasoning, text(block, "thinking"));
            } else if (type.is("tool_use")) {
                answer_.add_tool_call(scalar(block, "id"), scalar(block, "name"), block["input"]);
            } else {
                answer_.add_verbatim(block);
            }
        }
        read_end(root, root);
    }

    [[nodiscard]] bool is_answer(JsonValue root) const override {
        return root["content"].is_array() || root["completion"].is_string();
    }
    void read_envelope(JsonValue message) {
        keep_first(id_, message["id"]);
        keep_first(model_, message["model"]);
        if (message["role"].is_string()) answer_.set_role(message["role"].string());
        usage_.add(message["usage"]);
    }

    /// `root` is the whole message, or a stream's message_delta; `delta` the same, or what is within it.
    void read_end(JsonValue root, JsonValue delta) {
        const JsonValue usage = root["usage"];
        keep(delta, "container");
        keep(delta, "stop_details");
        keep(root, "context_management");
        if (delta["stop_reason"].is_string()) answer_.set_finish_reason(delta["stop_reason"].string());
        if (usage["output_tokens"].has_value()) output_is_final_ = true;
        usage_.add(usage);
    }

    /// What else was told of how the answer came about.
    void keep(JsonValue object, std::string_view member) {
        constexpr std::size_t kSmall = 64 << 10;
        const JsonValue value = object[member];
        if (value.has_value() && value.raw().size() <= kSmall)
            besides_.insert_or_assign(std::string(member), std::string(value.raw()));
    }

    /// The old Text Completions: every event carries the next piece.
    void read_completion(JsonValue data) {
        keep_first(id_, data["id"]);
        keep_first(model_, data["model"]);
        answer_.append(PartType::Text, text(data, "completion"));
        if (data["stop_reason"].is_string()) answer_.set_finish_reason(data["stop_reason"].string());
    }

    void start_block(std::int64_t index, JsonValue block) {
        const JsonValue type = block["type"];
        if (type.is("text")) {
            answer_.append(PartType::Text, text(block, "text"));
        } else if (type.is("thinking")) {
            answer_.append(PartType::Reasoning, text(block, "thinking"));
        } else if (type.is("tool_use")) {
            const JsonValue input = block["input"];
            answer_.append_tool_call(index, scalar(block, "id"), scalar(block, "name"),
                                     input.size() == 0 ? std::string_view() : input.raw());
        } else if (type.is("server_tool_use") && open_.size() < kMaxOpenBlocks) {
            open_[index] = {std::string(block.raw()), {}};
        } else {
            answer_.add_verbatim(block);
        }
    }

    void extend_block(std::int64_t index, JsonValue delta) {
        const JsonValue type = delta["type"];
        if (type.is("text_delta")) {
            answer_.append(PartType::Text, text(delta, "text"));
        } else if (type.is("thinking_delta")) {
            answer_.append(PartType::Reasoning, text(delta, "thinking"));
        } else if (type.is("input_json_delta")) {
            const auto open = open_.find(index);
            if (open == open_.end()) {
                answer_.append_tool_call(index, {}, {}, text(delta, "partial_json").string());
            } else if (open->second.input.size() < Answer::kMaxKept / kMaxOpenBlocks) {
                delta["partial_json"].append_string_to(open->second.input);
            }
        }
    }

    void stop_block(std::int64_t index) {
        const auto open = open_.find(index);
        if (open == open_.end()) return;
        JsonDocument block;
        block.parse(open->second.block);
        Part part;
        part.type = PartType::Other;
        JsonWriter writer(part.value.text);
        writer.begin_object();
        for (const auto [key, value] : block.root().members()) {
            const bool replaced = key.is("input") && !open->second.input.empty();
            writer.member_raw(key.string(), replaced ? tool_arguments(open->second.input).text : value.raw());
        }
        writer.end_object();
        answer_.add(std::move(part));
        open_.erase(open);
    }

    void on_end(Call& call) override {
        call.response.id = id_;
        call.model.served = model_;
        usage_.write_to(call, output_is_final_ || !streamed_);
        if (besides_.empty()) return;
        JsonWriter writer(call.response.output.text);
        writer.begin_object();
        for (const auto& [member, value] : besides_) writer.member_raw(member, value);
        writer.end_object();
    }

    std::string id_;
    std::string model_;
    UsageReport usage_;
    bool streamed_ = false;
    bool output_is_final_ = false;
    std::map<std::int64_t, OpenBlock> open_;
    std::map<std::string, std::string> besides_;  ///< member → JSON
};

}  // namespace

void read_anthropic_messages(JsonValue body, Call& call) {
    call.kind = Kind::Chat;
    for (const JsonValue source : body["messages"].elements()) {
        Message& message = call.request.messages.emplace_back();
        message.role = source["role"].string();
        read_content(source["content"], message);
    }
    call.request.system = system_text(body["system"]);
    call.request.tools = verbatim(body["tools"]);
    call.request.parameters = parameters_without(body, {"messages", "system", "tools", "model", "stream"});
    fill_input_modality(call);
    if (std::ranges::find(call.modality.input, "image") != call.modality.input.end())
        call.kind = Kind::Vision;
}

void read_anthropic_completion(JsonValue body, Call& call) {
    call.kind = Kind::Completion;
    Message& message = call.request.messages.emplace_back();
    message.role = "user";
    message.parts.emplace_back().text = body["prompt"].string();
    call.request.parameters = parameters_without(body, {"prompt", "model", "stream"});
    fill_input_modality(call);
}

Result<void> edit_anthropic_messages(JsonValue body, const RequestEdit& edit, JsonEdits& edits) {
    if (!edit.model.empty()) edits.set_text(body, "model", edit.model);
    set_parameters(edit, {.token_limit = "max_tokens"}, body, edits);
    if (edit.texts.empty()) return {};
    constexpr std::string_view kTextTypes[] = {"text"};
    const PromptTexts texts = texts_of(edit);
    if (!texts.system.empty()) {
        const JsonValue system = body["system"];
        JsonValue first_block;
        for (const JsonValue block : system.elements()) {
            first_block = block;
            break;
        }
        if (first_block["text"].is_string()) {
            edits.replace_text(first_block["text"], joined(texts.system));  // its cache_control stays
        } else {
            edits.set_text(body, "system", joined(texts.system));
        }
    }
    std::vector<EditableMessage> messages;
    for (const JsonValue source : body["messages"].elements()) {
        EditableMessage message = editable_message(source["role"].string(), source["content"], kTextTypes);
        for (const JsonValue block : source["content"].elements())
            message.speaks = message.speaks && !block["type"].is("tool_result");
        messages.push_back(message);
    }
    return replace_texts(messages, texts.rest, edits);
}

std::unique_ptr<ResponseReader> make_anthropic_reader(const RequestView& request,
                                                      const ResponseView& response) {
    return std::make_unique<MessagesReader>(request, response);
}

}  // namespace steno::providers
