#include "prompts/registry.hpp"

#include "prompts/check.hpp"
#include "prompts/prompt_changes.hpp"
#include "prompts/stored_prompts.hpp"
#include "prompts/version_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace steno::prompts {

namespace {

using control::Row;
using control::Statements;

Result<void> check_tags(const std::vector<std::string>& tags) {
    if (tags.size() > kMaxTags)
        return fail(Code::InvalidArgument, fmt::format("more than {} tags", kMaxTags));
    for (const std::string& tag : tags) {
        if (tag.empty()) return fail(Code::InvalidArgument, "a tag without a text", "leave it out");
        STENO_TRY(check_word("tags", tag));
    }
    return {};
}

Result<void> check(const NewVersion& version) {
    STENO_TRY(check(version.content));
    STENO_TRY(check_word("author", version.author));
    STENO_TRY(check_text("notes", version.notes, kMaxShortText));
    for (const std::string& label : version.labels) {
        STENO_TRY(check_label(label));
        if (std::ranges::count(version.labels, label) > 1)
            return fail(Code::InvalidArgument, fmt::format("labels: \"{}\" twice", label), "each once");
    }
    return {};
}

Result<void> check(const MoveLabel& move) {
    STENO_TRY(check_label(move.label));
    STENO_TRY(check_word("by", move.by));
    return check_text("reason", move.reason, kMaxShortText);
}

Result<void> check_prompt(const std::string& name, const std::string& description,
                          const std::vector<std::string>& tags) {
    STENO_TRY(check_name(name));
    STENO_TRY(check_text("description", description, kMaxShortText));
    return check_tags(tags);
}

Result<void> not_archived(const Prompt& prompt) {
    if (!prompt.archived_at) return {};
    return fail(Code::FailedPrecondition, fmt::format("the prompt \"{}\" is archived", prompt.name),
                "take it back first: steno prompts archive NAME --undo");
}

}  // namespace

Result<void> Registry::write(const std::function<Result<void>(Statements&)>& change) {
    STENO_ASSIGN(control::Database* const database, this->database());
    const Result<void> outcome = database->write(change);
    found_.clear();  // before it is answered
    return outcome;
}

Result<void> Registry::open(control::Database& database) {
    {
        const std::scoped_lock lock(mutex_);
        database_ = &database;
    }
    STENO_TRY(this->database());
    return {};
}

void Registry::stay_closed(Error why) {
    const std::scoped_lock lock(mutex_);
    error_ = std::move(why);
}

Result<control::Database*> Registry::database() {
    const std::scoped_lock lock(mutex_);
    if (database_ == nullptr) return std::unexpected(error_);
    if (!open_) STENO_TRY(make_tables(*database_));
    open_ = true;
    return database_;
}

Result<std::vector<Prompt>> Registry::all() {
    STENO_ASSIGN(control::Database* const database, this->database());
    return all_prompts(*database);
}

Result<Prompt> Registry::get(std::string_view name) {
    STENO_ASSIGN(control::Database* const database, this->database());
    return load_prompt(*database, name);
}

Result<Version> Registry::find(std::string_view name, std::string_view which) {
    STENO_ASSIGN(control::Database* const database, this->database());
    if (const auto state = database->state_of_others()) found_.heed(*state);
    if (const auto kept = found_.find(name, which)) return *kept;
    const std::uint64_t epoch = found_.epoch();
    STENO_ASSIGN(const Prompt prompt, load_prompt(*database, name));
    STENO_ASSIGN(const VersionFacts* const facts, wanted_version(prompt, which));
    // Between the two the version could only have gone with its prompt.
    STENO_ASSIGN(Version version, whole_version(*database, prompt, *facts));
    found_.keep(epoch, name, which, version);
    return version;
}

Result<std::vector<Version>> Registry::versions(const Prompt& prompt) {
    STENO_ASSIGN(control::Database* const database, this->database());
    return whole_versions(*database, prompt);
}

Result<Added> Registry::create(const std::string& name, const std::string& description,
                               const std::vector<std::string>& tags, const NewVersion& version,
                               Timestamp now) {
    STENO_TRY(check_prompt(name, description, tags));
    STENO_TRY(check(version));
    std::optional<Added> added;
    STENO_TRY(write([&](Statements& statements) -> Result<void> {
        STENO_ASSIGN(const auto there,
                     statements.rows("SELECT archived_at FROM prompts WHERE name = ?", {name}));
        if (!there.empty())
            return fail(Code::AlreadyExists,
                        fmt::format("there is a prompt named \"{}\" already{}", name,
                                    there.front().is_null(0) ? "" : ", which is archived"),
                        "add a version to it, or take another name");
        STENO_ASSIGN(Prompt prompt, insert_prompt(statements, name, description, tags, now));
        STENO_ASSIGN(added, insert_version(statements, prompt, version, version.allow_lower, now));
        return {};
    }));
    return std::move(*added);
}

Result<Added> Registry::add_version(std::string_view name, const NewVersion& version, Timestamp now,
                                    Condition& condition) {
    STENO_TRY(check(version));
    std::optional<Added> added;
    STENO_TRY(write([&](Statements& statements) -> Result<void> {
        STENO_ASSIGN(Prompt prompt, load_prompt(statements, name, condition));
        STENO_TRY(not_archived(prompt));
        STENO_ASSIGN(added, insert_version(statements, prompt, version, version.allow_lower, now));
        return {};
    }));
    return std::move(*added);
}

Result<TakenOver> Registry::take_over(const std::vector<NewPrompt>& prompts, Timestamp now) {
    for (const NewPrompt& prompt : prompts) {
        STENO_TRY(check_prompt(prompt.name, prompt.description, prompt.tags));
        for (const NewVersion& version : prompt.versions)
            if (auto good = check(version); !good)
                return std::unexpected(std::move(good).error().with_context(
                    fmt::format("\"{}\" {}", prompt.name, version.number ? version.number->text() : "")));
    }
    TakenOver taken;
    STENO_TRY(write([&](Statements& statements) -> Result<void> {
        for (const NewPrompt& fresh : prompts) {
            if (fresh.versions.empty()) continue;
            STENO_ASSIGN(const auto there,
                         statements.rows("SELECT 1 FROM prompts WHERE name = ?", {fresh.name}));
            auto prompt = there.empty()
                              ? insert_prompt(statements, fresh.name, fresh.description, fresh.tags, now)
                              : load_prompt(statements, fresh.name);
            if (!prompt) return std::unexpected(std::move(prompt).error());
            if (there.empty()) ++taken.prompts;
            STENO_TRY(not_archived(*prompt));
            for (const NewVersion& version : fresh.versions) {
                STENO_ASSIGN(const Added added, insert_version(statements, *prompt, version, true, now));
                ++(added.created ? taken.versions : taken.known);
            }
        }
        return {};
    }));
    return taken;
}

Result<Prompt> Registry::changed(std::string_view name, Timestamp now, Condition& condition,
                                 const Doing& change) {
    std::optional<Prompt> changed;
    STENO_TRY(write([&](Statements& statements) -> Result<void> {
        STENO_ASSIGN(Prompt prompt, load_prompt(statements, name, condition));
        STENO_ASSIGN(const bool is_changed, change(statements, prompt));
        if (is_changed) STENO_TRY(note_change(statements, prompt, now));
        STENO_ASSIGN(changed, load_prompt(statements, name));
        return {};
    }));
    return std::move(*changed);
}

Result<Prompt> Registry::change(std::string_view name, const Facts& facts, Timestamp now,
                                Condition& condition) {
    if (facts.description) STENO_TRY(check_text("description", *facts.description, kMaxShortText));
    if (facts.tags) STENO_TRY(check_tags(*facts.tags));
    return changed(name, now, condition, [&](Statements& statements, Prompt& prompt) -> Result<bool> {
        const std::string description = facts.description.value_or(prompt.description);
        const std::vector<std::string> tags = facts.tags.value_or(prompt.tags);
        std::optional<Timestamp> archived_at = prompt.archived_at;
        if (facts.archived && *facts.archived != archived_at.has_value())
            archived_at = *facts.archived ? std::optional(now) : std::nullopt;
        if (description == prompt.description && tags == prompt.tags && archived_at == prompt.archived_at)
            return false;
        STENO_TRY(put_facts(statements, prompt, description, tags, archived_at));
        return true;
    });
}

Result<void> Registry::remove(std::string_view name, bool force, Condition& condition) {
    return write([&](Statements& statements) -> Result<void> {
        STENO_ASSIGN(const Prompt prompt, load_prompt(statements, name, condition));
        std::string labels;
        for (const Label& label : prompt.labels)
            if (label.version) labels += (labels.empty() ? "" : ", ") + label.name;
        if (!labels.empty() && !force)
            return fail(Code::FailedPrecondition,
                        fmt::format("labels stand on versions of \"{}\": {}", prompt.name, labels),
                        "archive it, which keeps its versions; or force it (--force, ?force=true)");
        return statements.run("DELETE FROM prompts WHERE id = ?", {prompt.id});
    });
}

Result<Prompt> Registry::move_label(std::string_view name, const MoveLabel& move, Timestamp now,
                                    Condition& condition) {
    STENO_TRY(check(move));
    if (!move.version && !move.is_protected)
        return fail(Code::InvalidArgument, "neither a version nor whether it is protected is said",
                    R"({"version": "2"}, or {"protected": true})");
    return changed(name, now, condition, [&](Statements& statements, Prompt& prompt) -> Result<bool> {
        const Label* label = label_of(prompt, move.label);
        std::optional<std::string> to = label == nullptr ? std::nullopt : label->version;
        if (move.version) {
            STENO_ASSIGN(const VersionFacts* const facts, wanted_version(prompt, *move.version));
            to = facts->number.text();
        }
        return put_label(statements, prompt, move, to, false, now);
    });
}

Result<Prompt> Registry::roll_back(std::string_view name, const MoveLabel& move, Timestamp now,
                                   Condition& condition) {
    STENO_TRY(check(move));
    return changed(name, now, condition, [&](Statements& statements, Prompt& prompt) -> Result<bool> {
        STENO_ASSIGN(
            const auto rows,
            statements.rows("SELECT from_version FROM prompt_label_moves WHERE prompt = ? AND label = ? "
                            "ORDER BY id DESC LIMIT 1",
                            {prompt.id, move.label}));
        const auto before = rows.empty() ? std::nullopt : rows.front().optional_text(0);
        if (!before)
            return fail(
                Code::FailedPrecondition,
                fmt::format("the label \"{}\" of \"{}\" stood nowhere before", move.label, prompt.name),
                "move it to a version");
        return put_label(statements, prompt, move, before, true, now);
    });
}

Result<Prompt> Registry::remove_label(std::string_view name, const MoveLabel& move, Timestamp now,
                                      Condition& condition) {
    STENO_TRY(check(move));
    return changed(name, now, condition, [&](Statements& statements, Prompt& prompt) -> Result<bool> {
        STENO_TRY(labelled_version(prompt, move.label));
        return put_label(statements, prompt, move, std::nullopt, false, now);
    });
}

Result<std::vector<Move>> Registry::history(std::string_view name, std::string_view label) {
    STENO_ASSIGN(const Prompt prompt, get(name));
    STENO_ASSIGN(control::Database* const database, this->database());
    STENO_ASSIGN(
        const auto rows,
        database->rows("SELECT moved_at, moved_by, reason, from_version, to_version, rollback FROM "
                       "prompt_label_moves WHERE prompt = ? AND label = ? ORDER BY id DESC LIMIT 1000",
                       {prompt.id, std::string(label)}));
    std::vector<Move> moves;
    for (const Row& row : rows)
        moves.push_back({{row.integer(0), 0},
                         row.text(1),
                         row.text(2),
                         row.optional_text(3),
                         row.optional_text(4),
                         row.integer(5) != 0});
    return moves;
}

Result<Rendering> Registry::render(const Version& version, const prompts::Value& variables) {
    return prompts::render(version.content, variables, includes());
}

Result<Included> Registry::included_in(const Version& version) {
    return prompts::included_in(version.content, includes());
}

Includes Registry::includes() {
    return [this](const Reference& reference) -> Result<Content> {
        STENO_ASSIGN(Version found, find(reference.name, reference.which));
        return std::move(found.content);
    };
}

}  // namespace steno::prompts
