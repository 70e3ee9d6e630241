#include "server/model_caller.hpp"

#include "sources/gateway/own_call.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace steno::server {

namespace {

std::string environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? "" : value;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

/// Where the key for an upstream may stand, the usual name first.
std::vector<std::string> key_variables(const gateway::Upstream& upstream, std::string_view provider) {
    if (provider == "gcp.gemini") return {"GEMINI_API_KEY", "GOOGLE_API_KEY"};
    if (provider == "aws.bedrock") return {"AWS_BEARER_TOKEN_BEDROCK"};
    std::string name;
    for (const char c : upstream.name) {
        name += c >= 'a' && c <= 'z'                               ? static_cast<char>(c - 32)
                : (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c
                                                                   : '_';
    }
    return {name + "_API_KEY"};
}

/// Is the provider one that people hold keys of? Those that run at home have their default URL there; of
/// others we know what the recorded call came with.
bool takes_keys(const providers::ProviderRow& row, bool came_with_key) {
    const auto home = net::BaseUrl::parse(row.default_url);
    return home ? !home->endpoint.is_loopback() : came_with_key || !row.example_url.empty();
}

Fields key_field(std::string_view provider, const std::string& key) {
    if (provider == "anthropic") return {{"x-api-key", key}};
    if (provider == "gcp.gemini") return {{"x-goog-api-key", key}};
    if (provider.starts_with("azure.")) return {{"api-key", key}};
    return {{"Authorization", "Bearer " + key}};
}

Result<Fields> headers_for(const gateway::Upstream& upstream, const providers::ProviderRow& row,
                           bool came_with_key) {
    std::string key;
    const std::vector<std::string> names = key_variables(upstream, row.record_name);
    for (const std::string& name : names) {
        if (key.empty()) key = environment(name);
    }
    // What goes to AWS can be signed instead: the gateway looks to that.
    if (key.empty() && !row.signed_for_aws && !upstream.url.endpoint.is_loopback() &&
        takes_keys(row, came_with_key)) {
        return fail(Code::FailedPrecondition,
                    "no key for " + upstream.name + ": the recorded one is never kept",
                    "start the server with " + names.front() + " in its environment");
    }
    Fields fields;
    if (!key.empty()) fields = key_field(row.record_name, key);
    if (row.record_name == "anthropic") fields.emplace_back("anthropic-version", "2023-06-01");
    return fields;
}

/// How to get an upstream back that there was when the call was recorded.
Error no_way(const evaluation::ModelCaller::Request& request) {
    const auto endpoint = net::Endpoint::parse(request.host);
    const bool here = endpoint && endpoint->is_loopback();
    // Where the path begins with a name of ours, a simulator was meant: it serves each provider under one.
    std::string name = request.provider.substr(0, request.provider.find('.'));
    std::string base;
    bool simulated = false;
    for (const std::string_view known : {"openai", "anthropic", "gemini"}) {
        if (!here || !request.path.starts_with(fmt::format("/{}/", known))) continue;
        name = known;
        base = fmt::format("/{}", known);
        simulated = true;
    }
    std::string remedy = fmt::format("start the server as it was then, with --upstream {}={}://{}{}", name,
                                     here ? "http" : "https", request.host, base);
    if (simulated)
        remedy +=
            fmt::format("\nwith the simulated providers before it: steno sim --listen {}", request.host);
    return {Code::FailedPrecondition,
            fmt::format("this call went to {}, and no upstream leads there now", request.host),
            std::move(remedy)};
}

}  // namespace

Result<Call> GatewayModelCaller::call(const Request& request) {
    for (const auto& [name, upstream] : gateway_.upstreams()) {
        const std::string_view path = request.path;
        const bool same_place = upstream.url.host_header() == request.host &&
                                path.starts_with(upstream.url.path) &&
                                path.substr(upstream.url.path.size()).starts_with('/');
        const providers::ProviderRow row = providers::find_provider(name);
        if (!same_place || row.record_name != request.provider) continue;
        STENO_ASSIGN(auto headers, headers_for(upstream, row, request.came_with_key));
        return gateway::make_own_call(gateway_, {.upstream = name,
                                                 .path = request.path.substr(upstream.url.path.size()),
                                                 .headers = std::move(headers),
                                                 .body = request.body,
                                                 .context = request.context});
    }
    return std::unexpected(no_way(request));
}

}  // namespace steno::server
