#include "base/json_writer.hpp"
#include "simulator/body.hpp"
#include "simulator/errors.hpp"
#include "simulator/language.hpp"
#include "simulator/model.hpp"
#include "simulator/openai.hpp"
#include "simulator/reply.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

// Ollama's own API (docs/api.md of github.com/ollama/ollama): /api/chat, /api/generate, /api/embed,
// /api/embeddings, /api/tags, /api/show, /api/pull, /api/version. /v1/… is OpenAI's and Anthropic's language.

namespace steno::simulator {

namespace json = boost::json;

namespace {

constexpr std::string_view kCreated = "2026-01-15T09:30:00.123456789Z";

std::string error_line(std::string_view message) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("error", message);
    json.end_object();
    return out;
}

Reply refuse(std::string_view kind, const Knobs& knobs, std::string_view model,
             std::string_view message = {}) {
    const ErrorShape shape = shape_of(Vendor::OpenAi, kind, model);
    Reply reply;
    reply.status = knobs.status ? static_cast<int>(*knobs.status) : shape.status;
    reply.content_type = "application/json; charset=utf-8";
    reply.frames.push_back(error_line(message.empty() ? std::string_view(shape.message) : message));
    reply.knobs = knobs;
    return reply;
}

Reply plain(std::string body) {
    Reply reply;
    reply.content_type = "application/json; charset=utf-8";
    reply.frames.push_back(std::move(body));
    return reply;
}

/// chat and generate, which differ in where the text stands.
class Generation {
  public:
    Generation(const json::value& body, std::string model, Knobs knobs, std::string prompt, bool chat,
               Dice& dice)
        : model_(std::move(model)), chat_(chat), knobs_(std::move(knobs)) {
        Question question;
        question.model = model_;
        question.knobs = knobs_;
        question.prompt = std::move(prompt);
        if (chat) {
            const json::array& messages = elements(find(body, "messages"));
            for (const json::value& message : messages) append_all_text(message, question.context);
            question.answers_tool_result = !messages.empty() && string_at(messages.back(), "role") == "tool";
        } else {
            question.context = string_at(body, "system") + string_at(body, "prompt");
        }
        for (const json::value& tool : elements(find(body, "tools"))) {
            if (const json::value* function = find(tool, "function"))
                question.tools.push_back({string_at(*function, "name"), find(*function, "parameters")});
        }
        const json::value* think = find(body, "think");
        question.wants_reasoning = think && !think->is_null() && !(think->is_bool() && !think->get_bool());
        if (const json::value* format = find(body, "format")) {
            question.wants_json = format->is_string() && format->get_string() == "json";
            if (format->is_object()) question.json_schema = format;
        }
        if (const json::value* options = find(body, "options"))
            question.max_tokens = integer_at(*options, "num_predict");
        answer_ = answer_question(question, dice);
        load_ = dice.between(5'000'000, 90'000'000);
        prompt_time_ = dice.between(20'000'000, 200'000'000);
        time_ = dice.between(100'000'000, 2'000'000'000);
    }

    std::string whole() {
        return line([&](JsonWriter& json) { say(json, answer_.text, answer_.thought, true); }, true);
    }

    std::vector<std::string> lines() {
        std::vector<std::string> all;
        if (!answer_.thought.empty())
            all.push_back(line([&](JsonWriter& json) { say(json, "", answer_.thought, false); }, false));
        for (const std::string& piece : answer_.pieces)
            all.push_back(line([&](JsonWriter& json) { say(json, piece, "", false); }, false));
        if (!answer_.tools.empty())
            all.push_back(line([&](JsonWriter& json) { say(json, "", "", true); }, false));
        all.push_back(line([&](JsonWriter& json) { say(json, "", "", false); }, true));
        for (std::string& one : all) one += "\n";
        return all;
    }

  private:
    template <typename Say>
    std::string line(const Say& say, bool last) const {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("model", std::string_view(model_));
        json.member("created_at", kCreated);
        say(json);
        json.member("done", last);
        if (last) {
            json.member("done_reason", answer_.finish == Finish::Length ? "length" : "stop");
            json.member("total_duration", load_ + prompt_time_ + time_);
            json.member("load_duration", load_);
            if (knobs_.usage != "none") {
                // What the server still has of the prompt is not evaluated again, and not counted.
                const std::int64_t evaluated = answer_.input_tokens - answer_.cached_tokens;
                if (evaluated > 0) json.member("prompt_eval_count", evaluated);
                json.member("prompt_eval_duration", prompt_time_);
                json.member("eval_count", answer_.output_tokens);
            }
            json.member("eval_duration", time_);
        }
        json.end_object();
        return out;
    }

    void say(JsonWriter& json, std::string_view text, std::string_view thought, bool tools) const {
        if (!chat_) {
            json.member("response", text);
            if (!thought.empty()) json.member("thinking", thought);
            return;
        }
        json.key("message");
        json.begin_object();
        json.member("role", "assistant");
        json.member("content", text);
        if (!thought.empty()) json.member("thinking", thought);
        if (tools && !answer_.tools.empty()) {
            json.key("tool_calls");
            json.begin_array();
            for (std::size_t i = 0; i < answer_.tools.size(); ++i) {
                json.begin_object();
                json.key("function");
                json.begin_object();
                json.member("index", static_cast<std::int64_t>(i));
                json.member("name", std::string_view(answer_.tools[i].name));
                json.member_raw("arguments", answer_.tools[i].arguments);
                json.end_object();
                json.end_object();
            }
            json.end_array();
        }
        json.end_object();
    }

    std::string model_;
    bool chat_;
    Knobs knobs_;
    Answer answer_;
    std::int64_t load_ = 0;
    std::int64_t prompt_time_ = 0;
    std::int64_t time_ = 0;
};

void write_vector(JsonWriter& json, std::string_view text, std::size_t dimensions) {
    json.begin_array();
    for (const float value : embedding_of(text, dimensions, 0)) json.number(static_cast<double>(value));
    json.end_array();
}

Reply embed(const json::value& body, std::string_view model, const Knobs& knobs) {
    constexpr std::int64_t kMostDimensions = 4'096;
    const auto dimensions = static_cast<std::size_t>(
        std::clamp<std::int64_t>(integer_at(body, "dimensions").value_or(768), 1, kMostDimensions));
    std::vector<std::string> texts;
    if (const std::string one = string_at(body, "input"); !one.empty()) texts.push_back(one);
    for (const json::value& one : elements(find(body, "input")))
        if (one.is_string()) texts.emplace_back(view(one.get_string()));
    std::int64_t tokens = 0;
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("model", model);
    json.key("embeddings");
    json.begin_array();
    for (const std::string& text : texts) {
        tokens += count_tokens(text);
        write_vector(json, text, dimensions);
    }
    json.end_array();
    json.member("total_duration", 14'143'917);
    json.member("load_duration", 1'019'500);
    if (knobs.usage != "none") json.member("prompt_eval_count", tokens);
    json.end_object();
    return plain(std::move(out));
}

Reply embed_the_old_way(const json::value& body) {
    constexpr std::size_t kDimensions = 768;
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.key("embedding");
    write_vector(json, string_at(body, "prompt"), kDimensions);
    json.end_object();
    return plain(std::move(out));
}

Reply stream_of(std::vector<std::string> lines, std::string error) {
    Reply reply;
    reply.stream = true;
    reply.content_type = "application/x-ndjson";
    reply.frames = std::move(lines);
    reply.error_frame = std::move(error);
    return reply;
}

constexpr std::string_view kModel =
    R"({"name":"qwen3:8b","model":"qwen3:8b","modified_at":"2026-01-10T08:00:00Z","size":5200000000,)"
    R"("digest":"500a1f067a9f782620b40bee6f7b0c89e17ae61f686b92c24933e4ca4b2b8b41",)"
    R"("details":{"parent_model":"","format":"gguf","family":"qwen3","families":["qwen3"],)"
    R"("parameter_size":"8.2B","quantization_level":"Q4_K_M"}})";

}  // namespace

Reply answer_ollama(const Incoming& request) {
    if (request.path.starts_with("/v1/messages")) return answer_anthropic(request);
    if (request.path.starts_with("/v1/")) return answer_openai(request);
    Dice dice(request.seed);
    if (request.method == "GET") {
        if (request.path == "/api/tags") return plain(fmt::format(R"({{"models":[{}]}})", kModel));
        if (request.path == "/api/ps") return plain(R"({"models":[]})");
        if (request.path == "/api/version") return plain(R"({"version":"0.13.5"})");
        return refuse("not_found", {}, "", "404 page not found");
    }
    const auto body = parse_body(request.body);
    if (!body) return refuse("invalid", {}, "", "invalid character in the body");
    const std::string model = string_at(*body, "model");
    const bool chat = request.path == "/api/chat";
    const bool generate = request.path == "/api/generate";
    if (request.path == "/api/show")
        return plain(
            R"({"modelfile":"FROM qwen3:8b","parameters":"","template":"{{ .Prompt }}","details":{},)"
            R"("model_info":{"general.architecture":"qwen3"},"capabilities":["completion","tools"]})");
    if (request.path == "/api/pull")
        return stream_of({"{\"status\":\"pulling manifest\"}\n", "{\"status\":\"success\"}\n"}, "");
    if (!chat && !generate && request.path != "/api/embed" && request.path != "/api/embeddings")
        return refuse("not_found", {}, "", "404 page not found");
    if (model.empty()) return refuse("invalid", {}, "", "model is required");

    Knobs knobs;
    std::string prompt = generate ? string_at(*body, "prompt") : std::string{};
    const json::array& messages = elements(find(*body, "messages"));
    for (auto message = messages.rbegin(); chat && prompt.empty() && message != messages.rend(); ++message)
        if (string_at(*message, "role") == "user") prompt = string_at(*message, "content");
    if (auto set = set_knobs(knobs, *request.headers, prompt); !set)
        return refuse("invalid", {}, model, set.error().message);

    const json::value* wants = find(*body, "stream");
    const bool streams = (chat || generate) && !(wants && wants->is_bool() && !wants->get_bool());
    if (const auto kind = wanted_error(knobs, streams); !kind.empty()) return refuse(kind, knobs, model);

    Reply reply;
    if (request.path == "/api/embed") {
        reply = embed(*body, model, knobs);
    } else if (request.path == "/api/embeddings") {
        reply = embed_the_old_way(*body);
    } else {
        Generation generation(*body, model, knobs, prompt, chat, dice);
        const ErrorShape shape =
            shape_of(Vendor::OpenAi, knobs.error.empty() ? "server" : knobs.error, model);
        reply = streams ? stream_of(generation.lines(), error_line(shape.message) + "\n")
                        : plain(generation.whole());
    }
    reply.knobs = knobs;
    return reply;
}

}  // namespace steno::simulator
