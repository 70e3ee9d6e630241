#include "prompt_types/totals.hpp"

#include "base/log.hpp"
#include "ingest/policy.hpp"
#include "record/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

namespace steno::prompt_types {

namespace {

// `prompt_type_sums` is what counts; what is noted of calls that are about to go waits in `…_noted`.
constexpr std::array<std::string_view, 1> kSteps = {R"(
CREATE TABLE prompt_type_sums(
  type TEXT NOT NULL, currency TEXT NOT NULL,
  calls INTEGER NOT NULL, failures INTEGER NOT NULL, unpriced INTEGER NOT NULL,
  priced INTEGER NOT NULL, cost TEXT NOT NULL,
  first INTEGER, last INTEGER,
  PRIMARY KEY (type, currency)
) STRICT;
CREATE TABLE prompt_type_sums_noted(
  stream TEXT NOT NULL, sequence INTEGER NOT NULL,
  type TEXT NOT NULL, currency TEXT NOT NULL,
  calls INTEGER NOT NULL, failures INTEGER NOT NULL, unpriced INTEGER NOT NULL,
  priced INTEGER NOT NULL, cost TEXT NOT NULL,
  first INTEGER, last INTEGER,
  PRIMARY KEY (stream, type, currency)
) STRICT;
CREATE TABLE prompt_type_latest(
  type TEXT PRIMARY KEY, started_at INTEGER NOT NULL, call TEXT NOT NULL
) STRICT;
CREATE TABLE prompt_type_latest_noted(
  stream TEXT NOT NULL, sequence INTEGER NOT NULL,
  type TEXT NOT NULL, started_at INTEGER NOT NULL, call TEXT NOT NULL,
  PRIMARY KEY (stream, type)
) STRICT)"};

/// A carried call is for looking at: beyond this its texts are cut.
constexpr std::size_t kMostCallBytes = 4u << 20;
constexpr std::size_t kCutText = 64u << 10;

/// What one type's calls in one currency come to; no currency: those without a cost.
struct Part {
    std::int64_t calls = 0;
    std::int64_t failures = 0;
    std::int64_t unpriced = 0;
    std::int64_t priced = 0;
    Decimal cost;
    std::optional<Timestamp> first;
    std::optional<Timestamp> last;
};

void widen(std::optional<Timestamp>& first, std::optional<Timestamp>& last,
           const std::optional<Timestamp>& other_first, const std::optional<Timestamp>& other_last) {
    if (other_first && (!first || *other_first < *first)) first = other_first;
    if (other_last && (!last || *last < *other_last)) last = other_last;
}

void add(Total& total, const std::string& currency, const Part& part) {
    total.calls += part.calls;
    total.failures += part.failures;
    total.unpriced += part.unpriced;
    if (part.priced > 0) {
        Total::Money& money = total.cost[currency];
        money.sum += part.cost;
        money.calls += part.priced;
    }
    widen(total.first, total.last, part.first, part.last);
}

store::Selection typed_calls() {
    store::Selection selection;
    store::Filter typed;
    typed.field = *store::make_field("prompt.type");
    typed.op = store::Op::Exists;
    typed.values.emplace_back(true);
    selection.filters = {std::move(typed), store::ai_calls()};
    return selection;
}

store::Selection calls_of(std::string_view type) {
    store::Selection selection;
    store::Filter is;
    is.field = *store::make_field("prompt.type");
    is.values.emplace_back(std::string(type));
    selection.filters = {std::move(is), store::ai_calls()};
    return selection;
}

std::int64_t number_of(const store::Cell& cell) {
    const auto* value = std::get_if<store::Value>(&cell);
    const auto* number = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
    return number == nullptr ? 0 : *number;
}

std::optional<Timestamp> moment_of(const store::Cell& cell) {
    const auto* value = std::get_if<store::Value>(&cell);
    const auto* moment = value == nullptr ? nullptr : std::get_if<Timestamp>(value);
    return moment == nullptr ? std::nullopt : std::optional(*moment);
}

std::string text_of(const std::optional<store::Value>& key) {
    const auto* text = key ? std::get_if<std::string>(&*key) : nullptr;
    return text == nullptr ? std::string() : *text;
}

control::Value value_of(const std::optional<Timestamp>& moment) {
    if (moment) return moment->unix_nanos;
    return nullptr;
}

/// From the columns calls, failures, unpriced, priced, cost, first, last on.
Result<Part> part_of(const control::Row& row, std::size_t from) {
    Part part;
    part.calls = row.integer(from);
    part.failures = row.integer(from + 1);
    part.unpriced = row.integer(from + 2);
    part.priced = row.integer(from + 3);
    const auto cost = Decimal::parse(row.text(from + 4));
    if (!cost) return fail(Code::DataLoss, "the carried totals of a prompt type cannot be understood");
    part.cost = *cost;
    if (const auto first = row.optional_integer(from + 5)) part.first = Timestamp{*first, 0};
    if (const auto last = row.optional_integer(from + 6)) part.last = Timestamp{*last, 0};
    return part;
}

std::string carried(Call call) {
    call.raw = {};
    std::string json = to_json(call);
    if (json.size() <= kMostCallBytes) return json;
    ingest::cut_texts(call, kCutText);
    json = to_json(call);
    if (json.size() <= kMostCallBytes) return json;
    call.request = {};
    call.response = {};
    return to_json(call);
}

}  // namespace

void Total::add(const Total& other) {
    calls += other.calls;
    failures += other.failures;
    unpriced += other.unpriced;
    removed += other.removed;
    for (const auto& [currency, money] : other.cost) {
        Money& own = cost[currency];
        own.sum += money.sum;
        own.calls += money.calls;
    }
    widen(first, last, other.first, other.last);
}

Result<void> Totals::open(control::Database& database) {
    const std::scoped_lock lock(opening_);
    database_ = &database;
    return be_open();
}

void Totals::stay_closed(Error why) {
    const std::scoped_lock lock(opening_);
    error_ = std::move(why);
}

Result<void> Totals::be_open() {
    if (open_) return {};
    if (database_ == nullptr) return std::unexpected(error_);
    STENO_TRY(database_->bring_up_to("prompt_totals", kSteps));
    open_ = true;
    return {};
}

Result<Totals::ByType> Totals::on_record(const store::Selection& selection) {
    store::AggregateQuery query;
    query.selection = selection;
    for (const char* path : {"prompt.type", "cost.currency"}) {
        STENO_ASSIGN(store::Field field, store::make_field(path));
        query.group_by.push_back(std::move(field));
    }
    for (const char* name :
         {"calls", "errors", "cost", "count(cost.total)", "min(started_at)", "max(started_at)"}) {
        STENO_ASSIGN(store::Measure measure, store::make_measure(name));
        query.measures.push_back(std::move(measure));
    }
    query.limit = store::kMaxGroups;
    STENO_ASSIGN(const store::AggregateTable table, store_.aggregate(query));
    if (table.truncated)
        return fail(Code::ResourceExhausted,
                    fmt::format("the record has more than {} prompt types: they seem to be made of something "
                                "that differs with each call",
                                store::kMaxGroups),
                    "a prompt type names what a prompt is for, such as extract_page_metadata");
    ByType totals;
    for (const store::AggregateTable::Group& group : table.groups) {
        Part part;
        part.calls = number_of(group.cells[0]);
        part.failures = number_of(group.cells[1]);
        if (const auto* cost = std::get_if<store::CostSum>(&group.cells[2])) {
            part.unpriced = cost->unpriced_calls;
            part.cost = cost->total.value_or(Decimal());
        }
        part.priced = number_of(group.cells[3]);
        part.first = moment_of(group.cells[4]);
        part.last = moment_of(group.cells[5]);
        prompt_types::add(totals[text_of(group.key[0])], text_of(group.key[1]), part);
    }
    return totals;
}

Result<void> Totals::add_removed(ByType& totals, std::string_view type) {
    STENO_ASSIGN(
        const auto rows,
        database_->rows("SELECT type, currency, calls, failures, unpriced, priced, cost, first, last "
                        "FROM prompt_type_sums WHERE ? = '' OR type = ?",
                        {std::string(type), std::string(type)}));
    for (const control::Row& row : rows) {
        STENO_ASSIGN(const Part part, part_of(row, 2));
        Total& total = totals[row.text(0)];
        prompt_types::add(total, row.text(1), part);
        total.removed += part.calls;
    }
    return {};
}

Result<Totals::ByType> Totals::all() {
    {
        const std::scoped_lock lock(opening_);
        STENO_TRY(be_open());
    }
    STENO_TRY(settle_rest());
    const std::shared_lock lock(mutex_);
    STENO_ASSIGN(ByType totals, on_record(typed_calls()));
    STENO_TRY(add_removed(totals, {}));
    return totals;
}

Result<std::optional<Total>> Totals::of(std::string_view type) {
    {
        const std::scoped_lock lock(opening_);
        STENO_TRY(be_open());
    }
    STENO_TRY(settle_rest());
    const std::shared_lock lock(mutex_);
    STENO_ASSIGN(ByType totals, on_record(calls_of(type)));
    STENO_TRY(add_removed(totals, type));
    const auto found = totals.find(type);
    return found == totals.end() ? std::nullopt : std::optional(std::move(found->second));
}

Result<std::set<std::string>> Totals::types() {
    {
        const std::scoped_lock lock(opening_);
        STENO_TRY(be_open());
    }
    store::AggregateQuery query;
    query.selection = typed_calls();
    STENO_ASSIGN(store::Field type, store::make_field("prompt.type"));
    query.group_by.push_back(std::move(type));
    STENO_ASSIGN(store::Measure calls, store::make_measure("calls"));
    query.measures.push_back(std::move(calls));
    query.limit = store::kMaxGroups;
    const std::shared_lock lock(mutex_);
    STENO_ASSIGN(const store::AggregateTable table, store_.aggregate(query));
    if (table.truncated)
        return fail(Code::ResourceExhausted,
                    fmt::format("the record has more than {} prompt types", store::kMaxGroups));
    STENO_ASSIGN(const auto rows, database_->rows("SELECT DISTINCT type FROM prompt_type_sums"));
    std::set<std::string> types;
    for (const store::AggregateTable::Group& group : table.groups) types.insert(text_of(group.key[0]));
    for (const control::Row& row : rows) types.insert(row.text(0));
    return types;
}

Result<std::optional<Call>> Totals::newest(const store::Selection& selection) {
    store::CallQuery query;
    query.selection = selection;
    query.limit = 1;
    STENO_ASSIGN(const store::Page page, store_.find(query));
    if (page.rows.empty()) return std::nullopt;
    Call call = page.rows.front().call;
    calls_.add_payload(page.rows.front(), call);
    return call;
}

Result<std::optional<Call>> Totals::latest(std::string_view type) {
    {
        const std::scoped_lock lock(opening_);
        STENO_TRY(be_open());
    }
    STENO_TRY(settle_rest());
    const std::shared_lock lock(mutex_);
    STENO_ASSIGN(std::optional<Call> call, newest(calls_of(type)));
    STENO_ASSIGN(const auto rows,
                 database_->rows("SELECT started_at, call FROM prompt_type_latest WHERE type = ?",
                                 {std::string(type)}));
    if (rows.empty()) return call;
    if (call && call->started_at && call->started_at->unix_nanos >= rows.front().integer(0)) return call;
    STENO_ASSIGN(call, call_from_json(rows.front().text(1)));
    return call;
}

Result<void> Totals::note(const store::Position& until, const ByType& sums, const std::vector<Call>* latest) {
    const std::string stream = until.stream.to_string();
    const auto sequence = static_cast<std::int64_t>(until.sequence);
    return database_->write([&](control::Statements& statements) -> Result<void> {
        STENO_TRY(statements.run("DELETE FROM prompt_type_sums_noted WHERE stream = ?", {stream}));
        for (const auto& [type, total] : sums) {
            // The first part has all that no currency divides.
            bool is_first = true;
            const auto insert = [&](const std::string& currency, const Total::Money& money) {
                const bool whole = std::exchange(is_first, false);
                return statements.run(
                    "INSERT INTO prompt_type_sums_noted VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    {stream, sequence, type, currency, whole ? total.calls : 0, whole ? total.failures : 0,
                     whole ? total.unpriced : 0, money.calls, money.sum.to_string(), value_of(total.first),
                     value_of(total.last)});
            };
            const auto nameless = total.cost.find("");
            STENO_TRY(insert("", nameless == total.cost.end() ? Total::Money() : nameless->second));
            for (const auto& [currency, money] : total.cost)
                if (!currency.empty()) STENO_TRY(insert(currency, money));
        }
        if (latest == nullptr)
            return statements.run("UPDATE prompt_type_latest_noted SET sequence = ? WHERE stream = ?",
                                  {sequence, stream});
        // A try before may have taken the texts from the journal and failed then: those are kept.
        STENO_ASSIGN(const auto before,
                     statements.rows("SELECT type, started_at, call FROM prompt_type_latest_noted "
                                     "WHERE stream = ?",
                                     {stream}));
        STENO_TRY(statements.run("DELETE FROM prompt_type_latest_noted WHERE stream = ?", {stream}));
        for (const Call& call : *latest) {
            const std::int64_t began = call.started_at ? call.started_at->unix_nanos : 0;
            const bool bare = call.request == RequestFacts{} && call.response.messages.empty();
            const auto same = std::ranges::find_if(before, [&](const control::Row& row) {
                return bare && row.text(0) == call.prompt.type && row.integer(1) == began;
            });
            STENO_TRY(statements.run("INSERT INTO prompt_type_latest_noted VALUES (?, ?, ?, ?, ?)",
                                     {stream, sequence, call.prompt.type, began,
                                      same == before.end() ? carried(call) : same->text(2)}));
        }
        return {};
    });
}

Result<void> Totals::settle(std::span<const store::Position> removed) {
    return database_->write([&](control::Statements& statements) -> Result<void> {
        for (const store::Position& until : removed) {
            const std::string stream = until.stream.to_string();
            const auto sequence = static_cast<std::int64_t>(until.sequence);
            STENO_ASSIGN(const auto rows,
                         statements.rows("SELECT type, currency, calls, failures, unpriced, priced, cost, "
                                         "first, last FROM prompt_type_sums_noted "
                                         "WHERE stream = ? AND sequence <= ?",
                                         {stream, sequence}));
            for (const control::Row& row : rows) {
                STENO_ASSIGN(Part part, part_of(row, 2));
                STENO_ASSIGN(const auto there,
                             statements.rows("SELECT calls, failures, unpriced, priced, cost, first, last "
                                             "FROM prompt_type_sums WHERE type = ? AND currency = ?",
                                             {row.text(0), row.text(1)}));
                if (!there.empty()) {
                    STENO_ASSIGN(const Part before, part_of(there.front(), 0));
                    part.calls += before.calls;
                    part.failures += before.failures;
                    part.unpriced += before.unpriced;
                    part.priced += before.priced;
                    part.cost += before.cost;
                    widen(part.first, part.last, before.first, before.last);
                }
                STENO_TRY(statements.run(
                    "INSERT OR REPLACE INTO prompt_type_sums VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    {row.text(0), row.text(1), part.calls, part.failures, part.unpriced, part.priced,
                     part.cost.to_string(), value_of(part.first), value_of(part.last)}));
            }
            STENO_TRY(statements.run("DELETE FROM prompt_type_sums_noted WHERE stream = ? AND sequence <= ?",
                                     {stream, sequence}));
            STENO_TRY(statements.run(
                "INSERT INTO prompt_type_latest SELECT type, started_at, call FROM prompt_type_latest_noted "
                "WHERE stream = ? AND sequence <= ? ON CONFLICT(type) DO UPDATE SET "
                "started_at = excluded.started_at, call = excluded.call "
                "WHERE excluded.started_at >= prompt_type_latest.started_at",
                {stream, sequence}));
            STENO_TRY(
                statements.run("DELETE FROM prompt_type_latest_noted WHERE stream = ? AND sequence <= ?",
                               {stream, sequence}));
        }
        return {};
    });
}

Result<void> Totals::settle_rest() {
    const std::unique_lock lock(mutex_);
    if (unsettled_.empty()) return {};
    STENO_TRY(settle(unsettled_));
    unsettled_.clear();
    return {};
}

Result<void> Totals::resume(std::span<const store::Position> removed, const Remove& remove) {
    {
        const std::scoped_lock lock(opening_);
        STENO_TRY(be_open());
    }
    const std::unique_lock lock(mutex_);
    STENO_ASSIGN(const auto noted,
                 database_->rows("SELECT stream, sequence FROM prompt_type_sums_noted UNION "
                                 "SELECT stream, sequence FROM prompt_type_latest_noted"));
    for (const control::Row& row : noted) {
        const auto stream = Uuid::parse(row.text(0));
        const auto place = std::ranges::find_if(
            removed, [&](const store::Position& one) { return stream && one.stream == *stream; });
        if (place != removed.end() && static_cast<std::uint64_t>(row.integer(1)) <= place->sequence) {
            // They may be in the store still, and more may have been said of them since.
            store::Selection selection = typed_calls();
            selection.closed_until = *place;
            STENO_ASSIGN(const ByType sums, on_record(selection));
            if (!sums.empty()) STENO_TRY(note(*place, sums, nullptr));
            continue;
        }
        // It died before the journal said that they are gone: they are not.
        STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
            STENO_TRY(statements.run("DELETE FROM prompt_type_sums_noted WHERE stream = ?", {row.text(0)}));
            return statements.run("DELETE FROM prompt_type_latest_noted WHERE stream = ?", {row.text(0)});
        }));
    }
    STENO_TRY(remove());
    unsettled_.assign(removed.begin(), removed.end());
    STENO_TRY(settle(unsettled_));
    unsettled_.clear();
    return {};
}

Result<void> Totals::inherit(const store::Position& until, const Remove& remove) {
    {
        const std::scoped_lock lock(opening_);
        STENO_TRY(be_open());
    }
    STENO_TRY(settle_rest());
    const std::unique_lock lock(mutex_);
    store::Selection going = typed_calls();
    going.closed_until = until;
    STENO_ASSIGN(const ByType sums, on_record(going));
    STENO_ASSIGN(const ByType all, on_record(typed_calls()));
    std::vector<Call> latest;
    for (const auto& [type, total] : sums) {
        const auto whole = all.find(type);
        if (whole == all.end() || whole->second.last != total.last) continue;  // a newer one stays
        store::Selection selection = calls_of(type);
        selection.closed_until = until;
        STENO_ASSIGN(std::optional<Call> call, newest(selection));
        if (call) latest.push_back(std::move(*call));
    }
    STENO_TRY(note(until, sums, &latest));
    if (auto removed = remove(); !removed) {
        // Whether the journal says that they are gone is not known now: the next start finds it out.
        return removed;
    }
    unsettled_ = {until};
    STENO_TRY(settle(unsettled_));
    unsettled_.clear();
    // The texts of those that are not the latest any more.
    return database_->write([&](control::Statements& statements) -> Result<void> {
        for (const auto& [type, total] : all) {
            const auto gone = sums.find(type);
            if (!total.last || (gone != sums.end() && gone->second.last == total.last)) continue;
            STENO_TRY(statements.run("DELETE FROM prompt_type_latest WHERE type = ? AND started_at < ?",
                                     {type, total.last->unix_nanos}));
        }
        return {};
    });
}

}  // namespace steno::prompt_types
