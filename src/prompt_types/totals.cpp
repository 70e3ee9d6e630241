#include "prompt_types/totals.hpp"

#include "ingest/policy.hpp"
#include "record/binary.hpp"
#include "record/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <mutex>
#include <set>
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
  type TEXT PRIMARY KEY, started_at INTEGER, id TEXT NOT NULL, retention TEXT NOT NULL,
  has_texts INTEGER NOT NULL, bytes INTEGER NOT NULL, call TEXT NOT NULL
) STRICT;
CREATE TABLE prompt_type_latest_noted(
  stream TEXT NOT NULL, sequence INTEGER NOT NULL,
  type TEXT NOT NULL, started_at INTEGER, id TEXT NOT NULL, retention TEXT NOT NULL,
  has_texts INTEGER NOT NULL, bytes INTEGER NOT NULL, call TEXT NOT NULL,
  PRIMARY KEY (stream, type)
) STRICT)"};

/// A carried call is for looking at: beyond this its texts are cut.
constexpr std::size_t kMostCallBytes = 4u << 20;
constexpr std::size_t kCutText = 64u << 10;
/// Of a page: a type has as many as it has currencies, and one for the calls without a cost.
constexpr std::uint32_t kGroups = 10'000;
/// Carried calls are written in so many transactions that none holds others up.
constexpr std::size_t kWriteBytes = 8u << 20;
constexpr std::size_t kWriteCalls = 200;

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

/// What is left of a call whose texts are not kept.
Call without_texts(const Call& call) {
    Call figures;
    (void)decode(encode(call, Place::Header), figures);  // what encode wrote, decode reads
    figures.preview = {};
    return figures;
}

bool has_texts(const Call& call) {
    return !encode(call, Place::RequestPayload).empty() || !encode(call, Place::ResponsePayload).empty();
}

/// A row of prompt_type_latest.
struct Carried {
    std::optional<Timestamp> began;
    Uuid id;
    std::string retention;
    bool has_texts = false;
    std::string json;
};

Carried carried(Call call, bool with_texts) {
    Carried row{call.started_at, call.id, call.privacy.retention, false, {}};
    call.raw = {};
    row.has_texts = with_texts && has_texts(call);
    if (!row.has_texts) {
        row.json = to_json(without_texts(call));
        return row;
    }
    row.json = to_json(call);
    if (row.json.size() <= kMostCallBytes) return row;
    ingest::cut_texts(call, kCutText);
    row.json = to_json(call);
    if (row.json.size() <= kMostCallBytes) return row;
    row.has_texts = false;
    row.json = to_json(without_texts(call));
    return row;
}

/// From the columns started_at, id on.
Result<custody::LatestCall> place_of(const control::Row& row, std::size_t from, Timestamp now) {
    const auto id = Uuid::parse(row.text(from + 1));
    if (!id) return fail(Code::DataLoss, "a carried call of a prompt type cannot be understood");
    std::optional<Timestamp> began;
    if (const auto nanos = row.optional_integer(from)) began = Timestamp{*nanos};
    return custody::LatestCall::of(began, *id, now);
}

/// Of a call of which nobody knows how old it is: it came here because those around it are old.
bool keeps_texts(const custody::Heir::Terms& terms, const std::string& retention,
                 const custody::LatestCall& place) {
    if (!terms.keep_latest) return false;
    if (place.began == custody::LatestCall::kUnknown) return terms.retention.payload_days_of(retention) == 0;
    return !custody::payloads_may_go(terms.retention, retention, place.began, terms.now.unix_nanos);
}

std::unexpected<Error> too_many() {
    return fail(Code::ResourceExhausted,
                fmt::format("there are more than {} prompt types: they seem to be made of something that "
                            "differs with each call",
                            Totals::kMostTypes),
                "a prompt type names what a prompt is for, such as extract_page_metadata");
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

Result<void> Totals::be_ready() {
    {
        const std::scoped_lock lock(opening_);
        STENO_TRY(be_open());
    }
    return settle_rest();
}

Result<void> Totals::be_open() {
    if (open_) return {};
    if (database_ == nullptr) return std::unexpected(error_);
    STENO_TRY(database_->bring_up_to("prompt_totals", kSteps));
    open_ = true;
    return {};
}

Result<Totals::ByType> Totals::page_on_record(const store::Selection& selection, std::string_view after) {
    store::AggregateQuery query;
    query.selection = selection;
    if (!after.empty()) {
        store::Filter behind;
        behind.field = *store::make_field("prompt.type");
        behind.op = store::Op::Gt;
        behind.values.emplace_back(std::string(after));
        query.selection.filters.push_back(std::move(behind));
    }
    for (const char* path : {"prompt.type", "cost.currency"}) {
        STENO_ASSIGN(store::Field field, store::make_field(path));
        query.group_by.push_back(std::move(field));
    }
    for (const char* name :
         {"calls", "errors", "cost", "count(cost.total)", "min(started_at)", "max(started_at)"}) {
        STENO_ASSIGN(store::Measure measure, store::make_measure(name));
        query.measures.push_back(std::move(measure));
    }
    query.limit = kGroups;
    STENO_ASSIGN(store::AggregateTable table, store_.aggregate(query));
    // Of the last type there may be more groups: it is the next page's, unless it fills this one.
    if (table.truncated && table.groups.front().key[0] == table.groups.back().key[0]) {
        query.limit = store::kMaxGroups;
        STENO_ASSIGN(table, store_.aggregate(query));
        if (table.truncated && table.groups.front().key[0] == table.groups.back().key[0])
            return fail(Code::ResourceExhausted,
                        fmt::format("the calls of a prompt type have costs in more than {} currencies",
                                    store::kMaxGroups));
    }
    if (table.truncated) {
        const auto last = table.groups.back().key[0];
        while (table.groups.back().key[0] == last) table.groups.pop_back();
    }
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
    STENO_TRY(be_ready());
    const std::shared_lock lock(mutex_);
    ByType totals;
    STENO_TRY(add_removed(totals, {}));
    std::string after;
    while (totals.size() <= kMostTypes) {
        STENO_ASSIGN(const ByType page, page_on_record(typed_calls(), after));
        if (page.empty()) return totals;
        after = page.rbegin()->first;
        for (const auto& [type, total] : page) totals[type].add(total);
    }
    return too_many();
}

Result<std::optional<Total>> Totals::of(std::string_view type) {
    STENO_TRY(be_ready());
    const std::shared_lock lock(mutex_);
    STENO_ASSIGN(ByType totals, page_on_record(calls_of(type), {}));
    STENO_TRY(add_removed(totals, type));
    const auto found = totals.find(type);
    return found == totals.end() ? std::nullopt : std::optional(std::move(found->second));
}

Result<std::set<std::string>> Totals::types(const std::function<bool(const std::string&)>& fits) {
    {
        const std::scoped_lock lock(opening_);
        STENO_TRY(be_open());
    }
    const std::shared_lock lock(mutex_);
    std::set<std::string> types;
    const auto add = [&](const std::string& type) {
        if (fits(type)) types.insert(type);
        return types.size() <= kMostTypes;
    };
    STENO_ASSIGN(const auto rows, database_->rows("SELECT DISTINCT type FROM prompt_type_sums"));
    for (const control::Row& row : rows)
        if (!add(row.text(0))) return too_many();
    store::AggregateQuery query;
    STENO_ASSIGN(const store::Field type, store::make_field("prompt.type"));
    query.group_by.push_back(type);
    STENO_ASSIGN(store::Measure calls, store::make_measure("calls"));
    query.measures.push_back(std::move(calls));
    query.limit = kGroups;
    for (std::string after;;) {
        query.selection = typed_calls();
        if (!after.empty()) query.selection.filters.push_back({type, store::Op::Gt, {after}});
        STENO_ASSIGN(const store::AggregateTable page, store_.aggregate(query));
        for (const store::AggregateTable::Group& group : page.groups)
            if (!add(after = text_of(group.key[0]))) return too_many();
        if (!page.truncated) return types;
    }
}

Result<std::optional<Call>> Totals::read_call(std::string_view type, const Uuid& id) {
    store::CallQuery query;
    query.selection = calls_of(type);
    store::Filter is;
    is.field = *store::make_field("id");
    is.values.emplace_back(id);
    query.selection.filters.push_back(std::move(is));
    query.limit = 1;
    STENO_ASSIGN(const store::Page page, store_.find(query));
    if (page.rows.empty()) return std::nullopt;
    Call call = page.rows.front().call;
    calls_.add_payload(page.rows.front(), call);
    return call;
}

Result<std::optional<Call>> Totals::latest(std::string_view type) {
    STENO_TRY(be_ready());
    const std::shared_lock lock(mutex_);
    const Timestamp now = system_clock().now();
    const std::string name(type);
    STENO_ASSIGN(const auto there, custody::latest_among(store_, {}, std::span(&name, 1), now));
    const auto found = there.find(type);
    STENO_ASSIGN(const auto rows, database_->rows("SELECT started_at, id, call FROM prompt_type_latest "
                                                  "WHERE type = ?",
                                                  {name}));
    if (!rows.empty()) {
        STENO_ASSIGN(const custody::LatestCall removed, place_of(rows.front(), 0, now));
        if (found == there.end() || found->second < removed) {
            STENO_ASSIGN(Call call, call_from_json(rows.front().text(2)));
            return call;
        }
    }
    if (found == there.end()) return std::nullopt;
    return read_call(type, found->second.id);
}

Result<std::vector<Totals::Going>> Totals::latest_that_go(const store::Position& until, Timestamp now) {
    std::vector<Going> going;
    const auto keep_newest = [&](std::size_t most) {
        if (going.size() <= most) return;
        const auto end = going.begin() + static_cast<std::ptrdiff_t>(most);
        std::ranges::nth_element(going, end, std::greater<>(), &Going::place);
        going.erase(end, going.end());
    };
    store::Selection gone;
    gone.closed_until = until;
    for (std::string after;;) {
        STENO_ASSIGN(const auto types, custody::types_behind(store_, gone, after));
        STENO_ASSIGN(const auto among, custody::latest_among(store_, gone, types, now));
        STENO_ASSIGN(const auto whole, custody::latest_among(store_, {}, types, now));
        for (const auto& [type, place] : among) {
            const auto latest = whole.find(type);
            if (latest != whole.end() && latest->second == place) going.push_back({type, place});
        }
        if (types.size() < custody::kTypesAtOnce) break;
        after = types.back();
        keep_newest(2 * kMostCarried);
    }
    keep_newest(kMostCarried);
    std::ranges::sort(going, std::greater<>(), &Going::place);
    return going;
}

Result<void> Totals::prepare(const store::Position& until, const Terms& terms) {
    STENO_TRY(be_ready());
    const std::string stream = until.stream.to_string();
    const auto sequence = static_cast<std::int64_t>(until.sequence);
    // A try before may have taken the texts from the journal and failed then: those are kept.
    STENO_ASSIGN(const auto noted, database_->rows("SELECT type, id FROM prompt_type_latest_noted "
                                                   "WHERE stream = ? AND has_texts = 1",
                                                   {stream}));
    std::map<std::string, std::string> with_texts;
    for (const control::Row& row : noted) with_texts.emplace(row.text(0), row.text(1));
    STENO_ASSIGN(const auto going, latest_that_go(until, terms.now));
    std::set<std::string> types;
    for (const Going& one : going) types.insert(one.type);
    STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
        STENO_ASSIGN(const auto before,
                     statements.rows("SELECT type FROM prompt_type_latest_noted WHERE stream = ?", {stream}));
        for (const control::Row& row : before) {
            if (types.contains(row.text(0))) continue;
            STENO_TRY(statements.run("DELETE FROM prompt_type_latest_noted WHERE stream = ? AND type = ?",
                                     {stream, row.text(0)}));
        }
        return statements.run("UPDATE prompt_type_latest_noted SET sequence = ? WHERE stream = ?",
                              {sequence, stream});
    }));
    std::vector<std::pair<std::string, Carried>> waiting;
    std::size_t waiting_bytes = 0;
    const auto write = [&] {
        return database_->write([&](control::Statements& statements) -> Result<void> {
            for (const auto& [type, row] : waiting)
                STENO_TRY(statements.run(
                    "INSERT OR REPLACE INTO prompt_type_latest_noted VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    {stream, sequence, type, value_of(row.began), row.id.to_string(), row.retention,
                     std::int64_t{row.has_texts}, static_cast<std::int64_t>(row.json.size()), row.json}));
            waiting.clear();
            waiting_bytes = 0;
            return {};
        });
    };
    std::int64_t bytes = 0;
    for (const Going& one : going) {
        STENO_ASSIGN(std::optional<Call> call, read_call(one.type, one.place.id));
        if (!call) continue;
        const bool keeps = keeps_texts(terms, call->privacy.retention, one.place);
        Carried row = carried(std::move(*call), keeps && bytes < kMostCarriedBytes);
        const auto before = with_texts.find(one.type);
        if (!row.has_texts && keeps && before != with_texts.end() &&
            before->second == one.place.id.to_string())
            continue;
        if (row.has_texts) bytes += static_cast<std::int64_t>(row.json.size());
        waiting_bytes += row.json.size();
        waiting.emplace_back(one.type, std::move(row));
        if (waiting_bytes >= kWriteBytes || waiting.size() >= kWriteCalls) STENO_TRY(write());
    }
    return write();
}

Result<bool> Totals::note_sums(const store::Position& until) {
    const std::string stream = until.stream.to_string();
    const auto sequence = static_cast<std::int64_t>(until.sequence);
    store::Selection going = typed_calls();
    going.closed_until = until;
    STENO_ASSIGN(ByType page, page_on_record(going, {}));
    if (page.empty()) return false;
    STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
        STENO_TRY(statements.run("DELETE FROM prompt_type_sums_noted WHERE stream = ?", {stream}));
        while (!page.empty()) {
            for (const auto& [type, total] : page) {
                // The first part has all that no currency divides.
                bool is_first = true;
                const auto insert = [&](const std::string& currency, const Total::Money& money) {
                    const bool whole = std::exchange(is_first, false);
                    return statements.run(
                        "INSERT INTO prompt_type_sums_noted VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        {stream, sequence, type, currency, whole ? total.calls : 0,
                         whole ? total.failures : 0, whole ? total.unpriced : 0, money.calls,
                         money.sum.to_string(), value_of(total.first), value_of(total.last)});
                };
                const auto nameless = total.cost.find("");
                STENO_TRY(insert("", nameless == total.cost.end() ? Total::Money() : nameless->second));
                for (const auto& [currency, money] : total.cost)
                    if (!currency.empty()) STENO_TRY(insert(currency, money));
            }
            STENO_ASSIGN(page, page_on_record(going, page.rbegin()->first));
        }
        return statements.run("UPDATE prompt_type_latest_noted SET sequence = ? WHERE stream = ?",
                              {sequence, stream});
    }));
    return true;
}

Result<void> Totals::settle(std::span<const store::Position> removed) {
    const Timestamp now = system_clock().now();
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
            STENO_ASSIGN(const auto latest,
                         statements.rows("SELECT started_at, id, type FROM prompt_type_latest_noted "
                                         "WHERE stream = ? AND sequence <= ?",
                                         {stream, sequence}));
            for (const control::Row& row : latest) {
                STENO_ASSIGN(const custody::LatestCall place, place_of(row, 0, now));
                STENO_ASSIGN(const auto there,
                             statements.rows("SELECT started_at, id FROM prompt_type_latest WHERE type = ?",
                                             {row.text(2)}));
                if (!there.empty()) {
                    STENO_ASSIGN(const custody::LatestCall before, place_of(there.front(), 0, now));
                    if (place < before) continue;
                }
                STENO_TRY(statements.run(
                    "INSERT OR REPLACE INTO prompt_type_latest SELECT type, started_at, id, retention, "
                    "has_texts, bytes, call FROM prompt_type_latest_noted WHERE stream = ? AND type = ?",
                    {stream, row.text(2)}));
            }
            STENO_TRY(
                statements.run("DELETE FROM prompt_type_latest_noted WHERE stream = ? AND sequence <= ?",
                               {stream, sequence}));
        }
        return {};
    });
}

Result<void> Totals::settle_rest() {
    if (is_settled_) return {};
    const std::unique_lock lock(mutex_);
    if (is_settled_) return {};
    return settle_now(std::vector(unsettled_));
}

Result<void> Totals::settle_now(std::span<const store::Position> removed) {
    unsettled_.assign(removed.begin(), removed.end());
    is_settled_ = false;
    STENO_TRY(settle(unsettled_));
    unsettled_.clear();
    is_settled_ = true;
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
            STENO_TRY(note_sums(*place));
            continue;
        }
        // It died before the journal said that they are gone: they are not.
        STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
            STENO_TRY(statements.run("DELETE FROM prompt_type_sums_noted WHERE stream = ?", {row.text(0)}));
            return statements.run("DELETE FROM prompt_type_latest_noted WHERE stream = ?", {row.text(0)});
        }));
    }
    STENO_TRY(remove());
    return settle_now(removed);
}

Result<void> Totals::inherit(const store::Position& until, const Remove& remove) {
    STENO_TRY(be_ready());
    const std::unique_lock lock(mutex_);
    STENO_ASSIGN(const bool any, note_sums(until));
    if (!any)
        STENO_TRY(database_->write([&](control::Statements& statements) {
            return statements.run("DELETE FROM prompt_type_sums_noted WHERE stream = ?",
                                  {until.stream.to_string()});
        }));
    STENO_TRY(remove());
    return settle_now(std::span(&until, 1));
}

Result<void> Totals::tidy(const Terms& terms) {
    STENO_TRY(be_ready());
    const std::shared_lock lock(mutex_);
    STENO_ASSIGN(const auto rows, database_->rows("SELECT started_at, id, type, retention, has_texts, bytes "
                                                  "FROM prompt_type_latest ORDER BY type"));
    struct Kept {
        custody::LatestCall place;
        const control::Row* row;
    };
    std::vector<Kept> kept;
    std::vector<std::string> gone;
    for (std::size_t begin = 0; begin < rows.size(); begin += custody::kTypesAtOnce) {
        const auto some =
            std::span(rows).subspan(begin, std::min(custody::kTypesAtOnce, rows.size() - begin));
        std::vector<std::string> types;
        for (const control::Row& row : some) types.push_back(row.text(2));
        STENO_ASSIGN(const auto there, custody::latest_among(store_, {}, types, terms.now));
        for (const control::Row& row : some) {
            STENO_ASSIGN(const custody::LatestCall place, place_of(row, 0, terms.now));
            const auto found = there.find(row.text(2));
            if (found != there.end() && place <= found->second)
                gone.push_back(row.text(2));
            else
                kept.push_back({place, &row});
        }
    }
    std::ranges::sort(kept, std::greater<>(), &Kept::place);
    std::vector<std::string> bare;
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
        const control::Row& row = *kept[i].row;
        if (i >= kMostCarried) {
            gone.push_back(row.text(2));
            continue;
        }
        if (row.integer(4) == 0) continue;
        bytes += row.integer(5);
        if (bytes > kMostCarriedBytes || !keeps_texts(terms, row.text(3), kept[i].place))
            bare.push_back(row.text(2));
    }
    if (gone.empty() && bare.empty()) return {};
    const auto change = [&](const std::vector<std::string>& types, const auto& one) -> Result<void> {
        for (std::size_t begin = 0; begin < types.size(); begin += kWriteCalls)
            STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
                const std::size_t count = std::min(kWriteCalls, types.size() - begin);
                for (const std::string& type : std::span(types).subspan(begin, count))
                    STENO_TRY(one(statements, type));
                return {};
            }));
        return {};
    };
    STENO_TRY(change(gone, [](control::Statements& statements, const std::string& type) {
        return statements.run("DELETE FROM prompt_type_latest WHERE type = ?", {type});
    }));
    STENO_TRY(change(bare, [](control::Statements& statements, const std::string& type) -> Result<void> {
        STENO_ASSIGN(const auto row,
                     statements.rows("SELECT call FROM prompt_type_latest WHERE type = ?", {type}));
        if (row.empty()) return {};
        STENO_ASSIGN(Call call, call_from_json(row.front().text(0)));
        const Carried figures = carried(std::move(call), false);
        return statements.run(
            "UPDATE prompt_type_latest SET has_texts = 0, bytes = ?, call = ? WHERE type = ?",
            {static_cast<std::int64_t>(figures.json.size()), figures.json, type});
    }));
    // Or they would stand in the write-ahead log until that is written over.
    STENO_TRY(database_->rows("PRAGMA wal_checkpoint(TRUNCATE)"));
    return {};
}

}  // namespace steno::prompt_types
