#include "templates/content.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include "templates/template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <utility>

namespace steno::prompts {

namespace {

constexpr std::array<std::string_view, 6> kTypes = {"string",  "number", "integer",
                                                    "boolean", "list",   "object"};

Result<void> wrong(std::string_view member, std::string_view takes) {
    return fail(Code::InvalidArgument, fmt::format("{}: {}", member, takes));
}

/// Nothing for null.
template <class T>
Result<void> read_number(JsonReader& json, std::string_view name, std::string_view takes,
                         std::optional<T>& into) {
    into.reset();
    if (json.peek() == JsonReader::Type::Null) {
        (void)json.null();
        return {};
    }
    std::string_view number;
    if (json.peek() != JsonReader::Type::Number || !json.number(number)) return wrong(name, takes);
    T value{};
    const char* const last = number.data() + number.size();
    const auto [end, error] = std::from_chars(number.data(), last, value);
    if (error != std::errc{} || end != last) return wrong(name, takes);
    into = value;
    return {};
}

Result<void> read_count(JsonReader& json, std::string_view name, std::optional<std::int64_t>& into) {
    constexpr std::string_view kTakes = "a whole number from 1 to 1,000,000,000";
    STENO_TRY(read_number(json, name, kTakes, into));
    return !into || (*into >= 1 && *into <= 1'000'000'000) ? Result<void>() : wrong(name, kTakes);
}

/// Any JSON of that type, compact; nothing for null.
Result<void> read_settings(JsonReader& json, std::string_view name, JsonReader::Type type,
                           std::string& into) {
    into.clear();
    const JsonReader::Type is = json.peek();
    if (is == JsonReader::Type::Null) {
        (void)json.null();
        return {};
    }
    if (is != type || !json.raw(into))
        return wrong(name, type == JsonReader::Type::Array ? "a JSON array" : "a JSON object");
    if (into == "{}" || into == "[]") into.clear();
    return {};
}

Result<void> read_message(JsonReader& json, Message& message) {
    Result<void> good;
    const bool whole = json.peek() == JsonReader::Type::Object && json.object([&](std::string_view name) {
        if (name == "role")
            good = read_text(json, "messages: role", message.role);
        else if (name == "content")
            good = read_text(json, "messages: content", message.content);
        else
            good =
                fail(Code::InvalidArgument, fmt::format("a message has no \"{}\"", name), "role and content");
        return good.has_value();
    });
    STENO_TRY(good);
    return whole ? Result<void>() : wrong("messages", R"([{"role": "user", "content": "…"}])");
}

Result<void> read_variable(JsonReader& json, Variable& variable) {
    Result<void> good;
    const auto member = [&](std::string_view name) -> Result<void> {
        if (name == "name") return read_text(json, "variables: name", variable.name);
        if (name == "description") return read_text(json, "variables: description", variable.description);
        if (name == "type") {
            std::string type;
            STENO_TRY(read_text(json, "variables: type", type));
            const auto known = parse_variable_type(type);
            if (!known) return wrong("variables: type", fmt::format("{}", fmt::join(kTypes, ", ")));
            variable.type = *known;
            return {};
        }
        if (name == "required")
            return json.boolean(variable.required) ? Result<void>()
                                                   : wrong("variables: required", "true or false");
        if (name == "default") {
            std::string value;
            if (!json.raw(value)) return wrong("variables: default", "any JSON");
            variable.default_value.reset();
            if (value != "null") variable.default_value = std::move(value);
            return {};
        }
        return fail(Code::InvalidArgument, fmt::format("a variable has no \"{}\"", name),
                    "name, type, default, required, description");
    };
    const bool whole = json.peek() == JsonReader::Type::Object && json.object([&](std::string_view name) {
        good = member(name);
        return good.has_value();
    });
    STENO_TRY(good);
    return whole ? Result<void>() : wrong("variables", R"([{"name": "tone", "default": "friendly"}])");
}

template <class T>
Result<void> read_list(JsonReader& json, std::string_view name, std::size_t most, std::vector<T>& into,
                       Result<void> (*read)(JsonReader&, T&)) {
    into.clear();
    if (json.peek() == JsonReader::Type::Null) {
        (void)json.null();
        return {};
    }
    Result<void> good;
    const bool whole = json.peek() == JsonReader::Type::Array && json.array([&] {
        if (into.size() == most)
            good = wrong(name, fmt::format("more than {}", most));
        else
            good = read(json, into.emplace_back());
        return good.has_value();
    });
    STENO_TRY(good);
    return whole ? Result<void>() : wrong(name, "a list");
}

/// What only stands in templates, told apart: what is asked for always, and what only within sections.
struct Seen {
    std::vector<Variable> variables;
    std::map<std::string, std::size_t, std::less<>> places;
};

void note_names(const Template& text, Seen& seen) {
    std::uint32_t section_end = 0;
    const auto nodes = text.nodes();
    for (std::uint32_t i = 0; i < nodes.size(); ++i) {
        const Template::Node& node = nodes[i];
        if (node.kind == Template::Kind::Text || node.kind == Template::Kind::Include) continue;
        const bool within = i < section_end;
        const bool section = node.kind != Template::Kind::Variable;
        if (section && !within) section_end = node.end;
        const std::string_view whole = text.text_of(node);
        const std::string_view name = whole.substr(0, whole.find('.'));
        if (name.empty()) continue;  // {{.}}
        auto place = seen.places.find(name);
        if (place == seen.places.end()) {
            if (seen.variables.size() >= kMaxVariables) continue;
            place = seen.places.emplace(name, seen.variables.size()).first;
            seen.variables.push_back({std::string(name), VariableType::String, {}, false, {}});
        }
        Variable& known = seen.variables[place->second];
        if (!within && !section) known.required = true;
        if (whole.size() > name.size()) known.type = VariableType::Object;
    }
}

/// Each template of a content that was checked.
template <class F>
void each_template(const Content& content, F&& use) {
    const auto one = [&](const std::string& text) {
        if (const auto parsed = Template::parse(text)) use(*parsed);
    };
    if (content.messages.empty()) one(content.text);
    for (const Message& message : content.messages) one(message.content);
}

}  // namespace

std::string_view to_string(VariableType type) noexcept {
    return kTypes[static_cast<std::size_t>(type)];
}

std::optional<VariableType> parse_variable_type(std::string_view name) noexcept {
    const auto found = std::ranges::find(kTypes, name);
    if (found == kTypes.end()) return std::nullopt;
    return static_cast<VariableType>(found - kTypes.begin());
}

bool fits(const Value& value, VariableType type) {
    using enum Value::Type;
    switch (type) {
        case VariableType::String:
            return value.type == String;
        case VariableType::Number:
            return value.type == Number;
        case VariableType::Integer:
            return value.type == Number && value.text.find_first_of(".eE") == std::string::npos;
        case VariableType::Boolean:
            return value.type == Boolean;
        case VariableType::List:
            return value.type == List;
        case VariableType::Object:
            return value.type == Object;
    }
    return false;
}

std::size_t size_of(const std::vector<Variable>& variables) {
    std::size_t size = 0;
    for (const Variable& variable : variables)
        size += variable.name.size() + variable.description.size() +
                (variable.default_value ? variable.default_value->size() : 0);
    return size;
}

std::vector<KnownVariable> variables_of(const Content& content) {
    std::vector<KnownVariable> known;
    for (const Variable& variable : content.variables) known.push_back({variable, true});
    std::set<std::string_view> declared;
    for (const Variable& variable : content.variables) declared.insert(variable.name);
    Seen seen;
    each_template(content, [&](const Template& text) { note_names(text, seen); });
    for (Variable& variable : seen.variables)
        if (!declared.contains(variable.name)) known.push_back({std::move(variable), false});
    return known;
}

std::vector<std::string> includes_of(const Content& content) {
    std::set<std::string, std::less<>> includes;
    each_template(content, [&](const Template& text) {
        for (const Template::Node& node : text.nodes())
            if (node.kind == Template::Kind::Include) includes.emplace(text.text_of(node));
    });
    return {includes.begin(), includes.end()};
}

Result<void> read_text(JsonReader& json, std::string_view name, std::string& into) {
    into.clear();
    if (json.peek() != JsonReader::Type::String || !json.string(into)) return wrong(name, "a text");
    return {};
}

Result<bool> read_member(JsonReader& json, std::string_view name, Content& content) {
    using enum JsonReader::Type;
    Result<void> good;
    if (name == "goal")
        good = read_text(json, name, content.goal);
    else if (name == "model")
        good = read_text(json, name, content.model);
    else if (name == "temperature")
        good = read_number(json, name, "a number", content.temperature);
    else if (name == "top_p")
        good = read_number(json, name, "a number", content.top_p);
    else if (name == "top_k")
        good = read_count(json, name, content.top_k);
    else if (name == "token_limit")
        good = read_count(json, name, content.token_limit);
    else if (name == "parameters")
        good = read_settings(json, name, Object, content.parameters);
    else if (name == "tools")
        good = read_settings(json, name, Array, content.tools);
    else if (name == "response_schema")
        good = read_settings(json, name, Object, content.response_schema);
    else if (name == "text")
        good = read_text(json, name, content.text);
    else if (name == "messages")
        good = read_list(json, name, kMaxMessages, content.messages, read_message);
    else if (name == "variables")
        good = read_list(json, name, kMaxVariables, content.variables, read_variable);
    else
        return false;
    STENO_TRY(good);
    return true;
}

void write_members(JsonWriter& json, const Content& content) {
    const auto text = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) json.member(name, value);
    };
    const auto raw = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) json.member_raw(name, value);
    };
    text("goal", content.goal);
    text("model", content.model);
    if (content.temperature) json.member("temperature", *content.temperature);
    if (content.top_p) json.member("top_p", *content.top_p);
    if (content.top_k) json.member("top_k", *content.top_k);
    if (content.token_limit) json.member("token_limit", *content.token_limit);
    raw("parameters", content.parameters);
    raw("tools", content.tools);
    raw("response_schema", content.response_schema);
    text("text", content.text);
    if (!content.messages.empty()) {
        json.key("messages");
        json.begin_array();
        for (const Message& message : content.messages) {
            json.begin_object();
            json.member("role", message.role);
            json.member("content", message.content);
            json.end_object();
        }
        json.end_array();
    }
    if (content.variables.empty()) return;
    json.key("variables");
    json.begin_array();
    for (const Variable& variable : content.variables) {
        json.begin_object();
        json.member("name", variable.name);
        json.member("type", to_string(variable.type));
        raw("default", variable.default_value.value_or(""));
        json.member("required", variable.required);
        text("description", variable.description);
        json.end_object();
    }
    json.end_array();
}

std::string to_json(const Content& content) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    write_members(json, content);
    json.end_object();
    return out;
}

Result<Content> content_from_json(std::string_view text) {
    JsonReader json(text);
    Content content;
    Result<void> good;
    const bool whole = json.object([&](std::string_view name) {
        auto known = read_member(json, name, content);
        if (!known)
            good = std::unexpected(std::move(known).error());
        else if (!*known)
            good = fail(Code::InvalidArgument, fmt::format("a prompt has no \"{}\"", name),
                        std::string(kMemberNames));
        return good.has_value();
    });
    STENO_TRY(good);
    if (!whole || !json.at_end())
        return fail(Code::InvalidArgument, "no JSON object: " + json.problem(),
                    R"({"text": "Answer {{question}}"})");
    return content;
}

std::string sha256_of(const Content& content) {
    return to_hex(as_text(sha256(to_json(content))));
}

}  // namespace steno::prompts
