#include "templates/rendering.hpp"

#include "base/json_writer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace steno::prompts {

namespace {

using Names = std::set<std::string, std::less<>>;

/// A number and true are texts as well where one is asked for.
bool takes(VariableType type, const Value& value) {
    return fits(value, type) || (type == VariableType::String &&
                                 (value.type == Value::Type::Number || value.type == Value::Type::Boolean));
}

/// What a template includes, directly or not: parsed once each, and the variables that they declare.
class Library {
  public:
    explicit Library(const Includes& includes) : includes_(includes) {}

    Result<void> add_all_of(const Template& text) {
        for (const Template::Node& node : text.nodes()) {
            if (node.kind != Template::Kind::Include) continue;
            STENO_TRY(add(text.text_of(node), text.indent_of(node)));
        }
        return {};
    }
    [[nodiscard]] const Template& of(std::string_view include, std::string_view indent) const {
        return templates_.find(key(include, indent))->second;
    }
    [[nodiscard]] const std::map<std::string, Template, std::less<>>& templates() const { return templates_; }
    [[nodiscard]] const std::vector<Variable>& variables() const { return variables_; }

  private:
    static std::string key(std::string_view include, std::string_view indent) {
        return fmt::format("{}\n{}", include, indent);
    }

    Result<void> add(std::string_view include, std::string_view indent) {
        // By name and not by text: two versions of a prompt that include each other are a circle as well.
        const Reference reference = reference_of(include);
        const auto again = std::ranges::find(path_, reference.name,
                                             [](const std::string& name) { return reference_of(name).name; });
        if (again != path_.end())
            return fail(Code::InvalidArgument,
                        fmt::format("{{{{> {}}}}} includes itself: {} > {}", include,
                                    fmt::join(again, path_.end(), " > "), include),
                        "take one of these includes out");
        // Also one that is known: another way to it may be longer.
        if (path_.size() == kMaxIncludeDepth)
            return fail(Code::InvalidArgument,
                        fmt::format("includes in includes more than {} deep: {} > {}", kMaxIncludeDepth,
                                    fmt::join(path_, " > "), include),
                        "take one of them out, or write its text there");
        path_.emplace_back(include);
        const auto known = templates_.find(key(include, indent));
        STENO_TRY(known != templates_.end() ? within(known->second) : load(reference, include, indent));
        path_.pop_back();
        return {};
    }

    /// Each way into it counts, for each is one that rendering may take.
    Result<void> within(const Template& text) {
        if (++ways_ > kMaxWays)
            return fail(Code::ResourceExhausted, fmt::format("more than {} includes", kMaxWays));
        return add_all_of(text);
    }

    Result<void> load(const Reference& reference, std::string_view include, std::string_view indent) {
        auto text = texts_.find(include);
        if (text == texts_.end()) {
            STENO_ASSIGN(std::string read, read_text(reference, include));
            text = texts_.emplace(include, std::move(read)).first;
        }
        std::string lines = indented(text->second, indent);
        total_ += lines.size();
        if (total_ > kMaxIncludedText)
            return fail(Code::ResourceExhausted,
                        fmt::format("the includes have more than {} bytes", kMaxIncludedText));
        auto parsed = Template::parse(std::move(lines));
        if (!parsed)
            return std::unexpected(
                std::move(parsed).error().with_context(fmt::format("{{{{> {}}}}}", include)));
        const Template& kept = templates_.emplace(key(include, indent), std::move(*parsed)).first->second;
        return within(kept);
    }

    /// Asked for once, however often it is included: a label may move meanwhile.
    Result<std::string> read_text(const Reference& reference, std::string_view include) {
        auto found = includes_(reference);
        if (!found)
            return std::unexpected(
                std::move(found).error().with_context(fmt::format("{{{{> {}}}}}", include)));
        if (!found->messages.empty())
            return fail(Code::InvalidArgument,
                        fmt::format("{{{{> {}}}}} is a chat prompt: only texts can be included", include),
                        "make a text prompt of what is to be included");
        declared_ += size_of(found->variables);
        if (declared_ > kMaxSettings)
            return fail(Code::ResourceExhausted,
                        fmt::format("the includes declare variables of more than {} bytes", kMaxSettings));
        for (Variable& variable : found->variables) variables_.push_back(std::move(variable));
        return std::move(found->text);
    }

    /// Each line with the include's own indent before it (mustache(5)).
    static std::string indented(const std::string& text, std::string_view indent) {
        if (indent.empty()) return text;
        std::string lines;
        std::string_view left = text;
        while (!left.empty() && lines.size() <= kMaxIncludedText) {
            const std::size_t end = std::min(left.find('\n'), left.size() - 1) + 1;
            lines.append(indent).append(left.substr(0, end));
            left.remove_prefix(end);
        }
        return lines;
    }

    static constexpr std::size_t kMaxWays = 10'000;
    const Includes& includes_;
    std::map<std::string, std::string, std::less<>> texts_;   ///< by include
    std::map<std::string, Template, std::less<>> templates_;  ///< by include and indent
    std::vector<Variable> variables_;
    std::vector<std::string> path_;
    std::size_t total_ = 0;
    std::size_t declared_ = 0;  ///< bytes
    std::size_t ways_ = 0;
};

class Renderer {
  public:
    Renderer(const Library& library, const Value& values, const RenderingBounds& bounds)
        : library_(library),
          most_bytes_(std::min(bounds.bytes, kMaxRendering)),
          most_steps_(std::min(bounds.steps, kMaxSteps)) {
        stack_.push_back(&values);
    }

    Result<std::string> render(const Template& text) {
        out_.clear();
        STENO_TRY(nodes(text, 0, text.nodes().size()));
        written_ += out_.size();
        return std::move(out_);
    }

    [[nodiscard]] Names& missing() { return missing_; }

  private:
    Result<void> nodes(const Template& text, std::size_t from, std::size_t to) {
        for (std::size_t i = from; i < to; ++i) {
            const Template::Node& node = text.nodes()[i];
            STENO_TRY(step());
            switch (node.kind) {
                case Template::Kind::Text:
                    out_ += text.text_of(node);
                    break;
                case Template::Kind::Variable:
                    variable(text.text_of(node));
                    break;
                case Template::Kind::Include: {
                    const Template& included = library_.of(text.text_of(node), text.indent_of(node));
                    STENO_TRY(nodes(included, 0, included.nodes().size()));
                    break;
                }
                case Template::Kind::Section:
                case Template::Kind::Inverted:
                    STENO_TRY(section(text, i));
                    i = node.end - 1;
                    break;
            }
            if (written_ + out_.size() > most_bytes_)
                return fail(Code::ResourceExhausted,
                            fmt::format("what it renders to has more than {} bytes", most_bytes_),
                            "give fewer or shorter values");
        }
        return {};
    }

    Result<void> section(const Template& text, std::size_t at) {
        const Template::Node& node = text.nodes()[at];
        const Value* value = look_up(text.text_of(node)).value;
        const bool holds = value != nullptr && is_true(*value);
        if (node.kind == Template::Kind::Inverted)
            return holds ? Result<void>() : nodes(text, at + 1, node.end);
        if (!holds) return {};
        if (value->type != Value::Type::List) return within(*value, text, at + 1, node.end);
        for (const Value& item : value->items) {
            STENO_TRY(step());  // an empty section, too
            STENO_TRY(within(item, text, at + 1, node.end));
        }
        return {};
    }

    Result<void> within(const Value& value, const Template& text, std::size_t from, std::size_t to) {
        stack_.push_back(&value);
        STENO_TRY(nodes(text, from, to));
        stack_.pop_back();
        return {};
    }

    static bool is_true(const Value& value) {
        switch (value.type) {
            case Value::Type::Null:
                return false;
            case Value::Type::Boolean:
                return value.text == "true";
            case Value::Type::String:
                return !value.text.empty();
            case Value::Type::List:
                return !value.items.empty();
            case Value::Type::Number:
            case Value::Type::Object:
                return true;
        }
        return true;
    }

    void variable(std::string_view name) {
        const Found found = look_up(name);
        if (found.value == nullptr || found.value->type == Value::Type::Null) {
            if (!found.lacks.empty()) missing_.emplace(found.lacks);
            return;
        }
        using enum Value::Type;
        const Value& value = *found.value;
        if (value.type == List || value.type == Object)
            out_ += value.to_json();
        else
            out_ += value.text;
    }

    struct Found {
        const Value* value = nullptr;
        std::string_view lacks;  ///< what nobody gave: the whole name, or its first part
    };
    /// The first part in the innermost section that has it, the others within that alone.
    Found look_up(std::string_view name) {
        if (name == ".") return {stack_.back(), {}};
        const std::string_view first = name.substr(0, name.find('.'));
        const Value* value = nullptr;
        std::size_t frame = stack_.size();
        while (frame > 0 && value == nullptr) {
            ++steps_;
            value = stack_[--frame]->member(first);
        }
        if (value == nullptr) return {nullptr, first};
        std::string_view left = name.substr(first.size());
        while (value != nullptr && !left.empty()) {
            left.remove_prefix(1);
            const std::string_view part = left.substr(0, left.find('.'));
            left.remove_prefix(part.size());
            value = value->member(part);
        }
        // What an item of a list leaves out is nobody's to give.
        const bool lacks = frame == 0 && (value == nullptr || value->type == Value::Type::Null);
        return {value, lacks ? name : std::string_view()};
    }

    Result<void> step() {
        if (++steps_ > most_steps_)
            return fail(Code::ResourceExhausted,
                        fmt::format("it takes more than {} steps to render", most_steps_),
                        "give shorter lists, or take a section out of the others");
        return {};
    }

    const Library& library_;
    const std::size_t most_bytes_;
    const std::size_t most_steps_;
    std::vector<const Value*> stack_;
    std::string out_;
    std::size_t written_ = 0;
    std::size_t steps_ = 0;
    Names missing_;
};

/// What templates name, without the members of what they name.
void add_names(const Template& text, Names& names) {
    for (const Template::Node& node : text.nodes()) {
        if (node.kind == Template::Kind::Text || node.kind == Template::Kind::Include) continue;
        const std::string_view whole = text.text_of(node);
        if (const std::string_view first = whole.substr(0, whole.find('.')); !first.empty())
            names.emplace(first);
    }
}

bool is_given(const Value& values, std::string_view name) {
    const Value* value = values.member(name);
    return value != nullptr && value->type != Value::Type::Null;
}

struct Filled {
    Value values;    ///< as given, with defaults
    Names missing;   ///< required, and neither given nor of a default
    Names optional;  ///< not given, and need not be
};

/// The first declaration of each name counts: the prompt's own, then those of what it includes.
Result<Filled> fill(const Value& given, const std::vector<Variable>& declared) {
    Filled filled;
    filled.values = given;
    filled.values.type = Value::Type::Object;
    Names done;
    for (const Variable& variable : declared) {
        if (!done.insert(variable.name).second) continue;
        if (is_given(given, variable.name)) {
            if (!takes(variable.type, *given.member(variable.name)))
                return fail(Code::InvalidArgument,
                            fmt::format("the value of {} is no {}", variable.name, to_string(variable.type)),
                            "the version declares it so; another type needs another version");
        } else if (variable.default_value) {
            STENO_ASSIGN(Value value, Value::parse(*variable.default_value));
            filled.values.set(variable.name, std::move(value));
        } else {
            (variable.required ? filled.missing : filled.optional).insert(variable.name);
        }
    }
    return filled;
}

}  // namespace

Result<Rendering> render(const Content& content, const Value& variables, const Includes& includes,
                         const RenderingBounds& bounds) {
    if (variables.type != Value::Type::Object && variables.type != Value::Type::Null)
        return fail(Code::InvalidArgument, "variables: a JSON object such as {\"tone\": \"friendly\"}");
    std::vector<Template> templates;
    Library library(includes);
    const auto add = [&](const std::string& text) -> Result<void> {
        STENO_ASSIGN(Template parsed, Template::parse(text));
        templates.push_back(std::move(parsed));
        return library.add_all_of(templates.back());
    };
    if (content.messages.empty()) STENO_TRY(add(content.text));
    for (const Message& message : content.messages) STENO_TRY(add(message.content));

    std::vector<Variable> declared = content.variables;
    declared.insert(declared.end(), library.variables().begin(), library.variables().end());
    STENO_ASSIGN(Filled filled, fill(variables, declared));

    Rendering rendering;
    Renderer renderer(library, filled.values, bounds);
    for (std::size_t i = 0; i < templates.size(); ++i) {
        STENO_ASSIGN(std::string text, renderer.render(templates[i]));
        if (content.messages.empty())
            rendering.text = std::move(text);
        else
            rendering.messages.push_back({content.messages[i].role, std::move(text)});
    }
    filled.missing.merge(renderer.missing());
    for (const std::string& name : filled.missing)
        if (!filled.optional.contains(name)) rendering.missing.push_back(name);

    Names names;
    for (const Template& text : templates) add_names(text, names);
    for (const auto& [key, text] : library.templates()) add_names(text, names);
    for (const std::string& name : names)
        if (is_given(filled.values, name)) rendering.used.push_back(name);
    for (const Member& member : variables.members)
        if (!names.contains(member.name)) rendering.unused.push_back(member.name);
    return rendering;
}

static std::string written(const Reference& reference) {
    return reference.which.empty() ? std::string(reference.name)
                                   : fmt::format("{}@{}", reference.name, reference.which);
}

Result<Included> included_in(const Content& content, const Includes& includes) {
    Included included;
    const Includes noting = [&](const Reference& reference) -> Result<Content> {
        STENO_ASSIGN(Content found, includes(reference));
        Content& kept = included[written(reference)];
        kept.text = found.text;
        kept.variables = found.variables;
        return found;
    };
    Library library(noting);
    const auto add = [&](const std::string& text) -> Result<void> {
        STENO_ASSIGN(const Template parsed, Template::parse(text));
        return library.add_all_of(parsed);
    };
    if (content.messages.empty()) STENO_TRY(add(content.text));
    for (const Message& message : content.messages) STENO_TRY(add(message.content));
    return included;
}

Includes from(const Included& included) {
    return [&included](const Reference& reference) -> Result<Content> {
        const auto found = included.find(written(reference));
        if (found == included.end())
            return fail(Code::NotFound, fmt::format("there is no prompt {}", written(reference)));
        return found->second;
    };
}

}  // namespace steno::prompts
