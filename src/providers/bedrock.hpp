#pragma once

#include "providers/provider.hpp"

#include <string>
#include <string_view>

namespace steno::providers {

/// Amazon Bedrock: Converse and ConverseStream; InvokeModel and its stream with the bodies of the models that
/// it hosts (Anthropic, Nova, Titan, Llama, Mistral, Cohere, AI21, DeepSeek, those shaped like OpenAI's;
/// embeddings, images, rerank); and the paths of OpenAI and Anthropic that it serves itself (Bedrock Mantle).
/// The model is named in the path: an id, an inference profile or an ARN. Everything else (CountTokens,
/// ApplyGuardrail, async invocations, the control plane) is of kind span.
const Provider& bedrock_provider();

/// The region in the name of one of Bedrock's hosts ("bedrock-runtime.eu-central-1.amazonaws.com", FIPS, VPC
/// endpoints and api.aws too), or "".
std::string bedrock_region_of_host(std::string_view host);

}  // namespace steno::providers
