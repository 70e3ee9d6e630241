#include "simulator/body.hpp"
#include "simulator/cohere.hpp"
#include "simulator/language.hpp"
#include "simulator/model.hpp"
#include "simulator/openai.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace steno::simulator {

namespace json = boost::json;

namespace {

std::string_view finish_reason(Finish finish, bool v2) {
    switch (finish) {
        case Finish::Length:
            return "MAX_TOKENS";
        case Finish::Tools:
            return v2 ? "TOOL_CALL" : "COMPLETE";
        case Finish::Filter:
            return v2 ? "ERROR" : "ERROR_TOXIC";
        case Finish::Stop:
            break;
    }
    return "COMPLETE";
}

/// v1 describes each parameter by a Python type; as JSON Schema.
json::value schema_of(const json::value* definitions) {
    static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
        {"str", "string"}, {"int", "integer"}, {"float", "number"}, {"bool", "boolean"}};
    json::object properties;
    if (const json::object* object = definitions ? definitions->if_object() : nullptr) {
        for (const auto& [name, definition] : *object) {
            const std::string type = string_at(definition, "type");
            const auto* const known = std::ranges::find(
                kTypes, std::string_view(type), &std::pair<std::string_view, std::string_view>::first);
            const std::string_view plain = known == std::end(kTypes) ? "string" : known->second;
            properties[name] = json::object{{"type", json::string(plain.data(), plain.size())}};
        }
    }
    return json::object{{"type", "object"}, {"properties", std::move(properties)}};
}

constexpr std::string_view kPlan = "I will use a tool to find that out.";

class Chat {
  public:
    Chat(const CohereCall& call, Dice& dice) : call_(call), dice_(dice) { read(); }

    std::string whole() {
        std::string out;
        JsonWriter json(out);
        call_.v2 ? whole_v2(json) : whole_v1(json);
        return out;
    }

    std::vector<std::string> frames() {
        call_.v2 ? stream_v2() : stream_v1();
        return std::move(frames_);
    }

    /// v2 ends a stream that fails as it ends any other; v1 says it in the last line.
    std::string error_frame(std::string_view message) {
        frames_.clear();
        if (call_.v2) {
            event("message-end", [&](JsonWriter& json) {
                delta(json, [&] {
                    json.member("finish_reason", "ERROR");
                    json.member("error", message);
                });
            });
        } else {
            line("stream-error", true, [&](JsonWriter& json) {
                json.member("finish_reason", "ERROR");
                json.member("err", message);
            });
        }
        return frames_.front();
    }

  private:
    void read() {
        const json::value& body = call_.body;
        Question question;
        question.model = call_.model;
        question.prompt = call_.prompt;
        question.knobs = call_.knobs;
        question.max_tokens = integer_at(body, "max_tokens");
        for (const char* const name : {"messages", "chat_history", "message", "preamble", "documents"})
            if (const json::value* value = find(body, name)) append_all_text(*value, question.context);
        schemas_.reserve(elements(find(body, "tools")).size());
        for (const json::value& tool : elements(find(body, "tools"))) {
            if (const json::value* function = find(tool, "function")) {
                question.tools.push_back({string_at(*function, "name"), find(*function, "parameters")});
            } else {
                schemas_.push_back(schema_of(find(tool, "parameter_definitions")));
                question.tools.push_back({string_at(tool, "name"), &schemas_.back()});
            }
        }
        const json::array& messages = elements(find(body, "messages"));
        question.answers_tool_result = !elements(find(body, "tool_results")).empty() ||
                                       (!messages.empty() && string_at(messages.back(), "role") == "tool");
        question.may_call_tools = string_at(body, "tool_choice") != "NONE";
        if (const json::value* format = find(body, "response_format")) {
            question.wants_json = string_at(*format, "type") == "json_object";
            question.json_schema = find(*format, "json_schema", "schema");
        }
        if (const json::value* thinking = find(body, "thinking"))
            question.wants_reasoning = string_at(*thinking, "type") == "enabled";
        answer_ = answer_question(question, dice_);
        units_ = {answer_.input_tokens, answer_.output_tokens, answer_.cached_tokens};
        for (const ToolUse& tool : answer_.tools)
            tool_ids_.push_back(fmt::format("{}_{}", tool.name, dice_.hex(12)));
        id_ = cohere_id(dice_);
        cites_ = !elements(find(body, "documents")).empty() && answer_.text.size() > kCited;
    }

    void citation(JsonWriter& json) {
        json.begin_object();
        json.member("start", 0);
        json.member("end", static_cast<std::int64_t>(kCited));
        json.member("text", std::string_view(answer_.text).substr(0, kCited));
        if (call_.v2) {
            json.member_raw("sources", R"([{"type":"document","id":"doc:0","document":{"id":"doc:0"}}])");
            json.member("type", "TEXT_CONTENT");
        } else {
            json.member_raw("document_ids", R"(["doc_0"])");
        }
        json.end_object();
    }

    void tool_call_v2(JsonWriter& json, std::size_t index, std::string_view arguments) {
        json.begin_object();
        json.member("id", std::string_view(tool_ids_[index]));
        json.member("type", "function");
        json.key("function");
        json.begin_object();
        json.member("name", std::string_view(answer_.tools[index].name));
        json.member("arguments", arguments);
        json.end_object();
        json.end_object();
    }

    void usage(JsonWriter& json) {
        if (call_.knobs.usage == "none") return;
        json.key("usage");
        json.begin_object();
        write_cohere_units(json, units_);
        json.end_object();
    }

    void whole_v2(JsonWriter& json) {
        json.begin_object();
        json.member("id", std::string_view(id_));
        json.key("message");
        json.begin_object();
        json.member("role", "assistant");
        if (!answer_.tools.empty()) {
            json.member("tool_plan", kPlan);
            json.key("tool_calls");
            json.begin_array();
            for (std::size_t i = 0; i < answer_.tools.size(); ++i)
                tool_call_v2(json, i, answer_.tools[i].arguments);
            json.end_array();
        } else {
            json.key("content");
            json.begin_array();
            if (!answer_.thought.empty()) content(json, "thinking", answer_.thought);
            content(json, "text", answer_.text);
            json.end_array();
            if (cites_) {
                json.key("citations");
                json.begin_array();
                citation(json);
                json.end_array();
            }
        }
        json.end_object();
        json.member("finish_reason", finish_reason(answer_.finish, true));
        usage(json);
        json.end_object();
    }

    static void content(JsonWriter& json, std::string_view type, std::string_view text) {
        json.begin_object();
        json.member("type", type);
        json.member(type, text);
        json.end_object();
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

    template <class Fill>
    static void delta(JsonWriter& json, Fill fill) {
        json.key("delta");
        json.begin_object();
        fill();
        json.end_object();
    }

    /// An event whose delta is a message.
    template <class Fill>
    void message_event(std::string_view type, std::optional<std::int64_t> index, Fill fill) {
        event(type, [&](JsonWriter& json) {
            if (index) json.member("index", *index);
            delta(json, [&] {
                json.key("message");
                json.begin_object();
                fill(json);
                json.end_object();
            });
        });
    }

    void ending(std::string_view type, std::int64_t index) {
        event(type, [&](JsonWriter& json) { json.member("index", index); });
    }

    void content_events(std::int64_t index, std::string_view type, const std::vector<std::string>& pieces) {
        message_event("content-start", index, [&](JsonWriter& json) {
            json.key("content");
            content(json, type, "");
        });
        for (const std::string& piece : pieces) {
            message_event("content-delta", index, [&](JsonWriter& json) {
                json.key("content");
                json.begin_object();
                json.member(type, std::string_view(piece));
                json.end_object();
            });
        }
        ending("content-end", index);
    }

    void tool_events() {
        for (const std::string& piece : cut_into_pieces(dice_, kPlan, 0))
            message_event("tool-plan-delta", {},
                          [&](JsonWriter& json) { json.member("tool_plan", std::string_view(piece)); });
        for (std::size_t i = 0; i < answer_.tools.size(); ++i) {
            const auto index = static_cast<std::int64_t>(i);
            message_event("tool-call-start", index, [&](JsonWriter& json) {
                json.key("tool_calls");
                tool_call_v2(json, i, "");
            });
            for (const std::string& fragment : fragments_of(answer_.tools[i].arguments)) {
                message_event("tool-call-delta", index, [&](JsonWriter& json) {
                    json.key("tool_calls");
                    json.begin_object();
                    json.key("function");
                    json.begin_object();
                    json.member("arguments", std::string_view(fragment));
                    json.end_object();
                    json.end_object();
                });
            }
            ending("tool-call-end", index);
        }
    }

    void stream_v2() {
        event("message-start", [&](JsonWriter& json) {
            json.member("id", std::string_view(id_));
            json.member_raw(
                "delta",
                R"({"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}})");
        });
        if (!answer_.tools.empty()) {
            tool_events();
        } else {
            std::int64_t index = 0;
            if (!answer_.thought.empty())
                content_events(index++, "thinking", cut_into_pieces(dice_, answer_.thought, 0));
            content_events(index, "text", answer_.pieces);
            if (cites_) {
                message_event("citation-start", 0, [&](JsonWriter& json) {
                    json.key("citations");
                    citation(json);
                });
                ending("citation-end", 0);
            }
        }
        event("message-end", [&](JsonWriter& json) {
            delta(json, [&] {
                json.member("finish_reason", finish_reason(answer_.finish, true));
                usage(json);
            });
        });
        frames_.push_back(sse_frame("", "[DONE]"));
    }

    void tool_calls_v1(JsonWriter& json) {
        json.key("tool_calls");
        json.begin_array();
        for (const ToolUse& tool : answer_.tools) {
            json.begin_object();
            json.member("name", std::string_view(tool.name));
            json.member_raw("parameters", tool.arguments);
            json.end_object();
        }
        json.end_array();
    }

    void whole_v1(JsonWriter& json) {
        const std::string_view said = answer_.tools.empty() ? std::string_view(answer_.text) : kPlan;
        json.begin_object();
        json.member("response_id", std::string_view(id_));
        json.member("text", said);
        json.member("generation_id", std::string_view(id_));
        json.key("chat_history");
        json.begin_array();
        for (const auto& [role, text] :
             {std::pair<std::string_view, std::string_view>{"USER", call_.prompt}, {"CHATBOT", said}}) {
            json.begin_object();
            json.member("role", role);
            json.member("message", text);
            json.end_object();
        }
        json.end_array();
        json.member("finish_reason", finish_reason(answer_.finish, false));
        if (call_.knobs.usage != "none") write_cohere_meta(json, "1", units_);
        if (!answer_.tools.empty()) tool_calls_v1(json);
        if (cites_) {
            json.key("citations");
            json.begin_array();
            citation(json);
            json.end_array();
            json.member_raw("documents", R"([{"id":"doc_0"}])");
        }
        json.end_object();
    }

    template <class Fill>
    void line(std::string_view type, bool finished, Fill fill) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("is_finished", finished);
        json.member("event_type", type);
        fill(json);
        json.end_object();
        frames_.push_back(call_.events ? sse_frame("", out) : out + "\n");
    }

    void stream_v1() {
        line("stream-start", false,
             [&](JsonWriter& json) { json.member("generation_id", std::string_view(id_)); });
        for (const std::string& piece : answer_.pieces)
            line("text-generation", false,
                 [&](JsonWriter& json) { json.member("text", std::string_view(piece)); });
        if (!answer_.tools.empty()) {
            const auto chunk = [&](auto fill) {
                line("tool-calls-chunk", false, [&](JsonWriter& json) {
                    json.key("tool_call_delta");
                    json.begin_object();
                    fill(json);
                    json.end_object();
                });
            };
            chunk([](JsonWriter& json) { json.member("text", kPlan); });
            for (std::size_t i = 0; i < answer_.tools.size(); ++i) {
                const auto index = static_cast<std::int64_t>(i);
                chunk([&](JsonWriter& json) {
                    json.member("name", std::string_view(answer_.tools[i].name));
                    json.member("index", index);
                });
                for (const std::string& fragment : fragments_of(answer_.tools[i].arguments)) {
                    chunk([&](JsonWriter& json) {
                        json.member("index", index);
                        json.member("parameters", std::string_view(fragment));
                    });
                }
            }
            line("tool-calls-generation", false, [&](JsonWriter& json) {
                json.member("text", kPlan);
                tool_calls_v1(json);
            });
        }
        if (cites_) {
            line("citation-generation", false, [&](JsonWriter& json) {
                json.key("citations");
                json.begin_array();
                citation(json);
                json.end_array();
            });
        }
        line("stream-end", true, [&](JsonWriter& json) {
            json.key("response");
            whole_v1(json);
            json.member("finish_reason", finish_reason(answer_.finish, false));
        });
    }

    static constexpr std::size_t kCited = 8;

    const CohereCall& call_;
    Dice& dice_;
    std::vector<json::value> schemas_;
    Answer answer_;
    CohereUnits units_;
    std::vector<std::string> tool_ids_;
    std::string id_;
    bool cites_ = false;
    std::vector<std::string> frames_;
};

void make_stream(Reply& reply, const CohereCall& call) {
    reply.stream = true;
    reply.sse = call.v2 || call.events;
    reply.content_type = reply.sse ? "text/event-stream" : "application/stream+json";
}

}  // namespace

Reply answer_cohere_chat(const CohereCall& call, Dice& dice) {
    Reply reply;
    Chat chat(call, dice);
    if (!flag_at(call.body, "stream")) {
        reply.frames.push_back(chat.whole());
        return reply;
    }
    make_stream(reply, call);
    reply.frames = chat.frames();
    reply.error_frame = chat.error_frame("internal server error");
    return reply;
}

Reply answer_cohere_generate(const CohereCall& call, Dice& dice) {
    Question question;
    question.model = call.model;
    question.prompt = question.context = call.prompt;
    question.knobs = call.knobs;
    question.max_tokens = integer_at(call.body, "max_tokens");
    const Answer answer = answer_question(question, dice);
    const std::string id = cohere_id(dice);
    const auto whole = [&](JsonWriter& json) {
        json.begin_object();
        json.member("id", std::string_view(id));
        json.key("generations");
        json.begin_array();
        json.begin_object();
        json.member("id", std::string_view(cohere_id(dice)));
        json.member("text", std::string_view(answer.text));
        json.member("finish_reason", finish_reason(answer.finish, false));
        json.end_object();
        json.end_array();
        json.member("prompt", std::string_view(call.prompt));
        if (call.knobs.usage != "none")
            write_cohere_meta(json, "1", {answer.input_tokens, answer.output_tokens, 0});
        json.end_object();
    };
    Reply reply;
    std::string out;
    JsonWriter json(out);
    if (!flag_at(call.body, "stream")) {
        whole(json);
        reply.frames.push_back(std::move(out));
        return reply;
    }
    make_stream(reply, call);
    for (const std::string& piece : answer.pieces) {
        std::string text;
        JsonWriter line(text);
        line.begin_object();
        line.member("text", std::string_view(piece));
        line.member("is_finished", false);
        line.member("event_type", "text-generation");
        line.end_object();
        reply.frames.push_back(text + "\n");
    }
    json.begin_object();
    json.member("is_finished", true);
    json.member("event_type", "stream-end");
    json.member("finish_reason", finish_reason(answer.finish, false));
    json.key("response");
    whole(json);
    json.end_object();
    reply.frames.push_back(out + "\n");
    return reply;
}

}  // namespace steno::simulator
