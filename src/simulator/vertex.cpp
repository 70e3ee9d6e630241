#include "simulator/body.hpp"
#include "simulator/errors.hpp"
#include "simulator/reply.hpp"

#include <boost/json/serialize.hpp>

#include <string>

/// Vertex AI: Gemini's answers below longer paths, and the languages of other publishers.
namespace steno::simulator {

namespace json = boost::json;

namespace {

/// What follows `part` in the path, up to the next slash.
std::string_view after(std::string_view path, std::string_view part) {
    const auto at = path.find(part);
    if (at == std::string_view::npos) return {};
    path.remove_prefix(at + part.size());
    return path.substr(0, path.find('/'));
}

/// The body of :rawPredict as the publisher's own endpoint takes it.
std::string own_body(std::string_view text, std::string_view model, bool streams) {
    auto body = parse_body(text);
    json::object* const object = body ? body->if_object() : nullptr;
    if (!object) return std::string(text);
    if (!model.empty()) (*object)["model"] = model;
    if (streams) (*object)["stream"] = true;
    return json::serialize(*body);
}

}  // namespace

Reply answer_vertex(const Incoming& request) {
    Incoming asked = request;
    std::string path;
    std::string body;
    if (constexpr std::string_view kOpenApi = "/endpoints/openapi"; request.path.contains(kOpenApi)) {
        path = "/v1" + std::string(request.path.substr(request.path.find(kOpenApi) + kOpenApi.size()));
        asked.path = path;
        return answer_openai(asked);
    }
    const std::string_view publisher = after(request.path, "/publishers/");
    const auto colon = request.path.rfind(':');
    const std::string_view verb =
        colon == std::string_view::npos ? std::string_view() : request.path.substr(colon + 1);
    if (verb == "rawPredict" || verb == "streamRawPredict") {
        const std::string_view named = after(request.path, "/models/");
        const std::string_view model = named.substr(0, named.rfind(':'));
        const bool counts = model == "count-tokens";
        body = own_body(request.body, counts ? "" : model, verb == "streamRawPredict");
        asked.body = body;
        if (publisher == "anthropic") {
            asked.path = counts ? "/v1/messages/count_tokens" : "/v1/messages";
            if (!request.body.contains("anthropic_version") && !counts) {
                Dice dice(request.seed);
                return error_reply(Vendor::Anthropic, "invalid", {}, dice, model,
                                   "anthropic_version: Field required");
            }
            return answer_anthropic(asked);
        }
        asked.path = "/v1/chat/completions";
        return answer_openai(asked);
    }
    // An endpoint of one's own serves the model of its name.
    if (const std::string_view endpoint = after(request.path, "/endpoints/"); !endpoint.empty()) {
        path = "/v1/models/" + std::string(endpoint);
        asked.path = path;
    }
    return answer_gemini(asked);
}

}  // namespace steno::simulator
