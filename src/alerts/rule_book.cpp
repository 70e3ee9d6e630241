#include "alerts/rule_book.hpp"

#include "base/log.hpp"
#include "base/nearest.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace steno::alerts {

namespace {

using control::Row;
using control::Statements;
using control::Value;

constexpr std::array<std::string_view, 3> kSteps{
    R"(CREATE TABLE alert_rules(
           name TEXT PRIMARY KEY, definition TEXT NOT NULL, version INTEGER NOT NULL,
           muted_until INTEGER, mute_reason TEXT NOT NULL) STRICT;
       CREATE TABLE alert_standings(
           rule TEXT NOT NULL, group_key TEXT NOT NULL, level TEXT NOT NULL, since INTEGER,
           leaning TEXT NOT NULL, leaned INTEGER NOT NULL, told TEXT NOT NULL, told_at INTEGER,
           PRIMARY KEY(rule, group_key)) STRICT;
       CREATE TABLE alert_events(
           id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, rule TEXT NOT NULL,
           group_key TEXT NOT NULL, from_level TEXT NOT NULL, to_level TEXT NOT NULL, what TEXT NOT NULL,
           value TEXT, threshold TEXT, samples TEXT NOT NULL, muted INTEGER NOT NULL) STRICT;
       CREATE INDEX alert_events_by_rule ON alert_events(rule, id))",
    "ALTER TABLE alert_standings ADD COLUMN leaned_at INTEGER",
    R"(ALTER TABLE alert_standings ADD COLUMN period INTEGER;
       ALTER TABLE alert_standings ADD COLUMN step INTEGER NOT NULL DEFAULT 0;
       ALTER TABLE alert_standings ADD COLUMN told_step INTEGER NOT NULL DEFAULT 0)"};

Value nanos(const std::optional<Timestamp>& moment) {
    return moment ? Value(moment->unix_nanos) : Value(nullptr);
}
std::optional<Timestamp> moment(const Row& row, std::size_t column) {
    const auto value = row.optional_integer(column);
    return value ? std::optional(Timestamp{*value, 0}) : std::nullopt;
}
Value text(const std::optional<Decimal>& amount) {
    return amount ? Value(amount->to_short_string()) : Value(nullptr);
}
std::optional<Decimal> amount(const Row& row, std::size_t column) {
    return Decimal::parse(row.text(column));
}
Value level(Level level) {
    return std::string(to_string(level));
}
Level level_at(const Row& row, std::size_t column) {
    return parse_level(row.text(column)).value_or(Level::NoData);
}

Result<KeptRule> kept(const Row& row) {
    KeptRule kept;
    STENO_ASSIGN(kept.rule, rule_from_json(row.text(0), row.text(1)));
    kept.version = row.integer(2);
    kept.muted_until = moment(row, 3);
    kept.mute_reason = row.text(4);
    return kept;
}

}  // namespace

Result<std::unique_ptr<RuleBook>> RuleBook::open(control::Database& database, notify::Outbox& outbox) {
    STENO_TRY(database.bring_up_to("alerts", kSteps));
    return std::unique_ptr<RuleBook>(new RuleBook(database, outbox));
}

Result<std::vector<KeptRule>> RuleBook::rules() {
    STENO_ASSIGN(const auto rows,
                 database_.rows("SELECT name, definition, version, muted_until, mute_reason FROM alert_rules "
                                "ORDER BY name"));
    std::vector<KeptRule> rules;
    for (const Row& row : rows) {
        auto rule = kept(row);
        if (rule)
            rules.push_back(std::move(*rule));
        else
            log::warning("the alert rule {} cannot be read: {}", row.text(0), rule.error().message);
    }
    return rules;
}

Result<KeptRule> RuleBook::rule(std::string_view name) {
    STENO_ASSIGN(const auto rows,
                 database_.rows("SELECT name, definition, version, muted_until, mute_reason FROM alert_rules "
                                "WHERE name = ?",
                                {std::string(name)}));
    if (!rows.empty()) return kept(rows.front());
    STENO_ASSIGN(const auto all, rules());
    std::vector<std::string_view> names;
    for (const KeptRule& one : all) names.emplace_back(one.rule.name);
    const std::string_view meant = name.size() > 64 ? "" : nearest(name, names);
    return fail(Code::NotFound, fmt::format("there is no alert rule \"{}\"", utf8_prefix(name, 64)),
                !meant.empty()  ? fmt::format("did you mean {}?", meant)
                : names.empty() ? "there are none yet: steno alerts add-defaults"
                                : fmt::format("there are: {}", fmt::join(names, ", ")));
}

Result<void> RuleBook::check_channels(const Rule& rule) {
    for (const std::string& channel : rule.channels) {
        auto known = outbox_.channel(channel);
        if (known) continue;
        Error error = std::move(known).error();
        if (error.code == Code::NotFound) error.code = Code::InvalidArgument;  // it is the rule that is wrong
        return std::unexpected(std::move(error).with_context("channels"));
    }
    return {};
}

Result<void> RuleBook::set(const Rule& rule) {
    STENO_TRY(notify::check_name("a rule", rule.name));
    STENO_TRY(check_channels(rule));
    return database_.write([&](Statements& statements) -> Result<void> {
        STENO_ASSIGN(const auto before,
                     statements.rows("SELECT name, definition, version, muted_until, mute_reason "
                                     "FROM alert_rules WHERE name = ?",
                                     {rule.name}));
        if (!before.empty()) {
            const auto old = kept(before.front());
            if (!old || !same_watched(old->rule, rule))
                STENO_TRY(statements.run("DELETE FROM alert_standings WHERE rule = ?", {rule.name}));
        }
        STENO_TRY(statements.run(
            "INSERT INTO alert_rules(name, definition, version, mute_reason) VALUES (?, ?, 1, '') "
            "ON CONFLICT(name) DO UPDATE SET definition = excluded.definition, version = version + 1",
            {rule.name, to_json(rule)}));
        STENO_ASSIGN(const auto count, statements.rows("SELECT count(*) FROM alert_rules"));
        if (count.front().integer(0) > static_cast<std::int64_t>(kMaxRules))
            return fail(Code::ResourceExhausted, fmt::format("there are {} rules already", kMaxRules),
                        "remove some");
        return {};
    });
}

Result<void> RuleBook::remove(std::string_view name) {
    STENO_TRY(rule(name));
    return database_.write([&](Statements& statements) -> Result<void> {
        for (const char* sql :
             {"DELETE FROM alert_rules WHERE name = ?", "DELETE FROM alert_standings WHERE rule = ?",
              "DELETE FROM alert_events WHERE rule = ?"})
            STENO_TRY(statements.run(sql, {std::string(name)}));
        return {};
    });
}

Result<void> RuleBook::mute(std::string_view name, std::optional<Timestamp> until, std::string_view reason) {
    STENO_TRY(rule(name));
    return database_.write([&](Statements& statements) -> Result<void> {
        return statements.run(
            "UPDATE alert_rules SET muted_until = ?, mute_reason = ?, version = version + 1 "
            "WHERE name = ?",
            {nanos(until), std::string(reason), std::string(name)});
    });
}

Result<Standings> RuleBook::standings(std::string_view name) {
    STENO_ASSIGN(const auto rows,
                 database_.rows("SELECT group_key, level, since, leaning, leaned, leaned_at, told, "
                                "told_at, period, step, told_step FROM "
                                "alert_standings WHERE rule = ? ORDER BY group_key",
                                {std::string(name)}));
    Standings standings;
    for (const Row& row : rows)
        standings[row.text(0)] = {.group = row.text(0),
                                  .level = level_at(row, 1),
                                  .since = moment(row, 2),
                                  .leaning = level_at(row, 3),
                                  .leaned = row.integer(4),
                                  .leaned_at = moment(row, 5),
                                  .told = level_at(row, 6),
                                  .told_at = moment(row, 7),
                                  .period = moment(row, 8),
                                  .step = static_cast<int>(row.integer(9)),
                                  .told_step = static_cast<int>(row.integer(10))};
    return standings;
}

Result<std::vector<Event>> RuleBook::history(std::string_view name, std::int64_t most) {
    STENO_ASSIGN(
        const auto rows,
        database_.rows("SELECT at, rule, group_key, from_level, to_level, what, value, threshold, "
                       "samples, muted FROM alert_events WHERE ? = '' OR rule = ? ORDER BY id DESC LIMIT ?",
                       {std::string(name), std::string(name), most}));
    std::vector<Event> events;
    for (const Row& row : rows) {
        Event event{{row.integer(0), 0}, row.text(1),      row.text(2),
                    level_at(row, 3),    level_at(row, 4), row.text(5),
                    amount(row, 6),      amount(row, 7),   {},
                    row.integer(9) != 0};
        for (const std::string_view id : split(row.text(8), ',')) event.samples.emplace_back(id);
        events.push_back(std::move(event));
    }
    return events;
}

Result<std::vector<std::string>> RuleBook::who_uses(std::string_view channel) {
    STENO_ASSIGN(const auto all, rules());
    std::vector<std::string> names;
    for (const KeptRule& one : all)
        if (std::ranges::find(one.rule.channels, channel) != one.rule.channels.end())
            names.push_back(one.rule.name);
    return names;
}

Result<bool> RuleBook::keep(const KeptRule& rule, const Outcome& outcome) {
    const std::string& name = rule.rule.name;
    std::vector<std::string> channels = rule.rule.channels;
    if (channels.empty() && !outcome.messages.empty()) {
        STENO_ASSIGN(const auto all, outbox_.channels());
        for (const notify::Channel& channel : all) channels.push_back(channel.name);
    }
    bool as_it_was = true;
    STENO_TRY(database_.write([&](Statements& statements) -> Result<void> {
        STENO_ASSIGN(const auto now,
                     statements.rows("SELECT version FROM alert_rules WHERE name = ?", {name}));
        as_it_was = !now.empty() && now.front().integer(0) == rule.version;
        if (!as_it_was) return {};
        for (const Standing& standing : outcome.standings)
            STENO_TRY(statements.run(
                "INSERT OR REPLACE INTO alert_standings(rule, group_key, level, since, leaning, leaned, "
                "leaned_at, told, told_at, period, step, told_step) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                {name, standing.group, level(standing.level), nanos(standing.since), level(standing.leaning),
                 standing.leaned, nanos(standing.leaned_at), level(standing.told), nanos(standing.told_at),
                 nanos(standing.period), std::int64_t{standing.step}, std::int64_t{standing.told_step}}));
        for (const std::string& group : outcome.gone)
            STENO_TRY(statements.run("DELETE FROM alert_standings WHERE rule = ? AND group_key = ?",
                                     {name, group}));
        for (const Event& event : outcome.events)
            STENO_TRY(statements.run(
                "INSERT INTO alert_events(at, rule, group_key, from_level, to_level, what, value, threshold, "
                "samples, muted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                {event.at.unix_nanos, name, event.group, level(event.from), level(event.to), event.what,
                 text(event.value), text(event.threshold), fmt::format("{}", fmt::join(event.samples, ",")),
                 std::int64_t{event.muted}}));
        if (!outcome.events.empty())
            STENO_TRY(
                statements.run("DELETE FROM alert_events WHERE rule = ? AND id NOT IN (SELECT id FROM "
                               "alert_events WHERE rule = ? ORDER BY id DESC LIMIT ?)",
                               {name, name, kMostEvents}));
        if (outcome.messages.empty()) return {};
        STENO_TRY(outbox_.add(statements, channels, name, outcome.messages));
        return {};
    }));
    return as_it_was;
}

}  // namespace steno::alerts
