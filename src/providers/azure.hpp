#pragma once

#include "providers/provider.hpp"

namespace steno::providers {

/// Azure OpenAI and Azure AI Foundry, below one resource's URL: the classic deployments
/// (/openai/deployments/{deployment}/…), v1 (/openai/v1/…), /openai/responses, AI Inference (/models/…, on
/// the record as azure.ai.inference), and Anthropic's Messages (/anthropic/v1/…, the same). The model asked
/// for is the deployment; what stands behind it is told by the answer's body, or by x-ms-served-model.
const Provider& azure_provider();

}  // namespace steno::providers
