#include "intercept/authority.hpp"
#include "intercept/environment.hpp"
#include "intercept/front.hpp"
#include "intercept/run_folder.hpp"
#include "providers/hosts.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace steno::intercept {
namespace {

Environment environment_of(std::vector<std::string> lines) {
    std::vector<char*> variables;
    for (std::string& line : lines) variables.push_back(line.data());
    variables.push_back(nullptr);
    return Environment(variables.data());
}

TEST(Front, LeadsToTheGatewaysPaths) {
    EXPECT_EQ(gateway_target("api.openai.com", "/v1/chat/completions?a=b"),
              "/openai/v1/chat/completions?a=b");
    EXPECT_EQ(gateway_target("API.groq.com", "/openai/v1/models"), "/groq/v1/models");
    EXPECT_EQ(gateway_target("api.groq.com", "/openaix"), "/groq@api.groq.com/openaix");
    EXPECT_EQ(gateway_target("mine.openai.azure.com", "/openai/deployments/d/chat/completions"),
              "/azure@mine.openai.azure.com/openai/deployments/d/chat/completions");
    EXPECT_EQ(gateway_target("europe-west4-aiplatform.googleapis.com", "/v1/x"),
              "/vertex@europe-west4-aiplatform.googleapis.com/v1/x");
    // What is signed for AWS is signed for its host, the usual one too.
    EXPECT_EQ(gateway_target("bedrock-runtime.us-east-1.amazonaws.com", "/model/m/converse"),
              "/bedrock@bedrock-runtime.us-east-1.amazonaws.com/model/m/converse");
    EXPECT_EQ(gateway_target("example.com", "/v1"), "");
}

TEST(EnvironmentOfAProgram, KeepsWhatItDoesNotSet) {
    Environment environment = environment_of({"B=2", "A=1", "B=3", "odd", "OPENAI_BASE_URL_X=y"});
    environment.set("C", "4");
    environment.set("A", "5");
    EXPECT_EQ(environment.lines(),
              (std::vector<std::string>{"B=2", "A=5", "B=3", "odd", "OPENAI_BASE_URL_X=y", "C=4"}));
    EXPECT_EQ(environment.get("B"), "2");
    EXPECT_EQ(environment.get("OPENAI_BASE_URL"), "");
}

TEST(EnvironmentOfAProgram, LeadsBaseUrls) {
    const auto name_of = [](std::string_view url) -> std::optional<NamedUrl> {
        if (url == "https://known/x") return NamedUrl{"known", "/x"};
        return std::nullopt;
    };
    Environment plain = environment_of({});
    EXPECT_TRUE(set_base_urls(plain, "http://f", "agent", name_of).empty());
    EXPECT_EQ(plain.get("OPENAI_BASE_URL"), "http://f/openai/v1");
    EXPECT_EQ(plain.get("OLLAMA_HOST"), "http://f/ollama");

    Environment set = environment_of({"OPENAI_BASE_URL=https://known/x", "ANTHROPIC_BASE_URL=https://other"});
    EXPECT_EQ(set_base_urls(set, "http://f", "/usr/bin/ollama", name_of),
              std::vector<std::string>{"ANTHROPIC_BASE_URL"});
    EXPECT_EQ(set.get("OPENAI_BASE_URL"), "http://f/known/x");
    EXPECT_EQ(set.get("ANTHROPIC_BASE_URL"), "https://other");
    EXPECT_EQ(set.get("OLLAMA_HOST"), "");

    Environment azure = environment_of({"AZURE_OPENAI_API_KEY=k"});
    set_base_urls(azure, "http://f", "agent", name_of);
    EXPECT_EQ(azure.get("OPENAI_BASE_URL"), "");
}

TEST(EnvironmentOfAProgram, ExemptsThisMachineFromTheProxy) {
    for (const auto& [given, expected] : {std::pair{"x=", "localhost,127.0.0.1,::1"},
                                          {"NO_PROXY=corp", "corp,localhost,127.0.0.1,::1"},
                                          {"no_proxy=*", "*"}}) {
        Environment environment = environment_of({given});
        set_proxy(environment, "http://f");
        EXPECT_EQ(environment.get("NO_PROXY"), expected);
        EXPECT_EQ(environment.get("no_proxy"), expected);
        EXPECT_EQ(environment.get("HTTPS_PROXY"), "http://f");
    }
    EXPECT_EQ(other_proxy(environment_of({"all_proxy=socks5://p"})), "socks5://p");
    EXPECT_EQ(other_proxy(environment_of({"HTTPS_PROXY=", "http_proxy=http://p"})), "");
}

TEST(RunFolder, LeavesNothing) {
    std::string path;
    {
        RunFolder folder;
        const auto file = folder.add("a.pem", "content");
        ASSERT_TRUE(file);
        path = std::filesystem::path(*file).parent_path();
        EXPECT_FALSE(folder.add("a.pem", "twice"));
        std::string content;
        std::getline(std::ifstream(*file), content);
        EXPECT_EQ(content, "content");
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Authority, CanVouchForEveryProvidersHost) {
    std::vector<std::string> names;
    for (const providers::ProviderHost& host : providers::provider_hosts())
        names.emplace_back(host.name.substr(host.name.starts_with('.') ? 1 : 0));
    EXPECT_TRUE(Authority::make(names));
}

TEST(Authority, CertifiesNamesAlone) {
    EXPECT_FALSE(Authority::make(std::vector<std::string>{"a.example,excluded;DNS:b"}));
    const auto authority = Authority::make(std::vector<std::string>{"a.example"});
    ASSERT_TRUE(authority);
    EXPECT_FALSE(authority->identity_for("a.example,DNS:b.example"));
    EXPECT_FALSE(authority->identity_for(""));
    const auto identity = authority->identity_for("a.example");
    ASSERT_TRUE(identity);
    EXPECT_TRUE(net::TlsIdentity::make(identity->chain, identity->key));
    EXPECT_FALSE(net::TlsIdentity::make(identity->chain, "no key"));
    EXPECT_FALSE(net::TlsIdentity::make("", identity->key));
    EXPECT_FALSE(authority->certificate().contains("PRIVATE"));
}

}  // namespace
}  // namespace steno::intercept
