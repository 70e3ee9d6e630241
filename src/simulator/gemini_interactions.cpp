#include "base/json_writer.hpp"
#include "simulator/body.hpp"
#include "simulator/errors.hpp"
#include "simulator/model.hpp"
#include "simulator/openai.hpp"
#include "simulator/reply.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <utility>

/// The Interactions API: steps, streamed as events or in one object.
namespace steno::simulator {

namespace json = boost::json;

namespace {

class Interaction {
  public:
    Interaction(const json::value& body, std::string prompt, Knobs knobs, Dice& dice) : dice_(dice) {
        question_.model = string_at(body, "model");
        question_.prompt = std::move(prompt);
        question_.knobs = std::move(knobs);
        question_.caches = true;
        for (const std::string_view name : {"input", "system_instruction"})
            if (const json::value* value = find(body, name)) append_all_text(*value, question_.context);
        for (const json::value& tool : elements(find(body, "tools")))
            if (const json::value* schema = find(tool, "parameters"))
                question_.tools.push_back({string_at(tool, "name"), schema});
        for (const json::value& step : elements(find(body, "input")))
            question_.answers_tool_result = string_at(step, "type") == "function_result";
        question_.wants_reasoning = question_.model.starts_with("gemini-3");
        answer_ = answer_question(question_, dice_);
        id_ = "v1_" + dice_.id(40);
        for (std::size_t t = 0; t < answer_.tools.size(); ++t) call_ids_.push_back(dice_.hex(8));
    }

    /// With the steps, as an answer that is not streamed; without them as the last event of one that is.
    std::string object(std::string_view status, bool with_steps, bool with_usage) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("id", std::string_view(id_));
        json.member("object", "interaction");
        json.member("status", status);
        json.member("model", std::string_view(question_.model));
        if (with_steps) {
            json.key("steps");
            json.begin_array();
            for (std::size_t i = 0; i < steps(); ++i) json.raw(step(i, true));
            json.end_array();
        }
        if (with_usage && question_.knobs.usage != "none") {
            json.key("usage");
            usage(json);
        }
        json.end_object();
        return out;
    }

    [[nodiscard]] std::string_view status() const {
        if (!answer_.tools.empty()) return "requires_action";
        return answer_.finish == Finish::Stop ? "completed" : "incomplete";
    }

    std::vector<std::string> events() {
        event("interaction.created",
              [&](JsonWriter& json) { json.member_raw("interaction", object("in_progress", false, false)); });
        for (std::size_t i = 0; i < steps(); ++i) step_events(i);
        event("interaction.completed",
              [&](JsonWriter& json) { json.member_raw("interaction", object(status(), false, true)); });
        frames_.push_back(sse_frame("done", "[DONE]"));
        return std::move(frames_);
    }

  private:
    [[nodiscard]] bool thinks() const { return !answer_.thought.empty(); }
    [[nodiscard]] std::size_t steps() const {
        return (thinks() ? 1 : 0) + (answer_.tools.empty() ? 1 : answer_.tools.size());
    }

    static std::string text_piece(std::string_view text) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("type", "text");
        json.member("text", text);
        json.end_object();
        return out;
    }

    /// A step, complete or as it begins in a stream.
    std::string step(std::size_t index, bool complete) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        if (thinks() && index == 0) {
            json.member("type", "thought");
            if (complete) json.member_raw("summary", "[" + text_piece(answer_.thought) + "]");
        } else if (answer_.tools.empty()) {
            json.member("type", "model_output");
            if (complete) json.member_raw("content", "[" + text_piece(answer_.text) + "]");
        } else {
            const std::size_t t = index - (thinks() ? 1 : 0);
            json.member("type", "function_call");
            json.member("id", std::string_view(call_ids_[t]));
            json.member("name", std::string_view(answer_.tools[t].name));
            json.member_raw("arguments", complete ? std::string_view(answer_.tools[t].arguments) : "{}");
        }
        json.end_object();
        return out;
    }

    template <class Fill>
    void event(std::string_view type, Fill fill) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        fill(json);
        json.member("event_type", type);
        json.end_object();
        frames_.push_back(sse_frame(type, out));
    }

    void delta(std::size_t index, std::string_view type, std::string_view member, std::string_view value) {
        event("step.delta", [&](JsonWriter& json) {
            json.member("index", static_cast<std::int64_t>(index));
            json.key("delta");
            json.begin_object();
            json.member_raw(member, value);
            json.member("type", type);
            json.end_object();
        });
    }

    static std::string quoted(std::string_view text) {
        std::string out;
        append_json_string(out, text);
        return out;
    }

    void step_events(std::size_t index) {
        event("step.start", [&](JsonWriter& json) {
            json.member("index", static_cast<std::int64_t>(index));
            json.member_raw("step", step(index, false));
        });
        if (thinks() && index == 0) {
            for (const std::string& piece : fragments_of(answer_.thought))
                delta(index, "thought_summary", "content", text_piece(piece));
        } else if (answer_.tools.empty()) {
            for (const std::string& piece : answer_.pieces) delta(index, "text", "text", quoted(piece));
        } else {
            for (const std::string& piece : fragments_of(answer_.tools[index - (thinks() ? 1 : 0)].arguments))
                delta(index, "arguments_delta", "arguments", quoted(piece));
        }
        event("step.stop", [&](JsonWriter& json) { json.member("index", static_cast<std::int64_t>(index)); });
    }

    void usage(JsonWriter& json) {
        json.begin_object();
        json.member("total_input_tokens", answer_.input_tokens);
        json.member_raw("input_tokens_by_modality",
                        fmt::format(R"([{{"modality":"text","tokens":{}}}])", answer_.input_tokens));
        json.member("total_cached_tokens", answer_.cached_tokens);
        json.member("total_output_tokens", answer_.output_tokens - answer_.reasoning_tokens);
        json.member("total_thought_tokens", answer_.reasoning_tokens);
        json.member("total_tool_use_tokens", 0);
        json.member("total_tokens", answer_.input_tokens + answer_.output_tokens);
        json.end_object();
    }

    Dice& dice_;
    Question question_;
    Answer answer_;
    std::string id_;
    std::vector<std::string> call_ids_;
    std::vector<std::string> frames_;
};

/// The text of the last thing that the user says.
std::string prompt_of(const json::value* input) {
    if (input && input->is_string()) return std::string(view(input->get_string()));
    const json::array& list = elements(input);
    for (auto step = list.rbegin(); step != list.rend(); ++step) {
        std::string text = text_of_content(find(*step, "content"));
        if (text.empty()) text = string_at(*step, "text");
        if (!text.empty()) return text;
    }
    return {};
}

}  // namespace

Reply answer_gemini_interaction(const Incoming& request) {
    Dice dice(request.seed);
    std::string model;
    const auto refuse = [&](std::string_view message) {
        return error_reply(Vendor::Gemini, "invalid", {}, dice, model, message);
    };
    const auto body = parse_body(request.body);
    if (!body) return refuse("Invalid JSON payload received.");
    model = string_at(*body, "model");
    if (model.empty()) return refuse("model is not specified");
    Knobs knobs;
    std::string prompt = prompt_of(find(*body, "input"));
    if (auto set = set_knobs(knobs, *request.headers, prompt); !set) return refuse(set.error().message);

    Reply reply;
    const bool streams = flag_at(*body, "stream");
    if (const auto kind = wanted_error(knobs, streams); !kind.empty()) {
        reply = error_reply(Vendor::Gemini, kind, knobs, dice, model);
        reply.knobs = knobs;
        return reply;
    }
    Interaction interaction(*body, prompt, knobs, dice);
    if (streams) {
        reply.stream = reply.sse = true;
        reply.content_type = "text/event-stream";
        reply.frames = interaction.events();
        reply.error_frame = sse_frame(
            "error",
            R"({"error":{"code":"unavailable","message":"The model is overloaded."},"event_type":"error"})");
    } else {
        reply.content_type = "application/json; charset=UTF-8";
        reply.frames.push_back(interaction.object(interaction.status(), true, true));
    }
    add_usual_headers(Vendor::Gemini, reply.headers, dice);
    reply.knobs = knobs;
    return reply;
}

}  // namespace steno::simulator
