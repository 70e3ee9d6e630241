#pragma once

#include "providers/answer_reader.hpp"
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

/// When a streamed completion tells its usage.
enum class StreamUsage : unsigned char {
    MayHaveToBeAsked,  ///< not known; asking may even be refused
    WhenAsked,
    Always,
};

struct OpenAiDialect {
    std::string_view record_name;  ///< "": whoever asked for the provider knows it (see find_provider)
    /// xAI's chat: completion_tokens leaves the reasoning out, and cached tokens may come on top of the
    /// prompt's.
    bool reasoning_beside_output = false;
    ReportedCost reported_cost = ReportedCost::None;
    StreamUsage stream_usage = StreamUsage::MayHaveToBeAsked;
};

/// A provider for any host that speaks OpenAI's language.
class OpenAiProvider final : public Provider {
  public:
    explicit OpenAiProvider(OpenAiDialect dialect) : dialect_(dialect) {}
    void read_request(const RequestView& request, Call& call) const override;
    std::unique_ptr<ResponseReader> read_response(const RequestView& request, const ResponseView& response,
                                                  Call& call) const override;
    std::optional<AskingForUsage> ask_for_usage(const RequestView& request) const override;

  private:
    OpenAiDialect dialect_;
};

// What follows is between openai*.cpp, and for those who share a part of this language.

/// usage with either set of names (prompt_tokens / input_tokens), and `billed`.
void read_openai_usage(JsonValue usage, const OpenAiDialect& dialect, Usage& out);
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

using MakeReader = std::unique_ptr<ResponseReader>(const RequestView&, const ResponseView&,
                                                   const OpenAiDialect&);
MakeReader make_chat_reader;
MakeReader make_completion_reader;
MakeReader make_responses_reader;
MakeReader make_embeddings_reader;

}  // namespace steno::providers
