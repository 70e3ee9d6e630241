#include "providers/answer_reader.hpp"
#include "providers/gemini.hpp"
#include "providers/request_facts.hpp"

#include <fmt/format.h>

#include <string>

/// embedContent and batchEmbedContents; predict, which makes embeddings (Vertex) or images (Imagen); and
/// predictLongRunning, which begins a video (Veo).
namespace steno::providers {

namespace {

void write_embeddings(Call& call, std::size_t count, std::size_t dimensions) {
    if (count == 0) return;
    call.response.output.text = fmt::format(R"({{"count":{},"dimensions":{}}})", count, dimensions);
}

class EmbedReader final : public AnswerReader {
  public:
    EmbedReader(const RequestView& request, const ResponseView& response) : AnswerReader(request, response) {}

  private:
    void on_event(std::string_view, JsonValue) override {}

    void on_document(JsonValue root) override {
        if (root["usageMetadata"].is_object()) read_gemini_usage(root["usageMetadata"], usage_);
        JsonValue first = root["embedding"];
        count_ = first.is_object() ? 1 : root["embeddings"].size();
        for (const JsonValue embedding : root["embeddings"].elements()) {
            first = embedding;
            break;
        }
        dimensions_ = first["values"].size();
    }
    [[nodiscard]] bool is_answer(JsonValue root) const override {
        return root["embedding"].is_object() || root["embeddings"].is_array();
    }

    void on_end(Call& call) override {
        call.usage = usage_;
        write_embeddings(call, count_, dimensions_);
    }

    Usage usage_;
    std::size_t count_ = 0;
    std::size_t dimensions_ = 0;
};

class PredictReader final : public AnswerReader {
  public:
    using AnswerReader::AnswerReader;

  private:
    void on_event(std::string_view, JsonValue) override {}

    void on_document(JsonValue root) override {
        constexpr std::size_t kSmall = 64 << 10;
        for (const JsonValue prediction : root["predictions"].elements()) read_prediction(prediction);
        const JsonValue metadata = root["metadata"];
        usage_.characters = metadata["billableCharacterCount"].count();
        if (metadata.raw().size() <= kSmall) usage_.billed = verbatim(metadata);
        keep_first(model_, root["modelDisplayName"]);
    }

    [[nodiscard]] bool is_answer(JsonValue root) const override { return root["predictions"].is_array(); }
    void read_prediction(JsonValue prediction) {
        if (prediction["bytesBase64Encoded"].is_string() || prediction["gcsUri"].is_string()) {
            Part part;
            part.mime = prediction["mimeType"].is_string() ? prediction["mimeType"].string() : "image/png";
            part.type = part_type_of_mime(part.mime);
            const JsonValue data = prediction["bytesBase64Encoded"];
            part.url = data.is_string() ? "data:" + part.mime + ";base64," + data.string()
                                        : prediction["gcsUri"].string();
            if (part.type == PartType::Image) usage_.images = usage_.images.value_or(0) + 1;
            answer_.add(std::move(part));
            return;
        }
        for (const JsonValue vector : {prediction["embeddings"]["values"], prediction["textEmbedding"],
                                       prediction["imageEmbedding"]}) {
            if (!vector.is_array()) continue;
            ++count_;
            dimensions_ = vector.size();
        }
        // No answer has more than a few hundred, so that the sum stays within 64 bits.
        constexpr std::size_t kMost = 9000;
        const auto tokens = prediction["embeddings"]["statistics"]["token_count"].count();
        if (tokens && count_ <= kMost) usage_.input_tokens = usage_.input_tokens.value_or(0) + *tokens;
    }

    void on_end(Call& call) override {
        call.usage = usage_;
        call.model.served = model_;
        write_embeddings(call, count_, dimensions_);
    }

    std::string model_;
    Usage usage_;
    std::size_t count_ = 0;
    std::size_t dimensions_ = 0;
};

/// The answer to predictLongRunning only names the operation; what will be billed was said by the request.
class VideoStartReader final : public AnswerReader {
  public:
    VideoStartReader(const RequestView& request, const ResponseView& response)
        : AnswerReader(request, response) {
        JsonDocument document;
        if (!document.parse(request.body)) return;
        const JsonValue parameters = document.root()["parameters"];
        const auto seconds = parameters["durationSeconds"].number();
        const std::int64_t videos = parameters["sampleCount"].count().value_or(1);
        constexpr double kLongest = 3600;
        constexpr std::int64_t kMost = 100;
        if (seconds && *seconds > 0 && *seconds <= kLongest && videos > 0 && videos <= kMost)
            seconds_ = *seconds * static_cast<double>(videos);
    }

  private:
    void on_event(std::string_view, JsonValue) override {}
    void on_document(JsonValue root) override { keep_first(operation_, root["name"]); }
    [[nodiscard]] bool is_answer(JsonValue root) const override { return root["name"].is_string(); }
    void on_end(Call& call) override {
        call.response.id = operation_;
        if (operation_.empty() || !seconds_) return;
        call.usage.seconds = seconds_;
        call.usage.estimated = true;
    }

    std::optional<double> seconds_;
    std::string operation_;
};

}  // namespace

void read_gemini_embed(JsonValue body, Call& call) {
    call.kind = Kind::Embedding;
    const JsonValue batch = body["requests"];
    call.request.input = verbatim(batch.has_value() ? batch : body["content"]);
    if (!call.request.input.text.empty()) call.modality.input = {"text"};
    call.request.parameters = parameters_without(body, {"content", "requests", "model"});
}

void read_gemini_predict(JsonValue body, const GeminiTarget& target, Call& call) {
    JsonValue first;
    for (const JsonValue instance : body["instances"].elements()) {
        first = instance;
        break;
    }
    if (first["prompt"].is_string()) {
        call.kind = target.verb == "predict" ? Kind::Image : Kind::Video;
        for (const JsonValue instance : body["instances"].elements()) {
            Message& message = call.request.messages.emplace_back();
            message.role = "user";
            message.parts.emplace_back().text = instance["prompt"].string();
        }
        fill_input_modality(call);
    } else if (first["content"].is_string() || first["text"].is_string() || first["image"].is_object()) {
        call.kind = Kind::Embedding;
        call.request.input = verbatim(body["instances"]);
        for (const std::string_view member : {"content", "text"}) {
            if (first[member].is_string()) call.modality.input = {"text"};
        }
        if (first["image"].is_object()) call.modality.input.emplace_back("image");
    } else {
        call.request.input = verbatim(body["instances"]);  // a model of the user's own: a span
    }
    call.request.parameters = verbatim(body["parameters"]);
}

std::unique_ptr<ResponseReader> make_gemini_embed_reader(const RequestView& request,
                                                         const ResponseView& response) {
    return std::make_unique<EmbedReader>(request, response);
}

std::unique_ptr<ResponseReader> make_gemini_predict_reader(const RequestView& request,
                                                           const ResponseView& response) {
    return std::make_unique<PredictReader>(request, response);
}

std::unique_ptr<ResponseReader> make_gemini_video_reader(const RequestView& request,
                                                         const ResponseView& response) {
    return std::make_unique<VideoStartReader>(request, response);
}

}  // namespace steno::providers
