#include "sql/texts.hpp"

#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "record/texts.hpp"

#include <array>
#include <cstring>

namespace steno::sql {

namespace {

using store::ViewText;

std::optional<std::string> present(std::string text) {
    return text.empty() ? std::nullopt : std::optional(std::move(text));
}

std::optional<std::string> messages_of(const Call& call) {
    const RequestFacts& request = call.request;
    if (request.messages.empty() && request.system.empty()) return present(request.input.text);
    std::string out;
    JsonWriter json(out);
    const auto write = [&json](std::string_view role, std::string_view content) {
        json.begin_object();
        json.member("role", role);
        json.member("content", content);
        json.end_object();
    };
    json.begin_array();
    if (!request.system.empty()) write("system", request.system);
    for (const Message& message : request.messages) write(message.role, text_of(message));
    json.end_array();
    return out;
}

std::optional<std::string> prompt_of(const Call& call) {
    std::string text = call.request.system;
    for (const Message& message : call.request.messages) {
        const std::string piece = text_of(message);
        if (piece.empty()) continue;
        if (!text.empty()) text += "\n\n";
        text += piece;
    }
    return present(text.empty() ? call.request.input.text : text);
}

std::optional<std::string> answer_of(const Call& call) {
    const std::string text = answer_text(call);
    return present(text.empty() ? call.response.output.text : text);
}

/// One as an object, several as an array of them.
std::optional<std::string> function_call_of(const Call& call) {
    if (call.response.tool_calls.empty()) return std::nullopt;
    const bool several = call.response.tool_calls.size() > 1;
    std::string out;
    JsonWriter json(out);
    if (several) json.begin_array();
    for (const ToolCall& tool : call.response.tool_calls) {
        json.begin_object();
        json.member("name", tool.name);
        if (!tool.arguments.text.empty()) json.member_raw("arguments", tool.arguments.text);
        json.end_object();
    }
    if (several) json.end_array();
    return out;
}

/// A row's places in the journal, as they travel.
struct Places {
    Uuid closed_stream, opened_stream;
    std::uint64_t closed = 0, opened = 0;
    std::uint8_t is_opened = 0;
    ViewText text = ViewText::None;
};
static_assert(std::is_trivially_copyable_v<Places>);

constexpr char kMark = '\x01';
constexpr std::string_view kHex = "0123456789abcdef";

}  // namespace

std::vector<std::optional<std::string>> read_texts(ingest::CallReader& calls, const store::Row& positions,
                                                   std::span<const ViewText> wanted) {
    Call call;
    call.id = positions.call.id;
    call.project = positions.call.project;
    calls.add_payload(positions, call);
    std::vector<std::optional<std::string>> out;
    for (const ViewText text : wanted) {
        switch (text) {
            case ViewText::Messages:
                out.push_back(messages_of(call));
                break;
            case ViewText::Answer:
                out.push_back(answer_of(call));
                break;
            case ViewText::FunctionCall:
                out.push_back(function_call_of(call));
                break;
            case ViewText::Prompt:
                out.push_back(prompt_of(call));
                break;
            case ViewText::Variables:
                out.push_back(present(call.prompt.variables.text));
                break;
            case ViewText::Structured:
                out.push_back(present(call.response.structured.text));
                break;
            case ViewText::None:
                out.emplace_back();
                break;
        }
    }
    return out;
}

std::string reference(std::string_view secret, const store::Row& positions, ViewText text) {
    Places places;
    std::memset(static_cast<void*>(&places), 0, sizeof places);  // the gaps travel, too
    places.closed_stream = positions.closed_at.stream;
    places.closed = positions.closed_at.sequence;
    if (positions.opened_at) {
        places.is_opened = 1;
        places.opened_stream = positions.opened_at->stream;
        places.opened = positions.opened_at->sequence;
    }
    places.text = text;
    const std::string_view bytes(reinterpret_cast<const char*>(&places), sizeof places);
    const Sha256 seal = hmac_sha256(secret, bytes);
    std::string out(1, kMark);
    for (const std::string_view piece : {bytes, as_text(seal)}) {
        for (const char c : piece) {
            const auto byte = static_cast<unsigned char>(c);
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        }
    }
    return out;
}

std::optional<Reference> parse_reference(std::string_view secret, std::string_view cell) {
    std::array<char, sizeof(Places) + sizeof(Sha256)> bytes{};
    if (cell.size() != 1 + 2 * bytes.size() || cell.front() != kMark) return std::nullopt;
    cell.remove_prefix(1);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::size_t high = kHex.find(cell[2 * i]);
        const std::size_t low = kHex.find(cell[2 * i + 1]);
        if (high == kHex.npos || low == kHex.npos) return std::nullopt;
        bytes[i] = static_cast<char>(high << 4 | low);
    }
    const std::string_view said(bytes.data(), sizeof(Places));
    const Sha256 seal = hmac_sha256(secret, said);
    if (std::memcmp(bytes.data() + sizeof(Places), seal.data(), seal.size()) != 0) return std::nullopt;
    Places places;
    std::memcpy(static_cast<void*>(&places), said.data(), said.size());
    Reference out;
    out.text = places.text;
    out.positions.closed_at = {places.closed_stream, places.closed};
    if (places.is_opened != 0) out.positions.opened_at = {places.opened_stream, places.opened};
    return out;
}

}  // namespace steno::sql
