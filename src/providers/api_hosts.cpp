#include "providers/api_hosts.hpp"

#include "base/text.hpp"

#include <string>
#include <vector>

namespace steno::providers {

namespace {

constexpr ProviderHost kHosts[] = {
    {"api.openai.com", "openai"},
    {"us.api.openai.com", "openai"},
    {"eu.api.openai.com", "openai"},
    {"api.anthropic.com", "anthropic"},
    {".openai.azure.com", "azure"},
    {".services.ai.azure.com", "azure"},
    {".cognitiveservices.azure.com", "azure"},
    {"generativelanguage.googleapis.com", "gemini"},
    {"aiplatform.googleapis.com", "vertex"},
    {"api.mistral.ai", "mistral"},
    {"codestral.mistral.ai", "mistral"},
    {"api.cohere.com", "cohere"},
    {"api.cohere.ai", "cohere"},
    {"api.groq.com", "groq"},
    {"api.deepseek.com", "deepseek"},
    {"api.together.xyz", "together"},
    {"api.together.ai", "together"},
    {"openrouter.ai", "openrouter"},
    {"api.x.ai", "xai"},
    {"api.fireworks.ai", "fireworks"},
    {"api.cerebras.ai", "cerebras"},
    {"ollama.com", "ollama"},
    {"api.perplexity.ai", "perplexity"},
    {"api.voyageai.com", "voyage"},
    {"api.writer.com", "writer"},
    {"api.jina.ai", "jina"},
    {"router.huggingface.co", "huggingface"},
    {"integrate.api.nvidia.com", "nvidia"},
    {"api.deepinfra.com", "deepinfra"},
    {"api.moonshot.ai", "moonshot"},
    {"api.moonshot.cn", "moonshot"},
    {"api.z.ai", "zai"},
    {"api.sambanova.ai", "sambanova"},
    {"api.novita.ai", "novita"},
    {"models.github.ai", "github"},
};

/// Regions with a host of their own, as the providers' pages list them (2026-11).
constexpr std::string_view kAwsRegions[] = {
    "us-east-1",      "us-east-2",      "us-west-1",      "us-west-2",      "us-gov-east-1",
    "us-gov-west-1",  "ca-central-1",   "ca-west-1",      "mx-central-1",   "sa-east-1",
    "eu-central-1",   "eu-central-2",   "eu-north-1",     "eu-south-1",     "eu-south-2",
    "eu-west-1",      "eu-west-2",      "eu-west-3",      "af-south-1",     "il-central-1",
    "me-central-1",   "me-south-1",     "ap-east-1",      "ap-east-2",      "ap-northeast-1",
    "ap-northeast-2", "ap-northeast-3", "ap-south-1",     "ap-south-2",     "ap-southeast-1",
    "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-7",
};
constexpr std::string_view kGoogleRegions[] = {
    "us-central1",
    "us-east1",
    "us-east4",
    "us-east5",
    "us-south1",
    "us-west1",
    "us-west2",
    "us-west3",
    "us-west4",
    "northamerica-northeast1",
    "northamerica-northeast2",
    "southamerica-east1",
    "southamerica-west1",
    "europe-central2",
    "europe-north1",
    "europe-southwest1",
    "europe-west1",
    "europe-west2",
    "europe-west3",
    "europe-west4",
    "europe-west6",
    "europe-west8",
    "europe-west9",
    "europe-west12",
    "asia-east1",
    "asia-east2",
    "asia-northeast1",
    "asia-northeast2",
    "asia-northeast3",
    "asia-south1",
    "asia-southeast1",
    "asia-southeast2",
    "australia-southeast1",
    "australia-southeast2",
    "me-central1",
    "me-central2",
    "me-west1",
    "africa-south1",
};

struct AllHosts {
    AllHosts() {
        names.reserve(2 * std::size(kAwsRegions) + std::size(kGoogleRegions));  // views into it stay valid
        hosts.assign(std::begin(kHosts), std::end(kHosts));
        for (const std::string_view region : kAwsRegions) {
            add("bedrock-runtime." + std::string(region) + ".amazonaws.com", "bedrock");
            add("bedrock-mantle." + std::string(region) + ".api.aws", "bedrock");
        }
        for (const std::string_view region : kGoogleRegions)
            add(std::string(region) + "-aiplatform.googleapis.com", "vertex");
    }
    void add(std::string name, std::string_view upstream) {
        hosts.push_back({names.emplace_back(std::move(name)), upstream});
    }
    std::vector<std::string> names;
    std::vector<ProviderHost> hosts;
};

}  // namespace

std::span<const ProviderHost> provider_hosts() {
    static const AllHosts all;
    return all.hosts;
}

std::string_view upstream_of_host(std::string_view host) {
    for (const ProviderHost& known : provider_hosts()) {
        const bool same =
            known.name.starts_with('.')
                ? host.size() > known.name.size() &&
                      equals_ignoring_case(host.substr(host.size() - known.name.size()), known.name)
                : equals_ignoring_case(host, known.name);
        if (same) return known.upstream;
    }
    return {};
}

}  // namespace steno::providers
