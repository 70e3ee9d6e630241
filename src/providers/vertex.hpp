#pragma once

#include "providers/provider.hpp"

namespace steno::providers {

/// Vertex AI: Google's verbs on publishers' models and on endpoints, with projects and in express mode;
/// models of other publishers in their own languages (:rawPredict, :streamRawPredict: Anthropic's Messages,
/// OpenAI's chat for all others); and OpenAI's chat at …/endpoints/openapi. The region is the location in the
/// path.
const Provider& vertex_provider();

}  // namespace steno::providers
