#include "prompts/stored_prompts.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "record/json_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace steno::prompts {

namespace {

using control::Row;

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

std::vector<std::string> texts_of(std::string_view list) {
    std::vector<std::string> texts;
    JsonReader json(list);
    (void)json.array([&] { return json.string(texts.emplace_back()); });
    return texts;
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

template <class Source>
Result<Prompt> load_from(Source& source, std::string_view name) {
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

Result<Content> content_of(std::string_view json, const Prompt& prompt, const VersionFacts& facts) {
    auto content = content_from_json(json);
    if (!content)
        return fail(Code::DataLoss, fmt::format("version {} of the prompt \"{}\" cannot be understood",
                                                facts.number.text(), prompt.name));
    return content;
}

}  // namespace

Result<void> make_tables(control::Database& database) {
    return database.bring_up_to("prompts", kSteps);
}

Result<std::vector<Prompt>> all_prompts(control::Database& database) {
    STENO_ASSIGN(const auto rows, database.rows(fmt::format("{}ORDER BY name", kPromptColumns)));
    std::vector<Prompt> prompts;
    std::map<std::int64_t, std::size_t> place;
    for (const Row& row : rows) {
        prompts.push_back(prompt_of(row));
        place[prompts.back().id] = prompts.size() - 1;
    }
    STENO_ASSIGN(const auto labels, database.rows(fmt::format("{}ORDER BY label", kLabelColumns)));
    for (const Row& row : labels)
        if (const auto of = place.find(row.integer(0)); of != place.end())
            prompts[of->second].labels.push_back(label_of(row));
    STENO_ASSIGN(const auto versions, database.rows(kVersionColumns));
    for (const Row& row : versions) {
        const auto of = place.find(row.integer(0));
        if (of == place.end()) continue;  // made since
        STENO_ASSIGN(VersionFacts facts, facts_of_row(row));
        prompts[of->second].versions.push_back(std::move(facts));
    }
    for (Prompt& prompt : prompts) put_in_order(prompt);
    return prompts;
}

Result<Prompt> load_prompt(control::Database& database, std::string_view name) {
    return load_from(database, name);
}

Result<Prompt> load_prompt(control::Statements& statements, std::string_view name) {
    return load_from(statements, name);
}

Result<Prompt> load_prompt(control::Statements& statements, std::string_view name,
                           control::Condition& condition) {
    STENO_ASSIGN(Prompt prompt, load_prompt(statements, name));
    STENO_TRY(condition.check(prompt.tag(), fmt::format("the prompt \"{}\"", prompt.name)));
    return prompt;
}

Result<Version> whole_version(control::Database& database, const Prompt& prompt, const VersionFacts& facts) {
    STENO_ASSIGN(const auto rows,
                 database.rows("SELECT content FROM prompt_versions WHERE prompt = ? AND canonical = ?",
                               {prompt.id, facts.number.canonical()}));
    if (rows.empty()) return std::unexpected(no_prompt(prompt.name, {}));
    STENO_ASSIGN(Content content, content_of(rows.front().text(0), prompt, facts));
    return whole(prompt, facts, std::move(content));
}

Result<std::vector<Version>> whole_versions(control::Database& database, const Prompt& prompt) {
    STENO_ASSIGN(
        const auto rows,
        database.rows("SELECT canonical, content FROM prompt_versions WHERE prompt = ?", {prompt.id}));
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

Version whole(const Prompt& prompt, const VersionFacts& facts, Content content) {
    return {prompt.name, facts, std::move(content), prompt.labels_of(facts.number)};
}

}  // namespace steno::prompts
