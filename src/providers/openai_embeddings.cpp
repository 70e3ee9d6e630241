#include "providers/openai.hpp"
#include "providers/request_facts.hpp"

#include <fmt/format.h>

namespace steno::providers {

namespace {

class EmbeddingsReader final : public AnswerReader {
  public:
    EmbeddingsReader(const RequestView& request, const ResponseView& response, const OpenAiDialect& dialect)
        : AnswerReader(request, response), dialect_(dialect) {}

  private:
    void on_event(std::string_view, JsonValue) override {}

    void on_document(JsonValue root) override {
        keep_first(id_, root["id"]);
        keep_first(model_, root["model"]);
        if (root["usage"].is_object()) {
            read_openai_usage(root["usage"], dialect_, usage_);
            take_total_as_input(root["usage"], usage_);
        }
        for (const JsonValue item : root["data"].elements()) {
            const JsonValue nested = item["data"];  // Voyage: the parts of a document
            if (!nested.is_array()) add(item);
            for (const JsonValue inner : nested.elements()) add(inner);
        }
    }

    [[nodiscard]] bool is_answer(JsonValue root) const override { return root["data"].is_array(); }
    void on_end(Call& call) override {
        call.response.id = id_;
        call.model.served = model_;
        call.usage = usage_;
        if (count_ != 0) {
            call.response.output.text = fmt::format(R"({{"count":{},"dimensions":{}}})", count_, dimensions_);
        }
    }

    void add(JsonValue item) {
        const JsonValue embedding = item["embedding"];
        if (count_++ == 0)
            dimensions_ = embedding.is_string() ? floats_in_base64(embedding) : embedding.size();
    }

    OpenAiDialect dialect_;
    std::string id_;
    std::string model_;
    Usage usage_;
    std::size_t count_ = 0;
    std::size_t dimensions_ = 0;
};

}  // namespace

std::size_t floats_in_base64(JsonValue text) {
    const std::string_view quoted = text.raw();
    std::size_t size = quoted.size() - 2;
    while (size > 0 && quoted[size] == '=') --size;
    return size * 3 / 4 / 4;
}

void read_embeddings_request(JsonValue body, Call& call) {
    call.kind = Kind::Embedding;
    const JsonValue input = body["input"].has_value() ? body["input"] : body["inputs"];  // Voyage
    call.request.input = verbatim(input);
    if (input.has_value()) call.modality.input = {"text"};
    for (const JsonValue one : input.elements()) {
        for (const JsonValue part : one["content"].elements()) {
            if (part["type"].string().starts_with("image")) add_modality(call.modality.input, "image");
        }
    }
    call.request.parameters = parameters_without(body, {"input", "inputs", "model", "stream"});
}

std::unique_ptr<ResponseReader> make_embeddings_reader(const RequestView& request,
                                                       const ResponseView& response,
                                                       const OpenAiDialect& dialect) {
    return std::make_unique<EmbeddingsReader>(request, response, dialect);
}

}  // namespace steno::providers
