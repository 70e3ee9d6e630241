#include "base/json_writer.hpp"
#include "simulator/body.hpp"
#include "simulator/language.hpp"
#include "simulator/mistral.hpp"
#include "simulator/model.hpp"
#include "simulator/openai.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <functional>

namespace steno::simulator {

namespace json = boost::json;

namespace {

/// What all endpoints that generate have in common.
struct Generated {
    Answer answer;
    std::vector<std::string> tool_ids;
    std::string id;
};

Generated generate(const MistralCall& call, Dice& dice) {
    const json::value& body = call.body;
    Question question;
    question.model = call.model;
    question.prompt = call.prompt;
    question.knobs = call.knobs;
    question.max_tokens = integer_at(body, "max_tokens");
    question.wants_reasoning = call.model.starts_with("magistral");
    for (const char* const name : {"messages", "inputs", "instructions", "prompt", "suffix"})
        if (const json::value* value = find(body, name)) append_all_text(*value, question.context);
    for (const json::value& tool : elements(find(body, "tools")))
        if (const json::value* function = find(tool, "function"))
            question.tools.push_back({string_at(*function, "name"), find(*function, "parameters")});
    for (const char* const name : {"messages", "inputs"}) {
        const json::array& list = elements(find(body, name));
        if (list.empty()) continue;
        question.answers_tool_result =
            string_at(list.back(), "role") == "tool" || string_at(list.back(), "type") == "function.result";
    }
    question.may_call_tools = string_at(body, "tool_choice") != "none";
    if (const json::value* format = find(body, "response_format")) {
        question.wants_json = string_at(*format, "type") == "json_object";
        if (const json::value* schema = find(*format, "json_schema"))
            question.json_schema = find(*schema, "schema", "schema_definition");
    }
    Generated generated{answer_question(question, dice), {}, dice.hex(32)};
    for (std::size_t i = 0; i < generated.answer.tools.size(); ++i) generated.tool_ids.push_back(dice.id(9));
    return generated;
}

void usage(JsonWriter& json, const MistralCall& call, const Answer& answer) {
    if (call.knobs.usage == "none") return;
    json.key("usage");
    json.begin_object();
    json.member("prompt_tokens", answer.input_tokens);
    json.member("total_tokens", answer.input_tokens + answer.output_tokens);
    json.member("completion_tokens", answer.output_tokens);
    if (answer.cached_tokens > 0) {
        json.member("num_cached_tokens", answer.cached_tokens);
        json.member_raw("prompt_tokens_details",
                        fmt::format(R"({{"cached_tokens":{}}})", answer.cached_tokens));
    }
    json.end_object();
}

std::string_view finish_reason(Finish finish) {
    switch (finish) {
        case Finish::Length:
            return "length";
        case Finish::Tools:
            return "tool_calls";
        case Finish::Filter:
            return "error";
        case Finish::Stop:
            break;
    }
    return "stop";
}

/// Chat, agents and fill-in-the-middle.
class Chat {
  public:
    Chat(const MistralCall& call, Dice& dice) : call_(call), dice_(dice), said_(generate(call, dice)) {}

    std::string whole() {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        head(json, "chat.completion");
        usage(json, call_, said_.answer);
        choice(json, "message", finish_reason(said_.answer.finish), [&] {
            json.member("role", "assistant");
            tools(json);
            json.key("content");
            if (said_.answer.thought.empty()) return json.string(said_.answer.text);
            json.begin_array();
            thinking(json, said_.answer.thought);
            json.begin_object();
            json.member("type", "text");
            json.member("text", std::string_view(said_.answer.text));
            json.end_object();
            json.end_array();
        });
        json.end_object();
        return out;
    }

    std::vector<std::string> frames() {
        std::vector<std::string> frames;
        const auto chunk = [&](std::string_view finish, const std::function<void(JsonWriter&)>& delta) {
            std::string out;
            JsonWriter json(out);
            json.begin_object();
            head(json, "chat.completion.chunk");
            choice(json, "delta", finish, [&] { delta(json); });
            if (!finish.empty()) usage(json, call_, said_.answer);
            json.member("p", std::string_view("abcdefghijklmnop").substr(0, dice_.below(16) + 1));
            json.end_object();
            frames.push_back(sse_frame("", out));
        };
        chunk("", [](JsonWriter& json) {
            json.member("role", "assistant");
            json.member("content", "");
        });
        for (const std::string& piece : cut_into_pieces(dice_, said_.answer.thought, 0)) {
            chunk("", [&](JsonWriter& json) {
                json.key("content");
                json.begin_array();
                thinking(json, piece);
                json.end_array();
            });
        }
        for (const std::string& piece : said_.answer.pieces)
            chunk("", [&](JsonWriter& json) { json.member("content", std::string_view(piece)); });
        chunk(finish_reason(said_.answer.finish), [&](JsonWriter& json) {
            json.member("content", "");
            tools(json);
        });
        frames.push_back(sse_frame("", "[DONE]"));
        return frames;
    }

  private:
    void head(JsonWriter& json, std::string_view object) {
        json.member("id", std::string_view(said_.id));
        json.member("object", object);
        json.member("created", 1'763'600'000);
        json.member("model", std::string_view(call_.model));
    }

    template <class Fill>
    static void choice(JsonWriter& json, std::string_view name, std::string_view finish, Fill fill) {
        json.key("choices");
        json.begin_array();
        json.begin_object();
        json.member("index", 0);
        json.key(name);
        json.begin_object();
        fill();
        json.end_object();
        json.key("finish_reason");
        finish.empty() ? json.null() : json.string(finish);
        json.end_object();
        json.end_array();
    }

    static void thinking(JsonWriter& json, std::string_view text) {
        json.begin_object();
        json.member("type", "thinking");
        json.key("thinking");
        json.begin_array();
        json.begin_object();
        json.member("type", "text");
        json.member("text", text);
        json.end_object();
        json.end_array();
        json.end_object();
    }

    void tools(JsonWriter& json) {
        if (said_.answer.tools.empty()) return;
        json.key("tool_calls");
        json.begin_array();
        for (std::size_t i = 0; i < said_.answer.tools.size(); ++i) {
            json.begin_object();
            json.member("id", std::string_view(said_.tool_ids[i]));
            json.member("index", static_cast<std::int64_t>(i));
            json.key("function");
            json.begin_object();
            json.member("name", std::string_view(said_.answer.tools[i].name));
            json.member("arguments", std::string_view(said_.answer.tools[i].arguments));
            json.end_object();
            json.end_object();
        }
        json.end_array();
    }

    const MistralCall& call_;
    Dice& dice_;
    Generated said_;
};

void make_stream(Reply& reply, const MistralCall& call) {
    reply.stream = reply.sse = true;
    reply.content_type = "text/event-stream; charset=utf-8";
    reply.error_frame =
        sse_frame("", mistral_error(call.knobs.error.empty() ? "server" : call.knobs.error, call.model));
}

}  // namespace

Reply answer_mistral_chat(const MistralCall& call, Dice& dice) {
    Reply reply;
    Chat chat(call, dice);
    if (!flag_at(call.body, "stream")) {
        reply.frames.push_back(chat.whole());
        return reply;
    }
    make_stream(reply, call);
    reply.frames = chat.frames();
    return reply;
}

Reply answer_mistral_conversation(const MistralCall& call, Dice& dice) {
    const Generated said = generate(call, dice);
    const std::string conversation = "conv_" + dice.hex(32);
    Reply reply;
    std::string out;
    JsonWriter json(out);
    if (!flag_at(call.body, "stream")) {
        json.begin_object();
        json.member("object", "conversation.response");
        json.member("conversation_id", std::string_view(conversation));
        json.key("outputs");
        json.begin_array();
        for (std::size_t i = 0; i < said.answer.tools.size(); ++i) {
            json.begin_object();
            json.member("object", "entry");
            json.member("type", "function.call");
            json.member("id", std::string_view("fc_" + said.tool_ids[i]));
            json.member("tool_call_id", std::string_view(said.tool_ids[i]));
            json.member("name", std::string_view(said.answer.tools[i].name));
            json.member("arguments", std::string_view(said.answer.tools[i].arguments));
            json.end_object();
        }
        if (said.answer.tools.empty()) {
            json.begin_object();
            json.member("object", "entry");
            json.member("type", "message.output");
            json.member("id", std::string_view("msg_" + said.id));
            json.member("role", "assistant");
            json.member("model", std::string_view(call.model));
            json.member("content", std::string_view(said.answer.text));
            json.end_object();
        }
        json.end_array();
        usage(json, call, said.answer);
        json.end_object();
        reply.frames.push_back(std::move(out));
        return reply;
    }
    make_stream(reply, call);
    const auto event = [&](std::string_view type, const std::function<void(JsonWriter&)>& fill) {
        std::string text;
        JsonWriter line(text);
        line.begin_object();
        line.member("type", type);
        line.member("created_at", "2026-11-20T12:00:00Z");
        fill(line);
        line.end_object();
        reply.frames.push_back(sse_frame(type, text));
    };
    event("conversation.response.started",
          [&](JsonWriter& line) { line.member("conversation_id", std::string_view(conversation)); });
    for (const std::string& piece : said.answer.pieces) {
        event("message.output.delta", [&](JsonWriter& line) {
            line.member("output_index", 0);
            line.member("content_index", 0);
            line.member("id", std::string_view("msg_" + said.id));
            line.member("role", "assistant");
            line.member("model", std::string_view(call.model));
            line.member("content", std::string_view(piece));
        });
    }
    for (std::size_t i = 0; i < said.answer.tools.size(); ++i) {
        for (const std::string& fragment : fragments_of(said.answer.tools[i].arguments)) {
            event("function.call.delta", [&](JsonWriter& line) {
                line.member("output_index", static_cast<std::int64_t>(i));
                line.member("id", std::string_view("fc_" + said.tool_ids[i]));
                line.member("model", std::string_view(call.model));
                line.member("tool_call_id", std::string_view(said.tool_ids[i]));
                line.member("name", std::string_view(said.answer.tools[i].name));
                line.member("arguments", std::string_view(fragment));
            });
        }
    }
    event("conversation.response.done", [&](JsonWriter& line) { usage(line, call, said.answer); });
    reply.error_frame =
        sse_frame("conversation.response.error",
                  R"({"type":"conversation.response.error","message":"Rate limit exceeded","code":429})");
    return reply;
}

}  // namespace steno::simulator
