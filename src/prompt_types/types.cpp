#include "prompt_types/types.hpp"

#include "base/log.hpp"
#include "control/name.hpp"
#include "record/bounded.hpp"

#include <fmt/format.h>

#include <array>
#include <ranges>
#include <utility>

namespace steno::prompt_types {

namespace {

constexpr std::array<std::string_view, 2> kSteps = {R"(
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
CREATE INDEX prompt_type_changes_of ON prompt_type_changes(type, number))",
                                                    R"(
ALTER TABLE prompt_type_changes ADD COLUMN cause TEXT NOT NULL DEFAULT '')"};

/// Who changes what nobody has asked for in this moment.
constexpr std::string_view kItself = "steno";

constexpr std::string_view kEntries =
    "SELECT type, settings, revision, created_at, changed_at, changed_by FROM prompt_types";
constexpr std::string_view kEntry =
    "SELECT type, settings, revision, created_at, changed_at, changed_by FROM prompt_types WHERE type = ?";

constexpr std::size_t kNamed = 5;  ///< damaged ones, in a message

/// The defaults that programs which write to the folder themselves keep to.
Result<Defaults> told(io::FileSystem& files, const std::string& data_folder, const Types::Options& options) {
    if (options.announces) return options.defaults;
    auto published = read_published(files, data_folder);
    if (published) return published->defaults;
    if (published.error().code == Code::NotFound) return Defaults{};
    return std::unexpected(std::move(published).error());
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
                          const std::string& after, const Author& author, Timestamp now,
                          const std::string& cause = {}) {
    STENO_TRY(
        statements.run("INSERT INTO prompt_type_changes(at, by, reason, type, before, after, cause) VALUES "
                       "(?, ?, ?, ?, ?, ?, ?)",
                       {now.unix_nanos, author.by, author.reason, type, before, after, cause}));
    STENO_ASSIGN(const auto rows, statements.rows("SELECT last_insert_rowid()"));
    return rows.front().integer(0);
}

}  // namespace

Types::Types(Rules& rules, io::FileSystem& files, std::string data_folder, Options options)
    : rules_(rules),
      files_(files),
      data_folder_(std::move(data_folder)),
      options_(std::move(options)),
      told_(told(files_, data_folder_, options_)),
      defaults_{.track_full_data = options_.defaults.track_full_data && (!told_ || told_->track_full_data)} {
    rules_.use(std::make_shared<const Table>(defaults_));
}

Result<void> Types::open(control::Database& database) {
    const std::scoped_lock lock(mutex_);
    database_ = &database;
    auto opened = be_open();
    if (!opened) fall_back(opened.error());
    return opened;
}

void Types::stay_closed(Error why) {
    const std::scoped_lock lock(mutex_);
    error_ = std::move(why);
    fall_back(error_);
}

Result<void> Types::be_in_force() {
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    STENO_TRY(tell_others());
    if (damaged_.empty()) return {};
    return fail(Code::DataLoss, damaged_,
                "set them again: steno prompt-types set TYPE --reset takes away what is damaged");
}

Result<void> Types::be_open() {
    if (open_) return {};
    if (database_ == nullptr) return std::unexpected(error_);
    STENO_TRY(database_->bring_up_to("prompt_types", kSteps));
    STENO_TRY(take_back());
    return take_over();
}

Result<void> Types::take_back() {
    const auto published = read_published(files_, data_folder_);
    if (!published || published->types.empty()) return {};
    bool was_lost = false;
    STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
        STENO_ASSIGN(const auto any, statements.rows("SELECT (SELECT count(*) FROM prompt_types) + "
                                                     "(SELECT count(*) FROM prompt_type_changes)"));
        was_lost = any.front().integer(0) == 0;
        if (!was_lost) return {};
        const Author author{std::string(kItself),
                            "taken back from prompt-types.json: control.sqlite knew of none"};
        const Timestamp now = system_clock().now();
        for (const auto& [type, settings] : published->types) {
            const std::string after = to_json(settings);
            STENO_ASSIGN(const std::int64_t revision,
                         note(statements, type, to_json(Settings{}), after, author, now));
            STENO_TRY(statements.run("INSERT INTO prompt_types VALUES (?, ?, ?, ?, ?, ?)",
                                     {type, after, revision, now.unix_nanos, now.unix_nanos, author.by}));
        }
        return {};
    }));
    if (was_lost)
        log::warning(
            "control.sqlite knew of no settings of prompt types, and prompt-types.json of {}: these were "
            "taken back, "
            "without descriptions; what else control.sqlite held (prompts, budgets, alerts, prices) is not "
            "in that file",
            published->types.size());
    return {};
}

void Types::fall_back(const Error& why) {
    const auto published = read_published(files_, data_folder_);
    if (!published) {
        log::error(
            "the settings of prompt types cannot be read, so the defaults hold for all: texts of types that "
            "are to keep none are kept ({}; prompt-types.json: {})",
            why.message, published.error().message);
        return;
    }
    rules_.use(std::make_shared<const Table>(defaults_, published->types));
    log::error("the settings of prompt types cannot be read; those that were published last hold{}: {}",
               published->is_whole ? "" : ", as far as prompt-types.json is not damaged", why.message);
}

Entry Types::entry_of(const control::Row& row, std::optional<Published>& published) {
    Entry entry;
    entry.type = row.text(0);
    entry.revision = row.integer(2);
    entry.created_at = Timestamp{row.integer(3), 0};
    entry.changed_at = Timestamp{row.integer(4), 0};
    entry.changed_by = row.text(5);
    entry.is_damaged = !from_stored(row.text(1), entry.settings);
    if (!entry.is_damaged) return entry;
    if (!published) published = read_published(files_, data_folder_).value_or(Published{});
    if (const auto found = published->types.find(entry.type); found != published->types.end()) {
        std::string description = std::move(entry.settings.description);
        entry.settings = found->second;
        entry.settings.description = std::move(description);
    }
    return entry;
}

Result<std::map<std::string, Entry, std::less<>>> Types::read() {
    STENO_ASSIGN(const auto rows, database_->rows(kEntries));
    std::map<std::string, Entry, std::less<>> entries;
    std::optional<Published> published;
    for (const control::Row& row : rows) entries.emplace(row.text(0), entry_of(row, published));
    return entries;
}

Result<void> Types::take_over() {
    open_ = false;
    STENO_ASSIGN(const auto entries, read());
    TypeSettings types;
    std::vector<std::string_view> damaged;
    for (const auto& [type, entry] : entries) {
        types.emplace(type, entry.settings);
        if (entry.is_damaged) damaged.push_back(type);
    }
    rules_.use(std::make_shared<const Table>(defaults_, types));
    open_ = true;
    std::string words;
    if (!damaged.empty())
        words = fmt::format(
            "settings of prompt types are damaged, and those that were published last hold instead: {}{}",
            fmt::join(damaged | std::views::take(kNamed), ", "), damaged.size() > kNamed ? ", …" : "");
    if (!words.empty() && words != damaged_) log::error("{}", words);
    damaged_ = std::move(words);
    untold_ = std::move(types);
    if (const auto told = tell_others(); !told) log::error("{}", told.error().message);
    return {};
}

Result<void> Types::tell_others() {
    if (!untold_) return {};
    Result<void> told;
    if (!told_)
        told = std::unexpected(told_.error());
    else
        told = publish(files_, data_folder_, *told_, *untold_);
    if (!told)
        return std::unexpected(std::move(told).error().with_context(
            "the settings hold here, but not yet for programs that write to the folder themselves"));
    untold_.reset();
    return {};
}

void Types::take_over_change() {
    if (const auto taken = take_over(); !taken)
        log::error("a change of prompt types is on disk and does not hold yet: {}", taken.error().message);
}

Result<void> check_type(std::string_view type) {
    const std::string why = control::wrong_with_name(type, kLongestId);
    if (why.empty()) return {};
    return fail(Code::InvalidArgument, fmt::format("the name of a prompt type {}", why),
                "what programs give as prompt_type, such as extract_page_metadata");
}

std::string Types::warning(const Settings& settings) const {
    if (settings.retention.empty() || options_.retention_classes.contains(settings.retention)) return {};
    return fmt::format(
        "retention.classes names no class \"{}\" ({}): texts are kept as those of calls without a class",
        settings.retention,
        options_.retention_classes.empty()
            ? "it names none"
            : fmt::format("it names {}", fmt::join(options_.retention_classes, ", ")));
}

Result<std::map<std::string, Entry, std::less<>>> Types::all() {
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    return read();
}

Result<Entry> Types::get(std::string_view type) {
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
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    std::vector<Entry> changed;
    std::optional<Published> published;
    STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
        changed.clear();
        STENO_ASSIGN(const auto count, statements.rows("SELECT count(*) FROM prompt_types"));
        std::size_t there = static_cast<std::size_t>(count.front().integer(0));
        for (const std::string& type : types) {
            STENO_ASSIGN(const auto rows, statements.rows(kEntry, {type}));
            Entry entry;
            entry.type = type;
            if (!rows.empty())
                entry = entry_of(rows.front(), published);
            else
                STENO_TRY(check_type(type));
            STENO_TRY(check_revision(entry, revision));
            const std::string before = to_json(entry.settings);
            STENO_TRY(edit(entry.settings));
            const std::string after = to_json(entry.settings);
            if (before != after || entry.is_damaged) {
                if (rows.empty() && ++there > kMaxTypes)
                    return fail(Code::ResourceExhausted,
                                fmt::format("there are settings of {} prompt types already", kMaxTypes),
                                "reset some that nobody needs: steno prompt-types set TYPE --reset");
                STENO_ASSIGN(entry.revision, note(statements, type, before, after, author, now));
                if (!entry.created_at) entry.created_at = now;
                entry.changed_at = now;
                entry.changed_by = author.by;
                entry.is_damaged = false;
                STENO_TRY(statements.run(
                    "INSERT OR REPLACE INTO prompt_types VALUES (?, ?, ?, ?, ?, ?)",
                    {type, after, entry.revision, entry.created_at->unix_nanos, now.unix_nanos, author.by}));
            }
            changed.push_back(std::move(entry));
        }
        return {};
    }));
    take_over_change();
    return changed;
}

Result<void> Types::reset(const std::string& type, const Author& author, Timestamp now,
                          std::optional<std::int64_t> revision) {
    STENO_TRY(check(author));
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
        STENO_ASSIGN(const auto rows, statements.rows(kEntry, {type}));
        Entry entry;
        entry.type = type;
        std::optional<Published> published;
        if (!rows.empty()) entry = entry_of(rows.front(), published);
        STENO_TRY(check_revision(entry, revision));
        if (rows.empty()) return check_type(type);
        STENO_TRY(statements.run("DELETE FROM prompt_types WHERE type = ?", {type}));
        STENO_TRY(note(statements, type, to_json(entry.settings), "", author, now));
        return {};
    }));
    take_over_change();
    return {};
}

bool Types::is_on(const Settings& settings) const {
    if (!settings.is_active) return false;
    return settings.disable_switches == Switch::IsActive ||
           settings.track_full_data.value_or(defaults_.track_full_data);
}

Result<bool> Types::switch_off(const std::string& type, std::int64_t revision, const Cause& cause,
                               Timestamp now) {
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    bool done = false;
    STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
        done = false;
        STENO_ASSIGN(const auto rows, statements.rows(kEntry, {type}));
        if (rows.empty()) return {};
        std::optional<Published> published;
        Entry entry = entry_of(rows.front(), published);
        if (entry.is_damaged || entry.revision != revision || !is_on(entry.settings)) return {};
        STENO_ASSIGN(const auto before_now,
                     statements.rows("SELECT 1 FROM prompt_type_changes WHERE type = ? AND cause = ? LIMIT 1",
                                     {type, cause.key}));
        if (!before_now.empty()) return {};
        const std::string before = to_json(entry.settings);
        if (entry.settings.disable_switches == Switch::IsActive)
            entry.settings.is_active = false;
        else
            entry.settings.track_full_data = false;
        const std::string after = to_json(entry.settings);
        const Author author{std::string(kItself), cause.reason};
        STENO_ASSIGN(const std::int64_t number,
                     note(statements, type, before, after, author, now, cause.key));
        STENO_TRY(
            statements.run("UPDATE prompt_types SET settings = ?, revision = ?, changed_at = ?, changed_by = "
                           "? WHERE type = ?",
                           {after, number, now.unix_nanos, author.by, type}));
        done = true;
        return {};
    }));
    if (done) take_over_change();
    return done;
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
