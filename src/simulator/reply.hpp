#pragma once

#include "net/http.hpp"
#include "simulator/knobs.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace steno::simulator {

/// One answer, ready to be sent: the simulator decides when and how, and what to break.
struct Reply {
    int status = 200;
    net::Headers headers;
    std::string content_type = "application/json";
    bool stream = false;              ///< `frames` are sent one by one
    bool sse = false;                 ///< they are server-sent events
    bool framed = false;              ///< they are messages of an AWS event stream
    std::vector<std::string> frames;  ///< of an answer that is no stream: one
    std::string error_frame;          ///< for `stream-error-after`
    std::string error_end;            ///< what closes the body after that
    Knobs knobs;                      ///< what the request asked for
};

/// What a request is about, for the files of the providers.
struct Incoming {
    std::string_view method;
    std::string_view path;  ///< below the provider's prefix: "/v1/chat/completions"
    std::string_view query;
    const net::Headers* headers = nullptr;
    std::string_view body;
    std::uint64_t seed = 0;                ///< of this answer: drawn from the simulator's seed, path and body
    std::int64_t created = 1'763'600'000;  ///< when it is made, in seconds since 1970
};

Reply answer_openai(const Incoming& request);
Reply answer_anthropic(const Incoming& request);
Reply answer_gemini(const Incoming& request);
Reply answer_cohere(const Incoming& request);
Reply answer_ollama(const Incoming& request);
Reply answer_mistral(const Incoming& request);
Reply answer_bedrock(const Incoming& request);
/// Azure's paths, over OpenAI's and Anthropic's answers.
Reply answer_azure(const Incoming& request);
/// Vertex AI's paths, over Gemini's, Anthropic's and OpenAI's.
Reply answer_vertex(const Incoming& request);

// Parts of a provider with a file of their own.
Reply answer_anthropic_batches(const Incoming& request);
Reply answer_anthropic_completion(const Incoming& request);
Reply answer_gemini_batches(const Incoming& request);
Reply answer_gemini_interaction(const Incoming& request);
/// :predict and :predictLongRunning
Reply answer_gemini_prediction(const Incoming& request, std::string_view model, std::string_view verb);

/// One server-sent event; `event` may be empty.
std::string sse_frame(std::string_view event, std::string_view data);

}  // namespace steno::simulator
