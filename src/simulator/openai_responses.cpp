#include "base/json_writer.hpp"
#include "simulator/body.hpp"
#include "simulator/openai.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace steno::simulator {

namespace json = boost::json;

namespace {

class Response {
  public:
    Response(const OpenAiCall& call, Dice& dice) : call_(call), dice_(dice) {}

    void read() {
        const json::value& body = call_.body;
        Question question;
        question.model = call_.model;
        question.knobs = call_.knobs;
        question.prompt = call_.prompt;
        question.caches = true;
        question.wants_reasoning = is_reasoning_model(call_.model);
        question.max_tokens = integer_at(body, "max_output_tokens");
        question.context = string_at(body, "instructions");
        if (const json::value* input = find(body, "input")) {
            append_all_text(*input, question.context);
            if (input->is_array() && !input->get_array().empty())
                question.answers_tool_result =
                    string_at(input->get_array().back(), "type") == "function_call_output";
        }
        for (const json::value& tool : elements(find(body, "tools")))
            if (string_at(tool, "type") == "function")
                question.tools.push_back({string_at(tool, "name"), find(tool, "parameters")});
        if (const json::value* choice = find(body, "tool_choice")) {
            question.may_call_tools = !(choice->is_string() && choice->get_string() == "none");
            question.forced_tool = string_at(*choice, "name");
        }
        if (const json::value* text = find(body, "text"))
            if (const json::value* format = find(*text, "format")) {
                question.wants_json = string_at(*format, "type") == "json_object";
                question.json_schema = find(*format, "schema");
            }
        answer_ = answer_question(question, dice_);
        id_ = "resp_" + dice_.hex(48);
        message_id_ = "msg_" + dice_.hex(48);
        reasoning_id_ = "rs_" + dice_.hex(48);
        for (std::size_t t = 0; t < answer_.tools.size(); ++t) {
            tool_item_ids_.push_back("fc_" + dice_.hex(48));
            tool_call_ids_.push_back("call_" + dice_.id(24));
        }
    }

    std::string whole() { return object(final_status(), true); }

    std::vector<std::string> events() {
        event("response.created",
              [&](JsonWriter& json) { json.member_raw("response", object("in_progress", false)); });
        event("response.in_progress",
              [&](JsonWriter& json) { json.member_raw("response", object("in_progress", false)); });
        std::int64_t index = 0;
        if (thinks()) {
            item_event("response.output_item.added", index, reasoning_item());
            item_event("response.output_item.done", index++, reasoning_item());
        }
        if (answer_.tools.empty()) message_events(index++);
        for (std::size_t t = 0; t < answer_.tools.size(); ++t) tool_events(index++, t);
        const bool cut = answer_.finish == Finish::Length || answer_.finish == Finish::Filter;
        event(cut ? "response.incomplete" : "response.completed",
              [&](JsonWriter& json) { json.member_raw("response", whole()); });
        return std::move(frames_);
    }

    std::string error_event(const ErrorShape& error, std::int64_t after) const {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("type", "error");
        json.key("code");
        error.code.empty() ? json.string(error.type) : json.string(error.code);
        json.member("message", std::string_view(error.message));
        json.key("param");
        json.null();
        json.member("sequence_number", after);
        json.end_object();
        return sse_frame("error", out);
    }

  private:
    [[nodiscard]] bool thinks() const { return answer_.reasoning_tokens > 0; }
    [[nodiscard]] std::string_view final_status() const {
        return answer_.finish == Finish::Length || answer_.finish == Finish::Filter ? "incomplete"
                                                                                    : "completed";
    }

    [[nodiscard]] std::string reasoning_item() const {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("id", std::string_view(reasoning_id_));
        json.member("type", "reasoning");
        json.member_raw("summary", "[]");
        json.end_object();
        return out;
    }

    [[nodiscard]] std::string text_part(std::string_view text) const {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("type", "output_text");
        json.member_raw("annotations", "[]");
        json.member_raw("logprobs", "[]");
        json.member("text", text);
        json.end_object();
        return out;
    }

    [[nodiscard]] std::string message_item(bool done) const {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("id", std::string_view(message_id_));
        json.member("type", "message");
        json.member("status", done ? final_status() : "in_progress");
        json.key("content");
        json.begin_array();
        if (done) json.raw(text_part(answer_.text));
        json.end_array();
        json.member("role", "assistant");
        json.end_object();
        return out;
    }

    [[nodiscard]] std::string tool_item(std::size_t t, bool done) const {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("id", std::string_view(tool_item_ids_[t]));
        json.member("type", "function_call");
        json.member("status", done ? "completed" : "in_progress");
        json.member("arguments", done ? std::string_view(answer_.tools[t].arguments) : "");
        json.member("call_id", std::string_view(tool_call_ids_[t]));
        json.member("name", std::string_view(answer_.tools[t].name));
        json.end_object();
        return out;
    }

    /// A member of the request as it came, or what the provider puts there.
    void echoed(JsonWriter& json, std::string_view name, std::string_view otherwise) const {
        const json::value* value = find(call_.body, name);
        json.member_raw(name, value && !value->is_null() ? json::serialize(*value) : std::string(otherwise));
    }

    [[nodiscard]] std::string object(std::string_view status, bool done) const {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("id", std::string_view(id_));
        json.member("object", "response");
        json.member("created_at", call_.created);
        json.member("status", status);
        json.member("background", false);
        json.member_raw("error", "null");
        json.key("incomplete_details");
        if (done && answer_.finish == Finish::Length) {
            json.raw(R"({"reason":"max_output_tokens"})");
        } else if (done && answer_.finish == Finish::Filter) {
            json.raw(R"({"reason":"content_filter"})");
        } else {
            json.null();
        }
        echoed(json, "instructions", "null");
        echoed(json, "max_output_tokens", "null");
        json.member("model", std::string_view(call_.served));
        json.key("output");
        json.begin_array();
        if (done) {
            if (thinks()) json.raw(reasoning_item());
            if (answer_.tools.empty()) json.raw(message_item(true));
            for (std::size_t t = 0; t < answer_.tools.size(); ++t) json.raw(tool_item(t, true));
        }
        json.end_array();
        echoed(json, "parallel_tool_calls", "true");
        echoed(json, "previous_response_id", "null");
        echoed(json, "reasoning", R"({"effort":null,"summary":null})");
        json.member("service_tier", done ? std::string_view(call_.service_tier) : "auto");
        echoed(json, "store", "true");
        echoed(json, "temperature", "1.0");
        echoed(json, "text", R"({"format":{"type":"text"},"verbosity":"medium"})");
        echoed(json, "tool_choice", R"("auto")");
        echoed(json, "tools", "[]");
        echoed(json, "top_p", "1.0");
        echoed(json, "truncation", R"("disabled")");
        json.key("usage");
        done&& call_.knobs.usage != "none" ? json.raw(usage()) : json.null();
        echoed(json, "user", "null");
        echoed(json, "metadata", "{}");
        json.end_object();
        return out;
    }

    [[nodiscard]] std::string usage() const {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("input_tokens", answer_.input_tokens);
        json.key("input_tokens_details");
        json.begin_object();
        json.member("cached_tokens", answer_.cached_tokens);
        if (answer_.cache_write_5m > 0) json.member("cache_write_tokens", answer_.cache_write_5m);
        json.end_object();
        json.member("output_tokens", answer_.output_tokens);
        json.key("output_tokens_details");
        json.begin_object();
        json.member("reasoning_tokens", answer_.reasoning_tokens);
        json.end_object();
        json.member("total_tokens", answer_.input_tokens + answer_.output_tokens);
        json.end_object();
        return out;
    }

    template <class Fill>
    void event(std::string_view type, Fill fill) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("type", type);
        json.member("sequence_number", static_cast<std::int64_t>(frames_.size()));
        fill(json);
        json.end_object();
        frames_.push_back(sse_frame(type, out));
    }

    void item_event(std::string_view type, std::int64_t index, const std::string& item) {
        event(type, [&](JsonWriter& json) {
            json.member("output_index", index);
            json.member_raw("item", item);
        });
    }

    void message_events(std::int64_t index) {
        const auto place = [&](JsonWriter& json) {
            json.member("item_id", std::string_view(message_id_));
            json.member("output_index", index);
            json.member("content_index", 0);
        };
        item_event("response.output_item.added", index, message_item(false));
        event("response.content_part.added", [&](JsonWriter& json) {
            place(json);
            json.member_raw("part", text_part(""));
        });
        for (const std::string& piece : answer_.pieces)
            event("response.output_text.delta", [&](JsonWriter& json) {
                place(json);
                json.member("delta", std::string_view(piece));
                json.member_raw("logprobs", "[]");
            });
        event("response.output_text.done", [&](JsonWriter& json) {
            place(json);
            json.member("text", std::string_view(answer_.text));
            json.member_raw("logprobs", "[]");
        });
        event("response.content_part.done", [&](JsonWriter& json) {
            place(json);
            json.member_raw("part", text_part(answer_.text));
        });
        item_event("response.output_item.done", index, message_item(true));
    }

    void tool_events(std::int64_t index, std::size_t t) {
        const auto place = [&](JsonWriter& json) {
            json.member("item_id", std::string_view(tool_item_ids_[t]));
            json.member("output_index", index);
        };
        item_event("response.output_item.added", index, tool_item(t, false));
        for (const std::string& fragment : fragments_of(answer_.tools[t].arguments))
            event("response.function_call_arguments.delta", [&](JsonWriter& json) {
                place(json);
                json.member("delta", std::string_view(fragment));
            });
        event("response.function_call_arguments.done", [&](JsonWriter& json) {
            place(json);
            json.member("arguments", std::string_view(answer_.tools[t].arguments));
        });
        item_event("response.output_item.done", index, tool_item(t, true));
    }

    const OpenAiCall& call_;
    Dice& dice_;
    Answer answer_;
    std::string id_;
    std::string message_id_;
    std::string reasoning_id_;
    std::vector<std::string> tool_item_ids_;
    std::vector<std::string> tool_call_ids_;
    std::vector<std::string> frames_;
};

}  // namespace

Reply answer_response(const OpenAiCall& call, Dice& dice) {
    Reply reply;
    if (!find(call.body, "input"))
        return error_reply(Vendor::OpenAi, "invalid", call.knobs, dice, call.model,
                           "Missing required parameter: 'input'.");
    Response response(call, dice);
    response.read();
    if (!flag_at(call.body, "stream")) {
        reply.frames.push_back(response.whole());
        return reply;
    }
    reply.stream = reply.sse = true;
    reply.content_type = "text/event-stream; charset=utf-8";
    reply.frames = response.events();
    const ErrorShape error =
        shape_of(Vendor::OpenAi, call.knobs.error.empty() ? "server" : call.knobs.error, call.model);
    reply.error_frame = response.error_event(error, call.knobs.stream_error_after.value_or(0));
    return reply;
}

}  // namespace steno::simulator
