#include "sources/gateway/estimate.hpp"

#include "providers/json_view.hpp"
#include "tokens/family.hpp"

#include <string>
#include <string_view>

namespace steno::gateway {

namespace {

const tokens::Family& family(const Call& call) {
    return tokens::family_of(call.model.served.empty() ? call.model.requested : call.model.served);
}

bool is_media(const Part& part) {
    return part.type == PartType::Image || part.type == PartType::Audio || part.type == PartType::Video ||
           part.type == PartType::Document;
}

/// What of the parameters counts as input.
struct CountedParameters {
    bool continued = false;  ///< the provider adds what it keeps to what was sent (OpenAI's Responses)
    std::string schemas;     ///< JSON: functions in the old way, and forms of the answer
};

CountedParameters look_through(const Json& parameters) {
    CountedParameters out;
    providers::JsonDocument document;
    if (parameters.text.empty() || !document.parse(parameters.text)) return out;
    const providers::JsonValue root = document.root();
    for (const char* const name : {"previous_response_id", "conversation", "prompt"})
        out.continued = out.continued || root[name].has_value();
    for (const providers::JsonValue schema :
         {root["functions"], root["response_format"]["json_schema"], root["text"]["format"]["schema"]})
        out.schemas += schema.raw();
    return out;
}

}  // namespace

bool makes_text(Kind kind) noexcept {
    return kind == Kind::Chat || kind == Kind::Completion || kind == Kind::Vision || kind == Kind::Intent;
}

std::optional<std::int64_t> tokens_of_answer(const Call& call) {
    if (!makes_text(call.kind)) return std::nullopt;
    const tokens::Family& how = family(call);
    tokens::TokenCount count(how);
    bool anything = false;
    int tool_calls = 0;
    for (const Message& message : call.response.messages) {
        for (const Part& part : message.parts) {
            if (is_media(part)) return std::nullopt;
            if (part.type == PartType::ToolCall) {
                ++tool_calls;
                count.add(part.name);
                count.add(part.value.text);
            } else if (part.type == PartType::Text || part.type == PartType::Reasoning) {
                anything = anything || !part.text.empty();
                count.add(part.text);
            }
        }
    }
    if (!anything && tool_calls == 0) return std::nullopt;
    count.add_framing(how.per_answer + how.per_tool_call * tool_calls +
                      (tool_calls > 1 ? how.per_parallel_call : 0));
    return count.total();
}

std::optional<std::int64_t> tokens_of_request(const Call& call) {
    if (!makes_text(call.kind)) return std::nullopt;
    const CountedParameters parameters = look_through(call.request.parameters);
    if (parameters.continued) return std::nullopt;
    const tokens::Family& how = family(call);
    const bool chat = call.kind != Kind::Completion;
    tokens::TokenCount count(how);
    if (!call.request.system.empty()) {
        count.add(call.request.system);
        count.add_framing(how.per_message);
    }
    for (const Message& message : call.request.messages) {
        if (chat) {
            count.add(message.name);
            count.add_framing(how.per_message);
        }
        for (const Part& part : message.parts) {
            if (is_media(part)) return std::nullopt;
            count.add(part.name);
            count.add(part.text);
            count.add(part.value.text);
        }
    }
    if (count.total() == 0) return std::nullopt;  // tokens as numbers, or nothing that we understand
    if (chat) count.add_framing(how.per_request);
    const std::string& tools = call.request.tools.text;
    tokens::TokenCount schemas(how);
    schemas.add(tools);
    schemas.add(parameters.schemas);
    count.add_framing(how.tools_factor * static_cast<double>(schemas.total()));
    if (tools.size() > std::string_view("[]").size()) count.add_framing(how.per_tools);
    return count.total();
}

void estimate_usage(Call& call) {
    if (call.usage.output_tokens) return;
    const auto output = tokens_of_answer(call);
    if (!output) return;
    call.usage.output_tokens = output;
    if (!call.usage.input_tokens && call.usage.billed.text.empty())
        call.usage.input_tokens = tokens_of_request(call);
    call.usage.estimated = true;
}

}  // namespace steno::gateway
