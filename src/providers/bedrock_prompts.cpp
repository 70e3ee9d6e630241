// InvokeModel's bodies without messages, as "Inference request parameters and response fields for foundation
// models" of the Amazon Bedrock User Guide has them. A model's id does not always tell its maker (ARNs of
// provisioned, imported and marketplace models), so requests and answers are told apart by their members.

#include "providers/bedrock_bodies.hpp"
#include "providers/openai.hpp"
#include "providers/request_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace steno::providers {

namespace {

JsonValue either(JsonValue object, std::string_view name, std::string_view or_name) {
    const JsonValue value = object[name];
    return value.has_value() ? value : object[or_name];
}

void add_message(Call& call, std::string role, std::string text) {
    Message& message = call.request.messages.emplace_back();
    message.role = std::move(role);
    message.parts.emplace_back().text = std::move(text);
}

/// Canvas, Titan Image and the old Stable Diffusion; what is embedded by a task.
void read_task(JsonValue body, Call& call) {
    if (body["taskType"].string().ends_with("EMBEDDING")) {
        call.kind = Kind::Embedding;
        for (const auto [key, value] : body.members()) {
            if (key.string().ends_with("EmbeddingParams")) call.request.input = verbatim(value);
        }
        call.request.parameters =
            parameters_without(body, {"singleEmbeddingParams", "segmentedEmbeddingParams"});
        return;
    }
    call.kind = Kind::Image;
    for (const JsonValue prompt : body["text_prompts"].elements())
        add_message(call, "user", prompt["text"].string());
    for (const auto [key, value] : body.members()) {
        if (value["text"].is_string()) add_message(call, "user", value["text"].string());
    }
    call.request.parameters = parameters_without(body, {"text_prompts"});
}

/// Titan's, of text or of an image or both.
void read_input(JsonValue body, Call& call) {
    const JsonValue text = body["inputText"];
    const bool image = body["inputImage"].is_string();
    if (image || call.model.requested.contains("embed")) {
        call.kind = Kind::Embedding;
        call.request.input = verbatim(text.is_string() ? text : body["inputImage"]);
        if (text.is_string()) add_modality(call.modality.input, "text");
        if (image) add_modality(call.modality.input, "image");
    } else {
        call.kind = Kind::Completion;
        add_message(call, "user", text.string());
    }
    call.request.parameters = parameters_without(body, {"inputText", "inputImage"});
}

/// Puts together an answer, and says what kind of answer it was. Every shape has members that no other has.
class PromptReader final : public AnswerReader {
  public:
    using AnswerReader::AnswerReader;

  private:
    void on_event(std::string_view, JsonValue data) override {
        streamed_ = true;
        read(data);
    }
    void on_document(JsonValue root) override { read(root); }

    void read(JsonValue root) {
        if (id_.empty()) id_ = either(root, "id", "response_id").scalar_text();
        keep_first(model_, root["model"]);
        read_texts(root);
        read_counts(root);
        read_vectors(root);
        read_images(root);
    }

    [[nodiscard]] bool is_answer(JsonValue root) const override {
        static constexpr std::string_view kLists[] = {"results",     "outputs",   "generations",
                                                      "completions", "choices",   "embeddings",
                                                      "images",      "artifacts", "embedding"};
        static constexpr std::string_view kTexts[] = {"outputText", "generation", "completion", "text",
                                                      "message"};
        return std::ranges::any_of(
                   kLists,
                   [&](std::string_view name) { return root[name].is_array() || root[name].is_object(); }) ||
               std::ranges::any_of(kTexts, [&](std::string_view name) { return root[name].is_string(); });
    }
    void say(JsonValue text, JsonValue reason) {
        answer_.append(PartType::Text, text);
        answer_.set_finish_reason(reason.scalar_text());
    }

    void read_texts(JsonValue root) {
        std::int64_t place = 0;
        for (const std::string_view list : {"results", "outputs", "generations", "completions", "choices"}) {
            for (const JsonValue item : root[list].elements()) {
                answer_.select(item["index"].integer().value_or(place++));
                read_item(item);
            }
        }
        if (place != 0) return;
        if (root["outputText"].is_string()) {  // Titan's stream
            say(root["outputText"], root["completionReason"]);
        } else if (root["generation"].is_string()) {  // Llama
            say(root["generation"], root["stop_reason"]);
        } else if (root["completion"].is_string()) {  // Anthropic's old Text Completions
            say(root["completion"], root["stop_reason"]);
        } else if (root["text"].is_string()) {  // Cohere Command's stream
            say(root["text"], root["finish_reason"]);
        } else if (root["message"].is_string()) {  // Pegasus
            say(root["message"], either(root, "finishReason", "stop_reason"));
        }
    }

    void read_item(JsonValue item) {
        const JsonValue delta = either(item, "message", "delta");
        for (const JsonValue text :
             {item["outputText"], item["text"], item["data"]["text"], delta["content"]})
            answer_.append(PartType::Text, text);
        for (const JsonValue reason : {item["completionReason"], item["finish_reason"], item["stop_reason"],
                                       item["finishReason"]["reason"]})
            answer_.set_finish_reason(reason.string());
        if (const auto count = item["tokenCount"].count()) output_ = output_.value_or(0) + *count;
    }

    void read_counts(JsonValue root) {
        const auto take = [](std::optional<std::int64_t>& kept, JsonValue told) {
            if (const auto count = told.count()) kept = count;
        };
        if (root["usage"].is_object()) read_openai_usage(root["usage"], OpenAiDialect{}, usage_);
        take(usage_.input_tokens, root["inputTextTokenCount"]);
        take(usage_.input_tokens, root["prompt_token_count"]);
        take(output_, root["totalOutputTextTokenCount"]);
        take(output_, root["generation_token_count"]);
        if (root["totalOutputTextTokenCount"].has_value()) told_total_ = true;
    }

    void read_vectors(JsonValue root) {
        const JsonValue vectors = root["embeddings"];
        if (root["embedding"].is_array()) return count_vectors(1, root["embedding"]);
        if (!vectors.is_array()) return;
        const JsonValue first = first_of(vectors);
        count_vectors(vectors.size(), first.is_object() ? first["embedding"] : first);
    }

    static JsonValue first_of(JsonValue list) {
        for (const JsonValue element : list.elements()) return element;
        return {};
    }

    void count_vectors(std::size_t count, JsonValue vector) {
        vectors_ = count;
        dimensions_ = vector.size();
    }

    void read_images(JsonValue root) {
        for (const JsonValue image : root["images"].elements()) add_image(image);
        for (const JsonValue artifact : root["artifacts"].elements()) {
            add_image(artifact["base64"]);
            answer_.set_finish_reason(artifact["finishReason"].string());
        }
    }

    void add_image(JsonValue base64) {
        if (!base64.is_string()) return;
        ++images_;
        Part part;
        part.type = PartType::Image;
        part.mime = base64.raw().starts_with("\"/9j/") ? "image/jpeg" : "image/png";
        part.url = "data:" + part.mime + ";base64," + base64.string();
        answer_.add(std::move(part));
    }

    void on_end(Call& call) override {
        call.response.id = id_;
        call.model.served = model_;
        call.usage = usage_;
        // While a stream runs it is a running total.
        if (output_ && (!streamed_ || told_total_ || !call.response.finish_reasons.empty()))
            call.usage.output_tokens = output_;
        if (vectors_ != 0) {
            call.kind = Kind::Embedding;
            call.response.output.text =
                fmt::format(R"({{"count":{},"dimensions":{}}})", vectors_, dimensions_);
        }
        if (images_ != 0) {
            call.kind = Kind::Image;
            call.usage.images = images_;
        }
    }

    [[nodiscard]] bool stream_is_whole() const override { return told_total_ || answer_.all_finished(); }

    std::string id_;
    std::string model_;
    Usage usage_;
    std::optional<std::int64_t> output_;
    std::size_t vectors_ = 0;
    std::size_t dimensions_ = 0;
    std::int64_t images_ = 0;
    bool streamed_ = false;
    bool told_total_ = false;
};

}  // namespace

bool read_prompt_request(JsonValue body, Call& call) {
    if (body["taskType"].is_string() || body["text_prompts"].is_array()) {
        read_task(body, call);
    } else if (body["inputText"].is_string() || body["inputImage"].is_string()) {
        read_input(body, call);
    } else if (const JsonValue prompt = either(body, "prompt", "inputPrompt"); prompt.is_string()) {
        const bool draws = call.model.requested.contains("stability.");
        call.kind = draws ? Kind::Image : Kind::Completion;
        add_message(call, "user", prompt.string());
        call.request.parameters = parameters_without(body, {"prompt", "inputPrompt"});
    } else {
        return false;
    }
    fill_input_modality(call);
    return true;
}

std::unique_ptr<ResponseReader> make_prompt_reader(const RequestView& request, const ResponseView& response) {
    return std::make_unique<PromptReader>(request, response);
}

}  // namespace steno::providers
