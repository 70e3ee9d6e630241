#pragma once

#include "providers/provider.hpp"

namespace steno::providers {

/// Ollama's own API: /api/chat, /api/generate, /api/embed and the older /api/embeddings; what manages models
/// is a span. Its compatible paths (/v1/…) are read as OpenAI's and Anthropic's.
const Provider& ollama_provider();

}  // namespace steno::providers
