#include "prompts/prompt_file.hpp"

#include "base/text.hpp"
#include "record/json_reader.hpp"
#include "templates/value.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <sstream>
#include <utility>

namespace steno::prompts {

namespace {

constexpr std::string_view kMark = "+++";
constexpr std::array<std::string_view, 3> kJson = {"parameters", "tools", "response_schema"};

std::unexpected<Error> wrong(std::string what) {
    return fail(Code::InvalidArgument, std::move(what),
                "a line \"+++\", TOML such as name = \"answer\", a line \"+++\", and the text");
}

/// Takes the first line off.
std::string_view next_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

/// As whole numbers of TOML are told from others: with a point.
std::string digits_of(double number) {
    const std::string shortest = fmt::format("{}", number);
    return shortest.find_first_of(".e") == std::string::npos ? shortest + ".0" : shortest;
}

/// As JSON would have it. (The library's own JSON has 0.10000000000000001 where 0.1 was written.)
Value value_of(const toml::node& node) {
    Value value;
    const auto text = [&](Value::Type type, std::string as) {
        value.type = type;
        value.text = std::move(as);
    };
    const auto moment = [&](const auto& of) {
        std::ostringstream out;
        out << of;
        text(Value::Type::String, std::move(out).str());
    };
    if (const auto* table = node.as_table()) {
        value.type = Value::Type::Object;
        for (const auto& [name, member] : *table) value.set(name.str(), value_of(member));
    } else if (const auto* array = node.as_array()) {
        value.type = Value::Type::List;
        for (const toml::node& item : *array) value.items.push_back(value_of(item));
    } else if (const auto* string = node.as_string()) {
        text(Value::Type::String, string->get());
    } else if (const auto* integer = node.as_integer()) {
        text(Value::Type::Number, std::to_string(integer->get()));
    } else if (const auto* number = node.as_floating_point()) {
        const bool is_json = std::isfinite(number->get());
        text(is_json ? Value::Type::Number : Value::Type::String, digits_of(number->get()));
    } else if (const auto* boolean = node.as_boolean()) {
        text(Value::Type::Boolean, boolean->get() ? "true" : "false");
    } else if (const auto* date = node.as_date()) {
        moment(date->get());
    } else if (const auto* time = node.as_time()) {
        moment(time->get());
    } else if (const auto* date_time = node.as_date_time()) {
        moment(date_time->get());
    }
    return value;
}

Result<Value> read_toml(std::string_view toml) {
    try {
        return value_of(toml::parse(toml));
    } catch (const toml::parse_error& error) {
        // The mark's own line is the first.
        return wrong(fmt::format("line {}: {}", error.source().begin.line + 1, error.description()));
    }
}

/// A member whose JSON was written as a text.
Result<bool> read_json_text(std::string_view name, const Value& value, Content& content) {
    if (value.type != Value::Type::String || std::ranges::find(kJson, name) == kJson.end()) return false;
    JsonReader json(value.text);
    auto known = read_member(json, name, content);
    if (!known) return known;
    if (!json.at_end())
        return fail(Code::InvalidArgument, fmt::format("{}: no JSON: {}", name, json.problem()));
    return true;
}

Result<std::vector<std::string>> list_of_texts(std::string_view name, const Value& value) {
    std::vector<std::string> texts;
    const bool good =
        value.type == Value::Type::List && std::ranges::all_of(value.items, [&](const Value& v) {
            texts.push_back(v.text);
            return v.type == Value::Type::String;
        });
    if (!good) return fail(Code::InvalidArgument, fmt::format("{}: a list of texts", name));
    return texts;
}

/// The default of what is no text may be JSON in a text, as we write it.
void undo_json_defaults(Content& content) {
    for (Variable& variable : content.variables) {
        if (variable.type == VariableType::String || !variable.default_value) continue;
        const auto value = Value::parse(*variable.default_value);
        if (!value || value->type != Value::Type::String) continue;
        const auto inner = Value::parse(value->text);
        if (inner && fits(*inner, variable.type)) variable.default_value = inner->to_json();
    }
}

std::string without_carriage_returns(std::string_view text) {
    std::string lines;
    lines.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i)
        if (!text.substr(i).starts_with("\r\n")) lines += text[i];
    return lines;
}

Result<void> read_header(const Value& header, PromptFile& file) {
    for (const Member& member : header.members) {
        const Value& value = member.value;
        const auto text = [&](std::string& into) -> Result<void> {
            if (value.type != Value::Type::String)
                return fail(Code::InvalidArgument, fmt::format("{}: a text in quotes", member.name));
            into = value.text;
            return {};
        };
        if (member.name == "name") {
            STENO_TRY(text(file.name));
        } else if (member.name == "description") {
            STENO_TRY(text(file.description));
        } else if (member.name == "author") {
            STENO_TRY(text(file.version.author));
        } else if (member.name == "notes") {
            STENO_TRY(text(file.version.notes));
        } else if (member.name == "version") {
            std::string number;
            STENO_TRY(text(number));
            STENO_ASSIGN(file.version.number, VersionNumber::parse(number));
        } else if (member.name == "tags") {
            STENO_ASSIGN(file.tags, list_of_texts(member.name, value));
        } else if (member.name == "labels") {
            STENO_ASSIGN(file.version.labels, list_of_texts(member.name, value));
        } else {
            STENO_ASSIGN(const bool as_text, read_json_text(member.name, value, file.version.content));
            if (as_text) continue;
            const std::string json = value.to_json();
            JsonReader reader(json);
            STENO_ASSIGN(const bool known, read_member(reader, member.name, file.version.content));
            if (!known)
                return fail(
                    Code::InvalidArgument, fmt::format("a prompt has no \"{}\"", member.name),
                    fmt::format("name, version, description, tags, labels, author, notes, {}", kMemberNames));
        }
    }
    undo_json_defaults(file.version.content);
    return {};
}

/// In quotes, on one line.
std::string toml_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out.append("\\").append(1, c);
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
        else
            out += c;
    }
    return out + '"';
}

/// Over several lines, as it reads; but none of them begins as the line does that ends the TOML.
std::string on_lines(std::string_view text) {
    std::string out = "\"\"\"\n";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\n' || c == '\t')
            out += c;
        else if (c == '+' && (i == 0 || text[i - 1] == '\n'))
            out += "\\u002B";
        else if (c == '"' || c == '\\')
            out.append("\\").append(1, c);
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
        else
            out += c;
    }
    return out + "\"\"\"";
}

/// JSON as it reads, where nothing in it ends the text early.
std::string json_text(const std::string& json) {
    const auto value = Value::parse(json);
    const std::string lines = value ? value->to_lines() : json;
    if (lines.find("'''") != std::string::npos || lines.find('\x7f') != std::string::npos)
        return on_lines(lines);
    return "'''\n" + lines + "'''";
}

void add_settings(std::string& out, const Content& content) {
    const auto line = [&](std::string_view name, const std::string& value) {
        out += fmt::format("{} = {}\n", name, value);
    };
    if (!content.goal.empty()) line("goal", toml_string(content.goal));
    if (!content.model.empty()) line("model", toml_string(content.model));
    if (content.temperature) line("temperature", fmt::format("{}", *content.temperature));
    if (content.top_p) line("top_p", fmt::format("{}", *content.top_p));
    if (content.top_k) line("top_k", std::to_string(*content.top_k));
    if (content.token_limit) line("token_limit", std::to_string(*content.token_limit));
    if (!content.parameters.empty()) line("parameters", json_text(content.parameters));
    if (!content.tools.empty()) line("tools", json_text(content.tools));
    if (!content.response_schema.empty()) line("response_schema", json_text(content.response_schema));
}

/// Whether TOML gives the number back in the same digits.
bool is_same_in_toml(std::string_view number) {
    if (number.find_first_of(".eE") == std::string_view::npos) return number.size() <= 18 && number != "-0";
    double value = 0;
    const char* const last = number.data() + number.size();
    const auto [end, error] = std::from_chars(number.data(), last, value);
    return error == std::errc{} && end == last && digits_of(value) == number;
}

std::string default_text(const Variable& variable) {
    using enum VariableType;
    const std::string& json = *variable.default_value;
    switch (variable.type) {
        case List:
        case Object:
            return json_text(json);
        case Number:
        case Integer:
            return is_same_in_toml(json) ? json : toml_string(json);
        case Boolean:
            return json;
        case String:
            break;
    }
    const auto value = Value::parse(json);
    return toml_string(value ? value->text : "");
}

std::string list_of(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + toml_string(text);
    return "[" + out + "]";
}

}  // namespace

Result<PromptFile> read_prompt_file(std::string_view file) {
    if (!is_valid_utf8(file)) return wrong("the file is no UTF-8");
    if (file.starts_with("\xef\xbb\xbf")) file.remove_prefix(3);
    std::string as_elsewhere;
    if (const std::size_t end = file.find('\n');
        end != std::string_view::npos && end > 0 && file[end - 1] == '\r')
        file = as_elsewhere = without_carriage_returns(file);
    if (next_line(file) != kMark) return wrong("the file does not begin with a line \"+++\"");
    const std::string_view toml_begin = file;
    std::size_t toml_size = 0;
    for (bool closed = false; !closed;) {
        if (file.empty()) return wrong("the line \"+++\" behind the TOML is missing");
        toml_size = static_cast<std::size_t>(file.data() - toml_begin.data());
        closed = next_line(file) == kMark;
    }
    STENO_ASSIGN(const Value header, read_toml(toml_begin.substr(0, toml_size)));
    PromptFile prompt;
    STENO_TRY(read_header(header, prompt));
    if (file.ends_with('\n')) file.remove_suffix(1);
    if (!file.empty() && !prompt.version.content.text.empty())
        return wrong("a text stands in the TOML, and another one behind it");
    if (!file.empty()) prompt.version.content.text = file;
    return prompt;
}

std::string write_prompt_file(const PromptFile& prompt) {
    const Content& content = prompt.version.content;
    std::string out = "+++\n";
    const auto text = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) out += fmt::format("{} = {}\n", name, toml_string(value));
    };
    text("name", prompt.name);
    if (prompt.version.number) text("version", prompt.version.number->text());
    text("description", prompt.description);
    if (!prompt.tags.empty()) out += fmt::format("tags = {}\n", list_of(prompt.tags));
    if (!prompt.version.labels.empty()) out += fmt::format("labels = {}\n", list_of(prompt.version.labels));
    text("author", prompt.version.author);
    text("notes", prompt.version.notes);
    add_settings(out, content);
    for (const Variable& variable : content.variables) {
        out += fmt::format("\n[[variables]]\nname = {}\ntype = \"{}\"\n", toml_string(variable.name),
                           to_string(variable.type));
        if (variable.default_value) out += fmt::format("default = {}\n", default_text(variable));
        if (!variable.required) out += "required = false\n";
        if (!variable.description.empty())
            out += fmt::format("description = {}\n", toml_string(variable.description));
    }
    for (const Message& message : content.messages)
        out += fmt::format("\n[[messages]]\nrole = {}\ncontent = {}\n", toml_string(message.role),
                           on_lines(message.content));
    out += "+++\n";
    return content.messages.empty() ? out + content.text + "\n" : out;
}

}  // namespace steno::prompts
