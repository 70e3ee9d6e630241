#include "sources/gateway/estimate.hpp"

#include "providers/json_view.hpp"
#include "tokens/family.hpp"

#include <algorithm>
#include <array>

namespace steno::gateway {

namespace {

/// Tools are shown to a model in a form of its own, which is shorter than their JSON.
constexpr double kToolsFactor = 0.6;

const tokens::Family& family(const Call& call) {
    return tokens::family_of(call.model.served.empty() ? call.model.requested : call.model.served);
}

bool generates_text(Kind kind) {
    return kind == Kind::Chat || kind == Kind::Completion || kind == Kind::Vision || kind == Kind::Intent;
}

bool is_media(const Part& part) {
    return part.type == PartType::Image || part.type == PartType::Audio || part.type == PartType::Video ||
           part.type == PartType::Document;
}

/// Does the provider add what it keeps to what was sent? (OpenAI's Responses)
bool continues_a_conversation(const Call& call) {
    providers::JsonDocument document;
    if (call.request.parameters.text.empty() || !document.parse(call.request.parameters.text)) return false;
    const providers::JsonValue parameters = document.root();
    return std::ranges::any_of(std::array{"previous_response_id", "conversation", "prompt"},
                               [&](const char* name) { return parameters[name].has_value(); });
}

}  // namespace

std::optional<std::int64_t> tokens_of_answer(const Call& call) {
    if (!generates_text(call.kind)) return std::nullopt;
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
    if (!generates_text(call.kind) || continues_a_conversation(call)) return std::nullopt;
    const tokens::Family& how = family(call);
    const bool chat = call.kind != Kind::Completion;
    tokens::TokenCount count(how);
    if (!call.request.system.empty()) {
        count.add(call.request.system);
        count.add_framing(how.per_message);
    }
    for (const Message& message : call.request.messages) {
        if (chat) {
            count.add(message.role);
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
    if (chat) count.add_framing(how.per_request);
    if (!call.request.tools.text.empty()) {
        tokens::TokenCount tools(how);
        tools.add(call.request.tools.text);
        count.add_framing(kToolsFactor * static_cast<double>(tools.total()));
    }
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
