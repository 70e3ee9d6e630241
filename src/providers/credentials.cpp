#include "providers/credentials.hpp"

#include "base/text.hpp"
#include "providers/credential_names.hpp"
#include "providers/json_view.hpp"
#include "providers/utf8_check.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace steno::providers {

namespace {

constexpr std::string_view kMask = "***";
constexpr std::string_view kQuotedMask = "\"***\"";

// Names as the providers write them.
constexpr std::array<std::string_view, 20> kContent{"messages",
                                                    "content",
                                                    "contents",
                                                    "input",
                                                    "inputs",
                                                    "prompt",
                                                    "system",
                                                    "instructions",
                                                    "arguments",
                                                    "system_instruction",
                                                    "systemInstruction",
                                                    "documents",
                                                    "texts",
                                                    "query",
                                                    "message",
                                                    "chat_history",
                                                    "tool_results",
                                                    "prediction",
                                                    "instances",
                                                    "logprobs"};
/// Maps of a JSON schema, from names of the client's own to schemas.
constexpr std::array<std::string_view, 7> kSchemaMaps{
    "properties",  "parameter_definitions", "patternProperties", "$defs",
    "definitions", "dependentSchemas",      "dependentRequired"};

/// A text between its quotes.
std::string_view as_written(JsonValue text) {
    const std::string_view quoted = text.raw();
    return quoted.substr(1, quoted.size() - 2);
}

/// Finds the values to be replaced, in the order in which they stand.
class Finder {
  public:
    explicit Finder(std::vector<std::string_view>& found) : found_(found) {}

    void look_into(JsonValue value) {
        for (const JsonValue element : value.elements()) look_into(element);
        for (const auto [key, member] : value.members()) {
            const std::string_view name = as_written(key);
            if (std::ranges::find(kContent, name) != kContent.end()) continue;
            if (std::ranges::find(kSchemaMaps, name) != kSchemaMaps.end() && member.is_object()) {
                look_into_schemas(member);
                continue;
            }
            const NameMeaning meaning = meaning_of(name);
            if (meaning == NameMeaning::Credential) {
                take_all(member);
            } else if (member.is_string() && is_credential(meaning, as_written(member))) {
                take(member);
            } else {
                look_into(member);
            }
        }
    }

  private:
    /// Names mean nothing here, unless their value is a text, which is no schema.
    void look_into_schemas(JsonValue map) {
        for (const auto [key, schema] : map.members()) {
            if (schema.is_string() && is_credential(meaning_of(as_written(key)), as_written(schema)))
                take(schema);
            look_into(schema);
        }
    }

    void take_all(JsonValue value) {
        const bool numbers_only = value.is_array() && value.elements().begin() == value.elements().end();
        if (value.is_string() || value.type() == JsonValue::Type::Number ||
            (numbers_only && value.size() != 0))
            take(value);
        for (const JsonValue element : value.elements()) take_all(element);
        for (const auto [key, member] : value.members()) take_all(member);
    }

    void take(JsonValue value) {
        if (!value.is("") && !value.is(kMask)) found_.push_back(value.raw());
    }

    std::vector<std::string_view>& found_;
};

/// Where the string that begins at `at` ends: behind its closing quote, or at the text's end.
std::size_t end_of_string(std::string_view text, std::size_t at) {
    while (++at < text.size() && text[at] != '"') {
        if (text[at] == '\\') ++at;
    }
    return std::min(at + 1, text.size());
}

/// The same in what is not JSON, or not all of it, by names and brackets alone.
class WordFinder {
  public:
    WordFinder(std::string_view text, std::vector<std::string_view>& found) : text_(text), found_(found) {}

    void run() {
        each_telling_name(text_, [this](NameMeaning, std::size_t at) { return take_all(at); });
    }

  private:
    /// The value at `at`: its strings and numbers, but for the names in it. Returns its end.
    std::size_t take_all(std::size_t at) {
        std::size_t open = 0;
        do {
            const std::size_t before = at;
            at = std::min(text_.find_first_not_of(" \t\r\n,:", at), text_.size());
            const bool behind_name = text_.substr(before, at - before).contains(':');
            if (at == text_.size()) break;
            const char c = text_[at];
            if (c == '{' || c == '[') {
                ++open, ++at;
            } else if (c == '}' || c == ']') {
                if (open == 0) break;
                --open, ++at;
            } else if (c == '"') {
                const std::size_t end = end_of_string(text_, at);
                const std::size_t behind = text_.find_first_not_of(" \t\r\n", end);
                const bool name =
                    open > 0 && !behind_name && behind != std::string_view::npos && text_[behind] == ':';
                if (!name) take(at, end);
                at = end;
            } else {
                const std::size_t end = std::min(text_.find_first_of(" \t\r\n,:{}[]\"", at), text_.size());
                const bool number = c == '-' || (c >= '0' && c <= '9');
                if (number) take(at, end);
                at = end;
            }
        } while (open > 0);
        return at;
    }

    void take(std::size_t begin, std::size_t end) {
        const std::string_view value = text_.substr(begin, end - begin);
        if (value != "\"\"" && value != kQuotedMask) found_.push_back(value);
    }

    std::string_view text_;
    std::vector<std::string_view>& found_;
};

/// Of a body that is not one document: JSON lines and server-sent events are read line by line, the rest as
/// words.
void look_into_lines(std::string_view text, std::vector<std::string_view>& found) {
    JsonDocument document;
    std::size_t words = 0;  // where what is still to be read as words begins
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view line = text.substr(at, end - at);
        if (line.starts_with("data:")) line.remove_prefix(5);
        line = trim(line);
        const bool document_like = line.starts_with('{') || line.starts_with('[');
        if (document_like && has_telling_name(line) && document.parse(line)) {
            WordFinder(text.substr(words, at - words), found).run();
            Finder(found).look_into(document.root());
            words = end;
        }
        at = end + 1;
    }
    WordFinder(text.substr(words), found).run();
}

}  // namespace

std::optional<std::string> hide_credentials(std::string_view json_body, std::int64_t& hidden) {
    hidden = 0;
    if (!has_telling_name(json_body)) return std::nullopt;
    JsonDocument document;
    std::string ascii;
    std::string_view text = json_body;
    if (!is_utf8(text)) {  // the document would be of a repaired text, where everything stands elsewhere
        ascii = text;
        std::ranges::replace_if(ascii, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
        text = ascii;
    }
    std::vector<std::string_view> found;
    if (document.parse(text)) {
        Finder(found).look_into(document.root());
    } else {
        look_into_lines(text, found);
    }
    if (found.empty()) return std::nullopt;

    std::string masked;
    masked.reserve(json_body.size());
    std::size_t copied = 0;
    for (const std::string_view value : found) {
        const auto at = static_cast<std::size_t>(value.data() - text.data());
        masked.append(json_body.substr(copied, at - copied)).append(kQuotedMask);
        copied = at + value.size();
    }
    masked.append(json_body.substr(copied));
    hidden = static_cast<std::int64_t>(found.size());
    return masked;
}

}  // namespace steno::providers
