#pragma once

#include "demo/draws.hpp"
#include "record/kinds.hpp"

#include <cstdint>
#include <span>
#include <string_view>

/// The models that a demo record's calls went to, with the shares, speeds and error rates that make it
/// plausible. Names are those of the providers and of the price catalogue.
namespace steno::demo {

/// The form of request and usage.
enum class Dialect : std::uint8_t {
    OpenAi,
    Anthropic,
    Gemini,
    Bedrock,
    Cohere,
    Embedding,
    Moderation,
    Rerank
};

struct Model {
    std::string_view provider;  ///< gen_ai name
    std::string_view host;
    std::string_view path;  ///< without what says whether it streams, where the path does
    std::string_view requested;
    std::string_view served;
    Dialect dialect = Dialect::OpenAi;
    double share = 1;          ///< among those that can do the same
    double error_rate = 0.02;  ///< on a day without incidents
    double first_token_ms = 400;
    double tokens_per_second = 80;
    bool reasons = false;
    bool caches = false;  ///< reports cached tokens
};

std::span<const Model> models();

/// Draws a model by the shares of those that can do this kind (Chat, Embedding, Moderation, Rerank).
const Model& draw_model(Kind kind, Draws& draws);

}  // namespace steno::demo
