#include "base/text.hpp"
#include "providers/provider.hpp"

namespace steno::providers {

namespace {

std::string beginning(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first == std::string_view::npos ? std::string()
                                           : std::string(utf8_prefix(text.substr(first), kPreviewBytes));
}

/// The texts of a message, a blank between them, as far as they are needed.
std::string text_of(const Message& message, PartType type) {
    std::string text;
    for (const Part& part : message.parts) {
        if (part.type != type || part.text.empty()) continue;
        if (!text.empty()) text.push_back(' ');
        text.append(utf8_prefix(part.text, 4 * kPreviewBytes));
        if (text.size() >= 4 * kPreviewBytes) break;
    }
    return beginning(text);
}

std::string preview_of_prompt(const Call& call) {
    for (auto message = call.request.messages.rbegin(); message != call.request.messages.rend(); ++message) {
        if (message->role != "user" && !message->role.empty()) continue;
        if (std::string text = text_of(*message, PartType::Text); !text.empty()) return text;
    }
    return beginning(call.request.input.text);
}

std::string preview_of_answer(const Call& call) {
    for (const Message& message : call.response.messages) {
        if (std::string text = text_of(message, PartType::Text); !text.empty()) return text;
    }
    if (!call.response.tool_calls.empty()) {
        const ToolCall& first = call.response.tool_calls.front();
        return beginning(first.name + "(" + std::string(utf8_prefix(first.arguments.text, kPreviewBytes)) +
                         ")");
    }
    for (const Message& message : call.response.messages) {
        for (const PartType type : {PartType::Audio, PartType::Reasoning}) {
            if (std::string text = text_of(message, type); !text.empty()) return text;
        }
    }
    return beginning(call.response.output.text);
}

}  // namespace

void fill_preview(Call& call) {
    call.preview = {};
    if (!call.privacy.full_data.value_or(true)) return;
    call.preview.prompt = preview_of_prompt(call);
    call.preview.answer = preview_of_answer(call);
}

}  // namespace steno::providers
