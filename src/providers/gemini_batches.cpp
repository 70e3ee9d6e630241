#include "providers/answer_reader.hpp"
#include "providers/batch_result.hpp"
#include "providers/gemini.hpp"

#include <fmt/format.h>

#include <utility>

namespace steno::providers {

namespace {

/// GET …/batches/{id}: an operation whose metadata and response hold the answers, if they were asked for
/// inline: {"metadata": {"model", "output": {"inlinedResponses": {"inlinedResponses": […]}}}}.
class BatchReader final : public AnswerReader {
  public:
    BatchReader(const RequestView& request, const ResponseView& response, std::string_view record_name)
        : AnswerReader(request, response), record_name_(record_name) {}

    std::vector<Call> further_calls() override { return std::exchange(calls_, {}); }

  private:
    void on_event(std::string_view, JsonValue) override {}

    void on_document(JsonValue root) override {
        model_ = root["metadata"]["model"].string();
        if (constexpr std::string_view kResource = "models/"; model_.starts_with(kResource))
            model_.erase(0, kResource.size());
        const std::string batch = root["name"].string();
        for (const JsonValue output : {root["metadata"]["output"], root["response"]}) {
            const JsonValue answers = output["inlinedResponses"]["inlinedResponses"];
            const JsonValue embeddings = output["inlinedEmbedContentResponses"]["inlinedResponses"];
            if (answers.size() == 0 && embeddings.size() == 0) continue;
            for (const JsonValue answer : answers.elements())
                read(answer, batch, Kind::Chat, make_gemini_generate_reader);
            for (const JsonValue answer : embeddings.elements())
                read(answer, batch, Kind::Embedding, make_gemini_embed_reader);
            return;
        }
    }

    [[nodiscard]] bool is_answer(JsonValue root) const override { return root["name"].is_string(); }
    void read(JsonValue result, std::string_view batch, Kind kind, MakeAnswerReader& make_reader) {
        Call call;
        call.provider.name = record_name_;
        call.model.requested = model_;
        if (result["response"].is_object()) {
            read_batch_answer(make_reader, result["response"], call);
        } else {
            ProviderError error = find_error(result, true).value_or(ProviderError{});
            set_error(call, 200, std::move(error));
        }
        call.kind = kind;
        // The caller may have named it, and others by the same name. Its place is its own: the answers stand
        // in the order of the requests.
        name_batch_result(call, batch, fmt::to_string(counts_.results),
                          result["metadata"]["key"].scalar_text());
        call.labels.attributes["batch.index"] = static_cast<double>(counts_.results);
        ++counts_.results;
        if (call.status == Status::Failure) ++counts_.failed;
        calls_.push_back(std::move(call));
    }

    void on_end(Call& call) override { write_batch_summary(call, counts_); }

    std::string record_name_;
    std::string model_;
    std::vector<Call> calls_;
    BatchCounts counts_;
};

}  // namespace

std::unique_ptr<ResponseReader> make_gemini_batch_reader(const RequestView& request,
                                                         const ResponseView& response,
                                                         std::string_view record_name) {
    return std::make_unique<BatchReader>(request, response, record_name);
}

}  // namespace steno::providers
