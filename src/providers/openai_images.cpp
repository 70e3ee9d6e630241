#include "providers/openai.hpp"
#include "providers/request_facts.hpp"

#include <fmt/format.h>

namespace steno::providers {

namespace {

/// Generations, edits and variations; the events of a stream are called image_generation.* and image_edit.*.
class ImagesReader final : public AnswerReader {
  public:
    ImagesReader(const RequestView& request, const ResponseView& response, const OpenAiDialect& dialect)
        : AnswerReader(request, response), dialect_(dialect) {}

  private:
    void on_event(std::string_view, JsonValue data) override {
        const std::string type = data["type"].string();
        if (type.ends_with(".partial_image")) {
            answer_.note_output();  // the image comes again, whole
        } else if (type.ends_with(".completed")) {
            read_envelope(data);
            add_image(data, data);
        }
    }

    void on_document(JsonValue root) override {
        read_envelope(root);
        for (const JsonValue image : root["data"].elements()) add_image(image, root);
    }

    [[nodiscard]] bool is_answer(JsonValue root) const override { return root["data"].is_array(); }
    [[nodiscard]] bool stream_is_whole() const override { return images_ != 0; }

    void read_envelope(JsonValue root) {
        keep_first(id_, root["id"]);  // Together
        keep_first(model_, root["model"]);
        if (!root["usage"].is_object()) return;
        usage_ = {};
        read_openai_usage(root["usage"], dialect_, usage_);
        // Without details the output is images alone.
        if (!root["usage"]["output_tokens_details"].is_object())
            usage_.image_output_tokens = usage_.output_tokens;
        read_reported_cost(root["usage"], dialect_, cost_);
    }

    void add_image(JsonValue image, JsonValue envelope) {
        Part part;
        part.type = PartType::Image;
        part.text = image["revised_prompt"].string();
        part.url = image["url"].string();
        if (const JsonValue data = image["b64_json"]; data.is_string()) {
            const std::string format = envelope["output_format"].string();
            part.mime = "image/" + (format.empty() ? "png" : format);
            part.url = fmt::format("data:{};base64,{}", part.mime, data.string());
        }
        ++images_;
        answer_.add(std::move(part));
    }

    void on_end(Call& call) override {
        call.response.id = id_;
        call.model.served = model_;
        call.usage = usage_;
        // What is billed by tokens is not billed by the image.
        if (images_ != 0 && !usage_.input_tokens && !usage_.output_tokens) call.usage.images = images_;
        if (cost_.total) call.cost = cost_;
    }

    OpenAiDialect dialect_;
    std::string id_;
    std::string model_;
    Usage usage_;
    Cost cost_;
    std::int64_t images_ = 0;
};

Message prompt_message(std::string_view prompt) {
    Message message;
    message.role = "user";
    if (!prompt.empty()) message.parts.emplace_back().text = prompt;
    return message;
}

}  // namespace

void read_images_request(JsonValue body, Call& call) {
    call.kind = Kind::Image;
    Message message = prompt_message(body["prompt"].string());
    for (const JsonValue image : body["images"].elements()) {
        Part part;
        part.type = PartType::Image;
        part.url = image["image_url"].string();
        part.id = image["file_id"].string();
        part.mime = mime_of_data_url(part.url);
        message.parts.push_back(std::move(part));
    }
    if (!message.parts.empty()) call.request.messages.push_back(std::move(message));
    call.request.parameters = parameters_without(body, {"prompt", "images", "model", "stream"});
}

void read_images_form(const Form& form, Call& call) {
    call.kind = Kind::Image;
    Message message = prompt_message(form.text("prompt"));
    for (const FormField& field : form.fields) {
        if (!field.is_file()) continue;
        Part part;
        part.type = PartType::Image;
        part.name = field.filename;
        part.mime = field.content_type;
        message.parts.push_back(std::move(part));
    }
    if (!message.parts.empty()) call.request.messages.push_back(std::move(message));
    call.request.parameters = form_parameters(form, {"prompt", "model", "stream"});
}

std::unique_ptr<ResponseReader> make_images_reader(const RequestView& request, const ResponseView& response,
                                                   const OpenAiDialect& dialect) {
    return std::make_unique<ImagesReader>(request, response, dialect);
}

}  // namespace steno::providers
