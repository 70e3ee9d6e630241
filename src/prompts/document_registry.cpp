#include "prompts/document_registry.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "prompts/names.hpp"
#include "record/json_reader.hpp"
#include "templates/template.hpp"
#include "templates/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>
#include <utility>

namespace steno::prompts {

namespace {

using Names = std::set<std::string, std::less<>>;

constexpr std::string_view kExample = R"({"answer": {"1.0": {"prompt": "Answer {question}"}}})";

/// "1.0" also where it was written as a number.
std::string number_of(const Value& version, std::string_view otherwise) {
    const Value* number = version.member("version");
    return number == nullptr || number->text.empty() ? std::string(otherwise) : number->text;
}

class DocumentReader {
  public:
    explicit DocumentReader(Texts texts) : texts_(texts) {}

    Result<DocumentRegistry> read(std::string_view json) {
        STENO_ASSIGN(const Value document, Value::parse(json));
        const Value* prompts = &document;
        if (const Value* inner = document.member("prompts");
            inner != nullptr && document.members.size() == 1 && !is_version(*inner))
            prompts = inner;
        if (prompts->type == Value::Type::List) {
            for (const Value& version : prompts->items) {
                const Value* name = version.member("name");
                if (name == nullptr || name->type != Value::Type::String)
                    return fail(Code::InvalidArgument, "a prompt of the list has no name",
                                R"([{"name": "answer", "version": "1.0", "prompt": "…"}])");
                STENO_TRY(add(name->text, version, ""));
            }
        } else if (prompts->type == Value::Type::Object) {
            for (const Member& member : prompts->members) STENO_TRY(add_all(member.name, member.value));
        } else {
            return fail(Code::InvalidArgument, "no prompt registry: an object of prompts by their names",
                        std::string(kExample));
        }
        for (NewPrompt& prompt : result_.prompts)
            std::ranges::sort(prompt.versions, {}, [](const NewVersion& v) { return *v.number; });
        result_.left_out.assign(left_out_.begin(), left_out_.end());
        return std::move(result_);
    }

  private:
    static bool is_version(const Value& value) {
        return value.member("prompt") != nullptr || value.member("text") != nullptr ||
               value.member("messages") != nullptr;
    }

    Result<void> add_all(const std::string& name, const Value& versions) {
        if (versions.type == Value::Type::List) {
            for (const Value& version : versions.items) STENO_TRY(add(name, version, ""));
            return {};
        }
        if (versions.type != Value::Type::Object)
            return fail(
                Code::InvalidArgument,
                fmt::format("\"{}\": versions, and not {}", name, utf8_prefix(versions.to_json(), 60)),
                "an object of versions by their numbers, a list of them, or one alone");
        if (is_version(versions)) return add(name, versions, "");
        for (const Member& member : versions.members) STENO_TRY(add(name, member.value, member.name));
        return {};
    }

    Result<void> add(const std::string& name, const Value& version, std::string_view number) {
        auto fresh = read_version(version, number);
        if (!fresh)
            return std::unexpected(
                std::move(fresh).error().with_context(fmt::format("\"{}\" {}", name, number)));
        const auto [place, is_new] = places_.try_emplace(name, result_.prompts.size());
        if (is_new) result_.prompts.push_back({name});
        result_.prompts[place->second].versions.push_back(std::move(*fresh));
        return {};
    }

    Result<NewVersion> read_version(const Value& version, std::string_view number) {
        if (version.type != Value::Type::Object)
            return fail(Code::InvalidArgument, "a version is an object with a \"prompt\"",
                        std::string(kExample));
        NewVersion fresh;
        const std::string said = number_of(version, number);
        if (said.empty())
            return fail(Code::InvalidArgument, "a version without its number", std::string(kExample));
        STENO_ASSIGN(fresh.number, VersionNumber::parse(said));
        for (const Member& member : version.members) {
            // What was not set, programs write as null.
            if (member.value.type == Value::Type::Null || member.name == "name" || member.name == "version")
                continue;
            STENO_TRY(read_member_of(member, fresh));
        }
        Content& content = fresh.content;
        if (texts_ == Texts::FormatStrings) {
            STENO_ASSIGN(content.text, template_of_format_string(content.text));
            for (Message& message : content.messages) {
                STENO_ASSIGN(message.content, template_of_format_string(message.content));
            }
        }
        return fresh;
    }

    Result<void> read_member_of(const Member& member, NewVersion& fresh) {
        const auto& [name, value] = member;
        if (name == "author") {
            fresh.author = value.text;
        } else if (name == "notes") {
            fresh.notes = value.text;
        } else if (name == "created_at") {
            fresh.created_at = moment_in_document(value.text);
            if (!fresh.created_at)
                return fail(Code::InvalidArgument, "created_at: a moment such as 2026-01-05T10:00:00");
        } else {
            const std::string json = value.to_json();
            JsonReader reader(json);
            STENO_ASSIGN(const bool known,
                         read_member(reader, name == "prompt" ? "text" : name, fresh.content));
            if (!known) left_out_.insert(name);
        }
        return {};
    }

    const Texts texts_;
    DocumentRegistry result_;
    Names left_out_;
    std::map<std::string, std::size_t, std::less<>> places_;  ///< of prompts in the result, by name
};

/// A piece of a Python format string.
struct Piece {
    std::string text;
    bool is_name = false;
};

std::vector<Piece> pieces_of(std::string_view text) {
    std::vector<Piece> pieces(1);
    const auto literal = [&](std::string_view characters) {
        if (pieces.back().is_name) pieces.push_back({});
        pieces.back().text += characters;
    };
    for (std::size_t i = 0; i < text.size();) {
        const std::string_view left = text.substr(i);
        if (left.starts_with("{{") || left.starts_with("}}")) {
            literal(left.substr(0, 1));
            i += 2;
            continue;
        }
        const std::size_t end = left.front() == '{' ? left.find_first_of("{}", 1) : std::string_view::npos;
        if (end != std::string_view::npos && left[end] == '}' && is_variable_name(left.substr(1, end - 1))) {
            pieces.push_back({std::string(left.substr(1, end - 1)), true});
            i += end + 1;
            continue;
        }
        literal(left.substr(0, 1));
        ++i;
    }
    return pieces;
}

/// Whether the template says exactly these pieces.
bool says(const std::string& text, const std::vector<Piece>& pieces) {
    const auto parsed = Template::parse(text);
    if (!parsed) return false;
    auto wanted = pieces.begin();
    const auto skip_empty = [&] {
        while (wanted != pieces.end() && wanted->text.empty()) ++wanted;
    };
    for (const Template::Node& node : parsed->nodes()) {
        skip_empty();
        const auto kind = wanted == pieces.end() ? Template::Kind::Section
                          : wanted->is_name      ? Template::Kind::Variable
                                                 : Template::Kind::Text;
        if (node.kind != kind || parsed->text_of(node) != wanted->text) return false;
        ++wanted;
    }
    skip_empty();
    return wanted == pieces.end();
}

}  // namespace

Result<std::string> template_of_format_string(std::string_view text) {
    const std::vector<Piece> pieces = pieces_of(text);
    // Others than {{ and }} only where braces stand beside: a JSON example, mostly. Their line leaves no
    // trace.
    constexpr std::array<std::array<std::string_view, 2>, 4> kMarks = {
        {{"{{", "}}"}, {"<%", "%>"}, {"<<", ">>"}, {"[[", "]]"}}};
    for (const auto& [open, close] : kMarks) {
        std::string made = open == "{{" ? std::string() : fmt::format("{{{{={} {}=}}}}\n", open, close);
        for (const Piece& piece : pieces)
            made += piece.is_name ? fmt::format("{}{}{}", open, piece.text, close) : piece.text;
        if (says(made, pieces)) return made;
    }
    return fail(Code::InvalidArgument, "its {variables} cannot be told from its text",
                "import it without --format-strings, and write it as a template");
}

std::optional<Timestamp> moment_in_document(std::string text) {
    if (const auto moment = Timestamp::parse(text)) return moment;
    if (text.size() > 10 && text[10] == ' ') text[10] = 'T';
    if (const auto moment = Timestamp::parse(text)) return moment;
    return Timestamp::parse(text + "Z");
}

Result<DocumentRegistry> read_document_registry(std::string_view json, Texts texts) {
    return DocumentReader(texts).read(json);
}

std::string write_document_registry(const std::vector<Exported>& prompts) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    for (const auto& [prompt, versions] : prompts) {
        json.key(prompt.name);
        json.begin_object();
        for (const Version& version : versions) {
            json.key(version.facts.number.text());
            json.begin_object();
            json.member("name", prompt.name);
            json.member("version", version.facts.number.text());
            Content others = version.content;
            json.member("prompt", others.text);
            others.text.clear();
            write_members(json, others);
            json.key("output");
            json.null();
            if (!version.facts.author.empty()) json.member("author", version.facts.author);
            if (!version.facts.notes.empty()) json.member("notes", version.facts.notes);
            json.member("created_at", version.facts.created_at.to_string());
            json.end_object();
        }
        json.end_object();
    }
    json.end_object();
    return out;
}

}  // namespace steno::prompts
