#include "intercept/environment.hpp"

#include "base/text.hpp"
#include "net/http.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace steno::intercept {

namespace {

/// What the library appends to is `path` below the front. Libraries without a row are reached through the
/// proxy.
struct BaseUrlVariable {
    const char* name;
    std::string_view path;
};
constexpr std::array kBaseUrls{
    BaseUrlVariable{"OPENAI_BASE_URL", "/openai/v1"},      // openai: Python, JS
    BaseUrlVariable{"ANTHROPIC_BASE_URL", "/anthropic"},   // anthropic: Python, JS; Claude Code
    BaseUrlVariable{"GOOGLE_GEMINI_BASE_URL", "/gemini"},  // google-genai: Python, JS
    BaseUrlVariable{"CO_API_URL", "/cohere"},              // cohere: Python, JS
    BaseUrlVariable{"OLLAMA_HOST", "/ollama"},             // ollama: Python, command
};

/// Who reads which name of a file of trusted certificates. `Instead`: of the bundle that it would use
/// otherwise.
enum class Holds { Instead, Besides };
struct TrustVariable {
    const char* name;
    Holds holds;
    std::string_view next = {};  ///< what its reader goes by where the name is not set
};
constexpr std::array kTrust{
    TrustVariable{"SSL_CERT_FILE", Holds::Instead},  // OpenSSL's default: Python's ssl and httpx, Go, Ruby,
                                                     // Rust
    TrustVariable{"REQUESTS_CA_BUNDLE", Holds::Instead, "CURL_CA_BUNDLE"},  // requests
    TrustVariable{"CURL_CA_BUNDLE", Holds::Instead},                        // curl
    TrustVariable{"AWS_CA_BUNDLE", Holds::Instead, "REQUESTS_CA_BUNDLE"},   // botocore, AWS's command
    TrustVariable{"NODE_EXTRA_CA_CERTS", Holds::Besides},
    TrustVariable{"DENO_CERT", Holds::Besides},
};

constexpr std::uintmax_t kMaxInFolder = 1 << 20;  ///< bytes of a file that is to be one certificate
constexpr std::size_t kMaxOfFolders = 8 << 20;    ///< of all of them

/// Where distributions keep theirs: Debian, Alpine; Fedora; openSUSE; others.
constexpr std::array kBundles{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                              "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

std::optional<std::string> content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream all;
    if (!file || !(all << file.rdbuf())) return std::nullopt;
    return std::move(all).str();
}

/// As OpenSSL names what it finds in a folder: the hash of the subject and a number (openssl-rehash(1)).
bool is_hash_name(std::string_view name) {
    return name.size() > 9 && name[8] == '.' &&
           name.substr(0, 8).find_first_not_of("0123456789abcdef") == std::string_view::npos &&
           name.substr(9).find_first_not_of("0123456789") == std::string_view::npos;
}

/// What OpenSSL would trust of folders, "DIR:DIR", as one text; only certificates, whatever else lies there.
std::string certificates_of(std::string_view folders) {
    constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
    constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
    std::string all;
    for (const std::string_view folder : split(folders, ':')) {
        std::error_code failed;
        for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end;
             at.increment(failed)) {
            std::error_code none;
            if (!is_hash_name(at->path().filename().native()) || !at->is_regular_file(none) ||
                at->file_size(none) > kMaxInFolder)
                continue;
            const auto content = content_of(at->path());
            const std::string_view text = content ? std::string_view(*content) : "";
            const std::size_t begin = text.find(kBegin);
            const std::size_t stop = text.find(kEnd, std::min(begin, text.size()));
            if (stop == std::string_view::npos) continue;
            if (all.size() + text.size() > kMaxOfFolders) return all;
            all.append(text.substr(begin, stop + kEnd.size() - begin)).push_back('\n');
        }
    }
    return all;
}

std::string joined(std::string first, std::string_view second) {
    if (!first.empty() && !first.ends_with('\n')) first += '\n';
    return first.append(second);
}

bool is_of(std::string_view line, std::string_view name) {
    return line.size() > name.size() && line[name.size()] == '=' && line.starts_with(name);
}

bool is_for_azure(const Environment& environment) {
    return !environment.get("AZURE_OPENAI_ENDPOINT").empty() ||
           !environment.get("AZURE_OPENAI_API_KEY").empty() ||
           !environment.get("AZURE_OPENAI_AD_TOKEN").empty();
}

}  // namespace

Environment::Environment(char** variables) {
    for (; *variables != nullptr; ++variables) lines_.emplace_back(*variables);
}

std::string_view Environment::get(std::string_view name) const {
    const auto found = std::ranges::find_if(lines_, [name](const auto& line) { return is_of(line, name); });
    return found == lines_.end() ? std::string_view() : std::string_view(*found).substr(name.size() + 1);
}

void Environment::set(const std::string& name, const std::string& value) {
    const auto found = std::ranges::find_if(lines_, [&name](const auto& line) { return is_of(line, name); });
    before_.try_emplace(name,
                        found == lines_.end() ? std::nullopt : std::optional(found->substr(name.size() + 1)));
    (found == lines_.end() ? lines_.emplace_back() : *found) = name + "=" + value;
}

void Environment::unset(std::string_view name) {
    std::erase_if(lines_, [name](const auto& line) { return is_of(line, name); });
}

std::string Environment::changes() const {
    std::string all;
    for (const auto& [name, value] : before_) {
        all += (all.empty() ? "" : " ") + net::percent_encode(name);
        if (value) all += "=" + net::percent_encode(*value);
    }
    return all;
}

void Environment::undo(std::string_view changes) {
    for (const std::string_view change : split(changes, ' ')) {
        const std::size_t equals = change.find('=');
        const std::string name = net::percent_decode(change.substr(0, equals));
        if (equals == std::string_view::npos) {
            unset(name);
        } else {
            set(name, net::percent_decode(change.substr(equals + 1)));
        }
    }
    before_.clear();
}

std::string_view other_proxy(const Environment& environment) {
    for (const char* const name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
        if (const std::string_view url = environment.get(name); !url.empty()) return url;
    }
    return {};
}

std::string_view proxy_exempt(const Environment& environment) {
    const std::string_view lower = environment.get("no_proxy");
    return lower.empty() ? environment.get("NO_PROXY") : lower;
}

std::vector<std::string> set_base_urls(
    Environment& environment, const std::string& front, std::string_view program,
    const std::function<std::optional<NamedUrl>(std::string_view)>& name_of) {
    std::vector<std::string> left_alone;
    for (const auto& [name, path] : kBaseUrls) {
        const std::string_view given = environment.get(name);
        const bool of_openai = std::string_view(name) == "OPENAI_BASE_URL";
        // It is also the address that a server of Ollama's listens on, which any program may start. So only a
        // URL that the user has set is led here.
        if (std::string_view(name) == "OLLAMA_HOST" &&
            (!given.contains("://") || program.ends_with("ollama")))
            continue;
        if (given.empty()) {
            // The client for Azure of OpenAI's JS library would take it for its own; the proxy sees that
            // one's calls.
            if (!of_openai || !is_for_azure(environment)) environment.set(name, front + std::string(path));
        } else if (const auto known = name_of(given)) {
            environment.set(name, front + "/" + known->name + known->path);
        } else {
            left_alone.emplace_back(name);
        }
    }
    return left_alone;
}

void set_proxy(Environment& environment, const std::string& front) {
    for (const char* const name : {"HTTPS_PROXY", "https_proxy"}) environment.set(name, front);
    std::string none(proxy_exempt(environment));
    if (none != "*") none += (none.empty() ? "" : ",") + std::string("localhost,127.0.0.1,::1");
    for (const char* const name : {"NO_PROXY", "no_proxy"}) environment.set(name, none);
    // Node heeds the proxy's variables only if it is told to (Node 22.21 and 24).
    environment.set("NODE_USE_ENV_PROXY", "1");
}

Result<bool> set_trust(Environment& environment, const std::string& certificate, RunFolder& folder) {
    std::optional<std::string> system;
    if (const std::string_view own = environment.get("SSL_CERT_FILE"); !own.empty()) {
        system = content_of(std::string(own));
    } else {
        for (const char* const path : kBundles) {
            if ((system = content_of(path))) break;
        }
    }
    if (!system || system->empty()) return false;
    // Beside the file OpenSSL goes by these. Clients differ in which of the two comes first, or alone.
    system = joined(std::move(*system), certificates_of(environment.get("SSL_CERT_DIR")));
    const Environment before_us = environment;
    std::map<std::string, std::string> files;  // content to path
    for (const auto& [name, holds, next] : kTrust) {
        std::string_view given = before_us.get(name);
        if (given.empty() && !next.empty()) given = before_us.get(next);
        std::optional<std::string> before = holds == Holds::Instead ? system : std::string();
        // A file that cannot be read, or a folder: the program will make of it what it would have made.
        if (!given.empty()) before = content_of(std::string(given));
        if (!before) continue;
        std::string bundle = joined(std::move(*before), certificate);
        std::string& path = files[bundle];
        if (path.empty()) {
            STENO_ASSIGN(path, folder.add("certificates-" + std::to_string(files.size()) + ".pem", bundle));
        }
        environment.set(name, path);
    }
    return true;
}

}  // namespace steno::intercept
