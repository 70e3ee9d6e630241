#include "providers/hosts.hpp"

#include "base/text.hpp"

#include <array>
#include <string>

namespace steno::providers {

namespace {

/// Addresses besides the table's default ones. A name's `prefix` and `suffix` are the host's, `path` begins
/// the path. Sources: the providers' pages on endpoints (docs/providers.md).
struct Pattern {
    std::string_view prefix;
    std::string_view suffix;
    std::string_view path;
    std::string_view upstream;
};
constexpr std::array kPatterns{
    Pattern{"", ".api.openai.com", "", "openai"},  // by region
    Pattern{"", ".openai.azure.com", "", "azure"},
    Pattern{"", ".services.ai.azure.com", "", "azure"},
    Pattern{"", ".models.ai.azure.com", "", "azure"},
    Pattern{"", ".cognitiveservices.azure.com", "/openai/", "azure"},
    Pattern{"bedrock-runtime.", ".amazonaws.com", "", "bedrock"},
    Pattern{"bedrock-runtime-fips.", ".amazonaws.com", "", "bedrock"},
    Pattern{"", "-aiplatform.googleapis.com", "", "vertex"},
    Pattern{"aiplatform.", ".rep.googleapis.com", "", "vertex"},
    Pattern{"api.together.ai", "", "", "together"},
    Pattern{"api.cohere.ai", "", "", "cohere"},
    Pattern{"localhost:11434", "", "", "ollama"},
    Pattern{"", ".databricks.com", "/serving-endpoints/", "databricks"},
    Pattern{"", ".snowflakecomputing.com", "/api/v2/cortex/", "snowflake"},
};

bool fits(const Pattern& pattern, std::string_view host, std::string_view path) {
    if (!path.starts_with(pattern.path)) return false;
    if (pattern.suffix.empty()) return host == pattern.prefix;
    return host.size() > pattern.prefix.size() + pattern.suffix.size() && host.starts_with(pattern.prefix) &&
           host.ends_with(pattern.suffix);
}

}  // namespace

std::optional<Destination> find_destination(std::string_view host, std::string_view path) {
    constexpr std::size_t kLongest = 253 + 6;
    if (host.empty() || host.size() > kLongest) return std::nullopt;
    const std::string lower = lower_case(host);
    std::string_view name = lower;
    if (name.ends_with(":443")) name.remove_suffix(4);
    for (const ProviderRow& row : provider_table()) {
        if (row.upstream == "vllm" || row.upstream == "lmstudio") continue;
        std::string_view url = row.default_url;
        const std::size_t scheme = url.find("://");
        if (scheme == std::string_view::npos) continue;
        url.remove_prefix(scheme + 3);
        const std::size_t slash = std::min(url.find('/'), url.size());
        const std::string_view base = url.substr(slash);
        if (url.substr(0, slash) != name || !path.starts_with(base)) continue;
        const std::string_view below = path.substr(base.size());
        if (!base.empty() && !below.starts_with('/')) continue;
        if (row.upstream == "cloudflare" && !path.contains("/ai/"))
            continue;  // most of its API is something else
        return Destination{row, below};
    }
    for (const Pattern& pattern : kPatterns) {
        if (fits(pattern, name, path)) return Destination{find_provider(pattern.upstream), path};
    }
    return std::nullopt;
}

}  // namespace steno::providers
