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
        if (root["usage"].is_object()) read_openai_usage(root["usage"], dialect_, usage_);
        const JsonValue data = root["data"];
        count_ = data.size();
        for (const JsonValue item : data.elements()) {
            const JsonValue embedding = item["embedding"];
            dimensions_ = embedding.is_string() ? floats_in_base64(embedding.raw()) : embedding.size();
            break;
        }
    }

    void on_end(Call& call) override {
        call.response.id = id_;
        call.model.served = model_;
        call.usage = usage_;
        if (count_ != 0) {
            call.response.output.text = fmt::format(R"({{"count":{},"dimensions":{}}})", count_, dimensions_);
        }
    }

    /// `quoted` is base64 of little-endian float32, in quotes.
    static std::size_t floats_in_base64(std::string_view quoted) {
        std::size_t size = quoted.size() - 2;
        while (size > 0 && quoted[size] == '=') --size;
        return size * 3 / 4 / 4;
    }

    OpenAiDialect dialect_;
    std::string id_;
    std::string model_;
    Usage usage_;
    std::size_t count_ = 0;
    std::size_t dimensions_ = 0;
};

}  // namespace

void read_embeddings_request(JsonValue body, Call& call) {
    call.kind = Kind::Embedding;
    call.request.input = verbatim(body["input"]);
    if (body["input"].is_string() || !body["input"].raw().empty()) call.modality.input = {"text"};
    call.request.parameters = parameters_without(body, {"input", "model", "stream"});
}

std::unique_ptr<ResponseReader> make_embeddings_reader(const RequestView& request,
                                                       const ResponseView& response,
                                                       const OpenAiDialect& dialect) {
    return std::make_unique<EmbeddingsReader>(request, response, dialect);
}

}  // namespace steno::providers
