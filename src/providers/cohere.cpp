#include "providers/cohere.hpp"

#include "providers/http_facts.hpp"
#include "providers/openai.hpp"
#include "providers/request_facts.hpp"
#include "providers/rerank.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace steno::providers {

namespace {

constexpr OpenAiDialect kCompatible{.record_name = "cohere"};

void read_embed_request(JsonValue body, Call& call) {
    call.kind = Kind::Embedding;
    for (const std::string_view name : {"texts", "images", "inputs"}) {
        const JsonValue value = body[name];
        if (value.size() == 0) continue;
        call.request.input = verbatim(value);
        if (name == "texts") add_modality(call.modality.input, "text");
        if (name == "images") add_modality(call.modality.input, "image");
        for (const JsonValue input : value.elements()) {
            for (const JsonValue part : input["content"].elements())
                add_modality(call.modality.input, part["type"].is("text") ? "text" : "image");
        }
        break;
    }
    call.request.parameters = parameters_without(body, {"texts", "images", "inputs", "model"});
}

class EmbedReader final : public AnswerReader {
  public:
    EmbedReader(const RequestView& request, const ResponseView& response) : AnswerReader(request, response) {}

  private:
    void on_event(std::string_view, JsonValue) override {}

    void on_document(JsonValue root) override {
        keep_first(id_, root["id"]);
        if (root["meta"].is_object()) read_cohere_usage(root["meta"], usage_);
        const JsonValue embeddings = root["embeddings"];
        if (embeddings.is_array()) return count(embeddings, "float");
        for (const auto [type, vectors] : embeddings.members()) {  // the same ones in several types
            if (vectors.size() != 0) return count(vectors, type.string());
        }
    }

    [[nodiscard]] bool is_answer(JsonValue root) const override {
        return root["embeddings"].is_array() || root["embeddings"].is_object();
    }
    void count(JsonValue vectors, std::string_view type) {
        count_ = vectors.size();
        for (const JsonValue vector : vectors.elements()) {
            constexpr std::size_t kBitsOfByte = 8;
            const bool packed = type == "binary" || type == "ubinary";
            dimensions_ = vector.is_string() ? floats_in_base64(vector)
                                             : vector.size() * (packed ? kBitsOfByte : std::size_t{1});
            break;
        }
    }

    void on_end(Call& call) override {
        call.response.id = id_;
        call.usage = usage_;
        if (count_ != 0)
            call.response.output.text = fmt::format(R"({{"count":{},"dimensions":{}}})", count_, dimensions_);
    }

    std::string id_;
    Usage usage_;
    std::size_t count_ = 0;
    std::size_t dimensions_ = 0;
};

using MakeCohereReader = std::unique_ptr<ResponseReader>(const RequestView&, const ResponseView&);

struct Endpoint {
    std::string_view name;  ///< the last segment of the path, in v1 and v2
    void (*read_request)(JsonValue body, Call& call);
    MakeCohereReader* make_reader;
};

std::unique_ptr<ResponseReader> make_embed_reader(const RequestView& request, const ResponseView& response) {
    return std::make_unique<EmbedReader>(request, response);
}
std::unique_ptr<ResponseReader> make_cohere_rerank_reader(const RequestView& request,
                                                          const ResponseView& response) {
    return make_rerank_reader(request, response, kCompatible);
}

constexpr Endpoint kEndpoints[] = {
    {"chat", &read_cohere_chat_request, &make_cohere_chat_reader},
    {"generate", &read_completion_request, &make_cohere_chat_reader},
    {"embed", &read_embed_request, &make_embed_reader},
    {"rerank", &read_rerank_request, &make_cohere_rerank_reader},
};

const Endpoint* find_endpoint(const RequestView& request, std::span<const std::string> segments) {
    if (request.method != "POST" || segments.empty()) return nullptr;
    const auto found = std::ranges::find(kEndpoints, std::string_view(segments.back()), &Endpoint::name);
    return found == std::end(kEndpoints) ? nullptr : &*found;
}

bool is_compatible(std::span<const std::string> segments) {
    return !segments.empty() && segments.front() == "compatibility";
}

class CohereProvider final : public Provider {
  public:
    void read_request(const RequestView& request, Call& call) const override {
        const std::vector<std::string> segments = path_segments(request.path);
        if (is_compatible(segments)) return compatible_.read_request(request, call);
        const Endpoint* const endpoint = find_endpoint(request, segments);
        JsonDocument document;
        if (endpoint == nullptr || !document.parse(request.body) || !document.root().is_object())
            return read_unknown_request(request, kCompatible.record_name, call);
        const JsonValue body = document.root();
        call.provider.name = kCompatible.record_name;
        read_request_head(request, call);
        call.model.requested = body["model"].string();
        call.name = call.model.requested;
        call.request.stream = body["stream"].boolean();
        endpoint->read_request(body, call);
        fill_input_modality(call);
        const bool sees = std::ranges::find(call.modality.input, "image") != call.modality.input.end();
        if (call.kind == Kind::Chat && sees) call.kind = Kind::Vision;
    }

    std::unique_ptr<ResponseReader> read_response(const RequestView& request, const ResponseView& response,
                                                  Call& call) const override {
        const std::vector<std::string> segments = path_segments(request.path);
        if (is_compatible(segments)) return compatible_.read_response(request, response, call);
        read_response_head(response, call);
        const Endpoint* const endpoint = find_endpoint(request, segments);
        return endpoint == nullptr ? make_generic_reader(request, response)
                                   : endpoint->make_reader(request, response);
    }

    std::optional<std::string> ask_for_usage(const RequestView& request) const override {
        if (!is_compatible(path_segments(request.path))) return std::nullopt;
        return compatible_.ask_for_usage(request);
    }

  private:
    OpenAiProvider compatible_{kCompatible};
};

}  // namespace

const Provider& cohere_provider() {
    static const auto& provider = *new const CohereProvider;  // for ever: table.cpp
    return provider;
}

void read_cohere_usage(JsonValue usage, Usage& out) {
    const JsonValue units = usage["billed_units"];
    out.input_tokens = units["input_tokens"].count();
    out.output_tokens = units["output_tokens"].count();
    out.image_input_tokens = units["image_tokens"].count();
    // Billed at a price of their own and not among the other ones: 100 and 2716 of one request
    // (github.com/cohere-ai/cohere-python, issue 711).
    if (out.image_input_tokens) out.input_tokens = out.input_tokens.value_or(0) + *out.image_input_tokens;
    out.images = units["images"].count();
    out.searches = units["search_units"].count();
    out.pages = units["pages"].count();
    out.billed = verbatim(usage);
}

}  // namespace steno::providers
