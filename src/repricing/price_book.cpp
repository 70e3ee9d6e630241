#include "repricing/price_book.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace steno::repricing {

namespace {

using pricing::Price;

constexpr std::array<std::string_view, 1> kSteps = {R"(
CREATE TABLE price_versions(
  version INTEGER PRIMARY KEY AUTOINCREMENT,
  price TEXT NOT NULL,
  set_at INTEGER NOT NULL, set_by TEXT NOT NULL, set_reason TEXT NOT NULL,
  replaces INTEGER,
  ended_at INTEGER, ended_by TEXT, ended_reason TEXT,
  replaced_by INTEGER
) STRICT;
CREATE INDEX price_versions_in_force ON price_versions(version) WHERE ended_at IS NULL)"};

constexpr std::string_view kColumns =
    "SELECT version, price, set_at, set_by, set_reason, replaces, ended_at, ended_by, ended_reason, "
    "replaced_by FROM price_versions ";

constexpr std::string_view kInForce = "WHERE ended_at IS NULL ORDER BY version";

Result<PriceVersion> version_of(const control::Row& row) {
    auto prices = pricing::prices_from_json("[" + row.text(1) + "]");
    if (!prices || prices->size() != 1)
        return fail(Code::DataLoss, fmt::format("version {} of a price cannot be understood", row.integer(0)),
                    row.optional_integer(6)
                        ? "it is not in force any more: no call gets a cost by it"
                        : fmt::format("steno prices remove own-{} --reason damaged, and set it again",
                                      row.integer(0)));
    PriceVersion version;
    version.price = std::move(prices->front());
    version.price.version = row.integer(0);
    version.set_at = {row.integer(2), 0};
    version.set_by = {row.text(3), row.text(4)};
    version.replaces = row.optional_integer(5);
    if (const auto ended = row.optional_integer(6)) version.ended_at = Timestamp{*ended, 0};
    version.ended_by = {row.text(7), row.text(8)};
    version.replaced_by = row.optional_integer(9);
    return version;
}

DamagedPrice damaged(const control::Row& row, Error error) {
    return {row.integer(0),
            {row.integer(2), 0},
            {row.text(3), row.text(4)},
            !row.optional_integer(6),
            std::move(error)};
}

std::string words(const Price& price) {
    return fmt::format("{} (from {} to {})", price.id(), price.from ? price.from->to_string() : "ever",
                       price.to ? price.to->to_string() : "further notice");
}

/// An end that was said reaches into what begins later: nobody can have meant both.
Result<void> check_overlap(const Price& fresh, const std::vector<Price>& others) {
    const auto begins_in = [](const Price& later, const Price& earlier) {
        return later.from && earlier.to && (!earlier.from || *earlier.from < *later.from) &&
               *later.from < *earlier.to;
    };
    for (const Price& other : others) {
        if (!same_but_for_time(fresh, other)) continue;
        if (!begins_in(fresh, other) && !begins_in(other, fresh)) continue;
        return fail(Code::AlreadyExists,
                    fmt::format("two prices for the same calls at the same time: {} and {}", words(fresh),
                                words(other)),
                    "end the earlier one where the later begins, or say no end: then it does so by itself");
    }
    return {};
}

}  // namespace

PriceBook::PriceBook(std::vector<Price> file, Take take) : file_(std::move(file)), take_(std::move(take)) {}

Result<void> PriceBook::open(control::Database& database) {
    const std::scoped_lock lock(mutex_);
    database_ = &database;
    return be_open();
}

void PriceBook::stay_closed(Error why) {
    const std::scoped_lock lock(mutex_);
    error_ = std::move(why);
}

Result<void> PriceBook::be_open() {
    if (open_) return {};
    if (database_ == nullptr) return std::unexpected(error_);
    STENO_TRY(database_->bring_up_to("prices", kSteps));
    return take_over();
}

Result<PriceBook::History> PriceBook::read(std::string_view condition,
                                           std::initializer_list<control::Value> values) {
    STENO_ASSIGN(const auto rows, database_->rows(fmt::format("{}{}", kColumns, condition), values));
    History found;
    found.versions.reserve(rows.size());
    for (const control::Row& row : rows) {
        auto version = version_of(row);
        // One that is damaged does not take the others with it.
        if (version)
            found.versions.push_back(std::move(*version));
        else
            found.damaged.push_back(damaged(row, std::move(version).error()));
    }
    return found;
}

Result<std::vector<PriceVersion>> PriceBook::in_force() {
    STENO_ASSIGN(History found, read(kInForce));
    if (!found.damaged.empty() && !unreadable_)
        log::error("a price of your own does not hold: {}", found.damaged.back().error.message);
    unreadable_.reset();
    if (!found.damaged.empty()) unreadable_ = std::move(found.damaged.back().error);
    return std::move(found.versions);
}

Result<void> PriceBook::take_over() {
    open_ = false;
    STENO_ASSIGN(auto versions, in_force());
    std::vector<Price> prices;
    for (PriceVersion& version : versions) prices.push_back(std::move(version.price));
    take_(pricing::Catalogue::with(file_, std::move(prices)));
    open_ = true;
    return {};
}

Result<void> PriceBook::take_over_change() {
    auto taken = take_over();
    if (taken) return {};
    Error error = std::move(taken).error();
    error.message = "it is set down, but calls are priced as before yet: " + error.message;
    error.remedy = "steno prices list --own tries once more";
    log::error("a change of your own prices is not in force yet: {}", error.message);
    return std::unexpected(std::move(error));
}

Result<void> PriceBook::be_in_force() {
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    return unreadable_ ? Result<void>(std::unexpected(*unreadable_)) : Result<void>();
}

Result<std::vector<PriceVersion>> PriceBook::own() {
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    return in_force();
}

Result<PriceBook::History> PriceBook::history(std::uint64_t limit) {
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    return read("ORDER BY version DESC LIMIT ?", {static_cast<std::int64_t>(limit)});
}

Result<PriceVersion> PriceBook::version(std::int64_t number) {
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    return find(number);
}

Result<PriceVersion> PriceBook::find(std::int64_t number) {
    STENO_ASSIGN(History found, read("WHERE version = ?", {number}));
    if (!found.damaged.empty()) return std::unexpected(std::move(found.damaged.front().error));
    if (found.versions.empty())
        return fail(Code::NotFound, fmt::format("there is no own price with the number {}", number),
                    "steno prices list --own shows those in force, steno prices history all");
    return std::move(found.versions.front());
}

Result<std::vector<PriceBook::Set>> PriceBook::set(std::vector<Price> prices, const Author& author,
                                                   Timestamp now) {
    STENO_TRY(check(author));
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    STENO_ASSIGN(auto known, in_force());
    std::vector<Set> sets;
    std::vector<Price> after;  // all that will be in force
    for (Price& price : prices) {
        price.version = 0;
        const auto same = std::ranges::find_if(known, [&](const PriceVersion& old) {
            return pricing::identity(old.price) == pricing::identity(price);
        });
        Set set;
        if (same != known.end()) {
            set.before = std::move(*same);
            known.erase(same);
            Price as_new = set.before->price;
            as_new.version = 0;
            set.changed = as_new != price;
        }
        set.now.price = std::move(price);
        set.now.set_at = now;
        set.now.set_by = author;
        if (set.before) set.now.replaces = set.before->price.version;
        if (!set.changed) set.now = *std::exchange(set.before, std::nullopt);
        sets.push_back(std::move(set));
    }
    for (const PriceVersion& old : known) after.push_back(old.price);
    for (const Set& set : sets) {
        STENO_TRY(check_overlap(set.now.price, after));
        after.push_back(set.now.price);
    }
    if (after.size() > kMaxPrices)
        return fail(Code::ResourceExhausted,
                    fmt::format("there are at most {} prices of your own", kMaxPrices),
                    "remove some that nobody needs, or put them into pricing.file");
    STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
        for (Set& set : sets) {
            if (!set.changed) continue;
            control::Value replaces = nullptr;
            if (set.now.replaces) replaces = *set.now.replaces;
            STENO_TRY(statements.run(
                "INSERT INTO price_versions(price, set_at, set_by, set_reason, replaces) "
                "VALUES (?, ?, ?, ?, ?)",
                {pricing::price_to_json(set.now.price), now.unix_nanos, author.by, author.reason, replaces}));
            STENO_ASSIGN(const auto rows, statements.rows("SELECT last_insert_rowid()"));
            set.now.price.version = rows.front().integer(0);
            if (!set.before) continue;
            STENO_TRY(
                statements.run("UPDATE price_versions SET ended_at = ?, ended_by = ?, ended_reason = ?, "
                               "replaced_by = ? WHERE version = ?",
                               {now.unix_nanos, author.by, author.reason, set.now.price.version,
                                set.before->price.version}));
        }
        return {};
    }));
    STENO_TRY(take_over_change());
    return sets;
}

Result<PriceVersion> PriceBook::remove(std::int64_t number, const Author& author, Timestamp now) {
    STENO_TRY(check(author));
    const std::scoped_lock lock(mutex_);
    STENO_TRY(be_open());
    auto found = find(number);
    // Also one that cannot be read.
    if (!found && found.error().code != Code::DataLoss) return found;
    PriceVersion old = found ? std::move(*found) : PriceVersion();
    old.price.version = number;
    std::int64_t ended = 0;
    STENO_TRY(database_->write([&](control::Statements& statements) -> Result<void> {
        STENO_TRY(
            statements.run("UPDATE price_versions SET ended_at = ?, ended_by = ?, ended_reason = ? "
                           "WHERE version = ? AND ended_at IS NULL",
                           {now.unix_nanos, author.by, author.reason, number}));
        ended = statements.changed();
        return {};
    }));
    if (ended == 0)
        return fail(Code::FailedPrecondition, fmt::format("own-{} is not in force any more", number),
                    "steno prices list --own shows those that are");
    STENO_TRY(take_over_change());
    old.ended_at = now;
    old.ended_by = author;
    return old;
}

}  // namespace steno::repricing
