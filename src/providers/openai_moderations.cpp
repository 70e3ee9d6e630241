#include "base/json_writer.hpp"
#include "providers/openai.hpp"
#include "providers/request_facts.hpp"

namespace steno::providers {

namespace {

class ModerationReader final : public AnswerReader {
  public:
    using AnswerReader::AnswerReader;

  private:
    void on_event(std::string_view, JsonValue) override {}

    void on_document(JsonValue root) override {
        keep_first(id_, root["id"]);
        keep_first(model_, root["model"]);
        const JsonValue results = root["results"];
        if (!results.is_array()) return;
        bool flagged = false;
        std::vector<std::string> categories;
        for (const JsonValue result : results.elements()) {
            flagged = flagged || result["flagged"].boolean().value_or(false);
            for (const auto [name, value] : result["categories"].members()) {
                if (value.boolean().value_or(false)) add_modality(categories, name.string());
            }
        }
        JsonWriter writer(output_.text);
        writer.begin_object();
        writer.member("flagged", flagged);
        writer.key("categories");
        writer.begin_array();
        for (const std::string& category : categories) writer.string(category);
        writer.end_array();
        writer.member_raw("results", results.raw());
        writer.end_object();
    }

    [[nodiscard]] bool is_answer(JsonValue root) const override { return root["results"].is_array(); }
    void on_end(Call& call) override {
        call.response.id = id_;
        call.model.served = model_;
        call.response.output = std::move(output_);
    }

    std::string id_;
    std::string model_;
    Json output_;
};

}  // namespace

void read_moderation_request(JsonValue body, Call& call) {
    call.kind = Kind::Moderation;
    const JsonValue input = body["input"];
    call.request.input = verbatim(input);
    if (input.is_string()) add_modality(call.modality.input, "text");
    for (const JsonValue part : input.elements())
        add_modality(call.modality.input, part["type"].is("image_url") ? "image" : "text");
    call.request.parameters = parameters_without(body, {"input", "model"});
}

std::unique_ptr<ResponseReader> make_moderation_reader(const RequestView& request,
                                                       const ResponseView& response, const OpenAiDialect&) {
    return std::make_unique<ModerationReader>(request, response);
}

}  // namespace steno::providers
