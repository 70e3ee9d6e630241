#include "providers/bedrock.hpp"

#include "base/text.hpp"
#include "providers/anthropic.hpp"
#include "providers/bedrock_bodies.hpp"
#include "providers/cohere.hpp"
#include "providers/http_facts.hpp"
#include "providers/openai.hpp"

#include <algorithm>

namespace steno::providers {

namespace {

constexpr std::string_view kRecordName = "aws.bedrock";

/// What the bodies are.
enum class Body : unsigned char {
    Other,
    Converse,
    Prompt,
    Native,  ///< of a provider that has a reader of its own
};

struct Target {
    Body body = Body::Other;
    bool stream = false;
    bool names_model = false;  ///< POST /model/MODEL/…
    std::string model;
    const Provider* native = nullptr;
    std::string_view native_path;  ///< as that provider names it; empty: the request's
};

const Provider& openai_shaped() {
    static const auto& provider = *new const OpenAiProvider(OpenAiDialect{.record_name = kRecordName});
    return provider;
}

/// Blocks without `type` are Nova's.
bool has_bare_blocks(JsonValue body) {
    for (const JsonValue message : body["messages"].elements()) {
        for (const JsonValue block : message["content"].elements())
            return block.is_object() && !block["type"].has_value();
    }
    return false;
}

/// What InvokeModel's body is: the model's name need not tell, where it is an ARN.
void look_at_native_body(JsonValue body, Target& target) {
    const auto belongs_to = [&](const Provider& provider, std::string_view path) {
        target.body = Body::Native;
        target.native = &provider;
        target.native_path = path;
    };
    const bool chats = body["messages"].is_array();
    if (chats && body["anthropic_version"].has_value())
        return belongs_to(anthropic_provider(), "/v1/messages");
    if (chats && (body["inferenceConfig"].is_object() || has_bare_blocks(body))) {
        target.body = Body::Converse;
    } else if (chats) {
        belongs_to(openai_shaped(), "/v1/chat/completions");
    } else if (body["message"].is_string()) {
        belongs_to(cohere_provider(), "/v1/chat");
    } else if (body["query"].is_string() && body["documents"].is_array()) {
        belongs_to(cohere_provider(), "/v1/rerank");
    } else if (body["prompt"].is_string()) {
        target.body = Body::Prompt;
    } else if (body["texts"].is_array() || body["images"].is_array() || body["inputs"].is_array()) {
        belongs_to(cohere_provider(), "/v1/embed");
    } else {
        target.body = Body::Prompt;
    }
}

bool contains(const std::vector<std::string>& segments, std::string_view name) {
    return std::ranges::find(segments, name) != segments.end();
}

Target target_of(const RequestView& request, JsonValue body) {
    const std::vector<std::string> segments = path_segments(request.path);
    Target target;
    const auto model = std::ranges::find(segments, "model");
    if (model == segments.end() || segments.end() - model < 3) {
        // Bedrock Mantle, and the runtime's OpenAI paths.
        if (contains(segments, "anthropic")) {
            target.native = &anthropic_provider();
        } else if (contains(segments, "openai") || contains(segments, "v1")) {
            target.native = &openai_shaped();
        }
        if (target.native != nullptr) target.body = Body::Native;
        return target;
    }
    if (request.method != "POST") return target;
    target.names_model = true;
    target.model = model[1];
    const std::string& verb = segments.back();
    // An ARN whose slashes were not coded.
    for (auto part = model + 2; part + 1 < segments.end(); ++part) target.model += "/" + *part;
    target.stream = verb == "converse-stream" || verb == "invoke-with-response-stream";
    if (!body.is_object()) return target;
    if (verb == "converse" || verb == "converse-stream") {
        target.body = Body::Converse;
    } else if (verb == "invoke" || verb == "invoke-with-response-stream") {
        look_at_native_body(body, target);
    }
    return target;
}

RequestView as_native(RequestView request, const Target& target) {
    if (!target.native_path.empty()) request.path = target.native_path;
    return request;
}

void name_model(const Target& target, Call& call) {
    call.provider.name = kRecordName;
    if (!target.names_model) return;
    call.model.requested = target.model;
    if (target.body != Body::Other) {
        call.name = target.model;
        call.request.stream = target.stream;
    }
}

/// "arn:aws:bedrock:us-east-1:123456789012:inference-profile/…"
std::string region_of_arn(std::string_view model) {
    if (!model.starts_with("arn:")) return {};
    for (int field = 0; field < 3; ++field) {
        const std::size_t colon = model.find(':');
        if (colon == std::string_view::npos) return {};
        model.remove_prefix(colon + 1);
    }
    return std::string(utf8_prefix(model.substr(0, model.find(':')), 64));
}

class BedrockProvider final : public Provider {
  public:
    void read_request(const RequestView& request, Call& call) const override {
        JsonDocument document;
        document.parse(request.body);
        const JsonValue body = document.root();
        const Target target = target_of(request, body);
        switch (target.body) {
            case Body::Native:
                target.native->read_request(as_native(request, target), call);
                if (body["anthropic_version"].is_string())
                    call.provider.api_version = utf8_prefix(body["anthropic_version"].string(), 200);
                break;
            case Body::Converse:
                read_request_head(request, call);
                read_converse_request(body, call);
                break;
            case Body::Prompt:
                read_request_head(request, call);
                call.model.requested = target.model;
                if (!read_prompt_request(body, call)) {
                    read_unknown_request(request, kRecordName, call);
                    call.request.stream = target.stream;
                    return;
                }
                break;
            case Body::Other:
                read_unknown_request(request, kRecordName, call);
        }
        name_model(target, call);
    }

    std::unique_ptr<ResponseReader> read_response(const RequestView& request, const ResponseView& response,
                                                  Call& call) const override {
        JsonDocument document;
        document.parse(request.body);
        const Target target = target_of(request, document.root());
        std::unique_ptr<ResponseReader> reader;
        if (target.native != nullptr) {
            reader = target.native->read_response(as_native(request, target), response, call);
        } else {
            read_response_head(response, call);
            reader = target.body == Body::Converse ? make_converse_reader(request, response)
                     : target.body == Body::Prompt ? make_prompt_reader(request, response)
                                                   : make_generic_reader(request, response);
        }
        const auto tier = response.header ? response.header("x-amzn-bedrock-service-tier") : std::nullopt;
        if (tier) call.provider.service_tier = utf8_prefix(*tier, 200);
        call.provider.region = region_of_arn(target.model);
        if (call.provider.region.empty())
            call.provider.region = bedrock_region_of_host(call.provider.endpoint.host);
        return reader;
    }
};

}  // namespace

std::string bedrock_region_of_host(std::string_view host) {
    const std::vector<std::string_view> labels = split(host.substr(0, host.find(':')), '.');
    const auto service = std::ranges::find_if(
        labels, [](std::string_view label) { return label == "bedrock" || label.starts_with("bedrock-"); });
    const bool is_aws =
        labels.size() >= 2 && (labels.back() == "aws" || labels.back() == "com" || labels.back() == "cn");
    // At least one label of the domain follows a region.
    if (!is_aws || service == labels.end() || labels.end() - service < 4) return {};
    return std::string(service[1]);
}

const Provider& bedrock_provider() {
    static const auto& provider = *new const BedrockProvider;  // for ever: table.cpp
    return provider;
}

}  // namespace steno::providers
