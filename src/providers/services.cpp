#include "providers/services.hpp"

#include <algorithm>
#include <array>

namespace steno::providers {

namespace {

constexpr std::string_view kBearer = "Authorization: Bearer KEY";

/// Looked up on 2026-11-21. The comment before a row names the provider's pages that have its addresses;
/// "links" where public client programs link there and no page of its own could be read.
constexpr std::array kServices{
    // developers.openai.com/api/docs/guides/{rate-limits,error-codes,spend-limits}
    Service{"openai", "OpenAI", kBearer, "https://platform.openai.com/api-keys",
            "https://platform.openai.com/settings/organization/limits",
            "https://platform.openai.com/settings/organization/billing/overview", "https://status.openai.com",
            "GET /v1/models lists the models that the key's project may use."},
    // Azure's own answers (quotaincrease); learn.microsoft.com, Manage Azure OpenAI quota
    Service{"azure.ai.openai", "Azure OpenAI", "api-key: KEY, or Authorization: Bearer TOKEN of Entra ID",
            "https://portal.azure.com (the resource, Keys and Endpoint)", "https://aka.ms/oai/quotaincrease",
            "https://portal.azure.com (Cost Management + Billing)", "https://azure.status.microsoft",
            "Azure wants the name of a deployment of this very resource, not of the model; a new deployment "
            "takes up to five minutes."},
    // learn.microsoft.com, Microsoft Foundry: deployments, quota
    Service{"azure.ai.inference", "Azure AI", "api-key: KEY, or Authorization: Bearer TOKEN of Entra ID",
            "https://ai.azure.com (the project, Models + endpoints)", "https://ai.azure.com (Quota)",
            "https://portal.azure.com (Cost Management + Billing)", "https://azure.status.microsoft",
            "Azure wants the name of a deployment of this very resource, not of the model."},
    // platform.claude.com/docs/en/api/{rate-limits,errors}; console.anthropic.com leads there
    Service{"anthropic", "Anthropic", "x-api-key: KEY", "https://platform.claude.com/settings/keys",
            "https://platform.claude.com/settings/limits", "https://platform.claude.com/settings/billing",
            "https://status.claude.com",
            "Model names end in a date or are an alias such as claude-sonnet-4-5; GET /v1/models lists "
            "them."},
    // ai.google.dev/gemini-api/docs/{rate-limits,billing,troubleshooting}
    Service{"gcp.gemini", "the Gemini API", "x-goog-api-key: KEY", "https://aistudio.google.com/apikey",
            "https://aistudio.google.com/rate-limit", "https://aistudio.google.com/billing",
            "https://aistudio.google.com/status",
            "GET /v1beta/models lists the models of this version of the API."},
    // cloud.google.com/vertex-ai/generative-ai/docs/{quotas,model-reference/api-errors}
    Service{"gcp.vertex_ai", "Vertex AI", "Authorization: Bearer TOKEN (gcloud auth print-access-token)",
            "https://console.cloud.google.com/iam-admin/iam",
            "https://console.cloud.google.com/iam-admin/quotas", "https://console.cloud.google.com/billing",
            "https://status.cloud.google.com",
            "Check that the model is offered in the location of the URL, and that the project may use it."},
    // docs.aws.amazon.com/bedrock/latest/userguide/{quotas,model-access,inference-profiles}
    Service{"aws.bedrock", "Amazon Bedrock",
            "a signature of AWS (SigV4), or Authorization: Bearer KEY of Bedrock",
            "https://console.aws.amazon.com/iam",
            "https://console.aws.amazon.com/servicequotas/home/services/bedrock/quotas",
            "https://console.aws.amazon.com/billing", "https://health.aws.amazon.com/health/status",
            "Check that the model is offered in this region, that policies allow it (Anthropic's models want "
            "their form filled in once), and whether it wants the id of an inference profile (us., eu., "
            "global. before the name)."},
    // docs.cohere.com/{reference/errors,docs/rate-limits}
    Service{"cohere", "Cohere", kBearer, "https://dashboard.cohere.com/api-keys",
            "https://docs.cohere.com/docs/rate-limits", "https://dashboard.cohere.com/billing",
            "https://status.cohere.com", "Cohere retires models: https://docs.cohere.com/docs/models."},
    // docs.mistral.ai/{deployment/ai-studio/tier,admin/billing-usage/usage-limits}
    Service{"mistral_ai", "Mistral", kBearer, "https://console.mistral.ai/api-keys",
            "https://admin.mistral.ai/plateforme/limits", "https://admin.mistral.ai/organization/billing",
            "https://status.mistral.ai", "GET /v1/models lists the models that the key may use."},
    // docs.ollama.com
    Service{"ollama", "Ollama", "no key, on this machine", "https://ollama.com/settings/keys", "",
            "https://ollama.com/settings", "",
            "Fetch it with `ollama pull NAME`; `ollama list` shows what is there."},
    // console.groq.com/docs/{rate-limits,errors}; billing: Groq's own answers
    Service{"groq", "Groq", kBearer, "https://console.groq.com/keys",
            "https://console.groq.com/settings/limits", "https://console.groq.com/settings/billing",
            "https://groqstatus.com", "Groq retires models: https://console.groq.com/docs/deprecations."},
    // docs.together.ai/docs/{error-codes,billing-usage-limits,serverless/rate-limits}
    Service{"together_ai", "Together", kBearer, "https://api.together.ai/settings/api-keys",
            "https://docs.together.ai/docs/serverless/rate-limits",
            "https://api.together.ai/settings/billing", "https://status.together.ai",
            "Some models answer only from a dedicated endpoint: https://api.together.ai/models."},
    // api-docs.deepseek.com/quick_start/{error_codes,rate_limit}
    Service{"deepseek", "DeepSeek", kBearer, "https://platform.deepseek.com/api_keys",
            "https://api-docs.deepseek.com/quick_start/rate_limit", "https://platform.deepseek.com/top_up",
            "https://status.deepseek.com", "GET /models lists the models."},
    // docs.x.ai/developers/rate-limits; keys: links
    Service{"x_ai", "xAI", kBearer, "https://console.x.ai/team/default/api-keys",
            "https://console.x.ai/team/default/rate-limits", "https://console.x.ai", "https://status.x.ai",
            "GET /v1/models lists the models that the key may use."},
    // openrouter.ai/docs/api/reference/{limits,errors-and-debugging}
    Service{"openrouter", "OpenRouter", kBearer, "https://openrouter.ai/settings/keys",
            "https://openrouter.ai/docs/api/reference/limits", "https://openrouter.ai/settings/credits",
            "https://status.openrouter.ai", "OpenRouter wants VENDOR/MODEL: https://openrouter.ai/models."},
    // docs.perplexity.ai/docs/{getting-started/quickstart,admin/rate-limits-usage-tiers}
    Service{"perplexity", "Perplexity", kBearer, "https://console.perplexity.ai",
            "https://docs.perplexity.ai/docs/admin/rate-limits-usage-tiers", "https://console.perplexity.ai",
            "https://status.perplexity.com",
            "The models are listed at https://docs.perplexity.ai/docs/getting-started/models."},
    // docs.fireworks.ai/{api-reference/introduction,serverless/rate-limits,guides/quotas_usage/account-quotas}
    Service{"fireworks", "Fireworks", kBearer, "https://app.fireworks.ai/settings/users/api-keys",
            "https://docs.fireworks.ai/serverless/rate-limits", "https://fireworks.ai/billing",
            "https://status.fireworks.ai", "Fireworks wants accounts/ACCOUNT/models/MODEL."},
    // inference-docs.cerebras.ai/{console/api-keys,support/rate-limits}
    Service{"cerebras", "Cerebras", kBearer, "https://cloud.cerebras.ai",
            "https://inference-docs.cerebras.ai/support/rate-limits", "https://cloud.cerebras.ai",
            "https://status.cerebras.ai", ""},
    // huggingface.co/docs/inference-providers/pricing
    Service{"huggingface", "Hugging Face", kBearer, "https://huggingface.co/settings/tokens",
            "https://huggingface.co/docs/inference-providers/pricing",
            "https://huggingface.co/settings/billing", "https://status.huggingface.co",
            "The router wants ORGANIZATION/MODEL[:PROVIDER]."},
    // docs.voyageai.com/docs/{api-key-and-installation,rate-limits,error-codes}
    Service{"voyageai", "Voyage", kBearer, "https://dashboard.voyageai.com/organization/api-keys",
            "https://docs.voyageai.com/docs/rate-limits", "https://dashboard.voyageai.com", "", ""},
    // jina.ai/api-dashboard: links
    Service{"jina", "Jina", kBearer, "https://jina.ai/api-dashboard/key-manager",
            "https://jina.ai/api-dashboard/rate-limit", "https://jina.ai/api-dashboard", "", ""},
    // dev.writer.com/api-reference/rate-limits, dev.writer.com: consumption
    Service{"writer", "Writer", kBearer, "https://app.writer.com/aistudio",
            "https://dev.writer.com/api-reference/rate-limits", "https://app.writer.com/aistudio", "", ""},
    // docs.api.nvidia.com: keys; its limits stand on no page that could be found
    Service{"nvidia", "NVIDIA", kBearer, "https://build.nvidia.com/settings/api-keys", "", "", "", ""},
    // links
    Service{"deepinfra", "DeepInfra", kBearer, "https://deepinfra.com/dash/api_keys", "",
            "https://deepinfra.com/dash/billing", "", ""},
    // platform.kimi.ai/docs/api/errors: the keys of platform.kimi.com are others
    Service{"moonshot_ai", "Moonshot", kBearer, "https://platform.kimi.ai/console/api-keys", "",
            "https://platform.kimi.ai/console/account", "",
            "Keys of platform.kimi.com and platform.kimi.ai are not the same."},
    // docs.z.ai: API Keys, Payment Method, Rate Limits
    Service{"zai", "Z.ai", kBearer, "https://z.ai/manage-apikey/apikey-list",
            "https://z.ai/manage-apikey/rate-limits", "https://z.ai/manage-apikey/billing", "", ""},
    // docs.sambanova.ai/docs/en/models/rate-limits; keys and plans: links
    Service{"sambanova", "SambaNova", kBearer, "https://cloud.sambanova.ai/apis",
            "https://docs.sambanova.ai/docs/en/models/rate-limits", "https://cloud.sambanova.ai/plans", "",
            ""},
    // novita.ai/docs/guides: keys, error
    Service{"novita", "Novita", kBearer, "https://novita.ai/settings/key-management",
            "https://novita.ai/docs/guides/error", "https://novita.ai/billing", "", ""},
    // docs.github.com/en/github-models
    Service{"github", "GitHub Models", kBearer, "https://github.com/settings/personal-access-tokens",
            "https://docs.github.com/en/github-models/prototyping-with-ai-models#rate-limits", "",
            "https://www.githubstatus.com", "GitHub wants PUBLISHER/MODEL."},
    // developers.cloudflare.com/workers-ai/platform/{errors,limits,pricing}
    Service{"cloudflare", "Cloudflare", kBearer, "https://dash.cloudflare.com/profile/api-tokens",
            "https://developers.cloudflare.com/workers-ai/platform/limits/",
            "https://developers.cloudflare.com/workers-ai/platform/pricing/",
            "https://www.cloudflarestatus.com", "Cloudflare wants @cf/AUTHOR/MODEL."},
    // docs.databricks.com, Foundation Model APIs limits and quotas
    Service{"databricks", "Databricks", kBearer, "",
            "https://docs.databricks.com/aws/en/machine-learning/foundation-model-apis/limits", "",
            "https://status.databricks.com",
            "The model is the name of a serving endpoint of this workspace."},
    // docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api
    Service{"snowflake", "Snowflake", "Authorization: Bearer TOKEN (a programmatic access token)", "",
            "https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api", "",
            "https://status.snowflake.com",
            "Check that the model is offered in the account's region or by cross-region inference."},
    // docs.vllm.ai, OpenAI-compatible server
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
