#include "providers/answer_reader.hpp"
#include "providers/anthropic.hpp"
#include "providers/batch_result.hpp"

#include <utility>

namespace steno::providers {

namespace {

/// GET /v1/messages/batches/{id}/results: the calls of the batch, in any order. The fetch itself is a span.
class BatchReader final : public AnswerReader {
  public:
    BatchReader(const RequestView& request, const ResponseView& response, std::string_view batch_id)
        : AnswerReader(request, response, Expected::Lines), batch_id_(batch_id) {}

    std::vector<Call> further_calls() override { return std::exchange(calls_, {}); }

  private:
    void on_event(std::string_view, JsonValue line) override { read(line); }
    void on_document(JsonValue root) override { read(root); }
    [[nodiscard]] bool is_answer(JsonValue root) const override { return root["result"].is_object(); }
    [[nodiscard]] bool stream_is_whole() const override { return body_is_complete(); }
    void on_end(Call& call) override {
        counts_.unreadable += unreadable();
        write_batch_summary(call, counts_);
        if (call.status != Status::Partial) report_unreadable(call, counts_);
    }

    void read(JsonValue line) {
        const JsonValue result = line["result"];
        if (!result.is_object()) {
            ++counts_.unreadable;
            return;
        }
        const JsonValue type = result["type"];
        Call call;
        if (type.is("succeeded")) {
            read_batch_answer(make_anthropic_reader, result["message"], call);
        } else if (type.is("canceled")) {
            set_error(call, ErrorType::Cancelled, "the batch was cancelled before this request was sent");
        } else if (type.is("expired")) {
            set_error(call, ErrorType::Timeout, "the batch expired before this request was sent");
        } else {
            set_error(call, 200, find_error(result["error"], true).value_or(ProviderError{}));
        }
        call.kind = Kind::Chat;
        call.provider.name = "anthropic";
        name_batch_result(call, batch_id_, {}, line["custom_id"].scalar_text());
        ++counts_.results;
        if (call.status == Status::Failure) ++counts_.failed;
        calls_.push_back(std::move(call));
    }

    std::string batch_id_;
    std::vector<Call> calls_;
    BatchCounts counts_;
};

}  // namespace

std::unique_ptr<ResponseReader> make_anthropic_batch_reader(const RequestView& request,
                                                            const ResponseView& response,
                                                            std::string_view batch_id) {
    return std::make_unique<BatchReader>(request, response, batch_id);
}

}  // namespace steno::providers
