#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "simulator/body.hpp"
#include "simulator/errors.hpp"
#include "simulator/model.hpp"
#include "simulator/openai.hpp"
#include "simulator/reply.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

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
            return "refusal";
        case Finish::Stop:
            break;
    }
    return "end_turn";
}

/// Does `cache_control` stand anywhere near the top of the body?
bool marks_cache(const json::value& value, int depth = 0) {
    constexpr int kDepth = 6;
    if (depth > kDepth) return false;
    if (find(value, "cache_control")) return true;
    if (const json::array* list = value.if_array())
        return std::ranges::any_of(*list,
                                   [&](const json::value& one) { return marks_cache(one, depth + 1); });
    for (const std::string_view name : {"system", "messages", "tools", "content"})
        if (const json::value* inner = find(value, name);
            inner && inner->is_array() && marks_cache(*inner, depth + 1))
            return true;
    return false;
}

bool is_tool_result(const json::value& message) {
    return std::ranges::any_of(elements(find(message, "content")), [](const json::value& block) {
        return string_at(block, "type") == "tool_result";
    });
}

/// Text of the last message in which the user says something, not only a tool.
std::string last_user_text(const json::value& body) {
    const json::array& messages = elements(find(body, "messages"));
    for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
        if (string_at(*message, "role") != "user") continue;
        std::string text = text_of_content(find(*message, "content"));
        if (!text.empty()) return text;
    }
    return {};
}

class Messages {
  public:
    Messages(const json::value& body, std::string model, std::string prompt, Knobs knobs, Dice& dice)
        : dice_(dice) {
        question_.model = std::move(model);
        question_.prompt = std::move(prompt);
        question_.knobs = std::move(knobs);
        question_.caches = marks_cache(body);
        question_.max_tokens = integer_at(body, "max_tokens");
        for (const std::string_view name : {"system", "messages"})
            if (const json::value* value = find(body, name)) append_all_text(*value, question_.context);
        if (const json::array& messages = elements(find(body, "messages")); !messages.empty())
            question_.answers_tool_result = is_tool_result(messages.back());
        for (const json::value& tool : elements(find(body, "tools")))
            if (const json::value* schema = find(tool, "input_schema"))
                question_.tools.push_back({string_at(tool, "name"), schema});
        if (const json::value* choice = find(body, "tool_choice")) {
            question_.may_call_tools = string_at(*choice, "type") != "none";
            question_.forced_tool = string_at(*choice, "name");
        }
        if (const json::value* thinking = find(body, "thinking")) {
            const std::string type = string_at(*thinking, "type");
            question_.wants_reasoning = type == "enabled" || type == "adaptive";
        }
        if (const json::value* output = find(body, "output_config"))
            if (const json::value* format = find(*output, "format"))
                question_.json_schema = find(*format, "schema");
    }

    [[nodiscard]] std::int64_t input_tokens() const { return input_tokens_of(question_); }

    void answer() {
        answer_ = answer_question(question_, dice_);
        id_ = "msg_01" + dice_.id(22);
        signature_ = dice_.id(160) + "==";
        for (std::size_t t = 0; t < answer_.tools.size(); ++t) tool_ids_.push_back("toolu_01" + dice_.id(22));
    }

    std::string whole() {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        head(json);
        json.key("content");
        json.begin_array();
        for (std::size_t i = 0; i < blocks(); ++i) json.raw(block(i, true));
        json.end_array();
        json.member("stop_reason", stop_reason(answer_.finish));
        json.member_raw("stop_sequence", "null");
        json.key("usage");
        usage(json, answer_.output_tokens, true);
        json.end_object();
        return out;
    }

    std::vector<std::string> events() {
        event("message_start", [&](JsonWriter& json) {
            json.key("message");
            json.begin_object();
            head(json);
            json.member_raw("content", "[]");
            json.member_raw("stop_reason", "null");
            json.member_raw("stop_sequence", "null");
            json.key("usage");
            usage(json, 1, false);  // a placeholder, as the real one sends it
            json.end_object();
        });
        for (std::size_t i = 0; i < blocks(); ++i) block_events(i);
        event("message_delta", [&](JsonWriter& json) {
            json.key("delta");
            json.begin_object();
            json.member("stop_reason", stop_reason(answer_.finish));
            json.member_raw("stop_sequence", "null");
            json.end_object();
            if (question_.knobs.usage == "none") return;
            json.key("usage");
            json.begin_object();
            json.member("input_tokens", answer_.fresh_input());
            json.member("cache_creation_input_tokens", answer_.cache_write_5m + answer_.cache_write_1h);
            json.member("cache_read_input_tokens", answer_.cached_tokens);
            json.member("output_tokens", answer_.output_tokens);
            thinking_tokens(json);
            json.end_object();
        });
        event("message_stop", [](JsonWriter&) {});
        return std::move(frames_);
    }

  private:
    [[nodiscard]] bool thinks() const { return !answer_.thought.empty(); }
    [[nodiscard]] std::size_t blocks() const {
        return (thinks() ? 1 : 0) + (answer_.tools.empty() ? 1 : answer_.tools.size());
    }

    void head(JsonWriter& json) {
        json.member("id", std::string_view(id_));
        json.member("type", "message");
        json.member("role", "assistant");
        json.member("model", std::string_view(question_.model));
    }

    void thinking_tokens(JsonWriter& json) {
        if (!thinks()) return;
        json.key("output_tokens_details");
        json.begin_object();
        json.member("thinking_tokens", answer_.reasoning_tokens);
        json.end_object();
    }

    void usage(JsonWriter& json, std::int64_t output_tokens, bool final) {
        json.begin_object();
        json.member("input_tokens", answer_.fresh_input());
        json.member("cache_creation_input_tokens", answer_.cache_write_5m + answer_.cache_write_1h);
        json.member("cache_read_input_tokens", answer_.cached_tokens);
        json.key("cache_creation");
        json.begin_object();
        json.member("ephemeral_5m_input_tokens", answer_.cache_write_5m);
        json.member("ephemeral_1h_input_tokens", answer_.cache_write_1h);
        json.end_object();
        json.member("output_tokens", output_tokens);
        if (final) thinking_tokens(json);
        json.member("service_tier", "standard");
        json.end_object();
    }

    /// A content block, complete or as it begins in a stream.
    std::string block(std::size_t index, bool complete) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        if (thinks() && index == 0) {
            json.member("type", "thinking");
            json.member("thinking", complete ? std::string_view(answer_.thought) : "");
            json.member("signature", complete ? std::string_view(signature_) : "");
        } else if (answer_.tools.empty()) {
            json.member("type", "text");
            json.member("text", complete ? std::string_view(answer_.text) : "");
        } else {
            const std::size_t t = index - (thinks() ? 1 : 0);
            json.member("type", "tool_use");
            json.member("id", std::string_view(tool_ids_[t]));
            json.member("name", std::string_view(answer_.tools[t].name));
            json.member_raw("input", complete ? std::string_view(answer_.tools[t].arguments) : "{}");
        }
        json.end_object();
        return out;
    }

    template <class Fill>
    void event(std::string_view type, Fill fill) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("type", type);
        fill(json);
        json.end_object();
        frames_.push_back(sse_frame(type, out));
    }

    void delta(std::size_t index, std::string_view type, std::string_view member, std::string_view text) {
        event("content_block_delta", [&](JsonWriter& json) {
            json.member("index", static_cast<std::int64_t>(index));
            json.key("delta");
            json.begin_object();
            json.member("type", type);
            json.member(member, text);
            json.end_object();
        });
    }

    void block_events(std::size_t index) {
        event("content_block_start", [&](JsonWriter& json) {
            json.member("index", static_cast<std::int64_t>(index));
            json.member_raw("content_block", block(index, false));
        });
        if (index == 0) event("ping", [](JsonWriter&) {});
        if (thinks() && index == 0) {
            for (const std::string& piece : fragments_of(answer_.thought))
                delta(index, "thinking_delta", "thinking", piece);
            delta(index, "signature_delta", "signature", signature_);
        } else if (answer_.tools.empty()) {
            for (const std::string& piece : answer_.pieces) delta(index, "text_delta", "text", piece);
        } else {
            const ToolUse& tool = answer_.tools[index - (thinks() ? 1 : 0)];
            delta(index, "input_json_delta", "partial_json", "");
            for (const std::string& piece : fragments_of(tool.arguments))
                delta(index, "input_json_delta", "partial_json", piece);
        }
        event("content_block_stop",
              [&](JsonWriter& json) { json.member("index", static_cast<std::int64_t>(index)); });
    }

    Dice& dice_;
    Question question_;
    Answer answer_;
    std::string id_;
    std::string signature_;
    std::vector<std::string> tool_ids_;
    std::vector<std::string> frames_;
};

}  // namespace

Reply answer_anthropic(const Incoming& request) {
    Dice dice(request.seed);
    std::string model;
    const auto refuse = [&](std::string_view kind, std::string_view message) {
        return error_reply(Vendor::Anthropic, kind, {}, dice, model, message);
    };
    if (request.path.starts_with("/v1/messages/batches")) return answer_anthropic_batches(request);
    if (request.path == "/v1/complete") return answer_anthropic_completion(request);
    const bool counts = request.path == "/v1/messages/count_tokens";
    if (request.path != "/v1/messages" && !counts) return refuse("not_found", "Not found");
    if (request.method != "POST") return refuse("invalid", "Method Not Allowed");
    const auto body = parse_body(request.body);
    if (!body) return refuse("invalid", "The request body is not valid JSON");
    model = string_at(*body, "model");
    if (model.empty()) return refuse("invalid", "model: Field required");
    if (elements(find(*body, "messages")).empty()) return refuse("invalid", "messages: Field required");
    if (!counts && !integer_at(*body, "max_tokens")) return refuse("invalid", "max_tokens: Field required");

    Knobs knobs;
    std::string prompt = last_user_text(*body);
    if (auto set = set_knobs(knobs, *request.headers, prompt); !set)
        return refuse("invalid", set.error().message);

    Reply reply;
    const bool streams = flag_at(*body, "stream") && !counts;
    if (const auto kind = wanted_error(knobs, streams); !kind.empty()) {
        reply = error_reply(Vendor::Anthropic, kind, knobs, dice, model);
        reply.knobs = knobs;
        return reply;
    }
    Messages messages(*body, model, prompt, knobs, dice);
    if (counts) {
        reply.frames.push_back(fmt::format(R"({{"input_tokens":{}}})", messages.input_tokens()));
    } else {
        messages.answer();
        if (streams) {
            reply.stream = reply.sse = true;
            reply.content_type = "text/event-stream; charset=utf-8";
            reply.frames = messages.events();
            const ErrorShape error =
                shape_of(Vendor::Anthropic, knobs.error.empty() ? "overloaded" : knobs.error, model);
            reply.error_frame = sse_frame("error", error_body(Vendor::Anthropic, error, {}));
        } else {
            reply.frames.push_back(messages.whole());
        }
    }
    add_usual_headers(Vendor::Anthropic, reply.headers, dice);
    reply.knobs = knobs;
    return reply;
}

}  // namespace steno::simulator
