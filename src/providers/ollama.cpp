#include "providers/ollama.hpp"

#include "providers/answer_reader.hpp"
#include "providers/http_facts.hpp"
#include "providers/openai.hpp"
#include "providers/request_facts.hpp"

#include <fmt/format.h>

#include <array>

// The format: docs/api.md and api/types.go of github.com/ollama/ollama.

namespace steno::providers {

namespace {

constexpr std::string_view kName = "ollama";

/// Images are bare base64; what they are stands in their first bytes.
Part image_part(JsonValue base64) {
    struct Signature {
        std::string_view begins;
        std::string_view mime;
    };
    static constexpr std::array kSignatures{Signature{"iVBORw0KGgo", "image/png"},
                                            Signature{"/9j/", "image/jpeg"}, Signature{"R0lGOD", "image/gif"},
                                            Signature{"UklGR", "image/webp"}};
    Part part;
    part.type = PartType::Image;
    const std::string data = base64.string();
    for (const Signature& signature : kSignatures) {
        if (data.starts_with(signature.begins)) part.mime = signature.mime;
    }
    part.url = fmt::format("data:{};base64,{}", part.mime, data);
    return part;
}

void add_text(Message& message, PartType type, JsonValue text) {
    if (!text.is_string() || text.is("")) return;
    Part& part = message.parts.emplace_back();
    part.type = type;
    part.text = text.string();
}

Message read_message(JsonValue source) {
    Message message;
    message.role = source["role"].string();
    if (message.role == "tool") {
        Part& result = message.parts.emplace_back();
        result.type = PartType::ToolResult;
        result.id = source["tool_call_id"].string();
        result.name = source["tool_name"].string();
        result.text = source["content"].string();
        return message;
    }
    add_text(message, PartType::Reasoning, source["thinking"]);
    add_text(message, PartType::Text, source["content"]);
    for (const JsonValue image : source["images"].elements()) message.parts.push_back(image_part(image));
    for (const JsonValue call : source["tool_calls"].elements()) {
        Part& part = message.parts.emplace_back();
        part.type = PartType::ToolCall;
        part.id = call["id"].string();
        part.name = call["function"]["name"].string();
        part.value = tool_arguments(call["function"]["arguments"]);
    }
    return message;
}

void read_chat(JsonValue body, Call& call) {
    call.kind = Kind::Chat;
    for (const JsonValue message : body["messages"].elements())
        call.request.messages.push_back(read_message(message));
    if (body["tools"].size() != 0) call.request.tools = verbatim(body["tools"]);
    call.request.parameters = parameters_without(body, {"messages", "tools", "model", "stream"});
}

void read_generate(JsonValue body, Call& call) {
    call.kind = Kind::Completion;
    Message message;
    message.role = "user";
    add_text(message, PartType::Text, body["prompt"]);
    for (const JsonValue image : body["images"].elements()) message.parts.push_back(image_part(image));
    if (!message.parts.empty()) call.request.messages.push_back(std::move(message));
    call.request.system = body["system"].string();
    call.request.parameters = parameters_without(body, {"prompt", "images", "system", "model", "stream"});
}

void read_embed(JsonValue body, Call& call) {
    call.kind = Kind::Embedding;
    call.request.input = verbatim(body["input"].has_value() ? body["input"] : body["prompt"]);
    if (!call.request.input.text.empty()) call.modality.input = {"text"};
    call.request.parameters = parameters_without(body, {"input", "prompt", "model"});
}

/// What answers of all endpoints have: the model, counts of tokens, durations in nanoseconds.
class OllamaReader : public AnswerReader {
  public:
    OllamaReader(const RequestView& request, const ResponseView& response)
        : AnswerReader(request, response, Expected::EventsOrLines) {}

  protected:
    void read_metrics(JsonValue root) {
        keep_first(model_, root["model"]);
        std::string billed;
        for (const std::string_view name : {"prompt_eval_count", "eval_count"}) {
            if (root[name].has_value())
                billed += fmt::format("{}\"{}\":{}", billed.empty() ? "" : ",", name, root[name].raw());
        }
        if (!billed.empty()) {
            usage_.input_tokens = root["prompt_eval_count"].count();
            usage_.output_tokens = root["eval_count"].count();
            usage_.billed.text = "{" + billed + "}";
        }
        for (const auto& [member, phase] : {std::pair{"total_duration", "provider_processing"},
                                            {"load_duration", "load"},
                                            {"prompt_eval_duration", "prompt"},
                                            {"eval_duration", "completion"}}) {
            if (const auto nanos = root[member].count()) phases_[phase] = Duration{*nanos};
        }
    }

    void on_end(Call& call) override {
        call.model.served = model_;
        call.usage = usage_;
        call.time.phases.insert(phases_.begin(), phases_.end());
    }

  private:
    std::string model_;
    Usage usage_;
    std::map<std::string, Duration> phases_;
};

/// chat and generate: a body, or one JSON line for each piece, the last of which says "done".
class TextReader final : public OllamaReader {
  public:
    using OllamaReader::OllamaReader;

  private:
    void on_event(std::string_view, JsonValue data) override {
        read(data);
        if (data["done"].boolean() == true) finish_stream();
    }
    void on_document(JsonValue root) override { read(root); }
    [[nodiscard]] bool is_answer(JsonValue root) const override {
        return root["message"].is_object() || root["response"].is_string() ||
               root["done"].boolean().has_value();
    }
    [[nodiscard]] bool stream_is_whole() const override { return false; }  // "done" says so

    void read(JsonValue root) {
        const JsonValue message = object(root, "message");
        if (message["role"].is_string()) answer_.set_role(message["role"].string());
        for (const JsonValue source : {message, root}) {
            answer_.append(PartType::Reasoning, text(source, "thinking"));
            answer_.append(PartType::Text, text(source, "content"));
            answer_.append(PartType::Text, text(source, "response"));
            for (const JsonValue call : objects(source, "tool_calls").elements()) {
                const JsonValue function = object(call, "function");
                answer_.add_tool_call(scalar(call, "id"), scalar(function, "name"), function["arguments"]);
            }
        }
        answer_.set_finish_reason(root["done_reason"].string());
        read_metrics(root);
    }
};

class EmbedReader final : public OllamaReader {
  public:
    using OllamaReader::OllamaReader;

  private:
    void on_event(std::string_view, JsonValue) override {}
    void on_document(JsonValue root) override {
        read_metrics(root);
        if (const JsonValue one = root["embedding"]; one.is_array()) {
            count_ = 1;
            dimensions_ = one.size();
        }
        count_ += root["embeddings"].size();
        for (const JsonValue embedding : root["embeddings"].elements()) {
            dimensions_ = embedding.size();
            break;
        }
    }
    [[nodiscard]] bool is_answer(JsonValue root) const override {
        return root["embedding"].is_array() || root["embeddings"].is_array();
    }
    void on_end(Call& call) override {
        OllamaReader::on_end(call);
        if (count_ != 0)
            call.response.output.text = fmt::format(R"({{"count":{},"dimensions":{}}})", count_, dimensions_);
    }

    std::size_t count_ = 0;
    std::size_t dimensions_ = 0;
};

template <typename Reader>
std::unique_ptr<ResponseReader> make(const RequestView& request, const ResponseView& response) {
    return std::make_unique<Reader>(request, response);
}

struct Endpoint {
    std::string_view name;  ///< below /api
    bool streams;           ///< unless the request says otherwise
    void (*read_request)(JsonValue body, Call& call);
    std::unique_ptr<ResponseReader> (*make_reader)(const RequestView&, const ResponseView&);
};
constexpr Endpoint kEndpoints[] = {{"chat", true, &read_chat, &make<TextReader>},
                                   {"generate", true, &read_generate, &make<TextReader>},
                                   {"embed", false, &read_embed, &make<EmbedReader>},
                                   {"embeddings", false, &read_embed, &make<EmbedReader>}};

class OllamaProvider final : public Provider {
  public:
    void read_request(const RequestView& request, Call& call) const override {
        if (!is_native(request)) return compatible_.read_request(request, call);
        const Endpoint* const endpoint = find(request);
        JsonDocument document;
        if (endpoint == nullptr || !document.parse(request.body) || !document.root().is_object())
            return read_unknown_request(request, kName, call);
        const JsonValue body = document.root();
        call.provider.name = kName;
        read_request_head(request, call);
        call.model.requested = body["model"].string();
        call.name = call.model.requested;
        if (endpoint->streams) call.request.stream = body["stream"].boolean().value_or(true);
        endpoint->read_request(body, call);
        fill_input_modality(call);
        for (const std::string& modality : call.modality.input) {
            if (modality == "image") call.kind = Kind::Vision;
        }
    }

    std::unique_ptr<ResponseReader> read_response(const RequestView& request, const ResponseView& response,
                                                  Call& call) const override {
        if (!is_native(request)) return compatible_.read_response(request, response, call);
        read_response_head(response, call);
        const Endpoint* const endpoint = find(request);
        return endpoint == nullptr ? make_generic_reader(request, response)
                                   : endpoint->make_reader(request, response);
    }

    std::optional<std::string> ask_for_usage(const RequestView& request) const override {
        return is_native(request) ? std::nullopt : compatible_.ask_for_usage(request);
    }

  private:
    static bool is_native(const RequestView& request) {
        const auto segments = path_segments(request.path);
        return segments.size() >= 2 && segments[segments.size() - 2] == "api";
    }
    static const Endpoint* find(const RequestView& request) {
        if (request.method != "POST") return nullptr;
        const std::string name = path_segments(request.path).back();
        for (const Endpoint& endpoint : kEndpoints) {
            if (endpoint.name == name) return &endpoint;
        }
        return nullptr;
    }

    OpenAiProvider compatible_{{.record_name = kName}};
};

}  // namespace

const Provider& ollama_provider() {
    static const auto& provider = *new const OllamaProvider;  // for ever: table.cpp
    return provider;
}

}  // namespace steno::providers
