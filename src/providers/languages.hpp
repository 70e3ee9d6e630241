#pragma once

#include "providers/provider.hpp"

#include <span>
#include <string>

namespace steno::providers {

/// The provider in whose language a request is written, whoever serves it: many hosts speak more than
/// OpenAI's (vLLM, DeepSeek and Ollama answer at Anthropic's /v1/messages, proxies in all of them). Null
/// where the path alone does not tell; then it is OpenAI's. `segments`: the path, decoded (path_segments).
const Provider* provider_speaking(std::span<const std::string> segments);

}  // namespace steno::providers
