#include "repricing/trail.hpp"

#include "base/json_writer.hpp"
#include "record/json_reader.hpp"
#include "repricing/counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

namespace steno::repricing {

namespace {

constexpr std::array<std::string_view, 2> kSteps = {R"(
CREATE TABLE repricings(
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL,
  begin INTEGER, end INTEGER,
  filters TEXT NOT NULL,
  billed_too INTEGER NOT NULL,
  catalogue TEXT NOT NULL, own INTEGER,
  status TEXT NOT NULL, error TEXT NOT NULL,
  ended_at INTEGER,
  looked_at INTEGER NOT NULL, expected INTEGER NOT NULL,
  difference TEXT NOT NULL
) STRICT;
CREATE INDEX repricings_by_time ON repricings(at))",
                                                    R"(
ALTER TABLE repricings ADD COLUMN undoes TEXT NOT NULL DEFAULT '')"};

constexpr std::array kNames = {std::pair(RunStatus::Running, std::string_view("running")),
                               std::pair(RunStatus::Done, std::string_view("done")),
                               std::pair(RunStatus::Cancelled, std::string_view("cancelled")),
                               std::pair(RunStatus::Failed, std::string_view("failed")),
                               std::pair(RunStatus::Interrupted, std::string_view("interrupted"))};

control::Value moment(const std::optional<Timestamp>& time) {
    if (!time) return nullptr;
    return time->unix_nanos;
}

std::string list(const std::vector<std::string>& texts) {
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
    (void)json.array([&] {
        std::string text;
        if (!json.string(text)) return false;
        texts.push_back(std::move(text));
        return true;
    });
    return texts;
}

bool is_json(std::string_view text) {
    JsonReader json(text);
    return json.skip() && json.at_end();
}

Run run_of(const control::Row& row) {
    const auto time = [&](std::size_t column) -> std::optional<Timestamp> {
        if (const auto nanos = row.optional_integer(column)) return Timestamp{*nanos, 0};
        return std::nullopt;
    };
    Run run;
    run.apply = true;
    run.id = row.text(0);
    run.at = {row.integer(1), 0};
    run.author = {row.text(2), row.text(3)};
    run.from = time(4);
    run.to = time(5);
    run.filters = texts_of(row.text(6));
    run.billed_too = row.integer(7) != 0;
    run.catalogue = row.text(8);
    run.own = row.optional_integer(9);
    const std::string status = row.text(10);
    const auto* const found =
        std::ranges::find(kNames, status, &std::pair<RunStatus, std::string_view>::second);
    run.status = found == kNames.end() ? RunStatus::Failed : found->first;
    run.error = row.text(11);
    run.ended_at = time(12);
    run.looked_at = row.integer(13);
    run.expected = row.integer(14);
    run.difference = row.text(15);
    run.undoes = row.text(16);
    run.undone_by = row.text(17);
    // A damaged one does not take the others with it.
    if (!run.difference.empty() && !is_json(run.difference)) {
        run.difference.clear();
        run.error += fmt::format("{}its sums are damaged and cannot be read", run.error.empty() ? "" : "; ");
    }
    return run;
}

void write_changes(JsonWriter& json, std::string_view key, const Changes& changes) {
    json.key(key);
    json.begin_array();
    for (const auto& [currency, change] : changes) {
        json.begin_object();
        json.member("currency", currency);
        json.member("calls", change.calls);
        json.member("before", change.before.to_string());
        json.member("after", change.after.to_string());
        json.member("difference", (change.after - change.before).to_string());
        json.end_object();
    }
    json.end_array();
}

/// Of the currency in which it is greatest, without its sign.
Decimal weight(const ModelChange& change) {
    Decimal most;
    for (const auto& [currency, sums] : change.totals) {
        const Decimal by = sums.after < sums.before ? sums.before - sums.after : sums.after - sums.before;
        most = std::max(most, by);
    }
    return most;
}

}  // namespace

std::string_view to_string(RunStatus status) {
    const auto* const found =
        std::ranges::find(kNames, status, &std::pair<RunStatus, std::string_view>::first);
    return found->second;
}

std::string to_json(const Difference& difference, bool complete) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    if (complete) {
        json.member("looked_at", difference.looked_at);
        json.member("same", difference.same);
        json.member("kept", difference.kept);
        write_counts(json, "kept_by_source", "source",
                     {difference.kept_by_source.begin(), difference.kept_by_source.end()});
        json.member("unpriced", difference.unpriced);
        json.member("unpriced_with_cost", difference.unpriced_with_cost);
        write_counts(json, "reasons", "reason", {difference.reasons.begin(), difference.reasons.end()});
        write_changes(json, "totals", difference.totals);
    }
    json.member("changed", difference.changed);
    json.member("priced", difference.priced);
    json.member("cleared", difference.cleared);
    write_changes(json, "amended", difference.amended);
    using Model = decltype(difference.models)::value_type;
    std::vector<std::pair<Decimal, const Model*>> models;
    for (const Model& model : difference.models) models.emplace_back(weight(model.second), &model);
    std::ranges::sort(models, [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second->first < b.second->first;
    });
    json.key("models");
    json.begin_array();
    for (const auto& [by, model] : models) {
        const auto& [name, change] = *model;
        json.begin_object();
        json.member("provider", name.first);
        json.member("model", name.second);
        json.member("calls", change.calls);
        json.member("priced", change.priced);
        write_changes(json, "totals", change.totals);
        json.end_object();
    }
    json.end_array();
    write_counts(json, "prices", "price_id", {difference.prices.begin(), difference.prices.end()});
    json.end_object();
    return out;
}

std::optional<std::int64_t> amended_by(const Run& run) {
    if (run.difference.empty()) return std::nullopt;
    std::int64_t sum = 0;
    JsonReader json(run.difference);
    const bool whole = json.object([&](std::string_view name) {
        if (name != "changed" && name != "priced") return json.skip();
        std::string_view digits;
        std::int64_t calls = 0;
        if (!json.number(digits) ||
            std::from_chars(digits.data(), digits.data() + digits.size(), calls).ec != std::errc())
            return false;
        sum += calls;
        return true;
    });
    return whole ? std::optional(sum) : std::nullopt;
}

Later what_came_later(const std::vector<Run>& runs) {
    const auto find = [&](const std::string& id) { return std::ranges::find(runs, id, &Run::id); };
    std::vector<bool> holds(runs.size());  // from the last one back: what undoes comes later
    for (std::size_t i = runs.size(); i-- > 0;) {
        const auto by = find(runs[i].undone_by);
        holds[i] = by == runs.end() || !holds[static_cast<std::size_t>(by - runs.begin())];
    }
    const auto changes = [&](std::size_t i) {
        return runs[i].undoes.empty() && holds[i] && amended_by(runs[i]) != 0;
    };
    Later later;
    for (std::size_t i = runs.size(); i-- > 0;)
        if (changes(i)) later.in_force.push_back(runs[i].id);
    for (std::size_t i = 0; i < runs.size(); ++i) {
        if (runs[i].undoes.empty() || !holds[i]) continue;
        const auto undone = static_cast<std::size_t>(find(runs[i].undoes) - runs.begin());
        if (undone == runs.size()) continue;  // what it undid came before
        bool clear = true;
        for (std::size_t between = 0; between < undone; ++between) clear &= !changes(between);
        if (clear) later.ways_back.push_back(runs[i].id);
    }
    return later;
}

Result<void> Trail::be_open() {
    if (database_ == nullptr)
        return fail(
            Code::FailedPrecondition,
            "calls cannot be re-priced: there would be no trail of it, for the control database of this "
            "folder cannot be opened",
            "the log of the start says why");
    const std::scoped_lock lock(mutex_);
    if (open_) return {};
    STENO_TRY(database_->bring_up_to("repricings", kSteps));
    open_ = true;
    return {};
}

Result<void> Trail::begin(const Run& run) {
    STENO_TRY(be_open());
    return database_->write([&](control::Statements& statements) {
        control::Value own = nullptr;
        if (run.own) own = *run.own;
        return statements.run(
            "INSERT INTO repricings(id, at, by, reason, begin, end, filters, billed_too, catalogue, own, "
            "status, error, ended_at, looked_at, expected, difference, undoes) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', NULL, 0, ?, '', ?)",
            {run.id, run.at.unix_nanos, run.author.by, run.author.reason, moment(run.from), moment(run.to),
             list(run.filters), std::int64_t{run.billed_too}, run.catalogue, own,
             std::string(to_string(run.status)), run.expected, run.undoes});
    });
}

Result<void> Trail::end(const Run& run) {
    STENO_TRY(be_open());
    return database_->write([&](control::Statements& statements) {
        return statements.run(
            "UPDATE repricings SET status = ?, error = ?, ended_at = ?, looked_at = ?, "
            "expected = ?, difference = ? WHERE id = ? AND status = 'running'",
            {std::string(to_string(run.status)), run.error, moment(run.ended_at), run.looked_at, run.expected,
             run.difference, run.id});
    });
}

Result<void> Trail::add_sums(const Run& run) {
    STENO_TRY(be_open());
    return database_->write([&](control::Statements& statements) {
        return statements.run("UPDATE repricings SET difference = ? WHERE id = ? AND difference = ''",
                              {run.difference, run.id});
    });
}

Result<std::vector<Run>> Trail::read(std::string_view condition,
                                     std::initializer_list<control::Value> values) {
    STENO_TRY(be_open());
    STENO_ASSIGN(
        const auto rows,
        database_->rows(
            fmt::format("SELECT id, at, by, reason, begin, end, filters, billed_too, "
                        "catalogue, own, status, error, ended_at, looked_at, expected, "
                        "difference, undoes, coalesce((SELECT later.id FROM repricings AS later WHERE "
                        "later.undoes = repricings.id AND CASE WHEN json_valid(later.difference) THEN "
                        "json_extract(later.difference, '$.changed') + "
                        "json_extract(later.difference, '$.priced') END > 0 "
                        "ORDER BY later.at DESC, later.rowid DESC LIMIT 1), '') FROM repricings {}",
                        condition),
            values));
    std::vector<Run> runs;
    runs.reserve(rows.size());
    for (const control::Row& row : rows) runs.push_back(run_of(row));
    return runs;
}

Result<std::vector<Run>> Trail::latest(std::uint64_t limit) {
    return read("ORDER BY at DESC, id LIMIT ?", {static_cast<std::int64_t>(limit)});
}

Result<Run> Trail::get(std::string_view id) {
    STENO_ASSIGN(auto runs, read("WHERE id = ?", {std::string(id)}));
    if (runs.empty())
        return fail(Code::NotFound, fmt::format("there is no re-pricing \"{}\"", id.substr(0, 80)),
                    "steno prices history shows which there were");
    return std::move(runs.front());
}

Result<std::vector<Run>> Trail::later_than(std::string_view id) {
    return read("WHERE rowid > (SELECT rowid FROM repricings WHERE id = ?) ORDER BY rowid",
                {std::string(id)});
}

Result<std::vector<Run>> Trail::unsettled() {
    return read("WHERE difference = '' ORDER BY at", {});
}

}  // namespace steno::repricing
