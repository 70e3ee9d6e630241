#include "experiments/experiments.hpp"

#include "base/log.hpp"
#include "base/nearest.hpp"
#include "base/text.hpp"
#include "base/uuid.hpp"
#include "record/json_object.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <ranges>
#include <set>
#include <utility>

namespace steno::experiments {

namespace {

using control::Row;
using control::Statements;
using Cell = control::Value;

constexpr std::array<std::string_view, 1> kSteps = {R"(
CREATE TABLE experiments(
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  prompt TEXT NOT NULL, prompt_type TEXT NOT NULL,
  definition TEXT NOT NULL,
  state TEXT NOT NULL, winner TEXT NOT NULL,
  revision INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL, changed_by TEXT NOT NULL,
  started_at INTEGER, concluded_at INTEGER
) STRICT;
CREATE TABLE experiment_changes(
  experiment TEXT NOT NULL REFERENCES experiments(id) ON DELETE CASCADE,
  revision INTEGER NOT NULL,
  at INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL,
  action TEXT NOT NULL,
  before TEXT NOT NULL, after TEXT NOT NULL,
  state TEXT NOT NULL, plan TEXT NOT NULL,
  PRIMARY KEY(experiment, revision)
) STRICT)"};

constexpr std::string_view kColumns =
    "SELECT id, name, definition, state, winner, revision, created_at, changed_at, changed_by, started_at, "
    "concluded_at FROM experiments ";
constexpr std::string_view kChangeColumns =
    "SELECT revision, at, by, reason, action, before, after, state, plan FROM experiment_changes WHERE "
    "experiment = ? ";

constexpr std::array<std::string_view, 4> kStates = {"draft", "running", "paused", "concluded"};

Result<State> state_of(std::string_view text) {
    if (const auto state = parse_state(text)) return *state;
    return fail(Code::DataLoss, fmt::format("\"{}\" is no state of an experiment", utf8_prefix(text, 80)));
}

std::optional<Timestamp> moment_of(const std::optional<std::int64_t>& nanos) {
    if (!nanos) return {};
    return Timestamp{*nanos, 0};
}

Cell or_null(const std::optional<Timestamp>& moment) {
    return moment ? Cell(moment->unix_nanos) : Cell(nullptr);
}

/// DataLoss: what is stored cannot be understood.
Result<Experiment> experiment_of(const Row& row) {
    const auto damaged = [&](Error error) {
        error.code = Code::DataLoss;
        return std::unexpected(
            std::move(error).with_context(fmt::format("the experiment \"{}\" is damaged", row.text(1))));
    };
    Experiment experiment;
    experiment.id = row.text(0);
    auto definition = definition_from_stored(row.text(2));
    if (!definition) return damaged(std::move(definition).error());
    experiment.definition = std::move(*definition);
    auto state = state_of(row.text(3));
    if (!state) return damaged(std::move(state).error());
    experiment.state = *state;
    experiment.winner = row.text(4);
    experiment.revision = row.integer(5);
    experiment.created_at = {row.integer(6), 0};
    experiment.changed_at = {row.integer(7), 0};
    experiment.changed_by = row.text(8);
    experiment.started_at = moment_of(row.optional_integer(9));
    experiment.concluded_at = moment_of(row.optional_integer(10));
    return experiment;
}

Result<Change> change_of(const Row& row) {
    STENO_ASSIGN(const State state, state_of(row.text(7)));
    STENO_ASSIGN(auto plan, assignment::plan_from_json(row.text(8)));
    return Change{row.integer(0), {row.integer(1), 0}, {row.text(2), row.text(3)},
                  row.text(4),    row.text(5),         row.text(6),
                  state,          std::move(plan)};
}

/// `source`: a transaction's statements, or the database itself.
template <class Source>
Result<Experiment> load(Source& source, std::string_view name) {
    STENO_ASSIGN(const auto rows, source.rows(fmt::format("{}WHERE name = ? OR id = ?", kColumns),
                                              {std::string(name), std::string(name)}));
    if (!rows.empty()) return experiment_of(rows.front());
    STENO_ASSIGN(const auto all, source.rows("SELECT name FROM experiments ORDER BY name"));
    std::vector<std::string> names;
    for (const Row& row : all) names.push_back(row.text(0));
    const std::vector<std::string_view> views(names.begin(), names.end());
    const std::string_view near = nearest(utf8_prefix(name, 100), views);
    return fail(Code::NotFound, fmt::format("there is no experiment named \"{}\"", utf8_prefix(name, 100)),
                names.empty()  ? "there are none yet: steno experiments create"
                : near.empty() ? "steno experiments list shows all"
                               : fmt::format("the nearest is \"{}\"", near));
}

/// All that changes of an experiment, as the trail tells it.
std::string facts_of(const Experiment& experiment) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    write_members(json, experiment.definition);
    json.member("state", to_string(experiment.state));
    json.member("winner", experiment.winner);
    json.end_object();
    return out;
}

/// Those of `facts` that are otherwise in `than`.
std::string what_differs(const JsonMembers& facts, const JsonMembers& than) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    for (const auto& [name, value] : facts)
        if (std::ranges::find(than, std::pair(name, value)) == than.end()) json.member_raw(name, value);
    json.end_object();
    return out;
}

Result<void> note(Statements& statements, const Experiment& experiment, std::string_view action,
                  std::string_view facts_before, const Author& author) {
    const JsonMembers before = json_members(facts_before), after = json_members(facts_of(experiment));
    std::string plan;
    JsonWriter json(plan);
    assignment::write(json, experiment.plan());
    return statements.run(
        "INSERT INTO experiment_changes(experiment, revision, at, by, reason, action, before, after, state, "
        "plan) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {experiment.id, experiment.revision, experiment.changed_at.unix_nanos, author.by, author.reason,
         std::string(action), what_differs(before, after), what_differs(after, before),
         std::string(to_string(experiment.state)), plan});
}

Result<void> not_concluded(const Experiment& experiment) {
    if (experiment.state != State::Concluded) return {};
    return fail(Code::FailedPrecondition,
                fmt::format("the experiment \"{}\" is concluded", experiment.definition.name),
                "its result stays as it is; make a new one to go on");
}

/// At most one runs for a prompt, and for a kind of prompt: who gets both would belong to neither.
Result<void> alone(Statements& statements, const Experiment& experiment) {
    const std::string &prompt = experiment.definition.prompt, &type = experiment.definition.prompt_type;
    STENO_ASSIGN(
        const auto others,
        statements.rows("SELECT name, prompt FROM experiments WHERE state = 'running' AND id <> ? "
                        "AND ((prompt <> '' AND prompt = ?) OR (prompt_type <> '' AND prompt_type = ?))",
                        {experiment.id, prompt, type}));
    if (others.empty()) return {};
    const Row& other = others.front();
    const bool is_of_prompt = !prompt.empty() && other.text(1) == prompt;
    return fail(Code::AlreadyExists,
                fmt::format("the experiment \"{}\" runs for the {} \"{}\" already", other.text(0),
                            is_of_prompt ? "prompt" : "prompt type", is_of_prompt ? prompt : type),
                fmt::format("pause or conclude it first: steno experiments pause {}", other.text(0)));
}

}  // namespace

std::string_view to_string(State state) {
    return kStates[static_cast<std::size_t>(state)];
}

std::optional<State> parse_state(std::string_view text) {
    const auto found = std::ranges::find(kStates, text);
    if (found == kStates.end()) return std::nullopt;
    return static_cast<State>(found - kStates.begin());
}

std::string Experiment::tag() const {
    return fmt::format("\"{}-{}\"", id, revision);
}

Experiments::Experiments(prompts::Registry& registry, PublishedTable& table)
    : registry_(registry), table_(table) {}

Result<void> Experiments::open(control::Database& database) {
    const std::scoped_lock lock(mutex_);
    database_ = &database;
    return be_open();
}

void Experiments::stay_closed(Error why) {
    const std::scoped_lock lock(mutex_);
    error_ = std::move(why);
}

Result<void> Experiments::be_in_force() {
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    const auto others = database_->state_of_others();
    if (!others || others == others_) return {};
    return take_over();
}

Result<void> Experiments::be_open() {
    if (open_) return {};
    if (database_ == nullptr) return std::unexpected(error_);
    STENO_TRY(database_->bring_up_to("experiments", kSteps));
    return take_over();
}

Result<void> Experiments::take_over() {
    open_ = false;
    others_ = database_->state_of_others();
    STENO_ASSIGN(const auto rows,
                 database_->rows(fmt::format("{}WHERE state <> 'draft' ORDER BY id", kColumns)));
    std::vector<std::shared_ptr<const Running>> running;
    Table::Variants started;
    for (const Row& row : rows) {
        auto experiment = experiment_of(row);
        if (!experiment) {
            log::error("an experiment takes part in nothing: {}", experiment.error().message);
            continue;
        }
        std::vector<std::string>& names = started[experiment->id];
        for (const Variant& variant : experiment->definition.variants) names.push_back(variant.name);
        if (experiment->state == State::Running)
            running.push_back(std::make_shared<const Running>(experiment->id, experiment->revision,
                                                              std::move(experiment->definition)));
    }
    table_.use(std::make_shared<const Table>(running, std::move(started)));
    open_ = true;
    return {};
}

Result<control::Database*> Experiments::database() {
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    return database_;
}

void Experiments::put_into_force() {
    const std::scoped_lock lock(mutex_);
    if (const auto taken = take_over(); !taken)
        log::error("a change of an experiment is on disk and does not hold yet: {}", taken.error().message);
}

Result<std::vector<Experiment>> Experiments::all() {
    STENO_ASSIGN(control::Database* const database, this->database());
    STENO_ASSIGN(const auto rows,
                 database->rows(fmt::format("{}ORDER BY created_at DESC, id DESC", kColumns)));
    std::vector<Experiment> experiments;
    for (const Row& row : rows) {
        STENO_ASSIGN(Experiment experiment, experiment_of(row));
        experiments.push_back(std::move(experiment));
    }
    return experiments;
}

Result<Experiment> Experiments::get(std::string_view name) {
    STENO_ASSIGN(control::Database* const database, this->database());
    return load(*database, name);
}

Result<void> Experiments::find_what_is_named(const Definition& definition) {
    if (definition.prompt.empty()) return {};
    std::set<std::string> versions;
    for (const Variant& variant : definition.variants) versions.insert(variant.changes.version);
    for (const std::string& version : versions)
        STENO_TRY(registry_.find(definition.prompt, version.empty() ? asked_for(definition) : version));
    return {};
}

Result<Experiment> Experiments::create(const Definition& definition, const Author& author, Timestamp now) {
    STENO_TRY(check(author));
    STENO_TRY(check(definition));
    STENO_ASSIGN(control::Database* const database, this->database());
    STENO_TRY(find_what_is_named(definition));
    Experiment experiment;
    experiment.id = Uuid::at(now.unix_nanos, system_random()).to_string();
    experiment.definition = definition;
    experiment.revision = 1;
    experiment.created_at = experiment.changed_at = now;
    experiment.changed_by = author.by;
    STENO_TRY(database->write([&](Statements& statements) -> Result<void> {
        STENO_ASSIGN(const auto count,
                     statements.rows("SELECT count(*), coalesce(sum(name = ?), 0) FROM experiments",
                                     {definition.name}));
        if (count.front().integer(1) != 0)
            return fail(Code::AlreadyExists,
                        fmt::format("there is an experiment named \"{}\" already", definition.name),
                        "take another: the name of one that is concluded stays its own, too");
        if (count.front().integer(0) >= static_cast<std::int64_t>(kMaxExperiments))
            return fail(Code::ResourceExhausted,
                        fmt::format("there are {} experiments already", kMaxExperiments),
                        "remove drafts that nobody needs: steno experiments remove NAME");
        STENO_TRY(statements.run(
            "INSERT INTO experiments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            {experiment.id, definition.name, definition.prompt, definition.prompt_type, to_json(definition),
             std::string(to_string(experiment.state)), experiment.winner, experiment.revision, now.unix_nanos,
             now.unix_nanos, author.by, nullptr, nullptr}));
        return note(statements, experiment, "created", "{}", author);
    }));
    return experiment;
}

Result<Experiment> Experiments::changed(std::string_view name, std::string_view action, const Author& author,
                                        Timestamp now, Condition& condition, const Doing& change) {
    STENO_TRY(check(author));
    STENO_ASSIGN(control::Database* const database, this->database());
    Experiment experiment;
    STENO_TRY(database->write([&](Statements& statements) -> Result<void> {
        STENO_ASSIGN(experiment, load(statements, name));
        STENO_TRY(condition.check(experiment.tag(),
                                  fmt::format("the experiment \"{}\"", experiment.definition.name)));
        const std::string before = facts_of(experiment);
        STENO_TRY(change(statements, experiment));
        if (facts_of(experiment) == before) return {};
        ++experiment.revision;
        experiment.changed_at = now;
        experiment.changed_by = author.by;
        const Definition& definition = experiment.definition;
        STENO_TRY(statements.run(
            "UPDATE experiments SET prompt = ?, prompt_type = ?, definition = ?, state = ?, winner = ?, "
            "revision = ?, changed_at = ?, changed_by = ?, started_at = ?, concluded_at = ? WHERE id = ?",
            {definition.prompt, definition.prompt_type, to_json(definition),
             std::string(to_string(experiment.state)), experiment.winner, experiment.revision, now.unix_nanos,
             author.by, or_null(experiment.started_at), or_null(experiment.concluded_at), experiment.id}));
        return note(statements, experiment, action, before, author);
    }));
    put_into_force();
    return experiment;
}

Result<Experiment> Experiments::change(std::string_view name, const Edit& edit, const Author& author,
                                       Timestamp now, Condition& condition) {
    STENO_ASSIGN(Experiment there, get(name));
    STENO_TRY(edit(there.definition));
    STENO_TRY(find_what_is_named(there.definition));
    return changed(
        name, "changed", author, now, condition, [&](Statements&, Experiment& experiment) -> Result<void> {
            STENO_TRY(not_concluded(experiment));
            const Definition before = experiment.definition;
            STENO_TRY(edit(experiment.definition));
            STENO_TRY(check(experiment.definition));
            if (experiment.state == State::Draft || same_question(before, experiment.definition)) return {};
            return fail(
                Code::FailedPrecondition,
                fmt::format("the experiment \"{}\" was started: what it asks stays as it is", before.name),
                "description, share, weights, guards, rule and every_minutes may change; "
                "another question is another experiment");
        });
}

Result<Experiment> Experiments::start(std::string_view name, const Author& author, Timestamp now,
                                      Condition& condition) {
    STENO_ASSIGN(const Experiment there, get(name));
    STENO_TRY(find_what_is_named(there.definition));
    return changed(name, "started", author, now, condition,
                   [&](Statements& statements, Experiment& experiment) -> Result<void> {
                       STENO_TRY(not_concluded(experiment));
                       STENO_TRY(alone(statements, experiment));
                       experiment.state = State::Running;
                       if (!experiment.started_at) experiment.started_at = now;
                       return {};
                   });
}

Result<Experiment> Experiments::pause(std::string_view name, const Author& author, Timestamp now,
                                      Condition& condition) {
    return changed(
        name, "paused", author, now, condition, [&](Statements&, Experiment& experiment) -> Result<void> {
            STENO_TRY(not_concluded(experiment));
            if (experiment.state == State::Draft)
                return fail(
                    Code::FailedPrecondition,
                    fmt::format("the experiment \"{}\" was not started yet", experiment.definition.name),
                    "a draft divides nobody: there is nothing to pause");
            experiment.state = State::Paused;
            return {};
        });
}

Result<Experiment> Experiments::conclude(std::string_view name, const std::string& winner,
                                         const Author& author, Timestamp now, Condition& condition) {
    return changed(
        name, "concluded", author, now, condition, [&](Statements&, Experiment& experiment) -> Result<void> {
            STENO_TRY(not_concluded(experiment));
            const auto& variants = experiment.definition.variants;
            if (experiment.state == State::Draft)
                return fail(
                    Code::FailedPrecondition,
                    fmt::format("the experiment \"{}\" was not started yet", experiment.definition.name),
                    "a draft is removed: steno experiments remove NAME");
            const auto won = std::ranges::find(variants, winner, &Variant::name);
            if (!winner.empty() && won == variants.end())
                return fail(Code::InvalidArgument,
                            fmt::format("winner: there is no variant \"{}\"", utf8_prefix(winner, 80)),
                            fmt::format("there are {}; or none, and nobody has won",
                                        fmt::join(variants | std::views::transform(&Variant::name), ", ")));
            if (!winner.empty() && won->stopped)
                return fail(
                    Code::FailedPrecondition,
                    fmt::format("winner: the variant \"{}\" was stopped: nobody gets it any more", winner),
                    "name another winner, or none; a new experiment may have it again");
            experiment.state = State::Concluded;
            experiment.winner = winner;
            experiment.concluded_at = now;
            return {};
        });
}

Result<Experiment> Experiments::stop_variant(std::string_view name, const std::string& variant,
                                             const Author& author, Timestamp now, Condition& condition) {
    return changed(name, "stopped", author, now, condition,
                   [&](Statements&, Experiment& experiment) -> Result<void> {
                       STENO_TRY(not_concluded(experiment));
                       return stop(experiment.definition, variant);
                   });
}

Result<void> Experiments::remove(std::string_view name, Condition& condition) {
    STENO_ASSIGN(control::Database* const database, this->database());
    return database->write([&](Statements& statements) -> Result<void> {
        STENO_ASSIGN(const Experiment experiment, load(statements, name));
        STENO_TRY(condition.check(experiment.tag(),
                                  fmt::format("the experiment \"{}\"", experiment.definition.name)));
        if (experiment.state != State::Draft)
            return fail(Code::FailedPrecondition,
                        fmt::format("the experiment \"{}\" was started: calls may name it",
                                    experiment.definition.name),
                        "conclude it: steno experiments conclude NAME");
        return statements.run("DELETE FROM experiments WHERE id = ?", {experiment.id});
    });
}

Result<std::vector<Change>> Experiments::history(std::string_view name, std::uint64_t limit) {
    STENO_ASSIGN(const Experiment experiment, get(name));
    STENO_ASSIGN(control::Database* const database, this->database());
    STENO_ASSIGN(const auto rows,
                 database->rows(fmt::format("{}ORDER BY revision DESC LIMIT ?", kChangeColumns),
                                {experiment.id, static_cast<std::int64_t>(limit)}));
    std::vector<Change> changes;
    for (const Row& row : rows) {
        STENO_ASSIGN(Change change, change_of(row));
        changes.push_back(std::move(change));
    }
    return changes;
}

Result<Change> Experiments::change_before(std::string_view name, const Then& then) {
    STENO_ASSIGN(const Experiment experiment, get(name));
    STENO_ASSIGN(control::Database* const database, this->database());
    constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
    STENO_ASSIGN(
        const auto rows,
        database->rows(
            fmt::format("{}AND revision <= ? AND at <= ? ORDER BY revision DESC LIMIT 1", kChangeColumns),
            {experiment.id, then.revision.value_or(kNever), then.at ? then.at->unix_nanos : kNever}));
    if (rows.empty() || (then.revision && rows.front().integer(0) != *then.revision && !then.at))
        return fail(Code::NotFound,
                    fmt::format("the experiment \"{}\" {}", experiment.definition.name,
                                then.revision ? "had no such revision" : "was not there yet"),
                    fmt::format("it has 1 to {}; it was made at {}", experiment.revision,
                                experiment.created_at.to_string()));
    return change_of(rows.front());
}

}  // namespace steno::experiments
