#include "providers/hosts.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace steno::providers {

namespace {

using Regions = std::span<const std::string_view>;

// Regions with hosts of their own, as the providers' pages and botocore's endpoints list them (2026-11).
constexpr std::string_view kAwsRegions[] = {
    "us-east-1",      "us-east-2",      "us-west-1",      "us-west-2",      "us-gov-east-1",
    "us-gov-west-1",  "ca-central-1",   "ca-west-1",      "mx-central-1",   "sa-east-1",
    "eu-central-1",   "eu-central-2",   "eu-north-1",     "eu-south-1",     "eu-south-2",
    "eu-west-1",      "eu-west-2",      "eu-west-3",      "af-south-1",     "il-central-1",
    "me-central-1",   "me-south-1",     "ap-east-1",      "ap-east-2",      "ap-northeast-1",
    "ap-northeast-2", "ap-northeast-3", "ap-south-1",     "ap-south-2",     "ap-southeast-1",
    "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
    "ap-southeast-7"};
constexpr std::string_view kAwsFipsRegions[] = {"us-east-1",     "us-east-2",     "us-west-2",
                                                "us-gov-east-1", "us-gov-west-1", "ca-central-1"};
constexpr std::string_view kGoogleRegions[] = {"us-central1",
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
                                               "africa-south1"};
constexpr std::string_view kGoogleMultiRegions[] = {"us", "eu"};

struct Row {
    /// A star is a region: any at all where the path is seen too, else one of `regions`.
    std::string_view name;
    std::string_view upstream;
    /// Where its models are, if that has to be asked: such a host is not known by its name alone. A star is
    /// one segment.
    std::string_view path = {};
    Regions regions = {};
};

/// Sources: the providers' pages on endpoints (docs/providers.md), their official libraries. The first row
/// that fits holds.
constexpr Row kRows[] = {
    {"api.openai.com", "openai"},
    {"us.api.openai.com", "openai"},
    {"eu.api.openai.com", "openai"},
    {"ae.api.openai.com", "openai"},
    {"au.api.openai.com", "openai"},
    {"ca.api.openai.com", "openai"},
    {"gb.api.openai.com", "openai"},
    {"in.api.openai.com", "openai"},
    {"jp.api.openai.com", "openai"},
    {"kr.api.openai.com", "openai"},
    {"sg.api.openai.com", "openai"},
    // mtls., whose connections nobody but the holder of the client's key can make; other regions to come.
    {".api.openai.com", "openai", "/v1/"},
    {"api.anthropic.com", "anthropic"},
    {".openai.azure.com", "azure"},
    {".services.ai.azure.com", "azure"},
    {".models.ai.azure.com", "azure"},
    // Speech, documents and much else by the same name.
    {".cognitiveservices.azure.com", "azure", "/openai/"},
    {"generativelanguage.googleapis.com", "gemini"},
    {"aiplatform.googleapis.com", "vertex"},
    {"*-aiplatform.googleapis.com", "vertex", {}, kGoogleRegions},
    {"aiplatform.*.rep.googleapis.com", "vertex", {}, kGoogleMultiRegions},
    {"bedrock-runtime.*.amazonaws.com", "bedrock", {}, kAwsRegions},
    {"bedrock-runtime-fips.*.amazonaws.com", "bedrock", {}, kAwsFipsRegions},
    {"bedrock-mantle.*.api.aws", "bedrock", {}, kAwsRegions},
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
    {"api.cloudflare.com", "cloudflare", "/client/v4/accounts/*/ai/"},
    {".databricks.com", "databricks", "/serving-endpoints/"},
    {".azuredatabricks.net", "databricks", "/serving-endpoints/"},
    {".snowflakecomputing.com", "snowflake", "/api/v2/cortex/"},
    // On this machine, and not over TLS.
    {"127.0.0.1:11434", "ollama", "/"},
    {"localhost:11434", "ollama", "/"},
    {"[::1]:11434", "ollama", "/"},
};

/// `host` in lower case.
bool is_named(std::string_view host, std::string_view name) {
    if (name.starts_with('.')) return host.size() > name.size() && host.ends_with(name);
    const std::size_t star = name.find('*');
    if (star == name.npos) return host == name;
    const std::string_view before = name.substr(0, star);
    const std::string_view behind = name.substr(star + 1);
    if (host.size() <= before.size() + behind.size() || !host.starts_with(before) || !host.ends_with(behind))
        return false;
    host.remove_prefix(before.size());
    host.remove_suffix(behind.size());
    return !host.contains('.');
}

bool begins(std::string_view path, std::string_view with) {
    const std::size_t star = with.find('*');
    if (!path.starts_with(with.substr(0, star))) return false;
    if (star == with.npos) return true;
    path.remove_prefix(star);
    const std::size_t segment = std::min(path.find('/'), path.size());
    return segment > 0 && path.substr(segment).starts_with(with.substr(star + 1));
}

/// "/openai" of https://api.groq.com/openai: the base path at the provider's usual host, "" at others.
std::string_view base_path(const ProviderRow& provider, std::string_view host) {
    std::string_view url = provider.default_url;
    const std::size_t scheme = url.find("://");
    if (scheme == url.npos) return {};
    url.remove_prefix(scheme + 3);
    const std::size_t slash = std::min(url.find('/'), url.size());
    return url.substr(0, slash) == host ? url.substr(slash) : std::string_view();
}

/// What is known by its name alone, a row for each region.
struct NamedHosts {
    NamedHosts() {
        std::size_t regions = 0;
        for (const Row& row : kRows) regions += row.regions.size();
        names.reserve(regions);  // views into it stay valid
        for (const Row& row : kRows) {
            if (!row.path.empty()) continue;
            if (row.regions.empty()) hosts.push_back({row.name, row.upstream});
            const std::size_t star = row.name.find('*');
            for (const std::string_view region : row.regions) {
                std::string& name = names.emplace_back(row.name);
                name.replace(star, 1, region);
                hosts.push_back({name, row.upstream});
            }
        }
    }
    std::vector<std::string> names;
    std::vector<ProviderHost> hosts;
};

}  // namespace

std::optional<Destination> find_destination(std::string_view host, std::string_view path) {
    constexpr std::size_t kLongest = 253 + 6;
    if (host.empty() || host.size() > kLongest) return std::nullopt;
    const std::string lower = lower_case(host);
    std::string_view name = lower;
    if (name.ends_with(":443")) name.remove_suffix(4);
    if (name.ends_with('.')) name.remove_suffix(1);
    for (const Row& row : kRows) {
        if (!is_named(name, row.name) || !begins(path, row.path)) continue;
        const ProviderRow provider = find_provider(row.upstream);
        const std::string_view base = base_path(provider, name);
        const std::string_view below = path.substr(std::min(base.size(), path.size()));
        if (!path.starts_with(base) || (!base.empty() && !below.starts_with('/'))) return std::nullopt;
        return Destination{provider, below};
    }
    return std::nullopt;
}

std::span<const ProviderHost> provider_hosts() {
    static const auto& known = *new const NamedHosts;  // for ever: table.cpp
    return known.hosts;
}

std::string_view upstream_of_host(std::string_view host) {
    const std::string lower = lower_case(host);
    for (const ProviderHost& known : provider_hosts()) {
        if (is_named(lower, known.name)) return known.upstream;
    }
    return {};
}

}  // namespace steno::providers
