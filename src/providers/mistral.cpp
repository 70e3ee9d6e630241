#include "providers/mistral.hpp"

#include "providers/http_facts.hpp"
#include "providers/request_facts.hpp"

#include <algorithm>
#include <span>

namespace steno::providers {

namespace {

constexpr OpenAiDialect kMistral{.record_name = "mistral_ai", .always_tells_usage = true};

void read_ocr_request(JsonValue body, Call& call) {
    call.kind = Kind::Vision;
    const JsonValue document = body["document"];
    Message& message = call.request.messages.emplace_back();
    message.role = "user";
    Part part = read_openai_part(document);
    if (document["type"].is("file")) {  // Mistral's own: uploaded before
        part = {};
        part.type = PartType::Document;
        part.id = document["file_id"].string();
    }
    message.parts.push_back(std::move(part));
    call.request.parameters = parameters_without(body, {"document", "model"});
}

/// Each page's Markdown is a part of the answer.
class OcrReader final : public AnswerReader {
  public:
    OcrReader(const RequestView& request, const ResponseView& response) : AnswerReader(request, response) {}

  private:
    void on_event(std::string_view, JsonValue) override {}

    void on_document(JsonValue root) override {
        keep_first(model_, root["model"]);
        for (const JsonValue page : root["pages"].elements()) {
            Part part;
            part.text = page["markdown"].string();
            answer_.add(std::move(part));
        }
        annotation_ = root["document_annotation"].string();
        const JsonValue usage = root["usage_info"];
        usage_.pages = usage["pages_processed"].count();
        usage_.billed = verbatim(usage);
    }
    [[nodiscard]] bool is_answer(JsonValue root) const override { return root["pages"].is_array(); }

    void on_end(Call& call) override {
        call.model.served = model_;
        call.usage = usage_;
        if (is_json(annotation_)) call.response.structured.text = annotation_;
    }

    std::string model_;
    std::string annotation_;  ///< what document_annotation_format asked for
    Usage usage_;
};

class TranscriptionReader final : public AnswerReader {
  public:
    TranscriptionReader(const RequestView& request, const ResponseView& response)
        : AnswerReader(request, response) {}

  private:
    void on_event(std::string_view, JsonValue event) override {
        if (event["type"].is("transcription.text.delta")) {
            answer_.append(PartType::Text, event["text"]);
        } else if (event["type"].is("transcription.done")) {
            if (event["text"].is_string()) answer_.restart();  // all of it again
            on_document(event);
            finish_stream();
        }
    }

    void on_document(JsonValue root) override {
        keep_first(model_, root["model"]);
        answer_.append(PartType::Text, root["text"]);
        if (root["usage"].is_object()) read_openai_usage(root["usage"], kMistral, usage_);
    }
    [[nodiscard]] bool is_answer(JsonValue root) const override { return root["text"].is_string(); }

    [[nodiscard]] bool stream_is_whole() const override { return false; }  // finish_stream() says so

    void on_end(Call& call) override {
        call.model.served = model_;
        call.usage = usage_;
    }

    std::string model_;
    Usage usage_;
};

std::unique_ptr<ResponseReader> make_ocr_reader(const RequestView& request, const ResponseView& response,
                                                const OpenAiDialect&) {
    return std::make_unique<OcrReader>(request, response);
}
std::unique_ptr<ResponseReader> make_mistral_transcription_reader(const RequestView& request,
                                                                  const ResponseView& response,
                                                                  const OpenAiDialect&) {
    return std::make_unique<TranscriptionReader>(request, response);
}

struct Endpoint {
    std::string_view path;                             ///< behind the version; * is any one segment
    void (*read_request)(JsonValue body, Call& call);  ///< null: as OpenAI's
    MakeReader* make_reader;
};

constexpr Endpoint kEndpoints[] = {
    {"fim/completions", &read_completion_request, &make_chat_reader},
    {"agents/completions", &read_chat_request, &make_chat_reader},
    {"ocr", &read_ocr_request, &make_ocr_reader},
    {"audio/transcriptions", nullptr, &make_mistral_transcription_reader},
    {"conversations", &read_conversation_request, &make_conversation_reader},
    {"conversations/*", &read_conversation_request, &make_conversation_reader},
    {"conversations/*/restart", &read_conversation_request, &make_conversation_reader},
};

const Endpoint* find_endpoint(const RequestView& request) {
    if (request.method != "POST") return nullptr;
    const std::vector<std::string> segments = path_segments(request.path);
    std::span<const std::string> given(segments);
    if (!given.empty() && given.front() == "v1") given = given.subspan(1);
    for (const Endpoint& endpoint : kEndpoints) {
        const std::vector<std::string> wanted = path_segments(endpoint.path);
        if (std::ranges::equal(wanted, given, [](std::string_view want, std::string_view is) {
                return want == "*" || want == is;
            }))
            return &endpoint;
    }
    return nullptr;
}

class MistralProvider final : public Provider {
  public:
    void read_request(const RequestView& request, Call& call) const override {
        const Endpoint* const endpoint = find_endpoint(request);
        if (endpoint == nullptr || endpoint->read_request == nullptr)
            return compatible_.read_request(request, call);
        JsonDocument document;
        if (!document.parse(request.body) || !document.root().is_object())
            return read_unknown_request(request, kMistral.record_name, call);
        const JsonValue body = document.root();
        call.provider.name = kMistral.record_name;
        read_request_head(request, call);
        call.model.requested = body["model"].string();
        call.name = body["model"].is_string() ? call.model.requested : body["agent_id"].string();
        call.request.stream = body["stream"].boolean();
        endpoint->read_request(body, call);
        fill_input_modality(call);
        const bool sees = std::ranges::find(call.modality.input, "image") != call.modality.input.end();
        if (call.kind == Kind::Chat && sees) call.kind = Kind::Vision;
    }

    std::unique_ptr<ResponseReader> read_response(const RequestView& request, const ResponseView& response,
                                                  Call& call) const override {
        const Endpoint* const endpoint = find_endpoint(request);
        if (endpoint == nullptr) return compatible_.read_response(request, response, call);
        read_response_head(response, call);
        return endpoint->make_reader(request, response, kMistral);
    }

    Result<std::string> edit_request(const RequestView& request, const RequestEdit& edit,
                                     std::span<const RequestEdit> others) const override {
        if (find_endpoint(request) != nullptr) return Provider::edit_request(request, edit, others);
        return compatible_.edit_request(request, edit, others);
    }

  private:
    OpenAiProvider compatible_{kMistral};
};

}  // namespace

const Provider& mistral_provider() {
    static const auto& provider = *new const MistralProvider;  // for ever: table.cpp
    return provider;
}

}  // namespace steno::providers
