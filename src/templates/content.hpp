#pragma once

#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "record/json_reader.hpp"
#include "templates/value.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a version of a prompt says, and how it is filled in.
namespace steno::prompts {

enum class VariableType : std::uint8_t { String, Number, Integer, Boolean, List, Object };
std::string_view to_string(VariableType type) noexcept;
std::optional<VariableType> parse_variable_type(std::string_view name) noexcept;

/// What a template's tag stands for.
struct Variable {
    std::string name;
    VariableType type = VariableType::String;
    std::optional<std::string> default_value;  ///< JSON
    bool required = true;                      ///< and has no default: without a value it is missing
    std::string description;
    friend bool operator==(const Variable&, const Variable&) = default;
};

struct Message {
    std::string role;  ///< system, user, assistant, … as the provider has them
    std::string content;
    friend bool operator==(const Message&, const Message&) = default;
};

/// What a version of a prompt says; never changes.
struct Content {
    std::string goal;
    std::string model;
    std::optional<double> temperature;
    std::optional<double> top_p;
    std::optional<std::int64_t> top_k;
    std::optional<std::int64_t> token_limit;
    std::string parameters;       ///< others: a JSON object; empty: none
    std::string tools;            ///< a JSON array; empty: none
    std::string response_schema;  ///< a JSON object; empty: none
    std::string text;             ///< a template; empty where there are messages
    std::vector<Message> messages;
    std::vector<Variable> variables;  ///< those that are declared
    friend bool operator==(const Content&, const Content&) = default;
};

inline constexpr std::size_t kMaxShortText = 10'000;  ///< bytes of goal, notes and descriptions
inline constexpr std::size_t kMaxSettings =
    1u << 20;  ///< bytes of parameters, tools, schema and declarations, each
inline constexpr std::size_t kMaxContent = 10u << 20;  ///< bytes of text or of all messages
inline constexpr std::size_t kMaxMessages = 1000;
inline constexpr std::size_t kMaxVariables = 1000;

/// Whether a default may be of that type: of an integer none with a point or an exponent.
bool fits(const Value& value, VariableType type);
/// Bytes of what variables are declared as, for bounds.
std::size_t size_of(const std::vector<Variable>& variables);

/// Names as their templates say them, beside what is declared.
struct KnownVariable {
    Variable variable;
    bool declared = false;
};
/// Those that are declared, then those that only stand in the templates, as they come there, kMaxVariables at
/// most: strings, or objects where their members are asked for; required where no section around them decides
/// whether they are asked for.
std::vector<KnownVariable> variables_of(const Content& content);
/// What the templates include, as they write it, each once.
std::vector<std::string> includes_of(const Content& content);

// As JSON: members of an object, so that more can stand beside them. `read_member` false: there is none of
// that name; else the value was read, or the error says what the member takes.
Result<bool> read_member(JsonReader& json, std::string_view name, Content& content);
void write_members(JsonWriter& json, const Content& content);
inline constexpr std::string_view kMemberNames =
    "goal, model, temperature, top_p, top_k, token_limit, parameters, tools, response_schema, text or "
    "messages, "
    "variables";
/// The object with these members alone: what is kept, and what the hash is of.
std::string to_json(const Content& content);
Result<Content> content_from_json(std::string_view json);

/// Hexadecimal SHA-256 of to_json: two versions that say the same have the same.
std::string sha256_of(const Content& content);

/// Reads a text; InvalidArgument: something else stands there.
Result<void> read_text(JsonReader& json, std::string_view name, std::string& into);

}  // namespace steno::prompts
