#include "intercept/authority.hpp"
#include "intercept/environment.hpp"
#include "intercept/front.hpp"
#include "intercept/java.hpp"
#include "intercept/peer.hpp"
#include "intercept/run_folder.hpp"
#include "intercept/survivors.hpp"
#include "intercept/trust.hpp"
#include "providers/hosts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <list>
#include <string>
#include <sys/wait.h>
#include <tuple>
#include <unistd.h>
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

TEST(EnvironmentOfAProgram, CanBeSetBack) {
    const std::vector<std::string> before{"A=1", "B=", "C=a b%,=\nc", "D=left alone"};
    Environment environment = environment_of(before);
    environment.set("A", "2");
    environment.set("A", "3");
    environment.set("B", "x");
    environment.set("C", "y");
    environment.set("NEW", "z");
    environment.set("CHANGED", environment.changes());
    std::vector<std::string> lines = environment.lines();
    Environment later = environment_of(lines);
    later.undo(std::string(later.get("CHANGED")));
    later.unset("CHANGED");
    EXPECT_EQ(later.lines(), before);
    later.undo("");
    later.undo("%zz =x = NOBODY");
    EXPECT_EQ(later.get("D"), "left alone");
}

TEST(Survivors, AreKnownByWhatTheyWereStartedWith) {
    const std::string value = "of-" + std::to_string(::getpid());
    EXPECT_TRUE(processes_with("STENO_TEST_MARK", value).empty());
    int gate[2];
    ASSERT_EQ(::pipe(gate), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(gate[0], 0);
        ::close(gate[1]);
        const std::string mark = "STENO_TEST_MARK=" + value;
        const char* const variables[] = {"A=b", mark.c_str(), nullptr};
        ::execle("/bin/cat", "cat", nullptr, const_cast<char* const*>(variables));
        ::_exit(1);
    }
    std::vector<Survivor> found;
    while (found.empty()) found = processes_with("STENO_TEST_MARK", value);  // until it has become cat
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].pid, child);
    EXPECT_EQ(found[0].name, "cat");
    EXPECT_TRUE(processes_with("STENO_TEST_MARK", value + "x").empty());
    ::close(gate[1]);
    ::close(gate[0]);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(processes_with("STENO_TEST_MARK", value).empty());
}

TEST(EnvironmentOfAProgram, LeadsBaseUrls) {
    const auto name_of = [](std::string_view url) -> std::optional<NamedUrl> {
        if (url == "https://known/x") return NamedUrl{"known", "/x"};
        return std::nullopt;
    };
    Environment plain = environment_of({});
    EXPECT_TRUE(set_base_urls(plain, "http://f", "agent", name_of).empty());
    EXPECT_EQ(plain.get("OPENAI_BASE_URL"), "http://f/openai/v1");
    EXPECT_EQ(plain.get("OLLAMA_HOST"), "");  // a server that the program starts would listen there

    Environment set = environment_of({"OPENAI_BASE_URL=https://known/x", "ANTHROPIC_BASE_URL=https://other"});
    EXPECT_EQ(set_base_urls(set, "http://f", "/usr/bin/ollama", name_of),
              std::vector<std::string>{"ANTHROPIC_BASE_URL"});
    EXPECT_EQ(set.get("OPENAI_BASE_URL"), "http://f/known/x");
    EXPECT_EQ(set.get("ANTHROPIC_BASE_URL"), "https://other");
    EXPECT_EQ(set.get("OLLAMA_HOST"), "");

    for (const auto& [host, program, expected] : {std::tuple{"https://known/x", "agent", "http://f/known/x"},
                                                  {"https://known/x", "ollama", "https://known/x"},
                                                  {"0.0.0.0:11434", "agent", "0.0.0.0:11434"}}) {
        Environment ollama = environment_of({std::string("OLLAMA_HOST=") + host});
        EXPECT_TRUE(set_base_urls(ollama, "http://f", program, name_of).empty());
        EXPECT_EQ(ollama.get("OLLAMA_HOST"), expected) << host << " " << program;
    }

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

/// Files of what stands for certificates, in a folder that dies with this.
class TrustedFiles : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string name = std::filesystem::temp_directory_path() / "trusted-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        place_ = name;
        write("system.pem", certificate("SYSTEM"));
        write("corp.pem", "words\n" + certificate("CORP") + "-----BEGIN PRIVATE KEY-----\nSECRET\n");
        write("other.pem", certificate("OTHER"));
        write("nothing.pem", "no certificate");
        std::filesystem::create_directory(place_ / "dir");
        std::filesystem::create_directory(place_ / "dir2");
        write("dir/0123abcd.0", certificate("ONE") + "-----BEGIN PRIVATE KEY-----\nSECRET\n");
        write("dir/0123abcd.x", certificate("NO-HASH"));
        write("dir/readme", certificate("README"));
        write("dir/ffffffff.1", "no certificate");
        write("dir2/fedcba98.12", "words\n" + certificate("TWO"));
    }
    void TearDown() override { std::filesystem::remove_all(place_); }

    static std::string certificate(const std::string& content) {
        return "-----BEGIN CERTIFICATE-----\n" + content + "\n-----END CERTIFICATE-----\n";
    }
    void write(const std::string& name, const std::string& content) const {
        std::ofstream(place_ / name) << content;
    }
    [[nodiscard]] std::string path(const std::string& name) const { return place_ / name; }
    /// The names of the certificates in the file that a variable names: "SYSTEM OURS".
    static std::string content(const Environment& environment, std::string_view name) {
        std::ifstream file{std::string(environment.get(name))};
        std::string names;
        for (std::string line; std::getline(file, line);) {
            if (!line.starts_with('-')) names += (names.empty() ? "" : " ") + line;
        }
        return names;
    }
    /// What is set besides the system's own, to "VARIABLE=value".
    [[nodiscard]] Environment trusting(std::vector<std::string> lines) {
        if (std::ranges::none_of(lines, [](const auto& line) { return line.starts_with("SSL_CERT_FILE="); }))
            lines.push_back("SSL_CERT_FILE=" + path("system.pem"));
        Environment environment = environment_of(std::move(lines));
        const auto trusted = set_trust(environment, certificate("OURS"), folders_.emplace_back());
        EXPECT_TRUE(trusted && !trusted->empty());
        return environment;
    }

    std::filesystem::path place_;
    std::list<RunFolder> folders_;
};

TEST_F(TrustedFiles, AreTheSystemsAndOurs) {
    const Environment plain = trusting({});
    for (const char* const name : {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"})
        EXPECT_EQ(content(plain, name), "SYSTEM OURS") << name;
    for (const char* const name : {"NODE_EXTRA_CA_CERTS", "DENO_CERT"})
        EXPECT_EQ(content(plain, name), "OURS") << name;
    Environment nothing = environment_of({"SSL_CERT_FILE=" + path("nothing.pem")});
    const auto trusted = set_trust(nothing, certificate("OURS"), folders_.emplace_back());
    EXPECT_TRUE(trusted && trusted->empty());
    EXPECT_EQ(nothing.get("CURL_CA_BUNDLE"), "");
}

TEST_F(TrustedFiles, OfRequestsAreCurlsWhereItHasNone) {
    const Environment curl = trusting({"CURL_CA_BUNDLE=" + path("corp.pem")});
    EXPECT_EQ(content(curl, "REQUESTS_CA_BUNDLE"), "CORP OURS");
    EXPECT_EQ(content(curl, "CURL_CA_BUNDLE"), "CORP OURS");
    EXPECT_EQ(content(curl, "AWS_CA_BUNDLE"), "SYSTEM CORP OURS");
    const Environment both =
        trusting({"CURL_CA_BUNDLE=" + path("corp.pem"), "REQUESTS_CA_BUNDLE=" + path("other.pem")});
    EXPECT_EQ(content(both, "REQUESTS_CA_BUNDLE"), "OTHER OURS");
    EXPECT_EQ(content(both, "CURL_CA_BUNDLE"), "CORP OURS");
    // A folder, which requests can use: it goes on to.
    const Environment folder = trusting({"CURL_CA_BUNDLE=" + path("dir")});
    EXPECT_EQ(folder.get("REQUESTS_CA_BUNDLE"), "");
    EXPECT_EQ(folder.get("CURL_CA_BUNDLE"), path("dir"));
}

TEST_F(TrustedFiles, OfAwsAreThoseOfRequestsWhereItHasNone) {
    const Environment requests = trusting({"REQUESTS_CA_BUNDLE=" + path("corp.pem")});
    EXPECT_EQ(content(requests, "AWS_CA_BUNDLE"), "CORP OURS");
    EXPECT_EQ(content(requests, "CURL_CA_BUNDLE"), "SYSTEM CORP OURS");
    const Environment both =
        trusting({"AWS_CA_BUNDLE=" + path("other.pem"), "REQUESTS_CA_BUNDLE=" + path("corp.pem")});
    EXPECT_EQ(content(both, "AWS_CA_BUNDLE"), "OTHER OURS");
}

/// requests lets REQUESTS_CA_BUNDLE, which we set, count for more than what pip was told in PIP_CERT: so it
/// has that, too. Likewise whatever else the user names.
TEST_F(TrustedFiles, OfTheUserStayTrustedWhereverTheyAreNamed) {
    for (const char* const name : {"PIP_CERT", "GIT_SSL_CAINFO", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
                                   "npm_config_cafile", "NPM_CONFIG_CAFILE", "CARGO_HTTP_CAINFO",
                                   "NIX_SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "DENO_CERT"}) {
        const Environment one = trusting({std::string(name) + "=" + path("corp.pem")});
        for (const char* const set : {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"})
            EXPECT_EQ(content(one, set), "SYSTEM CORP OURS") << name << " " << set;
        EXPECT_EQ(content(one, "SSL_CERT_FILE"), "SYSTEM OURS") << "it was set";
        const bool adds =
            std::string_view(name) == "NODE_EXTRA_CA_CERTS" || std::string_view(name) == "DENO_CERT";
        EXPECT_EQ(content(one, name), adds ? "CORP OURS" : "words CORP SECRET") << name;
    }
    // Each once, and none of a key that stands beside them; what cannot be read is none.
    const Environment many = trusting({"PIP_CERT=" + path("corp.pem"), "GIT_SSL_CAINFO=" + path("system.pem"),
                                       "npm_config_cafile=" + path("other.pem"), "CARGO_HTTP_CAINFO=/no/such",
                                       "NIX_SSL_CERT_FILE=" + path("dir"),
                                       "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=" + path("nothing.pem")});
    EXPECT_EQ(content(many, "CURL_CA_BUNDLE"), "SYSTEM OTHER CORP OURS");
}

TEST_F(TrustedFiles, OfTheUserAreForOurConnectionsIfOpensslCanReadThem) {
    const auto authority = Authority::make(std::vector<std::string>{"a.example"});
    ASSERT_TRUE(authority);
    write("real.pem", certificate("BROKEN") + authority->certificate() + certificate("BROKEN TOO"));
    const Environment environment =
        environment_of({"REQUESTS_CA_BUNDLE=" + path("real.pem"), "SSL_CERT_FILE=" + path("other.pem")});
    Certificates expected;
    EXPECT_TRUE(expected.add(authority->certificate()));
    EXPECT_EQ(trusted_by_user(environment).text(), expected.text());
    EXPECT_TRUE(trusted_by_user(environment_of({})).empty());
}

TEST_F(TrustedFiles, OfFoldersStandBesideTheSystems) {
    const std::string folders = "SSL_CERT_DIR=" + path("dir") + ":/no/such:" + path("dir2");
    const Environment both = trusting({folders});
    EXPECT_EQ(content(both, "SSL_CERT_FILE"), "SYSTEM OURS");  // who reads this alone trusts no folder
    for (const char* const name : {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"})
        EXPECT_EQ(content(both, name), "SYSTEM ONE TWO OURS") << name;
    EXPECT_EQ("SSL_CERT_DIR=" + std::string(both.get("SSL_CERT_DIR")), folders);

    Environment alone = environment_of({folders});
    const auto trusted = set_trust(alone, certificate("OURS"), folders_.emplace_back());
    ASSERT_TRUE(trusted);
    if (trusted->empty()) GTEST_SKIP() << "this machine has no bundle of certificates";
    EXPECT_TRUE(content(alone, "SSL_CERT_FILE").ends_with(" ONE TWO OURS"));
    EXPECT_EQ(alone.get("SSL_CERT_FILE"), alone.get("CURL_CA_BUNDLE"));
}

TEST(Java, IsToldInItsOptions) {
    const auto authority = Authority::make(std::vector<std::string>{"a.example"});
    ASSERT_TRUE(authority);
    const std::string store =
        java_key_store("words\n-----BEGIN CERTIFICATE-----\nBROKEN\n" +
                           std::string("-----END CERTIFICATE-----\n") + authority->certificate(),
                       "changeit");
    EXPECT_TRUE(store.starts_with(std::string("\xFE\xED\xFE\xED\0\0\0\2\0\0\0\1\0\0\0\2", 16)));
    RunFolder folder;
    Environment plain = environment_of({"NO_PROXY=localhost,127.0.0.1,::1,corp.example, .other.example"});
    EXPECT_EQ(set_java(plain, "http://127.0.0.1:8080", authority->certificate(), folder), true);
    const std::string options(plain.get("JAVA_TOOL_OPTIONS"));
    EXPECT_TRUE(
        options.starts_with("-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=8080 -Dhttp.nonProxyHosts="
                            "localhost|127.*|[::1]|corp.example|*.corp.example|other.example|"
                            "*.other.example -Djavax.net.ssl.trustStore=/"))
        << options;
    Environment own =
        environment_of({"JAVA_TOOL_OPTIONS=-Xmx1g -Djavax.net.ssl.trustStore=/mine", "NO_PROXY=*"});
    EXPECT_EQ(set_java(own, "http://127.0.0.1:8080", authority->certificate(), folder), true);
    EXPECT_EQ(own.get("JAVA_TOOL_OPTIONS"),
              "-Xmx1g -Djavax.net.ssl.trustStore=/mine -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=8080 "
              "-Dhttp.nonProxyHosts=*");
}

/// A host of the user's at a port of ours, or the other way round, is nobody's proxy.
TEST(Java, KeepsAProxyOfTheUsersWhole) {
    RunFolder folder;
    for (const std::string variable : {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}) {
        for (const std::string option :
             {"-Dhttps.proxyHost=corp.example", "-Dhttps.proxyPort=1", "\"-Dhttps.proxyHost=\""}) {
            const std::vector<std::string> lines{variable + "=-Xmx1g " + option};
            Environment own = environment_of(lines);
            EXPECT_EQ(set_java(own, "http://127.0.0.1:8080", "", folder), false) << lines[0];
            EXPECT_EQ(own.lines(), lines);
        }
    }
    Environment other = environment_of({"JAVA_TOOL_OPTIONS=-Dhttp.proxyHost=corp.example"});
    EXPECT_EQ(set_java(other, "http://127.0.0.1:8080", "", folder), true);
}

TEST(Peer, IsCalledByWhatItRuns) {
    RunFolder folder;
    const auto file = folder.add("agent.py", "print()");
    const auto long_file = folder.add(std::string(79, 'x') + "\u00e4", "");
    ASSERT_TRUE(file && long_file);
    const std::filesystem::path here = std::filesystem::path(*file).parent_path();
    const auto name = [&here](std::string_view executable, std::vector<std::string> arguments) {
        return program_name(executable, arguments, here);
    };
    EXPECT_EQ(name("wget", {"wget", *file}), "wget");
    EXPECT_EQ(name("python3.11", {"python3", *file, "--key"}), "python3.11 agent.py");
    EXPECT_EQ(name("python3.11", {"python3", "agent.py"}), "python3.11 agent.py");
    EXPECT_EQ(name("python3.11", {"python3", *long_file}), "python3.11 " + std::string(79, 'x'));
    // Whatever else an argument is, it may hold what nobody is to read.
    for (const char* const first : {"-m", "-c", "-cK='sk-SECRET123'", "--eval=sk-SECRET123", "sk-SECRET123",
                                    "-", "", ".", "/dev/null", "agent.py\nsk-SECRET123"})
        EXPECT_EQ(name("python3.11", {"python3", first, "agent"}), "python3.11") << first;
    EXPECT_EQ(name("python3.11", {"python3", std::string(100'000, '/') + "sk-SECRET123"}), "python3.11");
    EXPECT_EQ(name("node", {"node"}), "node");
    EXPECT_EQ(name("", {}), "");
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

TEST(RunFolder, TakesAwayWhatKilledRunsLeft) {
    RunFolder running;
    const auto kept = running.add("a.pem", "content");
    ASSERT_TRUE(kept);
    const std::filesystem::path left =
        std::filesystem::path(*kept).parent_path().parent_path() / "steno-run-killed";
    std::filesystem::create_directory(left);
    std::ofstream(left / "a.pem") << "content";
    RunFolder next;
    ASSERT_TRUE(next.add("a.pem", "content"));
    EXPECT_FALSE(std::filesystem::exists(left));
    EXPECT_TRUE(std::filesystem::exists(*kept));
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
