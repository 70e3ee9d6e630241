#include "base/json_writer.hpp"
#include "simulator/body.hpp"
#include "simulator/errors.hpp"
#include "simulator/language.hpp"
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

std::string_view finish_reason(Finish finish) {
    switch (finish) {
        case Finish::Length:
            return "MAX_TOKENS";
        case Finish::Filter:
            return "SAFETY";
        case Finish::Tools:
        case Finish::Stop:
            break;
    }
    return "STOP";
}

std::string text_of_parts(const json::value& content) {
    return text_of_content(find(content, "parts"));
}

std::string last_user_text(const json::value& body) {
    const json::value* contents = find(body, "contents");
    if (contents && contents->is_object()) return text_of_parts(*contents);
    const json::array& list = elements(contents);
    for (auto content = list.rbegin(); content != list.rend(); ++content) {
        if (const std::string role = string_at(*content, "role"); !role.empty() && role != "user") continue;
        std::string text = text_of_parts(*content);
        if (!text.empty()) return text;
    }
    return {};
}

bool thinks_by_itself(std::string_view model) {
    return model.starts_with("gemini-2.5-pro") || model.starts_with("gemini-3");
}

class Generation {
  public:
    Generation(const json::value& body, std::string model, std::string prompt, Knobs knobs, Dice& dice)
        : dice_(dice) {
        question_.model = std::move(model);
        question_.prompt = std::move(prompt);
        question_.knobs = std::move(knobs);
        question_.caches = true;
        for (const auto& [camel, snake] :
             {std::pair("contents", "contents"), std::pair("systemInstruction", "system_instruction")})
            if (const json::value* value = find(body, camel, snake))
                append_all_text(*value, question_.context);
        if (const json::array& contents = elements(find(body, "contents")); !contents.empty())
            question_.answers_tool_result =
                std::ranges::any_of(elements(find(contents.back(), "parts")), [](const json::value& part) {
                    return find(part, "functionResponse", "function_response") != nullptr;
                });
        read_tools(body);
        question_.wants_reasoning = thinks_by_itself(question_.model);
        if (const json::value* config = find(body, "generationConfig", "generation_config"))
            read_config(*config);
    }

    [[nodiscard]] std::int64_t input_tokens() const { return input_tokens_of(question_); }

    void answer() {
        answer_ = answer_question(question_, dice_);
        id_ = dice_.id(22);
        signature_ = dice_.id(80);
        for (std::size_t t = 0; t < answer_.tools.size(); ++t) call_ids_.push_back(dice_.hex(8));
    }

    std::string whole() {
        std::string parts;
        JsonWriter json(parts);
        json.begin_array();
        if (shows_thoughts()) json.raw(thought_part());
        if (answer_.tools.empty()) json.raw(text_part(answer_.text));
        for (std::size_t t = 0; t < answer_.tools.size(); ++t) json.raw(call_part(t));
        json.end_array();
        return object(parts, true, visible_tokens());
    }

    std::vector<std::string> chunks() {
        std::vector<std::string> out;
        if (shows_thoughts()) out.push_back(object("[" + thought_part() + "]", false, 0));
        if (!answer_.tools.empty()) {
            std::string parts;
            JsonWriter json(parts);
            json.begin_array();
            for (std::size_t t = 0; t < answer_.tools.size(); ++t) json.raw(call_part(t));
            json.end_array();
            out.push_back(object(parts, true, visible_tokens()));
            return out;
        }
        std::size_t sent = 0;
        for (std::size_t i = 0; i < answer_.pieces.size(); ++i) {
            sent += answer_.pieces[i].size();
            const bool last = i + 1 == answer_.pieces.size();
            const std::int64_t so_far =
                last ? visible_tokens()
                     : std::min(visible_tokens(), static_cast<std::int64_t>((sent + 3) / 4));
            out.push_back(object("[" + text_part(answer_.pieces[i]) + "]", last, so_far));
        }
        if (answer_.pieces.empty()) out.push_back(object("[" + text_part("") + "]", true, visible_tokens()));
        return out;
    }

    /// A prompt that the provider blocks: no candidates, on HTTP 200.
    std::string blocked() {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member_raw("promptFeedback", R"({"blockReason":"PROHIBITED_CONTENT"})");
        json.key("usageMetadata");
        json.begin_object();
        json.member("promptTokenCount", answer_.input_tokens);
        json.member("totalTokenCount", answer_.input_tokens);
        json.end_object();
        json.member("modelVersion", std::string_view(question_.model));
        json.member("responseId", std::string_view(id_));
        json.end_object();
        return out;
    }

  private:
    void read_tools(const json::value& body) {
        for (const json::value& tool : elements(find(body, "tools")))
            for (const json::value& function :
                 elements(find(tool, "functionDeclarations", "function_declarations"))) {
                const json::value* schema = find(function, "parameters");
                if (!schema) schema = find(function, "parametersJsonSchema", "parameters_json_schema");
                question_.tools.push_back({string_at(function, "name"), schema});
            }
        const json::value* config = find(body, "toolConfig", "tool_config");
        const json::value* calling =
            config ? find(*config, "functionCallingConfig", "function_calling_config") : nullptr;
        if (!calling) return;
        question_.may_call_tools = string_at(*calling, "mode") != "NONE";
        const json::array& allowed =
            elements(find(*calling, "allowedFunctionNames", "allowed_function_names"));
        if (!allowed.empty() && allowed[0].is_string()) question_.forced_tool = view(allowed[0].get_string());
    }

    void read_config(const json::value& config) {
        question_.max_tokens = integer_at(config, "maxOutputTokens");
        if (!question_.max_tokens) question_.max_tokens = integer_at(config, "max_output_tokens");
        question_.json_schema = find(config, "responseSchema", "response_schema");
        if (!question_.json_schema)
            question_.json_schema = find(config, "responseJsonSchema", "response_json_schema");
        const json::value* mime = find(config, "responseMimeType", "response_mime_type");
        question_.wants_json = mime && mime->is_string() && mime->get_string() == "application/json";
        if (const json::value* thinking = find(config, "thinkingConfig", "thinking_config")) {
            include_thoughts_ =
                flag_at(*thinking, "includeThoughts") || flag_at(*thinking, "include_thoughts");
            const auto budget = integer_at(*thinking, "thinkingBudget");
            if (budget) question_.wants_reasoning = *budget != 0;
        }
    }

    [[nodiscard]] std::int64_t visible_tokens() const {
        return answer_.output_tokens - answer_.reasoning_tokens;
    }
    [[nodiscard]] bool shows_thoughts() const { return include_thoughts_ && !answer_.thought.empty(); }

    [[nodiscard]] std::string thought_part() const {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("text", std::string_view(answer_.thought));
        json.member("thought", true);
        json.end_object();
        return out;
    }

    static std::string text_part(std::string_view text) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.member("text", text);
        json.end_object();
        return out;
    }

    [[nodiscard]] std::string call_part(std::size_t t) const {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.key("functionCall");
        json.begin_object();
        if (question_.model.starts_with("gemini-3")) json.member("id", std::string_view(call_ids_[t]));
        json.member("name", std::string_view(answer_.tools[t].name));
        json.member_raw("args", answer_.tools[t].arguments);
        json.end_object();
        if (t == 0 && !answer_.thought.empty()) json.member("thoughtSignature", std::string_view(signature_));
        json.end_object();
        return out;
    }

    std::string object(std::string_view parts, bool last, std::int64_t visible) {
        std::string out;
        JsonWriter json(out);
        json.begin_object();
        json.key("candidates");
        json.begin_array();
        json.begin_object();
        json.key("content");
        json.begin_object();
        json.member_raw("parts", parts);
        json.member("role", "model");
        json.end_object();
        if (last) json.member("finishReason", finish_reason(answer_.finish));
        json.member("index", 0);
        json.end_object();
        json.end_array();
        if (question_.knobs.usage != "none") {
            json.key("usageMetadata");
            usage(json, visible);
        }
        json.member("modelVersion", std::string_view(question_.model));
        json.member("responseId", std::string_view(id_));
        json.end_object();
        return out;
    }

    void usage(JsonWriter& json, std::int64_t visible) {
        json.begin_object();
        json.member("promptTokenCount", answer_.input_tokens);
        if (visible > 0) json.member("candidatesTokenCount", visible);
        json.member("totalTokenCount", answer_.input_tokens + visible + answer_.reasoning_tokens);
        if (answer_.cached_tokens > 0) {
            json.member("cachedContentTokenCount", answer_.cached_tokens);
            json.member_raw("cacheTokensDetails",
                            fmt::format(R"([{{"modality":"TEXT","tokenCount":{}}}])", answer_.cached_tokens));
        }
        json.member_raw("promptTokensDetails",
                        fmt::format(R"([{{"modality":"TEXT","tokenCount":{}}}])", answer_.input_tokens));
        if (answer_.reasoning_tokens > 0) json.member("thoughtsTokenCount", answer_.reasoning_tokens);
        json.end_object();
    }

    Dice& dice_;
    Question question_;
    Answer answer_;
    bool include_thoughts_ = false;
    std::string id_;
    std::string signature_;
    std::vector<std::string> call_ids_;
};

void values_of(JsonWriter& json, const json::value& request, std::string_view model) {
    const json::value* content = find(request, "content");
    const std::string text = content ? text_of_parts(*content) : std::string{};
    constexpr std::int64_t kMost = 4'096;
    auto dimensions = integer_at(request, "outputDimensionality");
    if (!dimensions) dimensions = integer_at(request, "output_dimensionality");
    const std::int64_t usual = model.starts_with("text-embedding") ? 768 : 3'072;
    json.begin_object();
    json.key("values");
    json.begin_array();
    for (const float value : embedding_of(
             text, static_cast<std::size_t>(std::clamp<std::int64_t>(dimensions.value_or(usual), 1, kMost)),
             1))
        json.number(static_cast<double>(value));
    json.end_array();
    json.end_object();
}

std::string embeddings(const json::value& body, std::string_view model, bool batch) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.key(batch ? "embeddings" : "embedding");
    if (batch) {
        constexpr std::size_t kMost = 100;
        json.begin_array();
        std::size_t count = 0;
        for (const json::value& one : elements(find(body, "requests"))) {
            if (++count > kMost) break;
            values_of(json, one, model);
        }
        json.end_array();
    } else {
        values_of(json, body, model);
    }
    json.end_object();
    return out;
}

/// The chunks as the provider frames them: server-sent events, or one JSON array that grows.
void frame_stream(Reply& reply, std::vector<std::string> chunks, bool sse, const std::string& error) {
    reply.stream = true;
    reply.sse = sse;
    if (sse) {
        reply.content_type = "text/event-stream";
        for (const std::string& chunk : chunks) reply.frames.push_back(sse_frame("", chunk));
        reply.error_frame = sse_frame("", error);
        return;
    }
    for (std::size_t i = 0; i < chunks.size(); ++i)
        reply.frames.push_back((i == 0 ? "[" : ",\r\n") + chunks[i] +
                               (i + 1 == chunks.size() ? "\n]\n" : "\n"));
    reply.error_frame = ",\r\n" + error + "\n";
    reply.error_end = "]\n";
}

}  // namespace

Reply answer_gemini(const Incoming& request) {
    Dice dice(request.seed);
    std::string model;
    const auto refuse = [&](std::string_view kind, std::string_view message) {
        return error_reply(Vendor::Gemini, kind, {}, dice, model, message);
    };
    if (request.path.ends_with("/interactions")) return answer_gemini_interaction(request);
    if (request.path.contains("/batches/") || request.path.ends_with(":batchGenerateContent"))
        return answer_gemini_batches(request);
    if (constexpr std::string_view kOpenAi = "/v1beta/openai"; request.path.starts_with(kOpenAi)) {
        Incoming compatible = request;
        const std::string path = "/v1" + std::string(request.path.substr(kOpenAi.size()));
        compatible.path = path;
        return answer_openai(compatible);
    }
    // "/v1beta/models/NAME:VERB"
    const auto models = request.path.find("/models/");
    const auto colon = request.path.rfind(':');
    if (models == std::string_view::npos || colon == std::string_view::npos || colon < models)
        return refuse("not_found",
                      fmt::format("The requested URL {} was not found on this server.", request.path));
    model = request.path.substr(models + 8, colon - models - 8);
    const std::string_view verb = request.path.substr(colon + 1);
    if (verb.starts_with("predict")) return answer_gemini_prediction(request, model, verb);
    const bool streams = verb == "streamGenerateContent";
    if (!streams && verb != "generateContent" && verb != "embedContent" && verb != "batchEmbedContents" &&
        verb != "countTokens")
        return refuse("not_found", fmt::format("The method {} is not known.", verb));
    const auto body = parse_body(request.body);
    if (!body) return refuse("invalid", "Invalid JSON payload received.");

    Knobs knobs;
    std::string prompt = last_user_text(*body);
    if (auto set = set_knobs(knobs, *request.headers, prompt); !set)
        return refuse("invalid", set.error().message);

    Reply reply;
    const bool blocked = knobs.error == "content_filter" && !knobs.status && verb.ends_with("enerateContent");
    if (const auto kind = wanted_error(knobs, streams); !blocked && !kind.empty()) {
        reply = error_reply(Vendor::Gemini, kind, knobs, dice, model);
        reply.knobs = knobs;
        return reply;
    }
    if (verb.ends_with("enerateContent") && !find(*body, "contents"))
        return refuse("invalid", "* GenerateContentRequest.contents: contents is not specified");
    reply.content_type = "application/json; charset=UTF-8";
    if (verb == "embedContent" || verb == "batchEmbedContents") {
        reply.frames.push_back(embeddings(*body, model, verb == "batchEmbedContents"));
    } else {
        const json::value* wrapped = find(*body, "generateContentRequest", "generate_content_request");
        Generation generation(verb == "countTokens" && wrapped ? *wrapped : *body, model, prompt, knobs,
                              dice);
        if (verb == "countTokens") {
            reply.frames.push_back(fmt::format(
                R"({{"totalTokens":{0},"promptTokensDetails":[{{"modality":"TEXT","tokenCount":{0}}}]}})",
                generation.input_tokens()));
        } else {
            generation.answer();
            std::vector<std::string> chunks =
                blocked ? std::vector{generation.blocked()} : std::vector<std::string>{};
            if (streams) {
                if (!blocked) chunks = generation.chunks();
                const ErrorShape error =
                    shape_of(Vendor::Gemini, knobs.error.empty() ? "overloaded" : knobs.error, model);
                frame_stream(reply, std::move(chunks), request.query.contains("alt=sse"),
                             error_body(Vendor::Gemini, error, {}));
            } else {
                reply.frames.push_back(blocked ? chunks.front() : generation.whole());
            }
        }
    }
    add_usual_headers(Vendor::Gemini, reply.headers, dice);
    reply.knobs = knobs;
    return reply;
}

}  // namespace steno::simulator
