#include "server/model_caller.hpp"

#include "sources/gateway/own_call.hpp"

#include <cstdlib>

namespace steno::server {

namespace {

std::string environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? "" : value;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

Result<Fields> credentials(const gateway::Upstream& upstream, std::string_view provider) {
    std::vector<std::string> names;
    if (provider == "gcp.gemini") {
        names = {"GEMINI_API_KEY", "GOOGLE_API_KEY"};
    } else {
        std::string name;
        for (const char c : upstream.name) {
            name += c >= 'a' && c <= 'z'                               ? static_cast<char>(c - 32)
                    : (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c
                                                                       : '_';
        }
        names = {name + "_API_KEY"};
    }
    std::string key;
    for (const std::string& name : names) {
        if (key.empty()) key = environment(name);
    }
    if (key.empty()) {
        if (!upstream.url.endpoint.is_loopback()) {
            return fail(Code::FailedPrecondition,
                        "no key for " + upstream.name + ": the recorded one is never kept",
                        "start the server with " + names.front() + " in its environment");
        }
        key = "none";
    }
    if (provider == "anthropic") return Fields{{"x-api-key", key}, {"anthropic-version", "2023-06-01"}};
    if (provider == "gcp.gemini") return Fields{{"x-goog-api-key", key}};
    return Fields{{"Authorization", "Bearer " + key}};
}

}  // namespace

Result<Call> GatewayModelCaller::call(const Request& request) {
    for (const auto& [name, upstream] : gateway_.upstreams()) {
        const std::string_view path = request.path;
        const bool same_place = upstream.url.host_header() == request.host &&
                                path.starts_with(upstream.url.path) &&
                                path.substr(upstream.url.path.size()).starts_with('/');
        if (!same_place || providers::find_provider(name).record_name != request.provider) continue;
        STENO_ASSIGN(auto headers, credentials(upstream, request.provider));
        return gateway::make_own_call(gateway_, {.upstream = name,
                                                 .path = request.path.substr(upstream.url.path.size()),
                                                 .headers = std::move(headers),
                                                 .body = request.body,
                                                 .context = request.context});
    }
    return fail(Code::FailedPrecondition, "no upstream of this server leads to " + request.host + " any more",
                "start it with --upstream NAME=URL as it was when the call was recorded");
}

}  // namespace steno::server
