#include "providers/hosts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace steno::providers {
namespace {

/// "UPSTREAM PATH" of a request; "" if it is nobody's.
std::string whose(std::string_view host, std::string_view path) {
    const auto to = find_destination(host, path);
    return to ? std::string(to->provider.upstream) + " " + std::string(to->path) : std::string();
}

std::string_view host_in(std::string_view url) {
    url.remove_prefix(std::min(url.find("://") + 3, url.size()));
    return url.substr(0, url.find('/'));
}

/// The base path of the provider's usual host.
std::string base_at(std::string_view upstream, std::string_view host) {
    const std::string_view url = find_provider(upstream).default_url;
    if (url.empty() || host_in(url) != host) return {};
    return std::string(url.substr(url.find(host) + host.size()));
}

TEST(ProviderHosts, AreOfUpstreamsThatExist) {
    for (const ProviderHost& host : provider_hosts()) {
        const auto table = provider_table();
        EXPECT_TRUE(std::ranges::any_of(table, [&](const auto& row) {
            return row.upstream == host.upstream;
        })) << host.name;
        EXPECT_EQ(upstream_of_host("x" + std::string(host.name)),
                  host.name.starts_with('.') ? host.upstream : "")
            << host.name;
    }
    EXPECT_EQ(upstream_of_host("API.OpenAI.com"), "openai");
    EXPECT_EQ(upstream_of_host("mine.openai.azure.com"), "azure");
    EXPECT_EQ(upstream_of_host(".openai.azure.com"), "");
    EXPECT_EQ(upstream_of_host("openai.azure.com"), "");
    EXPECT_EQ(upstream_of_host("api.openai.com.evil.example"), "");
    EXPECT_EQ(upstream_of_host(""), "");
}

TEST(ProviderHosts, AreFoundByNameAndByRequest) {
    EXPECT_GT(provider_hosts().size(), 100u);
    for (const ProviderHost& known : provider_hosts()) {
        const std::string host =
            known.name.starts_with('.') ? "mine" + std::string(known.name) : std::string(known.name);
        EXPECT_EQ(host.find('*'), host.npos) << "a certificate names no region \"any\"";
        EXPECT_EQ(upstream_of_host(host), known.upstream) << host;
        const std::string path = base_at(known.upstream, host) + "/v1/x";
        const std::string expected = std::string(known.upstream) + " /v1/x";
        for (const std::string& as : {host, host + ":443", host + ".", host + ".:443"})
            EXPECT_EQ(whose(as, path), expected) << as;
        std::string upper = host;
        std::ranges::transform(upper, upper.begin(),
                               [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
        EXPECT_EQ(whose(upper, path), expected) << upper;
        EXPECT_EQ(upstream_of_host(upper), known.upstream) << upper;

        for (const std::string& other : {host + ".evil.example", host + "x", host + ":8443", host + "..",
                                         "evil.example/" + host + "/", host + "@evil.example", host + '\0'}) {
            EXPECT_EQ(whose(other, path), "") << other;
            EXPECT_EQ(upstream_of_host(other), "") << other;
        }
        // A name goes to a certificate and to the gateway, which have no use for these.
        EXPECT_EQ(upstream_of_host(host + ":443"), "");
        EXPECT_EQ(upstream_of_host(host + "."), "");
    }
    for (const std::string_view evil : {"evilapi.openai.com", "xapi.anthropic.com", "api-openai.com",
                                        "openai.com", "evilopenai.azure.com", "xopenrouter.ai"}) {
        EXPECT_EQ(whose(evil, "/v1/messages"), "") << evil;
        EXPECT_EQ(upstream_of_host(evil), "") << evil;
    }
}

TEST(ProviderHosts, OfTheTableAreKnown) {
    for (const ProviderRow& row : provider_table()) {
        if (row.default_url.empty() || row.upstream == "vllm" || row.upstream == "lmstudio") continue;
        const std::string_view host = host_in(row.default_url);
        const std::string path = "/client/v4/accounts/a/ai/run";
        EXPECT_EQ(whose(host, base_at(row.upstream, host) + path), std::string(row.upstream) + " " + path);
    }
    EXPECT_EQ(whose("127.0.0.1:8000", "/v1/chat/completions"), "");
    EXPECT_EQ(whose("127.0.0.1:1234", "/v1/chat/completions"), "");
}

TEST(ProviderHosts, HaveBasePaths) {
    EXPECT_EQ(whose("api.groq.com", "/openai/v1/models"), "groq /v1/models");
    EXPECT_EQ(whose("api.groq.com", "/openai"), "");
    EXPECT_EQ(whose("api.groq.com", "/openaiv1/models"), "");
    EXPECT_EQ(whose("api.groq.com", "/"), "");
    EXPECT_EQ(whose("api.groq.com", ""), "");
    EXPECT_EQ(whose("openrouter.ai", "/docs"), "");
    EXPECT_EQ(whose("api.together.ai", "/v1/models"), "together /v1/models");
}

TEST(ProviderHosts, ThatServeMoreThanModelsAreKnownByPathAlone) {
    for (const auto& [host, path, upstream] :
         {std::tuple{"mine.cognitiveservices.azure.com", "/openai/deployments/d/chat/completions", "azure"},
          {"api.cloudflare.com", "/client/v4/accounts/a/ai/v1/chat/completions", "cloudflare"},
          {"dbc-1.cloud.databricks.com", "/serving-endpoints/chat/completions", "databricks"},
          {"adb-1.7.azuredatabricks.net", "/serving-endpoints/m/invocations", "databricks"},
          {"org-account.snowflakecomputing.com", "/api/v2/cortex/inference:complete", "snowflake"},
          {"mtls.api.openai.com", "/v1/responses", "openai"},
          {"localhost:11434", "/api/chat", "ollama"},
          {"127.0.0.1:11434", "/v1/chat/completions", "ollama"},
          {"[::1]:11434", "/api/chat", "ollama"}}) {
        EXPECT_EQ(whose(host, path), std::string(upstream) + " " + path);
        EXPECT_EQ(upstream_of_host(host), "") << host;
    }
    for (const auto& [host, path] : {std::pair{"mine.cognitiveservices.azure.com", "/speechtotext/v3.2/x"},
                                     {"mine.cognitiveservices.azure.com", "/openai"},
                                     {"api.cloudflare.com", "/client/v4/zones/z/v1/chat/completions"},
                                     {"api.cloudflare.com", "/client/v4/accounts//ai/x"},
                                     {"api.cloudflare.com", "/client/v4/accounts/a/b/ai/x"},
                                     {"dbc-1.cloud.databricks.com", "/api/2.0/sql/serving-endpoints/"},
                                     {"org.snowflakecomputing.com", "/api/v2/statements"},
                                     {"mtls.api.openai.com", "/"},
                                     {"localhost", "/api/chat"},
                                     {"localhost:11435", "/api/chat"}}) {
        EXPECT_EQ(whose(host, path), "") << host << path;
    }
}

TEST(ProviderHosts, OfRegionsToComeAreKnownByRequest) {
    for (const auto& [host, upstream] : {std::pair{"bedrock-runtime.xx-new-9.amazonaws.com", "bedrock"},
                                         {"bedrock-runtime-fips.xx-new-9.amazonaws.com", "bedrock"},
                                         {"bedrock-mantle.xx-new-9.api.aws", "bedrock"},
                                         {"xx-new9-aiplatform.googleapis.com", "vertex"},
                                         {"aiplatform.xx.rep.googleapis.com", "vertex"}}) {
        EXPECT_EQ(whose(host, "/v1/x"), std::string(upstream) + " /v1/x") << host;
        // A certificate has to name them.
        EXPECT_EQ(upstream_of_host(host), "") << host;
    }
    for (const std::string_view host :
         {"s3.eu-west-1.amazonaws.com", "bedrock-runtime..amazonaws.com", "bedrock-runtime.amazonaws.com",
          "bedrock-runtime.s3.eu-west-1.amazonaws.com", "-aiplatform.googleapis.com",
          "evil.example-aiplatform.googleapis.com", "aiplatform.rep.googleapis.com"}) {
        EXPECT_EQ(whose(host, "/model/x/converse"), "") << host;
    }
}

}  // namespace
}  // namespace steno::providers
