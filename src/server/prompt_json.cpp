#include "server/prompt_json.hpp"

#include "record/json_reader.hpp"

#include <fmt/format.h>

#include <functional>
#include <utility>

namespace steno::server {

namespace {

using namespace prompts;

void write_moment(JsonWriter& json, std::string_view key, const std::optional<Timestamp>& moment) {
    json.key(key);
    if (moment)
        json.string(moment->to_string());
    else
        json.null();
}

void write_text(JsonWriter& json, std::string_view key, const std::optional<std::string>& text) {
    json.key(key);
    if (text)
        json.string(*text);
    else
        json.null();
}

void write_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
    json.key(key);
    json.begin_array();
    for (const std::string& text : texts) json.string(text);
    json.end_array();
}

/// The members of what lists show of a version.
void write_facts_members(JsonWriter& json, const VersionFacts& facts,
                         const std::vector<std::string>& labels) {
    json.member("version", facts.number.text());
    write_texts(json, "labels", labels);
    json.member("author", facts.author);
    json.member("notes", facts.notes);
    json.member("sha256", facts.sha256);
    json.member("size", facts.size);
    json.member("created_at", facts.created_at.to_string());
}

void write_variable(JsonWriter& json, const Variable& variable) {
    json.member("name", variable.name);
    json.member("type", to_string(variable.type));
    json.key("default");
    if (variable.default_value)
        json.raw(*variable.default_value);
    else
        json.null();
    json.member("required", variable.required);
    json.member("description", variable.description);
}

void write_declaration(JsonWriter& json, std::string_view key, const std::optional<Variable>& variable) {
    json.key(key);
    if (!variable) {
        json.null();
        return;
    }
    json.begin_object();
    write_variable(json, *variable);
    json.end_object();
}

void write_hunk(JsonWriter& json, const Hunk& hunk) {
    json.begin_object();
    json.member("from_line", std::uint64_t{hunk.from_line});
    json.member("to_line", std::uint64_t{hunk.to_line});
    json.key("lines");
    json.begin_array();
    for (const DiffLine& line : hunk.lines) {
        json.begin_object();
        json.member("change", to_string(line.change));
        json.key("pieces");
        json.begin_array();
        for (const Piece& piece : line.pieces) {
            json.begin_object();
            json.member("text", piece.text);
            json.member("changed", piece.changed);
            json.end_object();
        }
        json.end_array();
        json.end_object();
    }
    json.end_array();
    if (hunk.more_removed != 0) json.member("more_removed", std::uint64_t{hunk.more_removed});
    if (hunk.more_added != 0) json.member("more_added", std::uint64_t{hunk.more_added});
    json.end_object();
}

std::unexpected<Error> wrong(std::string_view member, std::string_view takes) {
    return fail(Code::InvalidArgument, fmt::format("{}: {}", member, takes));
}

/// Reads the members of a body's object.
Result<void> read_object(std::string_view body, std::string_view example,
                         const std::function<Result<void>(JsonReader&, std::string_view name)>& member) {
    JsonReader json(body);
    Result<void> good;
    const bool whole = json.object([&](std::string_view name) {
        good = member(json, name);
        return good.has_value();
    });
    STENO_TRY(good);
    if (whole && json.at_end()) return {};
    return fail(Code::InvalidArgument, "the body is no JSON object: " + json.problem(), std::string(example));
}

Result<void> read_flag(JsonReader& json, std::string_view name, bool& into) {
    if (json.peek() != JsonReader::Type::Boolean || !json.boolean(into)) return wrong(name, "true or false");
    return {};
}

Result<void> read_texts(JsonReader& json, std::string_view name, std::vector<std::string>& into) {
    into.clear();
    const bool whole = json.peek() == JsonReader::Type::Array && json.array([&] {
        return into.size() < 1000 && json.peek() == JsonReader::Type::String &&
               json.string(into.emplace_back());
    });
    return whole ? Result<void>() : wrong(name, "a list of texts");
}

Result<void> read_variables(JsonReader& json, prompts::Value& into) {
    std::string variables;
    if (!json.raw(variables)) return wrong("variables", "a JSON object");
    STENO_ASSIGN(into, prompts::Value::parse(variables));
    return {};
}

Result<void> read_number(JsonReader& json, std::string_view name, std::optional<VersionNumber>& into) {
    std::string text;
    if (json.peek() == JsonReader::Type::Number)  // of which 1.10 is 1.1
        return wrong(name, R"(a text, such as "1.10")");
    STENO_TRY(read_text(json, name, text));
    STENO_ASSIGN(into, VersionNumber::parse(text));
    return {};
}

}  // namespace

void write_label_members(JsonWriter& json, const Label& label) {
    json.member("label", label.name);
    write_text(json, "version", label.version);
    json.member("protected", label.is_protected);
    json.member("moved_at", label.moved_at.to_string());
}

void write_labels(JsonWriter& json, const Prompt& prompt) {
    json.key("labels");
    json.begin_array();
    for (const Label& label : prompt.labels) {
        json.begin_object();
        write_label_members(json, label);
        json.end_object();
    }
    json.end_array();
}

void write_move(JsonWriter& json, const Move& move) {
    json.begin_object();
    json.member("at", move.at.to_string());
    json.member("by", move.by);
    json.member("reason", move.reason);
    write_text(json, "from", move.from);
    write_text(json, "to", move.to);
    json.member("rollback", move.is_rollback);
    json.end_object();
}

void write_version_facts(JsonWriter& json, const Prompt& prompt, const VersionFacts& facts) {
    json.begin_object();
    write_facts_members(json, facts, prompt.labels_of(facts.number));
    json.member("goal", facts.goal);
    json.member("model", facts.model);
    json.end_object();
}

namespace {

void write_prompt_members(JsonWriter& json, const Prompt& prompt, bool versions) {
    json.member("name", prompt.name);
    json.member("description", prompt.description);
    write_texts(json, "tags", prompt.tags);
    json.member("created_at", prompt.created_at.to_string());
    json.member("changed_at", prompt.changed_at.to_string());
    write_moment(json, "archived_at", prompt.archived_at);
    json.member("etag", prompt.tag());
    json.member("version_count", std::uint64_t{prompt.versions.size()});
    json.key("latest");
    if (prompt.versions.empty())
        json.null();
    else
        write_version_facts(json, prompt, prompt.versions.front());
    write_labels(json, prompt);
    if (versions) {
        json.key("versions");
        json.begin_array();
        for (const VersionFacts& facts : prompt.versions) write_version_facts(json, prompt, facts);
        json.end_array();
    }
}

}  // namespace

void write_prompt(JsonWriter& json, const Prompt& prompt, bool versions) {
    json.begin_object();
    write_prompt_members(json, prompt, versions);
    json.end_object();
}

void write_changed_prompt(JsonWriter& json, const Prompt& prompt, const std::vector<std::string>& warnings) {
    json.begin_object();
    write_prompt_members(json, prompt, true);
    write_warnings(json, warnings);
    json.end_object();
}

void write_warnings(JsonWriter& json, const std::vector<std::string>& warnings) {
    write_texts(json, "warnings", warnings);
}

void write_version_members(JsonWriter& json, const Version& version) {
    json.member("name", version.prompt);
    write_facts_members(json, version.facts, version.labels);
    write_members(json, version.content);
    json.key("undeclared");
    json.begin_array();
    for (const KnownVariable& known : variables_of(version.content)) {
        if (known.declared) continue;
        json.begin_object();
        write_variable(json, known.variable);
        json.end_object();
    }
    json.end_array();
    write_texts(json, "includes", includes_of(version.content));
}

void write_included(JsonWriter& json, const prompts::Included& included) {
    json.key("included");
    json.begin_array();
    for (const auto& [include, content] : included) {
        json.begin_object();
        json.member("include", include);
        write_members(json, content);
        json.end_object();
    }
    json.end_array();
}

void write_difference(JsonWriter& json, const Difference& difference) {
    const auto raw = [&](std::string_view key, const std::optional<std::string>& value) {
        json.key(key);
        if (value)
            json.raw(*value);
        else
            json.null();
    };
    json.member("same", difference.none());
    json.key("fields");
    json.begin_array();
    for (const FieldChange& change : difference.fields) {
        json.begin_object();
        json.member("field", change.field);
        raw("from", change.from);
        raw("to", change.to);
        json.end_object();
    }
    json.end_array();
    json.key("texts");
    json.begin_array();
    for (const TextChange& change : difference.texts) {
        json.begin_object();
        json.member("field", change.field);
        json.key("hunks");
        json.begin_array();
        for (const Hunk& hunk : change.hunks) write_hunk(json, hunk);
        json.end_array();
        json.end_object();
    }
    json.end_array();
    json.key("variables");
    json.begin_array();
    for (const VariableChange& change : difference.variables) {
        json.begin_object();
        json.member("name", change.name);
        write_declaration(json, "from", change.from);
        write_declaration(json, "to", change.to);
        json.end_object();
    }
    json.end_array();
}

void write_rendering(JsonWriter& json, const Rendering& rendering) {
    if (rendering.messages.empty()) {
        json.member("text", rendering.text);
    } else {
        json.key("messages");
        json.begin_array();
        for (const Message& message : rendering.messages) {
            json.begin_object();
            json.member("role", message.role);
            json.member("content", message.content);
            json.end_object();
        }
        json.end_array();
    }
    write_texts(json, "missing", rendering.missing);
    write_texts(json, "unused", rendering.unused);
    write_texts(json, "used", rendering.used);
    json.member("all_variables_present", rendering.missing.empty());
}

Result<SentPrompt> read_sent_prompt(std::string_view body, bool whole) {
    SentPrompt sent;
    NewVersion& version = sent.version;
    STENO_TRY(read_object(
        body,
        whole ? R"({"name": "answer", "text": "Answer {{question}}"})" : R"({"text": "Answer {{question}}"})",
        [&](JsonReader& json, std::string_view name) -> Result<void> {
            if (whole && name == "name") return read_text(json, name, sent.name.emplace());
            if (whole && name == "description") return read_text(json, name, sent.description.emplace());
            if (whole && name == "tags") return read_texts(json, name, sent.tags.emplace());
            if (name == "version") return read_number(json, name, version.number);
            if (name == "author") return read_text(json, name, version.author);
            if (name == "notes") return read_text(json, name, version.notes);
            if (name == "labels") return read_texts(json, name, version.labels);
            if (name == "allow_lower") return read_flag(json, name, version.allow_lower);
            STENO_ASSIGN(const bool known, read_member(json, name, version.content));
            if (known) return {};
            return fail(Code::InvalidArgument, fmt::format("a prompt has no \"{}\"", name),
                        fmt::format("{}version, author, notes, labels, allow_lower, {}",
                                    whole ? "name, description, tags, " : "", kMemberNames));
        }));
    return sent;
}

Result<Facts> read_prompt_facts(std::string_view body) {
    Facts facts;
    STENO_TRY(read_object(
        body, R"({"archived": true})", [&](JsonReader& json, std::string_view name) -> Result<void> {
            if (name == "description") return read_text(json, name, facts.description.emplace());
            if (name == "tags") return read_texts(json, name, facts.tags.emplace());
            if (name == "archived") return read_flag(json, name, facts.archived.emplace());
            return fail(Code::InvalidArgument, fmt::format("\"{}\" of a prompt cannot be changed", name),
                        "description, tags, archived; what it says is a new version");
        }));
    if (!facts.description && !facts.tags && !facts.archived)
        return fail(Code::InvalidArgument, "nothing is said that is to change",
                    "description, tags, archived");
    return facts;
}

Result<MoveLabel> read_label_move(std::string_view body) {
    MoveLabel move;
    if (body.empty()) return move;
    STENO_TRY(read_object(body, R"({"version": "1.2", "by": "ann", "reason": "fewer tokens"})",
                          [&](JsonReader& json, std::string_view name) -> Result<void> {
                              if (name == "version") return read_text(json, name, move.version.emplace());
                              if (name == "protected")
                                  return read_flag(json, name, move.is_protected.emplace());
                              if (name == "by") return read_text(json, name, move.by);
                              if (name == "reason") return read_text(json, name, move.reason);
                              if (name == "force") return read_flag(json, name, move.force);
                              return fail(Code::InvalidArgument, fmt::format("a move has no \"{}\"", name),
                                          "version, protected, by, reason, force");
                          }));
    return move;
}

Result<SentRendering> read_sent_rendering(std::string_view body) {
    SentRendering sent;
    if (body.empty()) return sent;
    std::string label;
    STENO_TRY(read_object(body, R"({"label": "production", "variables": {"question": "Why?"}})",
                          [&](JsonReader& json, std::string_view name) -> Result<void> {
                              if (name == "version") return read_text(json, name, sent.which);
                              if (name == "label") return read_text(json, name, label);
                              if (name == "strict") return read_flag(json, name, sent.strict);
                              if (name == "variables") return read_variables(json, sent.variables);
                              return fail(Code::InvalidArgument,
                                          fmt::format("a rendering has no \"{}\"", name),
                                          "version, label, variables, strict");
                          }));
    if (!label.empty() && !sent.which.empty())
        return fail(Code::InvalidArgument, "a version and a label each say which version is meant",
                    "one of them");
    if (!label.empty()) sent.which = label;
    return sent;
}

Result<SentDraft> read_sent_draft(std::string_view body) {
    SentDraft sent;
    std::string draft;
    STENO_TRY(read_object(
        body, R"({"draft": {"text": "Answer {{question}}"}, "variables": {"question": "Why?"}})",
        [&](JsonReader& json, std::string_view name) -> Result<void> {
            if (name == "variables") return read_variables(json, sent.variables);
            if (name == "draft")
                return json.peek() == JsonReader::Type::Object && json.raw(draft)
                           ? Result<void>()
                           : wrong(name, "an object, as a new version is sent");
            return fail(Code::InvalidArgument, fmt::format("the rendering of a draft has no \"{}\"", name),
                        "draft, variables");
        }));
    if (draft.empty())
        return fail(Code::InvalidArgument, "draft is missing: what is to be rendered",
                    R"({"draft": {"text": "Answer {{question}}"}})");
    STENO_ASSIGN(SentPrompt version, read_sent_prompt(draft, false));
    sent.content = std::move(version.version.content);
    return sent;
}

}  // namespace steno::server
