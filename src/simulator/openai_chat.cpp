#include "base/json_writer.hpp"
#include "simulator/body.hpp"
#include "simulator/openai.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <utility>

namespace steno::simulator {

namespace json = boost::json;

namespace {

std::string_view finish_reason(Finish finish) {
    switch (finish) {
        case Finish::Length:
            return "length";
        case Finish::Tools:
            return "tool_calls";
        case Finish::Filter:
            return "content_filter";
        case Finish::Stop:
            break;
    }
    return "stop";
}

/// A choice of the answer, with the ids of its tool calls.
struct Choice {
    Answer answer;
    std::vector<std::string> tool_ids;
};

class Chat {
  public:
    Chat(const OpenAiCall& call, Dice& dice) : call_(call), dice_(dice) {}

    void read() {
        const json::value& body = call_.body;
        Question& question = question_;
        question.model = call_.model;
        question.knobs = call_.knobs;
        question.prompt = call_.prompt;
        question.caches = true;
        question.wants_reasoning = is_reasoning_model(call_.model);
        question.max_tokens = integer_at(body, "max_completion_tokens");
        if (!question.max_tokens) question.max_tokens = integer_at(body, "max_tokens");

        const json::array& messages = elements(find(body, "messages"));
        for (const json::value& message : messages) append_all_text(message, question.context);
        if (!messages.empty()) {
            const std::string role = string_at(messages.back(), "role");
            question.answers_tool_result = role == "tool" || role == "function";
        }
        for (const json::value& tool : elements(find(body, "tools"))) {
            if (const json::value* function = find(tool, "function"))
                question.tools.push_back({string_at(*function, "name"), find(*function, "parameters")});
        }
        if (const json::value* choice = find(body, "tool_choice")) {
            question.may_call_tools = !(choice->is_string() && choice->get_string() == "none");
            if (const json::value* function = find(*choice, "function"))
                question.forced_tool = string_at(*function, "name");
        }
        if (const json::value* format = find(body, "response_format")) {
            const std::string type = string_at(*format, "type");
            question.wants_json = type == "json_object";
            if (const json::value* schema = find(*format, "json_schema"))
                question.json_schema = find(*schema, "schema");
        }
        constexpr std::int64_t kMostChoices = 8;
        const std::int64_t count =
            std::clamp<std::int64_t>(integer_at(body, "n").value_or(1), 1, kMostChoices);
        for (std::int64_t i = 0; i < count; ++i) {
            Choice choice{answer_question(question, dice_), {}};
            for (std::size_t t = 0; t < choice.answer.tools.size(); ++t)
                choice.tool_ids.push_back("call_" + dice_.id(24));
            output_tokens_ += choice.answer.output_tokens;
            reasoning_tokens_ += choice.answer.reasoning_tokens;
            choices_.push_back(std::move(choice));
        }
        id_ = "chatcmpl-" + dice_.id(29);
        fingerprint_ = "fp_" + dice_.hex(10);
    }

    std::string whole() {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        head(json, "chat.completion");
        json.key("choices");
        json.begin_array();
        for (std::size_t i = 0; i < choices_.size(); ++i) whole_choice(json, i);
        json.end_array();
        if (call_.knobs.usage != "none") {
            json.key("usage");
            usage(json);
        }
        tail(json);
        json.end_object();
        return out;
    }

    std::vector<std::string> events() {
        std::vector<std::string> frames;
        for (std::size_t i = 0; i < choices_.size(); ++i) choice_events(frames, i);
        if (includes_usage()) {
            std::string out;
            JsonWriter json(out);
            json.begin_object();
            head(json, "chat.completion.chunk");
            tail(json);
            json.member_raw("choices", "[]");
            json.key("usage");
            usage(json);
            json.end_object();
            frames.push_back(sse_frame("", out));
        }
        frames.push_back(sse_frame("", "[DONE]"));
        return frames;
    }

  private:
    [[nodiscard]] bool includes_usage() const {
        const json::value* options = find(call_.body, "stream_options");
        return options && flag_at(*options, "include_usage") && call_.knobs.usage != "none";
    }

    void head(JsonWriter& json, std::string_view object) {
        json.member("id", std::string_view(id_));
        json.member("object", object);
        json.member("created", call_.created);
        json.member("model", std::string_view(call_.served));
    }

    void tail(JsonWriter& json) {
        json.member("service_tier", std::string_view(call_.service_tier));
        json.member("system_fingerprint", std::string_view(fingerprint_));
    }

    void usage(JsonWriter& json) {
        const Answer& first = choices_.front().answer;
        json.begin_object();
        json.member("prompt_tokens", first.input_tokens);
        json.member("completion_tokens", output_tokens_);
        json.member("total_tokens", first.input_tokens + output_tokens_);
        json.key("prompt_tokens_details");
        json.begin_object();
        json.member("cached_tokens", first.cached_tokens);
        json.member("audio_tokens", 0);
        if (first.cache_write_5m > 0) json.member("cache_write_tokens", first.cache_write_5m);
        json.end_object();
        json.key("completion_tokens_details");
        json.begin_object();
        json.member("reasoning_tokens", reasoning_tokens_);
        json.member("audio_tokens", 0);
        json.member("accepted_prediction_tokens", 0);
        json.member("rejected_prediction_tokens", 0);
        json.end_object();
        json.end_object();
    }

    static void tool_call(JsonWriter& json, const ToolUse& tool, std::string_view id) {
        json.member("id", id);
        json.member("type", "function");
        json.key("function");
        json.begin_object();
        json.member("name", std::string_view(tool.name));
        json.member("arguments", std::string_view(tool.arguments));
        json.end_object();
    }

    void whole_choice(JsonWriter& json, std::size_t index) {
        const auto& [answer, tool_ids] = choices_[index];
        json.begin_object();
        json.member("index", static_cast<std::int64_t>(index));
        json.key("message");
        json.begin_object();
        json.member("role", "assistant");
        json.key("content");
        answer.tools.empty() ? json.string(answer.text) : json.null();
        if (!answer.tools.empty()) {
            json.key("tool_calls");
            json.begin_array();
            for (std::size_t t = 0; t < answer.tools.size(); ++t) {
                json.begin_object();
                tool_call(json, answer.tools[t], tool_ids[t]);
                json.end_object();
            }
            json.end_array();
        }
        json.key("refusal");
        json.null();
        json.member_raw("annotations", "[]");
        json.end_object();
        json.key("logprobs");
        json.null();
        json.member("finish_reason", finish_reason(answer.finish));
        json.end_object();
    }

    /// One chunk with one choice, whose delta `fill` writes.
    template <class Fill>
    void chunk(std::vector<std::string>& frames, std::size_t index, std::string_view finish, Fill fill) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        head(json, "chat.completion.chunk");
        tail(json);
        json.key("choices");
        json.begin_array();
        json.begin_object();
        json.member("index", static_cast<std::int64_t>(index));
        json.key("delta");
        json.begin_object();
        fill(json);
        json.end_object();
        json.key("logprobs");
        json.null();
        json.key("finish_reason");
        finish.empty() ? json.null() : json.string(finish);
        json.end_object();
        json.end_array();
        if (includes_usage()) {
            json.key("usage");
            json.null();
        }
        json.end_object();
        frames.push_back(sse_frame("", out));
    }

    void choice_events(std::vector<std::string>& frames, std::size_t index) {
        const auto& [answer, tool_ids] = choices_[index];
        chunk(frames, index, "", [&](JsonWriter& json) {
            json.member("role", "assistant");
            json.key("content");
            answer.tools.empty() ? json.string("") : json.null();
            json.key("refusal");
            json.null();
        });
        for (const std::string& piece : answer.pieces)
            chunk(frames, index, "",
                  [&](JsonWriter& json) { json.member("content", std::string_view(piece)); });
        tool_events(frames, index);
        chunk(frames, index, finish_reason(answer.finish), [](JsonWriter&) {});
    }

    /// The first fragment of a call names it, the others bring its arguments; calls interleave, told apart by
    /// `index`.
    void tool_events(std::vector<std::string>& frames, std::size_t index) {
        const auto& [answer, tool_ids] = choices_[index];
        std::vector<std::vector<std::string>> fragments;
        std::size_t most = 0;
        for (std::size_t t = 0; t < answer.tools.size(); ++t) {
            chunk(frames, index, "", [&](JsonWriter& json) {
                json.key("tool_calls");
                json.begin_array();
                json.begin_object();
                json.member("index", static_cast<std::int64_t>(t));
                tool_call(json, {answer.tools[t].name, ""}, tool_ids[t]);
                json.end_object();
                json.end_array();
            });
            fragments.push_back(fragments_of(answer.tools[t].arguments));
            most = std::max(most, fragments.back().size());
        }
        for (std::size_t f = 0; f < most; ++f)
            for (std::size_t t = 0; t < fragments.size(); ++t) {
                if (f >= fragments[t].size()) continue;
                chunk(frames, index, "", [&](JsonWriter& json) {
                    json.key("tool_calls");
                    json.begin_array();
                    json.begin_object();
                    json.member("index", static_cast<std::int64_t>(t));
                    json.key("function");
                    json.begin_object();
                    json.member("arguments", std::string_view(fragments[t][f]));
                    json.end_object();
                    json.end_object();
                    json.end_array();
                });
            }
    }

    const OpenAiCall& call_;
    Dice& dice_;
    Question question_;
    std::vector<Choice> choices_;
    std::int64_t output_tokens_ = 0;
    std::int64_t reasoning_tokens_ = 0;
    std::string id_;
    std::string fingerprint_;
};

}  // namespace

Reply answer_chat_completion(const OpenAiCall& call, Dice& dice) {
    Reply reply;
    Chat chat(call, dice);
    chat.read();
    if (!flag_at(call.body, "stream")) {
        reply.frames.push_back(chat.whole());
        return reply;
    }
    reply.stream = reply.sse = true;
    reply.content_type = "text/event-stream; charset=utf-8";
    reply.frames = chat.events();
    const ErrorShape error =
        shape_of(Vendor::OpenAi, call.knobs.error.empty() ? "server" : call.knobs.error, call.model);
    reply.error_frame = sse_frame("", error_body(Vendor::OpenAi, error, {}));
    return reply;
}

}  // namespace steno::simulator
