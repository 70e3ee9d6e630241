#include "providers/rerank.hpp"

#include "base/json_writer.hpp"
#include "providers/cohere.hpp"
#include "providers/request_facts.hpp"

namespace steno::providers {

namespace {

class RerankReader final : public AnswerReader {
  public:
    RerankReader(const RequestView& request, const ResponseView& response, const OpenAiDialect& dialect)
        : AnswerReader(request, response), dialect_(dialect) {}

  private:
    void on_event(std::string_view, JsonValue) override {}

    void on_document(JsonValue root) override {
        keep_first(id_, root["id"]);
        keep_first(model_, root["model"]);
        for (const JsonValue results : {root["results"], root["data"], root}) {
            if (!results.is_array()) continue;
            results_ = verbatim(results);
            break;
        }
        if (root["usage"].is_object()) {
            read_openai_usage(root["usage"], dialect_, usage_);
            take_total_as_input(root["usage"], usage_);
            read_reported_cost(root["usage"], dialect_, cost_);
        } else if (root["meta"].is_object()) {
            read_cohere_usage(root["meta"], usage_);
        }
    }

    [[nodiscard]] bool is_answer(JsonValue root) const override {
        return root["results"].is_array() || root["data"].is_array() || root.is_array();
    }
    void on_end(Call& call) override {
        call.response.id = id_;
        call.model.served = model_;
        call.response.output = std::move(results_);
        call.usage = usage_;
        if (cost_.total) call.cost = cost_;
    }

    OpenAiDialect dialect_;
    std::string id_;
    std::string model_;
    Json results_;
    Usage usage_;
    Cost cost_;
};

}  // namespace

void read_rerank_request(JsonValue body, Call& call) {
    call.kind = Kind::Rerank;
    JsonWriter input(call.request.input.text);
    input.begin_object();
    for (const std::string_view name : {"query", "documents", "texts"}) {
        if (body[name].has_value()) input.member_raw(name, body[name].raw());
    }
    input.end_object();
    add_modality(call.modality.input, "text");
    call.request.parameters = parameters_without(body, {"query", "documents", "texts", "model"});
}

std::unique_ptr<ResponseReader> make_rerank_reader(const RequestView& request, const ResponseView& response,
                                                   const OpenAiDialect& dialect) {
    return std::make_unique<RerankReader>(request, response, dialect);
}

}  // namespace steno::providers
