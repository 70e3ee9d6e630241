#include "providers/vertex.hpp"

#include "base/text.hpp"
#include "providers/answer_reader.hpp"
#include "providers/anthropic.hpp"
#include "providers/gemini.hpp"
#include "providers/http_facts.hpp"
#include "providers/openai.hpp"
#include "providers/request_facts.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace steno::providers {

namespace {

constexpr std::string_view kVertex = "gcp.vertex_ai";
constexpr OpenAiDialect kOpenAiDialect{.record_name = kVertex};

/// What follows this segment, or "".
std::string_view after(const std::vector<std::string>& segments, std::string_view name) {
    const auto found = std::ranges::find(segments, name);
    return found == segments.end() || found + 1 == segments.end() ? std::string_view() : *(found + 1);
}

enum class Language : unsigned char { Google, OpenAi, Anthropic, AnthropicCount, RawChat };

struct Place {
    Language language = Language::Google;
    GeminiTarget target;
    std::string region;
};

Place place_of(const RequestView& request) {
    const std::vector<std::string> segments = path_segments(request.path);
    Place place;
    constexpr std::size_t kLongest = 64;
    place.region = utf8_prefix(after(segments, "locations"), kLongest);
    if (request.method != "POST" || segments.empty()) return place;
    place.target = gemini_target(segments.back());
    const bool raw = place.target.verb == "rawPredict" || place.target.verb == "streamRawPredict";
    if (after(segments, "endpoints") == "openapi") {
        place.language = Language::OpenAi;
    } else if (raw && after(segments, "publishers") == "anthropic") {
        place.language =
            place.target.model == "count-tokens" ? Language::AnthropicCount : Language::Anthropic;
    } else if (raw) {
        place.language = Language::RawChat;
    }
    return place;
}

void read_raw_request(const RequestView& request, const Place& place, Call& call) {
    read_unknown_request(request, kVertex, call);
    JsonDocument document;
    if (!document.parse(request.body) || !document.root().is_object()) return;
    const JsonValue body = document.root();
    read_request_head(request, call);
    if (body["anthropic_version"].is_string()) call.provider.api_version = body["anthropic_version"].string();
    if (place.language == Language::AnthropicCount) {
        call.model.requested = body["model"].string();
        return;
    }
    if (place.language == Language::RawChat && !body["messages"].is_array() && !body["prompt"].is_string())
        return;  // a model of the user's own
    call.model.requested = place.target.model;
    if (place.language == Language::Anthropic) {
        read_anthropic_messages(body, call);
    } else if (body["messages"].is_array()) {
        read_chat_request(body, call);
    } else {
        read_completion_request(body, call);
    }
    call.name = call.model.requested;
    call.request.stream = body["stream"].boolean();
    if (place.target.verb == "streamRawPredict") call.request.stream = true;
    fill_input_modality(call);
}

class VertexProvider final : public Provider {
  public:
    void read_request(const RequestView& request, Call& call) const override {
        const Place place = place_of(request);
        switch (place.language) {
            case Language::Google:
                google_.read_request(request, call);
                break;
            case Language::OpenAi:
                openai_.read_request(request, call);
                break;
            case Language::Anthropic:
            case Language::AnthropicCount:
            case Language::RawChat:
                read_raw_request(request, place, call);
                break;
        }
        call.provider.region = place.region;
    }

    std::unique_ptr<ResponseReader> read_response(const RequestView& request, const ResponseView& response,
                                                  Call& call) const override {
        const Place place = place_of(request);
        auto reader = make_reader(place, request, response, call);
        if (call.provider.region.empty()) call.provider.region = place.region;
        return reader;
    }

    std::optional<std::string> ask_for_usage(const RequestView& request) const override {
        if (place_of(request).language == Language::OpenAi) return openai_.ask_for_usage(request);
        return std::nullopt;
    }

    /// What Google's own models are asked in its own words, and what is asked in OpenAI's.
    Result<std::string> edit_request(const RequestView& request, const RequestEdit& edit,
                                     std::span<const RequestEdit> others) const override {
        switch (place_of(request).language) {
            case Language::Google:
                return google_.edit_request(request, edit, others);
            case Language::OpenAi:
                return openai_.edit_request(request, edit, others);
            case Language::Anthropic:
            case Language::AnthropicCount:
            case Language::RawChat:
                break;
        }
        return Provider::edit_request(request, edit, others);
    }

  private:
    std::unique_ptr<ResponseReader> make_reader(const Place& place, const RequestView& request,
                                                const ResponseView& response, Call& call) const {
        if (place.language == Language::Google) return google_.read_response(request, response, call);
        if (place.language == Language::OpenAi) return openai_.read_response(request, response, call);
        read_response_head(response, call);
        if (place.language == Language::AnthropicCount) return make_verbatim_reader(request, response);
        if (call.kind == Kind::Span) return make_generic_reader(request, response);
        if (place.language == Language::Anthropic) return make_anthropic_reader(request, response);
        return make_chat_reader(request, response, kOpenAiDialect);
    }

    GeminiProvider google_{kVertex};
    OpenAiProvider openai_{kOpenAiDialect};
};

}  // namespace

const Provider& vertex_provider() {
    static const auto& provider = *new const VertexProvider;  // for ever: table.cpp
    return provider;
}

}  // namespace steno::providers
