#pragma once

#include "providers/answer_reader.hpp"
#include "providers/json_edits.hpp"
#include "providers/multipart.hpp"
#include "providers/provider.hpp"

#include <memory>
#include <string_view>

/// OpenAI's endpoints, and what the many services that speak the same language do otherwise.
namespace steno::providers {

/// Where in `usage` a provider says what it charges, in US dollars.
enum class ReportedCost : unsigned char {
    None,
    Cost,       ///< cost (OpenRouter)
    TotalCost,  ///< cost.total_cost (Perplexity)
    Ticks,      ///< cost_in_usd_ticks, of which 10^10 are a dollar (xAI)
};

struct OpenAiDialect {
    std::string_view record_name;  ///< "": whoever asked for the provider knows it (see find_provider)
    /// xAI's chat: completion_tokens leaves the reasoning out, and cached tokens may come on top of the
    /// prompt's.
    bool reasoning_beside_output = false;
    ReportedCost reported_cost = ReportedCost::None;
    bool always_tells_usage = false;  ///< in streams too, without being asked
};

/// A provider for any host that speaks OpenAI's language.
class OpenAiProvider final : public Provider {
  public:
    explicit OpenAiProvider(OpenAiDialect dialect) : dialect_(dialect) {}
    void read_request(const RequestView& request, Call& call) const override;
    std::unique_ptr<ResponseReader> read_response(const RequestView& request, const ResponseView& response,
                                                  Call& call) const override;
    std::optional<std::string> ask_for_usage(const RequestView& request) const override;
    /// Chat Completions and Responses.
    Result<std::string> edit_request(const RequestView& request, const RequestEdit& edit,
                                     std::span<const RequestEdit> others) const override;

  private:
    OpenAiDialect dialect_;
};

// What follows is between openai*.cpp, and for those who share a part of this language.

/// usage with either set of names (prompt_tokens / input_tokens), and `billed`.
void read_openai_usage(JsonValue usage, const OpenAiDialect& dialect, Usage& out);
/// Where nothing is put out, the total is the input: all that Voyage and Jina tell of embeddings and
/// rerankings.
void take_total_as_input(JsonValue usage, Usage& out);
/// cost.total, .currency and .source, if the provider reports what it charges; else `out` stays as it is.
void read_reported_cost(JsonValue usage, const OpenAiDialect& dialect, Cost& out);
/// Content of a message: text, or parts in the forms of Chat Completions and of Responses.
void read_openai_content(JsonValue content, Message& message);
/// A part of a message; what it does not know becomes Other.
Part read_openai_part(JsonValue part);

void read_chat_request(JsonValue body, Call& call);
void read_completion_request(JsonValue body, Call& call);
void read_responses_request(JsonValue body, Call& call);
void read_embeddings_request(JsonValue body, Call& call);
/// How many float32 a string holds in base64.
std::size_t floats_in_base64(JsonValue text);
void read_images_request(JsonValue body, Call& call);
void read_speech_request(JsonValue body, Call& call);
void read_moderation_request(JsonValue body, Call& call);
void read_video_request(JsonValue body, Call& call);
/// Of what is kept with the provider and managed there: the body, and the model if it names one. A span.
void read_object_request(JsonValue body, Call& call);
// The same where files come along: model, stream and request.parameters are read already.
void read_images_form(const Form& form, Call& call);
void read_transcription_form(const Form& form, Call& call);
void read_video_form(const Form& form, Call& call);
void read_object_form(const Form& form, Call& call);

using EditRequest = Result<void>(JsonValue body, const RequestEdit& edit, const OpenAiDialect& dialect,
                                 JsonEdits& edits);
EditRequest edit_chat_request;
EditRequest edit_responses_request;

using MakeReader = std::unique_ptr<ResponseReader>(const RequestView&, const ResponseView&,
                                                   const OpenAiDialect&);
MakeReader make_chat_reader;
MakeReader make_completion_reader;
MakeReader make_responses_reader;
MakeReader make_embeddings_reader;
MakeReader make_images_reader;
MakeReader make_speech_reader;
MakeReader make_transcription_reader;
MakeReader make_moderation_reader;
/// The answer's `model`, `id` and, in response.output, all of it; usage in it belongs to another call.
MakeReader make_object_reader;
/// The same, and the seconds of the video.
MakeReader make_video_reader;

/// A file's content, which may be the results of a batch: those are told as further calls.
/// `provider` is provider.name in the record.
std::unique_ptr<ResponseReader> make_file_reader(const RequestView& request, const ResponseView& response,
                                                 const OpenAiDialect& dialect, std::string_view provider);

}  // namespace steno::providers
