#include "providers/anthropic.hpp"
#include "providers/azure.hpp"
#include "providers/bedrock.hpp"
#include "providers/cohere.hpp"
#include "providers/gemini.hpp"
#include "providers/mistral.hpp"
#include "providers/ollama.hpp"
#include "providers/openai.hpp"
#include "providers/vertex.hpp"

#include <array>

namespace steno::providers {

namespace {

/// A row's provider: one object for each dialect, made when it is first asked for. It is never destroyed, and
/// so is all else of this folder that is static: in a program that this is a library of, calls may end while
/// the program's statics are destroyed, and those of other threads even later.
template <OpenAiDialect (*dialect)()>
const Provider& openai_like() {
    static const auto& provider = *new const OpenAiProvider(dialect());
    return provider;
}

constexpr OpenAiDialect openai() {
    return {.record_name = "openai"};
}
constexpr OpenAiDialect groq() {
    return {.record_name = "groq", .always_tells_usage = true};
}
constexpr OpenAiDialect deepseek() {
    return {.record_name = "deepseek", .always_tells_usage = true};
}
constexpr OpenAiDialect together() {
    return {.record_name = "together_ai", .always_tells_usage = true};
}
constexpr OpenAiDialect openrouter() {
    return {.record_name = "openrouter", .reported_cost = ReportedCost::Cost, .always_tells_usage = true};
}
constexpr OpenAiDialect xai() {
    return {.record_name = "x_ai",
            .reasoning_beside_output = true,
            .reported_cost = ReportedCost::Ticks,
            .always_tells_usage = true};
}
constexpr OpenAiDialect fireworks() {
    return {.record_name = "fireworks", .always_tells_usage = true};
}
constexpr OpenAiDialect cerebras() {
    return {.record_name = "cerebras"};
}
constexpr OpenAiDialect perplexity() {
    return {
        .record_name = "perplexity", .reported_cost = ReportedCost::TotalCost, .always_tells_usage = true};
}
constexpr OpenAiDialect voyage() {
    return {.record_name = "voyageai"};
}
constexpr OpenAiDialect writer() {
    return {.record_name = "writer"};
}
constexpr OpenAiDialect jina() {
    return {.record_name = "jina"};
}
constexpr OpenAiDialect huggingface() {
    return {.record_name = "huggingface"};
}
constexpr OpenAiDialect nvidia() {
    return {.record_name = "nvidia"};
}
constexpr OpenAiDialect deepinfra() {
    return {.record_name = "deepinfra"};
}
constexpr OpenAiDialect moonshot() {
    return {.record_name = "moonshot_ai"};
}
constexpr OpenAiDialect zai() {
    return {.record_name = "zai"};
}
constexpr OpenAiDialect sambanova() {
    return {.record_name = "sambanova"};
}
constexpr OpenAiDialect novita() {
    return {.record_name = "novita"};
}
constexpr OpenAiDialect github() {
    return {.record_name = "github"};
}
constexpr OpenAiDialect cloudflare() {
    return {.record_name = "cloudflare"};
}
constexpr OpenAiDialect databricks() {
    return {.record_name = "databricks"};
}
constexpr OpenAiDialect snowflake() {
    return {.record_name = "snowflake"};
}
constexpr OpenAiDialect vllm() {
    return {.record_name = "vllm"};
}
constexpr OpenAiDialect lmstudio() {
    return {.record_name = "lmstudio"};
}
constexpr OpenAiDialect compatible() {
    return {};
}

// A request's path is what follows the upstream's name: clients are given a base URL that ends in /v1 where
// the provider's own does, so the URLs here stop before it.
constexpr std::array kTable{
    ProviderRow{"openai", "openai", "https://api.openai.com", &openai_like<openai>},
    ProviderRow{"anthropic", "anthropic", "https://api.anthropic.com", &anthropic_provider},
    ProviderRow{"azure", "azure.ai.openai", "", &azure_provider, "https://RESOURCE.openai.azure.com"},
    ProviderRow{"gemini", "gcp.gemini", "https://generativelanguage.googleapis.com", &gemini_provider},
    ProviderRow{"bedrock", "aws.bedrock", "https://bedrock-runtime.us-east-1.amazonaws.com",
                &bedrock_provider, "", true},
    ProviderRow{"mistral", "mistral_ai", "https://api.mistral.ai", &mistral_provider},
    ProviderRow{"vertex", "gcp.vertex_ai", "https://aiplatform.googleapis.com", &vertex_provider},
    ProviderRow{"cohere", "cohere", "https://api.cohere.com", &cohere_provider},
    ProviderRow{"groq", "groq", "https://api.groq.com/openai", &openai_like<groq>},
    ProviderRow{"deepseek", "deepseek", "https://api.deepseek.com", &openai_like<deepseek>},
    ProviderRow{"together", "together_ai", "https://api.together.xyz", &openai_like<together>},
    ProviderRow{"openrouter", "openrouter", "https://openrouter.ai/api", &openai_like<openrouter>},
    ProviderRow{"xai", "x_ai", "https://api.x.ai", &openai_like<xai>},
    ProviderRow{"fireworks", "fireworks", "https://api.fireworks.ai/inference", &openai_like<fireworks>},
    ProviderRow{"cerebras", "cerebras", "https://api.cerebras.ai", &openai_like<cerebras>},
    ProviderRow{"ollama", "ollama", "http://127.0.0.1:11434", &ollama_provider},
    ProviderRow{"perplexity", "perplexity", "https://api.perplexity.ai", &openai_like<perplexity>},
    ProviderRow{"voyage", "voyageai", "https://api.voyageai.com", &openai_like<voyage>},
    ProviderRow{"writer", "writer", "https://api.writer.com", &openai_like<writer>},
    ProviderRow{"jina", "jina", "https://api.jina.ai", &openai_like<jina>},
    ProviderRow{"huggingface", "huggingface", "https://router.huggingface.co", &openai_like<huggingface>},
    ProviderRow{"nvidia", "nvidia", "https://integrate.api.nvidia.com", &openai_like<nvidia>},
    ProviderRow{"deepinfra", "deepinfra", "https://api.deepinfra.com", &openai_like<deepinfra>},
    ProviderRow{"moonshot", "moonshot_ai", "https://api.moonshot.ai", &openai_like<moonshot>},
    ProviderRow{"zai", "zai", "https://api.z.ai/api/paas", &openai_like<zai>},
    ProviderRow{"sambanova", "sambanova", "https://api.sambanova.ai", &openai_like<sambanova>},
    ProviderRow{"novita", "novita", "https://api.novita.ai", &openai_like<novita>},
    ProviderRow{"github", "github", "https://models.github.ai", &openai_like<github>},
    ProviderRow{"cloudflare", "cloudflare", "https://api.cloudflare.com", &openai_like<cloudflare>},
    ProviderRow{"databricks", "databricks", "", &openai_like<databricks>,
                "https://WORKSPACE.cloud.databricks.com"},
    ProviderRow{"snowflake", "snowflake", "", &openai_like<snowflake>,
                "https://ACCOUNT.snowflakecomputing.com"},
    ProviderRow{"vllm", "vllm", "http://127.0.0.1:8000", &openai_like<vllm>},
    ProviderRow{"lmstudio", "lmstudio", "http://127.0.0.1:1234", &openai_like<lmstudio>},
};

/// "together_ai", "together-ai" and "TogetherAI" are one.
bool same_name(std::string_view one, std::string_view other) {
    const auto next = [](std::string_view& name) -> char {
        while (!name.empty()) {
            const char c = name.front();
            name.remove_prefix(1);
            if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return c;
            if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
        }
        return '\0';
    };
    for (;;) {
        const char c = next(one);
        if (c != next(other)) return false;
        if (c == '\0') return true;
    }
}

}  // namespace

std::span<const ProviderRow> provider_table() {
    return kTable;
}

ProviderRow find_provider(std::string_view upstream_name) {
    for (const ProviderRow& row : kTable) {
        if (row.upstream == upstream_name || same_name(row.record_name, upstream_name)) return row;
    }
    return {upstream_name, upstream_name, "", &openai_like<compatible>};
}

}  // namespace steno::providers
