#include "record/texts.hpp"

namespace steno {

std::string text_of(const Message& message) {
    std::string text;
    for (const Part& part : message.parts) {
        if (part.type != PartType::Text && part.type != PartType::ToolResult) continue;
        const std::string& piece = part.text.empty() ? part.value.text : part.text;
        if (piece.empty()) continue;
        if (!text.empty()) text += '\n';
        text += piece;
    }
    return text;
}

std::string answer_text(const Call& call) {
    std::string text;
    for (const Message& message : call.response.messages) {
        const std::string piece = text_of(message);
        if (piece.empty()) continue;
        if (!text.empty()) text += "\n\n";
        text += piece;
    }
    return text;
}

void append_on_one_line(std::string& out, std::string_view json) {
    while (!json.empty()) {
        const std::size_t end = json.find_first_of("\r\n");
        out.append(json.substr(0, end));
        if (end == std::string_view::npos) return;
        json.remove_prefix(end + 1);
    }
}

}  // namespace steno
