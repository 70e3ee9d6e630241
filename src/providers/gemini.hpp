#pragma once

#include "providers/provider.hpp"

namespace steno::providers {

/// Google's generateContent, streamGenerateContent (server-sent events or one JSON array), embedContent and
/// batchEmbedContents, in the Gemini API's and in Vertex AI's paths, and the Gemini API's OpenAI-compatible
/// endpoints. Everything else (countTokens, files) is generic.
const Provider& gemini_provider();

}  // namespace steno::providers
