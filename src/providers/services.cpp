#include "providers/services.hpp"

#include <algorithm>
#include <array>

namespace steno::providers {

namespace {

constexpr std::string_view kBearer = "Authorization: Bearer KEY";

constexpr std::array kServices{
    Service{"openai", "OpenAI", kBearer, "https://platform.openai.com/api-keys",
            "https://platform.openai.com/settings/organization/limits",
            "https://platform.openai.com/settings/organization/billing/overview", "https://status.openai.com",
            "GET /v1/models lists the models that the key's project may use."},
    Service{"azure.ai.openai", "Azure OpenAI", "api-key: KEY, or Authorization: Bearer TOKEN of Entra ID",
            "https://portal.azure.com (the resource, Keys and Endpoint)", "https://aka.ms/oai/quotaincrease",
            "https://portal.azure.com (Cost Management + Billing)", "https://azure.status.microsoft",
            "Azure wants the name of a deployment of this very resource, not of the model; a new deployment "
            "takes up to five minutes."},
    Service{"azure.ai.inference", "Azure AI", "api-key: KEY, or Authorization: Bearer TOKEN of Entra ID",
            "https://ai.azure.com (the project, Models + endpoints)", "https://ai.azure.com (Quota)",
            "https://portal.azure.com (Cost Management + Billing)", "https://azure.status.microsoft",
            "Azure wants the name of a deployment of this very resource, not of the model."},
    Service{"anthropic", "Anthropic", "x-api-key: KEY", "https://console.anthropic.com/settings/keys",
            "https://console.anthropic.com/settings/limits", "https://console.anthropic.com/settings/billing",
            "https://status.anthropic.com",
            "Model names end in a date or are an alias such as claude-sonnet-4-5; GET /v1/models lists "
            "them."},
    Service{"gcp.gemini", "the Gemini API", "x-goog-api-key: KEY", "https://aistudio.google.com/apikey",
            "https://ai.google.dev/gemini-api/docs/rate-limits", "https://console.cloud.google.com/billing",
            "https://aistudio.google.com/status",
            "GET /v1beta/models lists the models of this version of the API."},
    Service{"gcp.vertex_ai", "Vertex AI", "Authorization: Bearer TOKEN (gcloud auth print-access-token)",
            "https://console.cloud.google.com/iam-admin/iam",
            "https://console.cloud.google.com/iam-admin/quotas", "https://console.cloud.google.com/billing",
            "https://status.cloud.google.com",
            "Check that the model is offered in the location of the URL, and that the project may use it."},
    Service{"aws.bedrock", "Amazon Bedrock",
            "a signature of AWS (SigV4), or Authorization: Bearer KEY of Bedrock",
            "https://console.aws.amazon.com/iam",
            "https://console.aws.amazon.com/servicequotas/home/services/bedrock/quotas",
            "https://console.aws.amazon.com/billing", "https://health.aws.amazon.com/health/status",
            "Check that the model is offered in this region, that access to it was granted "
            "(https://console.aws.amazon.com/bedrock/home#/modelaccess), and whether it wants the id of an "
            "inference profile (us., eu., global. before the name)."},
    Service{"cohere", "Cohere", kBearer, "https://dashboard.cohere.com/api-keys",
            "https://docs.cohere.com/docs/rate-limits", "https://dashboard.cohere.com/billing",
            "https://status.cohere.com", "Cohere retires models: https://docs.cohere.com/docs/models."},
    Service{"mistral_ai", "Mistral", kBearer, "https://console.mistral.ai/api-keys",
            "https://admin.mistral.ai/plateforme/limits", "https://admin.mistral.ai/organization/billing",
            "https://status.mistral.ai", "GET /v1/models lists the models that the key may use."},
    Service{"ollama", "Ollama", "no key, on this machine", "https://ollama.com/settings/keys", "",
            "https://ollama.com/settings", "",
            "Fetch it with `ollama pull NAME`; `ollama list` shows what is there."},
    Service{"groq", "Groq", kBearer, "https://console.groq.com/keys",
            "https://console.groq.com/settings/limits", "https://console.groq.com/settings/billing",
            "https://groqstatus.com", "Groq retires models: https://console.groq.com/docs/deprecations."},
    Service{"together_ai", "Together", kBearer, "https://api.together.ai/settings/api-keys",
            "https://docs.together.ai/docs/rate-limits", "https://api.together.ai/settings/billing",
            "https://status.together.ai",
            "Some models answer only from a dedicated endpoint: https://api.together.ai/models."},
    Service{"deepseek", "DeepSeek", kBearer, "https://platform.deepseek.com/api_keys", "",
            "https://platform.deepseek.com/top_up", "https://status.deepseek.com",
            "GET /models lists the models."},
    Service{"x_ai", "xAI", kBearer, "https://console.x.ai", "https://console.x.ai", "https://console.x.ai",
            "https://status.x.ai", "GET /v1/models lists the models that the key may use."},
    Service{"openrouter", "OpenRouter", kBearer, "https://openrouter.ai/settings/keys",
            "https://openrouter.ai/docs/api-reference/limits", "https://openrouter.ai/settings/credits",
            "https://status.openrouter.ai", "OpenRouter wants VENDOR/MODEL: https://openrouter.ai/models."},
    Service{"perplexity", "Perplexity", kBearer, "https://www.perplexity.ai/settings/api",
            "https://docs.perplexity.ai/guides/rate-limits-usage-tiers",
            "https://www.perplexity.ai/settings/api", "https://status.perplexity.com",
            "The models are listed at https://docs.perplexity.ai/getting-started/models."},
    Service{"fireworks", "Fireworks", kBearer, "https://app.fireworks.ai/settings/users/api-keys",
            "https://docs.fireworks.ai/guides/quotas_usage/rate-limits",
            "https://app.fireworks.ai/account/billing", "https://status.fireworks.ai",
            "Fireworks wants accounts/ACCOUNT/models/MODEL."},
    Service{"cerebras", "Cerebras", kBearer, "https://cloud.cerebras.ai",
            "https://inference-docs.cerebras.ai/support/rate-limits", "https://cloud.cerebras.ai",
            "https://status.cerebras.ai", ""},
    Service{"huggingface", "Hugging Face", kBearer, "https://huggingface.co/settings/tokens",
            "https://huggingface.co/docs/inference-providers/pricing",
            "https://huggingface.co/settings/billing", "https://status.huggingface.co",
            "The router wants ORGANIZATION/MODEL[:PROVIDER]."},
    Service{"voyageai", "Voyage", kBearer, "https://dashboard.voyageai.com",
            "https://docs.voyageai.com/docs/rate-limits", "https://dashboard.voyageai.com", "", ""},
    Service{"vllm", "vLLM", "Authorization: Bearer KEY, if the server was started with --api-key", "", "", "",
            "",
            "It is the name that the server was started with (--served-model-name); GET /v1/models shows "
            "it."},
};

constexpr Service kAnyHost{"", "", kBearer, "", "", "", "", "GET /v1/models may list what there is."};

}  // namespace

const Service& find_service(std::string_view record_name) {
    const auto found = std::ranges::find(kServices, record_name, &Service::record_name);
    return found == kServices.end() ? kAnyHost : *found;
}

}  // namespace steno::providers
