#include "prompt_types/types.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace steno::prompt_types {

namespace {

constexpr std::array<std::string_view, 1> kSteps = {R"(
CREATE TABLE prompt_types(
  type TEXT PRIMARY KEY,
  settings TEXT NOT NULL,
  revision INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL, changed_by TEXT NOT NULL
) STRICT;
CREATE TABLE prompt_type_changes(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL,
  type TEXT NOT NULL,
  before TEXT NOT NULL, after TEXT NOT NULL
) STRICT;
CREATE INDEX prompt_type_changes_of ON prompt_type_changes(type, number))"};

Result<Entry> entry_of(const control::Row& row) {
    Entry entry;
    entry.type = row.text(0);
    if (!from_json(row.text(1), entry.settings))
        return fail(Code::DataLoss, fmt::format("the settings of {} cannot be understood", entry.type),
                    fmt::format("set them again: steno prompt-types set '{}' --reset", entry.type));
    entry.revision = row.integer(2);
    entry.created_at = Timestamp{row.integer(3), 0};
    entry.changed_at = Timestamp{row.integer(4), 0};
    entry.changed_by = row.text(5);
    return entry;
}

Result<void> check_revision(const Entry& entry, std::optional<std::int64_t> revision) {
    if (!revision || entry.revision == *revision) return {};
    return fail(Code::FailedPrecondition,
                fmt::format("the settings of {} have changed meanwhile: they have revision {}, not {}",
                            entry.type, entry.revision, *revision),
                "look at them again, and change what they are now");
}

/// The change's number in the trail.
Result<std::int64_t> note(control::Statements& statements, const std::string& type, const std::string& before,
                          const std::string& after, const Author& author, Timestamp now) {
    STENO_TRY(statements.run(
        "INSERT INTO prompt_type_changes(at, by, reason, type, before, after) VALUES (?, ?, ?, ?, ?, ?)",
        {now.unix_nanos, author.by, author.reason, type, before, after}));
    STENO_ASSIGN(const auto rows, statements.rows("SELECT last_insert_rowid()"));
    return rows.front().integer(0);
}

}  // namespace

Types::Types(Rules& rules, io::FileSystem& files, std::string data_folder, Defaults defaults, bool announces)
    : rules_(rules),
      files_(files),
      data_folder_(std::move(data_folder)),
      defaults_(defaults),
      announces_(announces) {
    rules_.use(std::make_shared<const Table>(defaults_));
}

Result<void> Types::open(control::Database& database) {
    const std::scoped_lock lock(mutex_);
    database_ = &database;
    return be_open();
}

void Types::stay_closed(Error why) {
    const std::scoped_lock lock(mutex_);
    error_ = std::move(why);
}

Result<void> Types::be_open() {
    if (open_) return {};
    if (database_ == nullptr) return std::unexpected(error_);
    STENO_TRY(database_->bring_up_to("prompt_types", kSteps));
    STENO_TRY(take_over());
    open_ = true;
    return {};
}

Result<std::map<std::string, Entry, std::less<>>> Types::read() {
    STENO_ASSIGN(const auto rows,
                 database_->rows("SELECT type, settings, revision, created_at, changed_at, changed_by "
                                 "FROM prompt_types"));
    std::map<std::string, Entry, std::less<>> entries;
    for (const control::Row& row : rows) {
        auto entry = entry_of(row);
        // One that is damaged does not take the others with it.
        if (!entry) {
            log::error("{}", entry.error().message);
            continue;
        }
        std::string type = entry->type;
        entries.emplace(std::move(type), std::move(*entry));
    }
    return entries;
}

Result<void> Types::take_over() {
    STENO_ASSIGN(const auto entries, read());
    auto table = std::make_shared<Table>(defaults_);
    TypeSettings types;
    for (const auto& [type, entry] : entries) {
        table->add(type, entry.settings);
        types.emplace(type, entry.settings);
    }
    rules_.use(std::move(table));
    if (!std::exchange(announces_, true)) return {};  // of this, not of changes
    if (auto published = publish(files_, data_folder_, defaults_, types); !published)
        return std::unexpected(std::move(published).error().with_context(
            "the settings hold here, but not for programs that write to the folder themselves"));
    return {};
}

Result<std::map<std::string, Entry, std::less<>>> Types::all() {
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    return read();
}

Result<Entry> Types::get(std::string_view type) {
    STENO_TRY(check_type(type));
    STENO_ASSIGN(auto entries, all());
    const auto found = entries.find(type);
    if (found != entries.end()) return std::move(found->second);
    Entry entry;
    entry.type = type;
    return entry;
}

Result<std::vector<Entry>> Types::change(const std::vector<std::string>& types, const Edit& edit,
                                         const Author& author, Timestamp now,
                                         std::optional<std::int64_t> revision) {
    STENO_TRY(check(author));
    for (const std::string& type : types) STENO_TRY(check_type(type));
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    std::vector<Entry> changed;
    STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
        changed.clear();
        STENO_ASSIGN(const auto count, statements.rows("SELECT count(*) FROM prompt_types"));
        std::size_t there = static_cast<std::size_t>(count.front().integer(0));
        for (const std::string& type : types) {
            STENO_ASSIGN(const auto rows,
                         statements.rows("SELECT type, settings, revision, created_at, changed_at, "
                                         "changed_by FROM prompt_types WHERE type = ?",
                                         {type}));
            Entry entry;
            entry.type = type;
            if (!rows.empty()) {
                STENO_ASSIGN(entry, entry_of(rows.front()));
            }
            STENO_TRY(check_revision(entry, revision));
            const std::string before = to_json(entry.settings);
            STENO_TRY(edit(entry.settings));
            const std::string after = to_json(entry.settings);
            if (before != after) {
                if (rows.empty() && ++there > kMaxTypes)
                    return fail(Code::ResourceExhausted,
                                fmt::format("there are settings of {} prompt types already", kMaxTypes),
                                "reset some that nobody needs: steno prompt-types set TYPE --reset");
                STENO_ASSIGN(entry.revision, note(statements, type, before, after, author, now));
                if (!entry.created_at) entry.created_at = now;
                entry.changed_at = now;
                entry.changed_by = author.by;
                STENO_TRY(statements.run(
                    "INSERT OR REPLACE INTO prompt_types VALUES (?, ?, ?, ?, ?, ?)",
                    {type, after, entry.revision, entry.created_at->unix_nanos, now.unix_nanos, author.by}));
            }
            changed.push_back(std::move(entry));
        }
        return {};
    }));
    STENO_TRY(take_over());
    return changed;
}

Result<void> Types::reset(const std::string& type, const Author& author, Timestamp now,
                          std::optional<std::int64_t> revision) {
    STENO_TRY(check(author));
    STENO_TRY(check_type(type));
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
        STENO_ASSIGN(const auto rows,
                     statements.rows("SELECT settings, revision FROM prompt_types WHERE type = ?", {type}));
        Entry entry;
        entry.type = type;
        if (!rows.empty()) entry.revision = rows.front().integer(1);
        STENO_TRY(check_revision(entry, revision));
        if (rows.empty()) return {};
        STENO_TRY(statements.run("DELETE FROM prompt_types WHERE type = ?", {type}));
        STENO_TRY(note(statements, type, rows.front().text(0), "", author, now));
        return {};
    }));
    return take_over();
}

Result<std::vector<Change>> Types::changes(std::string_view type, std::uint64_t limit) {
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    STENO_ASSIGN(const auto rows,
                 database_->rows("SELECT number, at, by, reason, type, before, after FROM "
                                 "prompt_type_changes WHERE ? = '' OR type = ? ORDER BY number DESC LIMIT ?",
                                 {std::string(type), std::string(type), static_cast<std::int64_t>(limit)}));
    std::vector<Change> changes;
    for (const control::Row& row : rows)
        changes.push_back({row.integer(0), Timestamp{row.integer(1), 0}, Author{row.text(2), row.text(3)},
                           row.text(4), row.text(5), row.text(6)});
    return changes;
}

}  // namespace steno::prompt_types
