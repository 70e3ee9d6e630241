#pragma once

#include "providers/json_edits.hpp"
#include "providers/json_view.hpp"
#include "providers/provider.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace steno::providers {

/// Google's generateContent, streamGenerateContent (server-sent events or one JSON array), embedContent,
/// batchEmbedContents, predict and predictLongRunning; countTokens, which is a span with the number as its
/// output; the Interactions API; the results of batches, each of which is a call of its own; and the
/// OpenAI-compatible endpoints. Everything else (files, cachedContents, the batches themselves) is generic.
const Provider& gemini_provider();

// What follows is between gemini*.cpp and vertex.cpp.

/// "…/models/{model}:{verb}", or "…/endpoints/{id}:{verb}".
struct GeminiTarget {
    std::string model;
    std::string verb;
};
GeminiTarget gemini_target(std::string_view last_segment);

/// The verbs, under either service's name.
class GeminiProvider final : public Provider {
  public:
    explicit GeminiProvider(std::string_view record_name) : record_name_(record_name) {}
    void read_request(const RequestView& request, Call& call) const override;
    std::unique_ptr<ResponseReader> read_response(const RequestView& request, const ResponseView& response,
                                                  Call& call) const override;
    /// generateContent and streamGenerateContent, but for the model, which stands in the path.
    Result<std::string> edit_request(const RequestView& request, const RequestEdit& edit,
                                     std::span<const RequestEdit> others) const override;

  private:
    std::string_view record_name_;
};

/// usageMetadata, and `billed`.
void read_gemini_usage(JsonValue metadata, Usage& usage);
/// The tokens of one modality ("AUDIO") in a list of {modality, tokenCount}, or whatever else counts them.
std::optional<std::int64_t> tokens_of_modality(JsonValue details, std::string_view modality,
                                               std::string_view count = "tokenCount");

void read_gemini_generate(JsonValue body, const GeminiTarget& target, Call& call);
Result<void> edit_gemini_generate(JsonValue body, const RequestEdit& edit, JsonEdits& edits);
void read_gemini_embed(JsonValue body, Call& call);
void read_gemini_predict(JsonValue body, const GeminiTarget& target, Call& call);
void read_gemini_interaction(JsonValue body, Call& call);

using MakeGeminiReader = std::unique_ptr<ResponseReader>(const RequestView&, const ResponseView&);
MakeGeminiReader make_gemini_generate_reader;
MakeGeminiReader make_gemini_embed_reader;
MakeGeminiReader make_gemini_predict_reader;
MakeGeminiReader make_gemini_video_reader;
MakeGeminiReader make_gemini_interaction_reader;
/// For a batch as it stands; it brings its results with it once there are some.
std::unique_ptr<ResponseReader> make_gemini_batch_reader(const RequestView& request,
                                                         const ResponseView& response,
                                                         std::string_view record_name);

}  // namespace steno::providers
