#include "providers/languages.hpp"

#include "providers/anthropic.hpp"
#include "providers/bedrock.hpp"
#include "providers/cohere.hpp"
#include "providers/gemini.hpp"
#include "providers/http_facts.hpp"
#include "providers/ollama.hpp"
#include "providers/vertex.hpp"

#include <algorithm>
#include <string_view>

namespace steno::providers {

namespace {

struct Language {
    std::string_view path;  ///< the last segments of it
    const Provider& (*provider)();
};

// Only what no OpenAI-like host uses for something else: /v1/chat and /api/embeddings are not here.
constexpr Language kLanguages[] = {
    {"v1/messages", &anthropic_provider},
    {"v1/messages/*", &anthropic_provider},
    {"api/chat", &ollama_provider},
    {"api/generate", &ollama_provider},
    {"api/embed", &ollama_provider},
    {"v2/chat", &cohere_provider},
    {"v2/embed", &cohere_provider},
    {"model/*/converse", &bedrock_provider},
    {"model/*/converse-stream", &bedrock_provider},
    {"model/*/invoke", &bedrock_provider},
    {"model/*/invoke-with-response-stream", &bedrock_provider},
};

constexpr std::string_view kGoogleVerbs[] = {":generateContent", ":streamGenerateContent", ":embedContent",
                                             ":batchEmbedContents"};

}  // namespace

const Provider* provider_speaking(std::span<const std::string> segments) {
    if (segments.empty()) return nullptr;
    for (const Language& language : kLanguages) {
        if (ends_with_segments(segments, language.path)) return &language.provider();
    }
    for (const std::string_view verb : kGoogleVerbs) {
        if (!segments.back().ends_with(verb)) continue;
        return std::ranges::find(segments, "projects") != segments.end() ? &vertex_provider()
                                                                         : &gemini_provider();
    }
    return nullptr;
}

}  // namespace steno::providers
