#include "intercept/environment.hpp"

#include "base/text.hpp"
#include "net/http.hpp"

#include <algorithm>
#include <array>

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

}  // namespace steno::intercept
