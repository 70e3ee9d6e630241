#include "prompts/registry.hpp"

#include "base/json_writer.hpp"
#include "base/nearest.hpp"
#include "base/text.hpp"
#include "prompts/check.hpp"
#include "record/json_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace steno::prompts {

namespace {

using control::Row;
using control::Statements;
using Cell = control::Value;

constexpr std::array<std::string_view, 1> kSteps = {R"(
CREATE TABLE prompts(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  tags TEXT NOT NULL,
  revision INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  archived_at INTEGER
) STRICT;
CREATE TABLE prompt_versions(
  prompt INTEGER NOT NULL REFERENCES prompts(id) ON DELETE CASCADE,
  canonical TEXT NOT NULL,
  number TEXT NOT NULL,
  goal TEXT NOT NULL, model TEXT NOT NULL,
  author TEXT NOT NULL, notes TEXT NOT NULL,
  sha256 TEXT NOT NULL, size INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY(prompt, canonical)
) STRICT;
CREATE TABLE prompt_labels(
  prompt INTEGER NOT NULL REFERENCES prompts(id) ON DELETE CASCADE,
  label TEXT NOT NULL,
  version TEXT,
  protected INTEGER NOT NULL,
  moved_at INTEGER NOT NULL,
  PRIMARY KEY(prompt, label)
) STRICT;
CREATE TABLE prompt_label_moves(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  prompt INTEGER NOT NULL REFERENCES prompts(id) ON DELETE CASCADE,
  label TEXT NOT NULL,
  moved_at INTEGER NOT NULL, moved_by TEXT NOT NULL, reason TEXT NOT NULL,
  from_version TEXT, to_version TEXT,
  rollback INTEGER NOT NULL
) STRICT;
CREATE INDEX prompt_label_moves_of ON prompt_label_moves(prompt, label, id))"};

constexpr std::string_view kPromptColumns =
    "SELECT id, name, description, tags, revision, created_at, changed_at, archived_at FROM prompts ";
constexpr std::string_view kVersionColumns =
    "SELECT prompt, number, goal, model, author, notes, sha256, size, created_at FROM prompt_versions ";
constexpr std::string_view kLabelColumns =
    "SELECT prompt, label, version, protected, moved_at FROM prompt_labels ";

std::string json_of(const std::vector<std::string>& texts) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const std::string& text : texts) json.string(text);
    json.end_array();
    return out;
}

std::vector<std::string> texts_of(std::string_view list) {
    std::vector<std::string> texts;
    JsonReader json(list);
    (void)json.array([&] { return json.string(texts.emplace_back()); });
    return texts;
}

Cell or_null(const std::optional<std::string>& text) {
    return text ? Cell(*text) : Cell(nullptr);
}

Prompt prompt_of(const Row& row) {
    Prompt prompt;
    prompt.id = row.integer(0);
    prompt.name = row.text(1);
    prompt.description = row.text(2);
    prompt.tags = texts_of(row.text(3));
    prompt.revision = row.integer(4);
    prompt.created_at = {row.integer(5), 0};
    prompt.changed_at = {row.integer(6), 0};
    if (const auto archived = row.optional_integer(7)) prompt.archived_at = Timestamp{*archived, 0};
    return prompt;
}

Result<VersionFacts> facts_of_row(const Row& row) {
    VersionFacts facts;
    auto number = VersionNumber::parse(row.text(1));
    if (!number) return fail(Code::DataLoss, "a version of a prompt cannot be understood");
    facts.number = std::move(*number);
    facts.goal = row.text(2);
    facts.model = row.text(3);
    facts.author = row.text(4);
    facts.notes = row.text(5);
    facts.sha256 = row.text(6);
    facts.size = row.integer(7);
    facts.created_at = {row.integer(8), 0};
    return facts;
}

Label label_of(const Row& row) {
    return {row.text(1), row.optional_text(2), row.integer(3) != 0, {row.integer(4), 0}};
}

void put_in_order(Prompt& prompt) {
    std::ranges::sort(prompt.versions, std::greater<>(), &VersionFacts::number);
}

Error no_prompt(std::string_view name, const std::vector<std::string>& names) {
    const std::vector<std::string_view> views(names.begin(), names.end());
    const std::string_view near = nearest(utf8_prefix(name, 100), views);
    return {Code::NotFound, fmt::format("there is no prompt named \"{}\"", name),
            names.empty()  ? "there are none yet: steno prompts create"
            : near.empty() ? "steno prompts list shows all"
                           : fmt::format("the nearest is \"{}\"", near)};
}

/// `source`: a transaction's statements, or the database itself. The revision is read first: what is changed
/// meanwhile is newer than its tag, so that who goes by the tag is told. Versions are read last: each that a
/// label stands on is among them.
template <class Source>
Result<Prompt> load(Source& source, std::string_view name) {
    STENO_ASSIGN(const auto rows,
                 source.rows(fmt::format("{}WHERE name = ?", kPromptColumns), {std::string(name)}));
    if (rows.empty()) {
        STENO_ASSIGN(const auto all, source.rows("SELECT name FROM prompts ORDER BY name LIMIT 1000"));
        std::vector<std::string> names;
        for (const Row& row : all) names.push_back(row.text(0));
        return std::unexpected(no_prompt(name, names));
    }
    Prompt prompt = prompt_of(rows.front());
    STENO_ASSIGN(const auto labels,
                 source.rows(fmt::format("{}WHERE prompt = ? ORDER BY label", kLabelColumns), {prompt.id}));
    for (const Row& row : labels) prompt.labels.push_back(label_of(row));
    STENO_ASSIGN(const auto versions,
                 source.rows(fmt::format("{}WHERE prompt = ?", kVersionColumns), {prompt.id}));
    for (const Row& row : versions) {
        STENO_ASSIGN(VersionFacts facts, facts_of_row(row));
        prompt.versions.push_back(std::move(facts));
    }
    put_in_order(prompt);
    return prompt;
}

/// To change it, if it is as the condition says.
Result<Prompt> load(Statements& statements, std::string_view name, Condition& condition) {
    STENO_ASSIGN(Prompt prompt, load(statements, name));
    STENO_TRY(condition.check(prompt.tag(), fmt::format("the prompt \"{}\"", prompt.name)));
    return prompt;
}

Result<void> note_change(Statements& statements, const Prompt& prompt, Timestamp now) {
    return statements.run("UPDATE prompts SET revision = revision + 1, changed_at = ? WHERE id = ?",
                          {now.unix_nanos, prompt.id});
}

std::string words_of_versions(const Prompt& prompt) {
    std::string words;
    for (const VersionFacts& facts : prompt.versions) {
        if (words.size() > 200) return words + ", …";
        words += (words.empty() ? "" : ", ") + facts.number.text();
    }
    return words;
}

const VersionFacts* facts_of(const Prompt& prompt, const VersionNumber& number) {
    const auto found =
        std::ranges::lower_bound(prompt.versions, number, std::greater<>(), &VersionFacts::number);
    return found == prompt.versions.end() || found->number != number ? nullptr : &*found;
}

const Label* label_of(const Prompt& prompt, std::string_view label) {
    const auto found = std::ranges::find(prompt.labels, label, &Label::name);
    return found == prompt.labels.end() ? nullptr : &*found;
}

Result<const VersionFacts*> version_of(const Prompt& prompt, std::string_view text) {
    STENO_ASSIGN(const VersionNumber number, VersionNumber::parse(text));
    if (const VersionFacts* facts = facts_of(prompt, number)) return facts;
    return fail(Code::NotFound, fmt::format("the prompt \"{}\" has no version {}", prompt.name, text),
                "there are: " + words_of_versions(prompt));
}

Result<const VersionFacts*> labelled_version(const Prompt& prompt, std::string_view label) {
    if (label == kLatest && !prompt.versions.empty()) return &prompt.versions.front();
    const Label* found = label_of(prompt, label);
    if (found != nullptr && found->version) return version_of(prompt, *found->version);
    std::string labels(kLatest);
    for (const Label& one : prompt.labels)
        if (one.version) labels += ", " + one.name;
    return fail(Code::NotFound, fmt::format("the prompt \"{}\" has no label \"{}\"", prompt.name, label),
                "there are: " + labels);
}

Result<const VersionFacts*> wanted_version(const Prompt& prompt, std::string_view which) {
    if (!which.empty() && VersionNumber::parse(which)) return version_of(prompt, which);
    if (prompt.archived_at)
        return fail(Code::NotFound,
                    fmt::format("the prompt \"{}\" is archived: only its versions can be had", prompt.name),
                    "name a version, or take it back: steno prompts archive NAME --undo");
    if (!which.empty()) return labelled_version(prompt, which);
    const Label* production = label_of(prompt, kProduction);
    const bool stands = production != nullptr && production->version;
    return labelled_version(prompt, stands ? kProduction : kLatest);
}

Result<Content> content_of(std::string_view json, const Prompt& prompt, const VersionFacts& facts) {
    auto content = content_from_json(json);
    if (!content)
        return fail(Code::DataLoss, fmt::format("version {} of the prompt \"{}\" cannot be understood",
                                                facts.number.text(), prompt.name));
    return content;
}

constexpr std::string_view kContentOf =
    "SELECT content FROM prompt_versions WHERE prompt = ? AND canonical = ?";

Version whole(const Prompt& prompt, const VersionFacts& facts, Content content) {
    return {prompt.name, facts, std::move(content), prompt.labels_of(facts.number)};
}

/// Also in `prompt`. False: it stands there already, and is as protected as it is to be.
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

Result<void> check_tags(const std::vector<std::string>& tags) {
    if (tags.size() > kMaxTags)
        return fail(Code::InvalidArgument, fmt::format("more than {} tags", kMaxTags));
    for (const std::string& tag : tags) {
        if (tag.empty()) return fail(Code::InvalidArgument, "a tag without a text");
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
            return fail(Code::InvalidArgument, fmt::format("labels: \"{}\" twice", label));
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

Result<Prompt> insert(Statements& statements, const std::string& name, const std::string& description,
                      const std::vector<std::string>& tags, Timestamp now) {
    STENO_ASSIGN(const auto count, statements.rows("SELECT count(*) FROM prompts"));
    if (count.front().integer(0) >= static_cast<std::int64_t>(kMaxPrompts))
        return fail(Code::ResourceExhausted, fmt::format("there are {} prompts already", kMaxPrompts),
                    "remove some that nobody needs: steno prompts remove NAME");
    STENO_TRY(
        statements.run("INSERT INTO prompts(name, description, tags, revision, created_at, "
                       "changed_at) VALUES (?, ?, ?, 0, ?, ?)",
                       {name, description, json_of(tags), now.unix_nanos, now.unix_nanos}));
    return load(statements, name);
}

Result<void> not_archived(const Prompt& prompt) {
    if (!prompt.archived_at) return {};
    return fail(Code::FailedPrecondition, fmt::format("the prompt \"{}\" is archived", prompt.name),
                "take it back first: steno prompts archive NAME --undo");
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

/// Also to `prompt`.
Result<Added> add(Statements& statements, Prompt& prompt, const NewVersion& version, bool allow_lower,
                  Timestamp now) {
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

}  // namespace

std::string Prompt::tag() const {
    return fmt::format("\"{}-{}\"", id, revision);
}

std::vector<std::string> Prompt::labels_of(const VersionNumber& version) const {
    std::vector<std::string> names;
    for (const Label& label : labels) {
        if (!label.version) continue;
        const auto number = VersionNumber::parse(*label.version);
        if (number && *number == version) names.push_back(label.name);
    }
    if (!versions.empty() && versions.front().number == version) names.emplace_back(kLatest);
    return names;
}

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
    if (!open_) STENO_TRY(database_->bring_up_to("prompts", kSteps));
    open_ = true;
    return database_;
}

Result<std::vector<Prompt>> Registry::all() {
    STENO_ASSIGN(control::Database* const database, this->database());
    STENO_ASSIGN(const auto rows, database->rows(fmt::format("{}ORDER BY name", kPromptColumns)));
    std::vector<Prompt> prompts;
    std::map<std::int64_t, std::size_t> place;
    for (const Row& row : rows) {
        prompts.push_back(prompt_of(row));
        place[prompts.back().id] = prompts.size() - 1;
    }
    STENO_ASSIGN(const auto labels, database->rows(fmt::format("{}ORDER BY label", kLabelColumns)));
    for (const Row& row : labels)
        if (const auto of = place.find(row.integer(0)); of != place.end())
            prompts[of->second].labels.push_back(label_of(row));
    STENO_ASSIGN(const auto versions, database->rows(kVersionColumns));
    for (const Row& row : versions) {
        const auto of = place.find(row.integer(0));
        if (of == place.end()) continue;  // made since
        STENO_ASSIGN(VersionFacts facts, facts_of_row(row));
        prompts[of->second].versions.push_back(std::move(facts));
    }
    for (Prompt& prompt : prompts) put_in_order(prompt);
    return prompts;
}

Result<Prompt> Registry::get(std::string_view name) {
    STENO_ASSIGN(control::Database* const database, this->database());
    return load(*database, name);
}

Result<Version> Registry::find(std::string_view name, std::string_view which) {
    STENO_ASSIGN(control::Database* const database, this->database());
    if (const auto state = database->state_of_others()) found_.heed(*state);
    if (const auto kept = found_.find(name, which)) return *kept;
    const std::uint64_t epoch = found_.epoch();
    STENO_ASSIGN(const Prompt prompt, load(*database, name));
    STENO_ASSIGN(const VersionFacts* const facts, wanted_version(prompt, which));
    // Between the two the version could only have gone with its prompt.
    STENO_ASSIGN(const auto rows, database->rows(kContentOf, {prompt.id, facts->number.canonical()}));
    if (rows.empty()) return std::unexpected(no_prompt(name, {}));
    STENO_ASSIGN(Content content, content_of(rows.front().text(0), prompt, *facts));
    Version version = whole(prompt, *facts, std::move(content));
    found_.keep(epoch, name, which, version);
    return version;
}

Result<std::vector<Version>> Registry::versions(const Prompt& prompt) {
    STENO_ASSIGN(control::Database* const database, this->database());
    STENO_ASSIGN(
        const auto rows,
        database->rows("SELECT canonical, content FROM prompt_versions WHERE prompt = ?", {prompt.id}));
    std::map<std::string, const Row*> contents;
    for (const Row& row : rows) contents.emplace(row.text(0), &row);
    std::vector<Version> versions;
    for (auto facts = prompt.versions.rbegin(); facts != prompt.versions.rend(); ++facts) {
        const auto row = contents.find(facts->number.canonical());
        if (row == contents.end()) continue;
        STENO_ASSIGN(Content content, content_of(row->second->text(1), prompt, *facts));
        versions.push_back(whole(prompt, *facts, std::move(content)));
    }
    return versions;
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
        STENO_ASSIGN(Prompt prompt, insert(statements, name, description, tags, now));
        STENO_ASSIGN(added, add(statements, prompt, version, version.allow_lower, now));
        return {};
    }));
    return std::move(*added);
}

Result<Added> Registry::add_version(std::string_view name, const NewVersion& version, Timestamp now,
                                    Condition& condition) {
    STENO_TRY(check(version));
    std::optional<Added> added;
    STENO_TRY(write([&](Statements& statements) -> Result<void> {
        STENO_ASSIGN(Prompt prompt, load(statements, name, condition));
        STENO_TRY(not_archived(prompt));
        STENO_ASSIGN(added, add(statements, prompt, version, version.allow_lower, now));
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
            auto prompt = there.empty() ? insert(statements, fresh.name, fresh.description, fresh.tags, now)
                                        : load(statements, fresh.name);
            if (!prompt) return std::unexpected(std::move(prompt).error());
            if (there.empty()) ++taken.prompts;
            STENO_TRY(not_archived(*prompt));
            for (const NewVersion& version : fresh.versions) {
                STENO_ASSIGN(const Added added, add(statements, *prompt, version, true, now));
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
        STENO_ASSIGN(Prompt prompt, load(statements, name, condition));
        STENO_ASSIGN(const bool is_changed, change(statements, prompt));
        if (is_changed) STENO_TRY(note_change(statements, prompt, now));
        STENO_ASSIGN(changed, load(statements, name));
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
        STENO_TRY(statements.run("UPDATE prompts SET description = ?, tags = ?, archived_at = ? WHERE id = ?",
                                 {description, json_of(tags),
                                  archived_at ? Cell(archived_at->unix_nanos) : Cell(nullptr), prompt.id}));
        return true;
    });
}

Result<void> Registry::remove(std::string_view name, bool force, Condition& condition) {
    return write([&](Statements& statements) -> Result<void> {
        STENO_ASSIGN(const Prompt prompt, load(statements, name, condition));
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
        return fail(Code::InvalidArgument, "neither a version nor whether it is protected is said");
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
                fmt::format("the label \"{}\" of \"{}\" stood nowhere before", move.label, prompt.name));
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
