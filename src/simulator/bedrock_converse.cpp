#include "base/json_writer.hpp"
#include "simulator/bedrock.hpp"
#include "simulator/body.hpp"
#include "simulator/openai.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <utility>

namespace steno::simulator {

namespace json = boost::json;

namespace {

std::string_view stop_reason(Finish finish) {
    switch (finish) {
        case Finish::Length:
            return "max_tokens";
        case Finish::Tools:
            return "tool_use";
        case Finish::Filter:
            return "content_filtered";
        case Finish::Stop:
            break;
    }
    return "end_turn";
}

bool has_cache_point(const json::array& blocks) {
    return std::ranges::any_of(blocks, [](const json::value& block) { return find(block, "cachePoint"); });
}

Question question_of(const BedrockCall& call) {
    Question question;
    question.model = call.model;
    question.prompt = call.prompt;
    question.knobs = call.knobs;
    for (const std::string_view name : {"system", "messages"})
        if (const json::value* value = find(call.body, name)) append_all_text(*value, question.context);
    question.caches = has_cache_point(elements(find(call.body, "system")));
    for (const json::value& message : elements(find(call.body, "messages"))) {
        const json::array& blocks = elements(find(message, "content"));
        question.caches = question.caches || has_cache_point(blocks);
        question.answers_tool_result =
            std::ranges::any_of(blocks, [](const json::value& block) { return find(block, "toolResult"); });
    }
    if (const json::value* config = find(call.body, "inferenceConfig"))
        question.max_tokens = integer_at(*config, "maxTokens");
    if (const json::value* config = find(call.body, "toolConfig")) {
        for (const json::value& tool : elements(find(*config, "tools"))) {
            const json::value* spec = find(tool, "toolSpec");
            const json::value* schema = spec ? find(*spec, "inputSchema") : nullptr;
            if (schema && find(*schema, "json"))
                question.tools.push_back({string_at(*spec, "name"), find(*schema, "json")});
        }
        const json::value* choice = find(*config, "toolChoice");
        if (const json::value* tool = choice ? find(*choice, "tool") : nullptr)
            question.forced_tool = string_at(*tool, "name");
    }
    if (const json::value* fields = find(call.body, "additionalModelRequestFields"))
        question.wants_reasoning = find(*fields, "thinking") || find(*fields, "reasoning_config");
    return question;
}

class Conversation {
  public:
    Conversation(const BedrockCall& call, Dice& dice)
        : answer_(answer_question(question_of(call), dice)),
          native_(call.native),
          tells_usage_(call.knobs.usage != "none"),
          latency_ms_(dice.between(90, 900)) {
        signature_ = dice.id(80);
        for (std::size_t t = 0; t < answer_.tools.size(); ++t) ids_.push_back("tooluse_" + dice.id(22));
    }

    std::string whole() {
        return object([&](JsonWriter& json) {
            json.key("output");
            json.begin_object();
            json.key("message");
            json.begin_object();
            json.member("role", "assistant");
            json.key("content");
            json.begin_array();
            if (!answer_.thought.empty()) reasoning(json);
            if (answer_.tools.empty()) {
                json.raw(
                    object([&](JsonWriter& block) { block.member("text", std::string_view(answer_.text)); }));
            }
            for (std::size_t t = 0; t < answer_.tools.size(); ++t) {
                json.begin_object();
                json.key("toolUse");
                tool(json, t);
                json.member_raw("input", answer_.tools[t].arguments);
                json.end_object();
                json.end_object();
            }
            json.end_array();
            json.end_object();
            json.end_object();
            json.member("stopReason", stop_reason(answer_.finish));
            metadata(json);
        });
    }

    std::vector<std::string> events() {
        event("messageStart", [](JsonWriter& json) { json.member("role", "assistant"); });
        if (!answer_.thought.empty()) {
            for (const std::string& piece : fragments_of(answer_.thought))
                delta("reasoningContent",
                      object([&](JsonWriter& json) { json.member("text", std::string_view(piece)); }));
            delta("reasoningContent",
                  object([&](JsonWriter& json) { json.member("signature", std::string_view(signature_)); }));
            stop();
        }
        if (answer_.tools.empty()) {
            for (const std::string& piece : answer_.pieces) {
                std::string quoted;
                JsonWriter(quoted).string(piece);
                delta("text", quoted);
            }
            stop();
        }
        for (std::size_t t = 0; t < answer_.tools.size(); ++t) {
            event("contentBlockStart", [&](JsonWriter& json) {
                json.member("contentBlockIndex", index_);
                json.key("start");
                json.begin_object();
                json.key("toolUse");
                tool(json, t);
                json.end_object();
                json.end_object();
            });
            for (const std::string& piece : fragments_of(answer_.tools[t].arguments))
                delta("toolUse",
                      object([&](JsonWriter& json) { json.member("input", std::string_view(piece)); }));
            stop();
        }
        event("messageStop",
              [&](JsonWriter& json) { json.member("stopReason", stop_reason(answer_.finish)); });
        event("metadata", [&](JsonWriter& json) { metadata(json); });
        return std::move(frames_);
    }

  private:
    template <class Fill>
    static std::string object(Fill fill) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        fill(json);
        json.end_object();
        return out;
    }

    template <class Fill>
    void event(std::string_view type, Fill fill) {
        const std::string payload = object([&](JsonWriter& json) {
            fill(json);
            if (!native_) json.member("p", "abcdefghijklmnop");  // as the real one pads
        });
        frames_.push_back(
            native_ ? amazon_chunk(object([&](JsonWriter& json) { json.member_raw(type, payload); }))
                    : amazon_event(type, payload));
    }

    void delta(std::string_view member, std::string_view value) {
        event("contentBlockDelta", [&](JsonWriter& json) {
            json.member("contentBlockIndex", index_);
            json.key("delta");
            json.begin_object();
            json.member_raw(member, value);
            json.end_object();
        });
    }

    void stop() {
        event("contentBlockStop", [&](JsonWriter& json) { json.member("contentBlockIndex", index_); });
        ++index_;
    }

    /// Left open.
    void tool(JsonWriter& json, std::size_t t) {
        json.begin_object();
        json.member("toolUseId", std::string_view(ids_[t]));
        json.member("name", std::string_view(answer_.tools[t].name));
    }

    void reasoning(JsonWriter& json) {
        json.begin_object();
        json.key("reasoningContent");
        json.begin_object();
        json.key("reasoningText");
        json.begin_object();
        json.member("text", std::string_view(answer_.thought));
        json.member("signature", std::string_view(signature_));
        json.end_object();
        json.end_object();
        json.end_object();
    }

    void metadata(JsonWriter& json) {
        json.key("metrics");
        json.begin_object();
        json.member("latencyMs", latency_ms_);
        json.end_object();
        if (!tells_usage_) return;
        const std::int64_t written = answer_.cache_write_5m + answer_.cache_write_1h;
        json.key("usage");
        json.begin_object();
        json.member("inputTokens", answer_.fresh_input());
        json.member("outputTokens", answer_.output_tokens);
        json.member("totalTokens", answer_.input_tokens + answer_.output_tokens);
        json.member("cacheReadInputTokens", answer_.cached_tokens);
        json.member("cacheReadInputTokenCount", answer_.cached_tokens);
        json.member("cacheWriteInputTokens", written);
        json.member("cacheWriteInputTokenCount", written);
        if (written > 0) {
            json.key("cacheDetails");
            json.begin_array();
            for (const auto& [ttl, tokens] :
                 {std::pair("1h", answer_.cache_write_1h), std::pair("5m", answer_.cache_write_5m)}) {
                if (tokens == 0) continue;
                json.begin_object();
                json.member("ttl", ttl);
                json.member("inputTokens", tokens);
                json.end_object();
            }
            json.end_array();
        }
        json.end_object();
    }

    Answer answer_;
    bool native_;
    bool tells_usage_;
    std::int64_t latency_ms_;
    std::string signature_;
    std::vector<std::string> ids_;
    std::int64_t index_ = 0;
    std::vector<std::string> frames_;
};

}  // namespace

Reply answer_converse(const BedrockCall& call, Dice& dice) {
    Reply reply;
    Conversation conversation(call, dice);
    if (call.stream) {
        reply.frames = conversation.events();
    } else {
        reply.frames.push_back(conversation.whole());
    }
    return reply;
}

}  // namespace steno::simulator
