#include "prompts/check.hpp"

#include "base/text.hpp"
#include "prompts/names.hpp"
#include "templates/template.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace steno::prompts {

namespace {

Result<void> wrong(std::string_view member, std::string_view takes) {
    return fail(Code::InvalidArgument, fmt::format("{}: {}", member, takes));
}

/// What it names is what variables and prompts may be called: reading it has only seen to the marks.
Result<void> check_names(const Template& text) {
    const auto refuse = [&](const Template::Node& node, std::string_view why, std::string remedy) {
        return fail(Code::InvalidArgument, fmt::format("{}: {}", text.position_of(node), why),
                    std::move(remedy));
    };
    for (const Template::Node& node : text.nodes()) {
        if (node.kind == Template::Kind::Text) continue;
        const std::string_view name = text.text_of(node);
        if (node.kind == Template::Kind::Include) {
            const auto good = check_name(reference_of(name).name);
            if (!good)
                return refuse(node, fmt::format("an include names a prompt: {}", good.error().message),
                              good.error().remedy);
        } else if (name != ".") {
            for (const std::string_view part : split(name, '.'))
                if (!is_variable_name(part))
                    return refuse(node, fmt::format("\"{}\" is no name", utf8_prefix(name, 60)),
                                  "names have no spaces, and nothing that nobody sees");
        }
    }
    return {};
}

Result<void> check_variable(const Variable& variable) {
    if (!is_variable_name(variable.name) || variable.name.size() > Template::kMaxName)
        return fail(Code::InvalidArgument,
                    fmt::format("variables: \"{}\" is no name", utf8_prefix(variable.name, 60)),
                    "letters, digits, \"_\" and \"-\"; the members of an object need not be declared");
    STENO_TRY(check_text("the description of a variable", variable.description, kMaxShortText));
    if (!variable.default_value) return {};
    STENO_ASSIGN(const Value value, Value::parse(*variable.default_value));
    if (!fits(value, variable.type))
        return fail(
            Code::InvalidArgument,
            fmt::format("variables: the default of {} is no {}", variable.name, to_string(variable.type)),
            "another default, or another type");
    return {};
}

Result<void> check_number(std::string_view what, const std::optional<double>& number, double most) {
    // Minus 0 equals 0 and is written otherwise: the same content would have two hashes.
    if (!number || (*number >= 0 && *number <= most && !std::signbit(*number))) return {};
    return wrong(what, fmt::format("a number from 0 to {}", most));
}

Result<void> check_template(std::string_view where, const std::string& text) {
    const auto parsed = Template::parse(text);
    const Result<void> good = parsed ? check_names(*parsed) : std::unexpected(parsed.error());
    if (good || where.empty()) return good;
    return std::unexpected(Error(good.error()).with_context(where));
}

Result<void> check_templates(const Content& content) {
    if (content.messages.empty()) {
        if (content.text.empty())
            return fail(
                Code::InvalidArgument, "a prompt needs a text or messages",
                R"("text": "Answer {{question}}" or "messages": [{"role": "system", "content": "…"}])");
        return check_template("", content.text);
    }
    if (!content.text.empty())
        return fail(Code::InvalidArgument, "a prompt is a text or messages, not both",
                    "a text beside others is a message: {\"role\": \"user\", \"content\": \"…\"}");
    if (content.messages.size() > kMaxMessages)
        return fail(Code::InvalidArgument, fmt::format("messages: more than {}", kMaxMessages));
    std::size_t size = 0;
    for (std::size_t i = 0; i < content.messages.size(); ++i) {
        const Message& message = content.messages[i];
        const std::string where = fmt::format("messages[{}]", i);
        if (message.role.empty()) return wrong(where, "has no role, such as system, user or assistant");
        STENO_TRY(check_word(where + ": role", message.role));
        size += message.content.size();
        if (size > kMaxContent)
            return fail(Code::InvalidArgument,
                        fmt::format("the messages have more than {} bytes", kMaxContent));
        STENO_TRY(check_template(where, message.content));
    }
    return {};
}

}  // namespace

Result<void> check_settings(const Content& content) {
    STENO_TRY(check_word("model", content.model));
    STENO_TRY(check_number("temperature", content.temperature, 100));
    STENO_TRY(check_number("top_p", content.top_p, 1));
    for (const auto& [name, json] :
         {std::pair("parameters", &content.parameters), std::pair("tools", &content.tools),
          std::pair("response_schema", &content.response_schema)})
        if (json->size() > kMaxSettings) return wrong(name, fmt::format("more than {} bytes", kMaxSettings));
    return {};
}

Result<void> check(const Content& content) {
    STENO_TRY(check_text("goal", content.goal, kMaxShortText));
    STENO_TRY(check_settings(content));
    if (size_of(content.variables) > kMaxSettings)
        return wrong("variables", fmt::format("more than {} bytes", kMaxSettings));
    std::set<std::string_view> names;
    for (const Variable& variable : content.variables) {
        STENO_TRY(check_variable(variable));
        if (!names.insert(variable.name).second)
            return fail(Code::InvalidArgument, fmt::format("variables: {} is declared twice", variable.name),
                        "once is enough, however often it is used");
    }
    return check_templates(content);
}

}  // namespace steno::prompts
