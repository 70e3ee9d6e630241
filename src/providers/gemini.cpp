#include "providers/gemini.hpp"

#include "providers/answer_reader.hpp"
#include "providers/http_facts.hpp"
#include "providers/openai.hpp"
#include "providers/request_edit.hpp"

#include <algorithm>
#include <vector>

namespace steno::providers {

namespace {

constexpr std::string_view kGemini = "gcp.gemini";

bool contains(const std::vector<std::string>& segments, std::string_view segment) {
    return std::ranges::find(segments, segment) != segments.end();
}

bool is_interaction(const RequestView& request, const std::vector<std::string>& segments) {
    return request.method == "POST" && !segments.empty() && segments.back() == "interactions";
}

/// GET …/batches/{id}
bool is_batch(const RequestView& request, const std::vector<std::string>& segments) {
    return request.method == "GET" && segments.size() >= 2 && segments[segments.size() - 2] == "batches";
}

GeminiTarget target_of(const RequestView& request, const std::vector<std::string>& segments) {
    return request.method == "POST" && !segments.empty() ? gemini_target(segments.back()) : GeminiTarget{};
}

bool generates(const GeminiTarget& target) {
    return target.verb == "generateContent" || target.verb == "streamGenerateContent";
}
bool embeds(const GeminiTarget& target) {
    return target.verb == "embedContent" || target.verb == "batchEmbedContents";
}
bool predicts(const GeminiTarget& target) {
    return target.verb == "predict" || target.verb == "predictLongRunning";
}

/// The Gemini API alone also speaks OpenAI's language, below …/openai/.
class GeminiApi final : public Provider {
  public:
    void read_request(const RequestView& request, Call& call) const override {
        service_of(request).read_request(request, call);
    }
    std::unique_ptr<ResponseReader> read_response(const RequestView& request, const ResponseView& response,
                                                  Call& call) const override {
        return service_of(request).read_response(request, response, call);
    }
    std::optional<std::string> ask_for_usage(const RequestView& request) const override {
        return service_of(request).ask_for_usage(request);
    }
    Result<std::string> edit_request(const RequestView& request, const RequestEdit& edit,
                                     std::span<const RequestEdit> others) const override {
        return service_of(request).edit_request(request, edit, others);
    }

  private:
    [[nodiscard]] const Provider& service_of(const RequestView& request) const {
        if (contains(path_segments(request.path), "openai")) return openai_;
        return own_;
    }

    GeminiProvider own_{kGemini};
    OpenAiProvider openai_{{.record_name = kGemini}};
};

}  // namespace

GeminiTarget gemini_target(std::string_view last_segment) {
    const std::size_t colon = last_segment.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return {};
    return {std::string(last_segment.substr(0, colon)), std::string(last_segment.substr(colon + 1))};
}

void GeminiProvider::read_request(const RequestView& request, Call& call) const {
    const std::vector<std::string> segments = path_segments(request.path);
    read_unknown_request(request, record_name_, call);
    const GeminiTarget target = target_of(request, segments);
    const bool interaction = is_interaction(request, segments);
    const bool counts = target.verb == "countTokens";
    JsonDocument document;
    if (!(interaction || counts || generates(target) || embeds(target) || predicts(target)) ||
        !document.parse(request.body) || !document.root().is_object()) {
        return;
    }
    const JsonValue body = document.root();
    read_request_head(request, call);
    if (interaction) return read_gemini_interaction(body, call);
    call.model.requested = target.model;
    if (counts) return;
    if (generates(target)) {
        read_gemini_generate(body, target, call);
    } else if (embeds(target)) {
        read_gemini_embed(body, call);
    } else {
        read_gemini_predict(body, target, call);
    }
    call.name = target.model;
}

std::unique_ptr<ResponseReader> GeminiProvider::read_response(const RequestView& request,
                                                              const ResponseView& response,
                                                              Call& call) const {
    read_response_head(response, call);
    const std::vector<std::string> segments = path_segments(request.path);
    const GeminiTarget target = target_of(request, segments);
    if (is_interaction(request, segments)) return make_gemini_interaction_reader(request, response);
    if (is_batch(request, segments)) return make_gemini_batch_reader(request, response, record_name_);
    if (generates(target)) return make_gemini_generate_reader(request, response);
    if (embeds(target)) return make_gemini_embed_reader(request, response);
    if (target.verb == "predict") return make_gemini_predict_reader(request, response);
    if (target.verb == "predictLongRunning") return make_gemini_video_reader(request, response);
    if (target.verb == "countTokens") return make_verbatim_reader(request, response);
    return make_generic_reader(request, response);
}

Result<std::string> GeminiProvider::edit_request(const RequestView& request, const RequestEdit& edit,
                                                 std::span<const RequestEdit> others) const {
    if (!generates(target_of(request, path_segments(request.path))))
        return Provider::edit_request(request, edit, others);
    return edited_body(request.body, edit, others, edit_gemini_generate);
}

const Provider& gemini_provider() {
    static const auto& provider = *new const GeminiApi;  // for ever: table.cpp
    return provider;
}

}  // namespace steno::providers
