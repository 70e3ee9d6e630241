#include "prompt_types/totals.hpp"

#include "prompt_types/carried_call.hpp"
#include "record/json.hpp"
#include "store/cells.hpp"

#include <fmt/format.h>

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
  type TEXT PRIMARY KEY, started_at INTEGER, id TEXT NOT NULL, retention TEXT NOT NULL,
  has_texts INTEGER NOT NULL, bytes INTEGER NOT NULL, call TEXT NOT NULL
) STRICT;
CREATE TABLE prompt_type_latest_noted(
  stream TEXT NOT NULL, sequence INTEGER NOT NULL,
  type TEXT NOT NULL, started_at INTEGER, id TEXT NOT NULL, retention TEXT NOT NULL,
  has_texts INTEGER NOT NULL, bytes INTEGER NOT NULL, call TEXT NOT NULL,
  PRIMARY KEY (stream, type)
) STRICT)"};

std::unexpected<Error> too_many() {
    return fail(Code::ResourceExhausted,
                fmt::format("there are more than {} prompt types: they seem to be made of something that "
                            "differs with each call",
                            Totals::kMostTypes),
                "a prompt type names what a prompt is for, such as extract_page_metadata");
}

}  // namespace

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
        STENO_ASSIGN(const ByType page, page_on_record(store_, typed_calls(), after));
        if (page.empty()) return totals;
        after = page.rbegin()->first;
        for (const auto& [type, total] : page) totals[type].add(total);
    }
    return too_many();
}

Result<std::optional<Total>> Totals::of(std::string_view type) {
    STENO_TRY(be_ready());
    const std::shared_lock lock(mutex_);
    STENO_ASSIGN(ByType totals, page_on_record(store_, calls_of(type), {}));
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
    query.limit = kGroupsAPage;
    for (std::string after;;) {
        query.selection = typed_calls();
        if (!after.empty()) query.selection.filters.push_back({type, store::Op::Gt, {after}});
        STENO_ASSIGN(const store::AggregateTable page, store_.aggregate(query));
        for (const store::AggregateTable::Group& group : page.groups)
            if (const auto* name = store::value_in<std::string>(group.key.front());
                name && !add(after = *name))
                return too_many();
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

}  // namespace steno::prompt_types
