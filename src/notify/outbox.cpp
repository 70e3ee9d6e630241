#include "notify/outbox.hpp"

#include "base/log.hpp"
#include "base/nearest.hpp"
#include "base/text.hpp"
#include "base/uuid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace steno::notify {

namespace {

using control::Row;
using control::Statements;

constexpr std::string_view kLog = "log";
constexpr std::size_t kMaxError = 300;
constexpr std::array<std::string_view, 3> kStates{"waiting", "delivered", "given_up"};

constexpr std::array<std::string_view, 2> kSteps{
    R"(CREATE TABLE channels(name TEXT PRIMARY KEY, settings TEXT NOT NULL) STRICT;
       CREATE TABLE deliveries(
           id TEXT PRIMARY KEY, channel TEXT NOT NULL, about TEXT NOT NULL, message TEXT NOT NULL,
           state TEXT NOT NULL, attempts INTEGER NOT NULL, created_at INTEGER NOT NULL, next_at INTEGER,
           done_at INTEGER, error TEXT NOT NULL) STRICT;
       CREATE INDEX deliveries_by_state ON deliveries(state, next_at))",
    R"(CREATE INDEX deliveries_by_channel ON deliveries(channel, state);
       CREATE INDEX deliveries_done ON deliveries(done_at) WHERE done_at IS NOT NULL)"};

constexpr std::string_view kColumns =
    "id, channel, about, message, state, attempts, created_at, next_at, done_at, error";

std::optional<Timestamp> moment(const Row& row, std::size_t column) {
    const auto nanos = row.optional_integer(column);
    return nanos ? std::optional(Timestamp{*nanos, 0}) : std::nullopt;
}

Result<Delivery> delivery_of(const Row& row) {
    Delivery delivery;
    delivery.id = row.text(0);
    delivery.channel = row.text(1);
    delivery.about = row.text(2);
    STENO_ASSIGN(delivery.message, message_from_json(row.text(3)));
    const auto state = std::ranges::find(kStates, std::string_view(row.text(4)));
    delivery.state = static_cast<Delivery::State>(std::min<std::size_t>(state - kStates.begin(), 2));
    delivery.attempts = row.integer(5);
    delivery.created_at = {row.integer(6), 0};
    delivery.next_at = moment(row, 7);
    delivery.done_at = moment(row, 8);
    delivery.error = row.text(9);
    return delivery;
}

Channel the_log() {
    Channel channel;
    channel.name = kLog;
    return channel;
}

Result<Channel> channel_of(const Row& row) {
    auto channel = channel_from_json(row.text(0), row.text(1), nullptr);
    if (!channel)
        return fail(Code::DataLoss,
                    fmt::format("the channel {} cannot be read: {}", row.text(0), channel.error().message));
    return channel;
}

}  // namespace

std::string_view to_string(Delivery::State state) {
    return kStates[static_cast<std::size_t>(state)];
}

Result<std::unique_ptr<Outbox>> Outbox::open(control::Database& database, Clock& clock, Random& random,
                                             OutboxLimits limits) {
    STENO_TRY(database.bring_up_to("notify", kSteps));
    return std::unique_ptr<Outbox>(new Outbox(database, clock, random, limits));
}

Result<std::vector<Channel>> Outbox::channels() {
    STENO_ASSIGN(const auto rows, database_.rows("SELECT name, settings FROM channels ORDER BY name"));
    std::vector<Channel> channels;
    for (const Row& row : rows) {
        auto channel = channel_of(row);
        if (channel)
            channels.push_back(std::move(*channel));
        else
            log::warning("{}", channel.error().message);
    }
    channels.insert(std::ranges::lower_bound(channels, kLog, {}, &Channel::name), the_log());
    return channels;
}

Result<Channel> Outbox::channel(std::string_view name) {
    if (name == kLog) return the_log();
    STENO_ASSIGN(const auto rows,
                 database_.rows("SELECT name, settings FROM channels WHERE name = ?", {std::string(name)}));
    if (!rows.empty()) return channel_of(rows.front());
    STENO_ASSIGN(const auto all, channels());
    std::vector<std::string_view> names;
    for (const Channel& channel : all) names.emplace_back(channel.name);
    const std::string_view meant = name.size() > 64 ? "" : nearest(name, names);
    return fail(Code::NotFound, fmt::format("there is no channel \"{}\"", utf8_prefix(name, 64)),
                meant.empty() ? fmt::format("there are: {}", fmt::join(names, ", "))
                              : fmt::format("did you mean {}?", meant));
}

Result<void> Outbox::set(const Channel& channel) {
    if (channel.name == kLog)
        return fail(Code::FailedPrecondition, "the channel log is always there", "choose another name");
    return database_.write([&](Statements& statements) -> Result<void> {
        STENO_TRY(
            statements.run("INSERT INTO channels(name, settings) VALUES (?, ?) "
                           "ON CONFLICT(name) DO UPDATE SET settings = excluded.settings",
                           {channel.name, settings_of(channel)}));
        STENO_ASSIGN(const auto count, statements.rows("SELECT count(*) FROM channels"));
        if (count.front().integer(0) > kMostChannels)
            return fail(Code::ResourceExhausted, fmt::format("there are {} channels already", kMostChannels),
                        "remove some");
        return {};
    });
}

Result<void> Outbox::remove(std::string_view name) {
    if (name == kLog)
        return fail(Code::FailedPrecondition, "the channel log is always there",
                    "rules that name their channels need not name it");
    if (const auto known = channel(name); !known && known.error().code == Code::NotFound)
        return std::unexpected(known.error());
    return database_.write([&](Statements& statements) -> Result<void> {
        STENO_TRY(statements.run("DELETE FROM channels WHERE name = ?", {std::string(name)}));
        STENO_TRY(
            statements.run("UPDATE deliveries SET state = 'given_up', next_at = NULL, done_at = ?, "
                           "error = 'the channel was removed' WHERE channel = ? AND state = 'waiting'",
                           {clock_.now().unix_nanos, std::string(name)}));
        return forget_old(statements);
    });
}

Result<std::vector<std::string>> Outbox::add(Statements& statements, std::span<const std::string> channels,
                                             std::string_view about, std::span<const Message> messages) {
    const std::int64_t now = clock_.now().unix_nanos;
    std::vector<std::string> ids;
    for (const Message& message : messages) {
        const std::string text = to_json(message);
        for (const std::string& channel : channels) {
            ids.push_back(Uuid::at(now, random_).to_string());
            STENO_TRY(statements.run(
                "INSERT INTO deliveries(id, channel, about, message, state, attempts, created_at, next_at, "
                "error) VALUES (?, ?, ?, ?, 'waiting', 0, ?, ?, '')",
                {ids.back(), channel, std::string(about), text, now, now}));
        }
    }
    for (const std::string& channel : channels)
        STENO_TRY(statements.run(
            "UPDATE deliveries SET state = 'given_up', next_at = NULL, done_at = ?, "
            "error = 'too many waited for this channel' WHERE rowid IN (SELECT rowid FROM deliveries "
            "WHERE channel = ? AND state = 'waiting' ORDER BY rowid DESC LIMIT -1 OFFSET ?)",
            {now, channel, limits_.most_waiting}));
    STENO_TRY(forget_old(statements));
    return ids;
}

Result<void> Outbox::forget_old(Statements& statements) const {
    return statements.run(
        "DELETE FROM deliveries WHERE rowid IN (SELECT rowid FROM deliveries WHERE done_at IS NOT NULL "
        "ORDER BY done_at DESC, rowid DESC LIMIT -1 OFFSET ?)",
        {limits_.most_done});
}

Result<std::vector<Delivery>> Outbox::read(std::string_view sql,
                                           std::initializer_list<control::Value> values) {
    STENO_ASSIGN(const auto rows, database_.rows(sql, values));
    std::vector<Delivery> deliveries;
    for (const Row& row : rows) {
        auto delivery = delivery_of(row);
        if (delivery) {
            deliveries.push_back(std::move(*delivery));
            continue;
        }
        // It must not hold up the others.
        log::warning("{}: {}", delivery.error().message, row.text(0));
        STENO_TRY(database_.write([&](Statements& statements) -> Result<void> {
            return statements.run(
                "UPDATE deliveries SET state = 'given_up', next_at = NULL, done_at = ?, error = ? "
                "WHERE id = ? AND state = 'waiting'",
                {clock_.now().unix_nanos, delivery.error().message, row.text(0)});
        }));
    }
    return deliveries;
}

Result<std::vector<Delivery>> Outbox::due(std::size_t most) {
    // Some of each channel, so that one with many cannot keep the others from being seen.
    return read(fmt::format("SELECT {} FROM deliveries WHERE rowid IN (SELECT row FROM (SELECT rowid AS row, "
                            "next_at, row_number() OVER (PARTITION BY channel ORDER BY next_at, rowid) AS "
                            "place FROM deliveries WHERE state = 'waiting' AND next_at <= ?) "
                            "ORDER BY place, next_at LIMIT ?) ORDER BY next_at, rowid",
                            kColumns),
                {clock_.now().unix_nanos, static_cast<std::int64_t>(most)});
}

Result<std::optional<Timestamp>> Outbox::next_due() {
    STENO_ASSIGN(const auto rows,
                 database_.rows("SELECT min(next_at) FROM deliveries WHERE state = 'waiting'"));
    return moment(rows.front(), 0);
}

Result<void> Outbox::delivered(const Delivery& delivery) {
    return database_.write([&](Statements& statements) -> Result<void> {
        STENO_TRY(
            statements.run("UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, "
                           "next_at = NULL, done_at = ?, error = '' WHERE id = ?",
                           {clock_.now().unix_nanos, delivery.id}));
        return forget_old(statements);
    });
}

Result<Delivery::State> Outbox::failed(const Delivery& delivery, std::string_view why,
                                       std::chrono::seconds not_before) {
    using std::chrono::nanoseconds;
    const std::int64_t now = clock_.now().unix_nanos;
    const std::int64_t longest = nanoseconds(limits_.longest_pause).count();
    std::int64_t doubled = nanoseconds(limits_.first_pause).count();
    for (std::int64_t i = 0; i < delivery.attempts && doubled < longest; ++i) doubled *= 2;
    // Three quarters to five quarters of it: those that failed together do not come back together.
    const double share = 0.75 + 0.5 * static_cast<double>(random_.next_u64() >> 11) * 0x1p-53;
    const auto pause = static_cast<std::int64_t>(static_cast<double>(std::min(doubled, longest)) * share);
    const std::int64_t next = now + std::max(pause, std::min(nanoseconds(not_before).count(), longest));
    const std::int64_t until = delivery.created_at.unix_nanos + nanoseconds(limits_.give_up_after).count();
    const bool again = next <= until;
    STENO_TRY(database_.write([&](Statements& statements) -> Result<void> {
        const control::Value none = nullptr;
        STENO_TRY(statements.run(
            "UPDATE deliveries SET state = ?, attempts = attempts + 1, next_at = ?, done_at = ?, error = ? "
            "WHERE id = ? AND state = 'waiting'",
            {std::string(again ? "waiting" : "given_up"), again ? control::Value(next) : none,
             again ? none : control::Value(now), std::string(utf8_prefix(why, kMaxError)), delivery.id}));
        return forget_old(statements);
    }));
    return again ? Delivery::State::Waiting : Delivery::State::GivenUp;
}

Result<std::vector<Delivery>> Outbox::deliveries(const Wanted& wanted) {
    const std::string state = wanted.state ? std::string(to_string(*wanted.state)) : "";
    return read(
        fmt::format("SELECT {} FROM deliveries WHERE (? = '' OR state = ?) AND (? = '' OR channel = ?) "
                    "AND (? = '' OR about = ?) ORDER BY rowid DESC LIMIT ?",
                    kColumns),
        {state, state, wanted.channel, wanted.channel, wanted.about, wanted.about, wanted.most});
}

Result<std::int64_t> Outbox::waiting() {
    STENO_ASSIGN(const auto rows, database_.rows("SELECT count(*) FROM deliveries WHERE state = 'waiting'"));
    return rows.front().integer(0);
}

}  // namespace steno::notify
