#include "prompts/prompt_changes.hpp"

#include "base/json_writer.hpp"
#include "prompts/stored_prompts.hpp"
#include "prompts/version_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

namespace steno::prompts {

namespace {

using control::Statements;
using Cell = control::Value;

std::string json_of(const std::vector<std::string>& texts) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const std::string& text : texts) json.string(text);
    json.end_array();
    return out;
}

Cell or_null(const std::optional<std::string>& text) {
    return text ? Cell(*text) : Cell(nullptr);
}

Result<VersionNumber> number_for(const Prompt& prompt, const NewVersion& version, bool allow_lower) {
    if (prompt.versions.size() >= kMaxVersions)
        return fail(Code::ResourceExhausted, fmt::format("the prompt has {} versions already", kMaxVersions));
    if (!version.number)
        return prompt.versions.empty() ? VersionNumber::first() : prompt.versions.front().number.next();
    if (const VersionFacts* there = facts_of(prompt, *version.number))
        return fail(Code::AlreadyExists,
                    fmt::format("\"{}\" has a version {} already, which says something else", prompt.name,
                                there->number.text()),
                    "a version never changes: give this one another number, or none");
    if (!allow_lower && !prompt.versions.empty() && *version.number < prompt.versions.front().number)
        return fail(Code::AlreadyExists,
                    fmt::format("\"{}\" has the higher version {} already", prompt.name,
                                prompt.versions.front().number.text()),
                    "say that a lower one is meant: --allow-lower, \"allow_lower\": true");
    return *version.number;
}

/// What there is already that says the same: that of the same number; without a number the latest.
const VersionFacts* same_version(const Prompt& prompt, const NewVersion& version, std::string_view sha256) {
    const VersionFacts* facts = version.number            ? facts_of(prompt, *version.number)
                                : prompt.versions.empty() ? nullptr
                                                          : &prompt.versions.front();
    return facts != nullptr && facts->sha256 == sha256 ? facts : nullptr;
}

}  // namespace

Result<Prompt> insert_prompt(Statements& statements, const std::string& name, const std::string& description,
                             const std::vector<std::string>& tags, Timestamp now) {
    STENO_ASSIGN(const auto count, statements.rows("SELECT count(*) FROM prompts"));
    if (count.front().integer(0) >= static_cast<std::int64_t>(kMaxPrompts))
        return fail(Code::ResourceExhausted, fmt::format("there are {} prompts already", kMaxPrompts),
                    "remove some that nobody needs: steno prompts remove NAME");
    STENO_TRY(
        statements.run("INSERT INTO prompts(name, description, tags, revision, created_at, "
                       "changed_at) VALUES (?, ?, ?, 0, ?, ?)",
                       {name, description, json_of(tags), now.unix_nanos, now.unix_nanos}));
    return load_prompt(statements, name);
}

Result<Added> insert_version(Statements& statements, Prompt& prompt, const NewVersion& version,
                             bool allow_lower, Timestamp now) {
    const std::string json = to_json(version.content);
    const std::string hash = sha256_of(version.content);
    bool changes = false;
    const VersionFacts* facts = same_version(prompt, version, hash);
    const bool created = facts == nullptr;
    if (created) {
        STENO_ASSIGN(VersionNumber number, number_for(prompt, version, allow_lower));
        VersionFacts fresh{std::move(number),
                           version.content.goal,
                           version.content.model,
                           version.author,
                           version.notes,
                           hash,
                           static_cast<std::int64_t>(json.size()),
                           version.created_at.value_or(now)};
        STENO_TRY(statements.run(
            "INSERT INTO prompt_versions(prompt, canonical, number, goal, model, author, notes, sha256, "
            "size, created_at, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            {prompt.id, fresh.number.canonical(), fresh.number.text(), fresh.goal, fresh.model, fresh.author,
             fresh.notes, fresh.sha256, fresh.size, fresh.created_at.unix_nanos, json}));
        const auto place =
            std::ranges::lower_bound(prompt.versions, fresh.number, std::greater<>(), &VersionFacts::number);
        facts = &*prompt.versions.insert(place, std::move(fresh));
        changes = true;
    }
    for (const std::string& label : version.labels) {
        MoveLabel move;
        move.label = label;
        move.by = version.author;
        STENO_ASSIGN(const bool moved, put_label(statements, prompt, move, facts->number.text(), false, now));
        changes = changes || moved;
    }
    if (changes) STENO_TRY(note_change(statements, prompt, now));
    return Added{whole(prompt, *facts, version.content), created};
}

Result<void> put_facts(Statements& statements, const Prompt& prompt, const std::string& description,
                       const std::vector<std::string>& tags, const std::optional<Timestamp>& archived_at) {
    return statements.run(
        "UPDATE prompts SET description = ?, tags = ?, archived_at = ? WHERE id = ?",
        {description, json_of(tags), archived_at ? Cell(archived_at->unix_nanos) : Cell(nullptr), prompt.id});
}

Result<bool> put_label(Statements& statements, Prompt& prompt, const MoveLabel& move,
                       const std::optional<std::string>& to, bool rollback, Timestamp now) {
    const Label* const there = label_of(prompt, move.label);
    Label label = there == nullptr ? Label{move.label, {}, false, now} : *there;
    const std::optional<std::string> from = std::exchange(label.version, to);
    const bool was_protected =
        std::exchange(label.is_protected, move.is_protected.value_or(label.is_protected));
    const bool moves = from != to;
    if (!moves && was_protected == label.is_protected) return false;
    if (moves && was_protected && !move.force)
        return fail(Code::FailedPrecondition,
                    fmt::format("the label \"{}\" of \"{}\" is protected", move.label, prompt.name),
                    "force it (--force, \"force\": true) if that is meant");
    if (there == nullptr && prompt.labels.size() >= kMaxLabels)
        return fail(Code::ResourceExhausted, fmt::format("there are {} labels already", kMaxLabels),
                    "take some away that nobody needs");
    if (moves) {
        label.moved_at = now;
        STENO_TRY(statements.run(
            "INSERT INTO prompt_label_moves(prompt, label, moved_at, moved_by, reason, from_version, "
            "to_version, rollback) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            {prompt.id, move.label, now.unix_nanos, move.by, move.reason, or_null(from), or_null(to),
             std::int64_t{rollback}}));
    }
    std::erase_if(prompt.labels, [&](const Label& one) { return one.name == move.label; });
    // One that stands nowhere is kept for its protection alone.
    if (!to && !label.is_protected) {
        STENO_TRY(statements.run("DELETE FROM prompt_labels WHERE prompt = ? AND label = ?",
                                 {prompt.id, move.label}));
        return true;
    }
    STENO_TRY(statements.run(
        "INSERT OR REPLACE INTO prompt_labels(prompt, label, version, protected, moved_at) VALUES (?, ?, ?, "
        "?, ?)",
        {prompt.id, label.name, or_null(label.version), std::int64_t{label.is_protected},
         label.moved_at.unix_nanos}));
    const auto place = std::ranges::lower_bound(prompt.labels, label.name, {}, &Label::name);
    prompt.labels.insert(place, std::move(label));
    return true;
}

Result<void> note_change(Statements& statements, const Prompt& prompt, Timestamp now) {
    return statements.run("UPDATE prompts SET revision = revision + 1, changed_at = ? WHERE id = ?",
                          {now.unix_nanos, prompt.id});
}

}  // namespace steno::prompts
