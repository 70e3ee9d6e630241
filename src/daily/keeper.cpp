#include "daily/keeper.hpp"

#include "base/log.hpp"
#include "base/priority.hpp"
#include "daily/content.hpp"
#include "daily/rotation.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <optional>
#include <system_error>

namespace steno::daily {

namespace {

constexpr std::chrono::nanoseconds kFirstPause =
    std::chrono::seconds(1);  ///< before what failed is tried again
constexpr std::chrono::nanoseconds kLongestPause = std::chrono::minutes(5);
constexpr std::chrono::nanoseconds kPostponed = std::chrono::seconds(5);  ///< until the store has all
constexpr std::chrono::nanoseconds kLookAgain = std::chrono::hours(1);    ///< for calls that came late

/// How many calls a day's statistics tell of. Nothing: they are not ours to judge.
std::optional<std::int64_t> calls_told(const std::string& path) {
    simdjson::dom::parser parser;
    simdjson::dom::element stats;
    std::int64_t ai_calls = 0, functions = 0;
    if (parser.load(path).get(stats) != simdjson::SUCCESS ||
        stats.at_pointer("/summary/totalAICalls").get(ai_calls) != simdjson::SUCCESS ||
        stats.at_pointer("/summary/totalFunctionCalls").get(functions) != simdjson::SUCCESS)
        return std::nullopt;
    return ai_calls + functions;
}

/// When the first call began. Nothing: there is none.
Result<std::optional<Timestamp>> first_call(store::CallStore& store) {
    store::CallQuery query;
    STENO_TRY(store::set_order(query, "started_at"));
    query.limit = 1;
    query.fields = {"id"};
    STENO_ASSIGN(const store::Page page, store.find(query));
    return page.rows.empty() ? std::nullopt : page.rows.front().call.started_at;
}

Timestamp later(Timestamp moment, std::chrono::nanoseconds by) {
    return {moment.unix_nanos + by.count(), 0};
}

}  // namespace

Keeper::Keeper(Record record, Rules rules, std::function<Result<void>()> bring_up_to_date, Clock& clock)
    : record_(record),
      rules_(std::move(rules)),
      bring_up_to_date_(std::move(bring_up_to_date)),
      clock_(clock) {}

Keeper::~Keeper() {
    stop();
}

void Keeper::start() {
    thread_ = std::thread([this] { run(); });
}

void Keeper::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stopped_.cancel();
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Keeper::run() {
    let_others_go_first();
    const Cancellation::Scope scope(stopped_);
    remove_parts(rules_.folder);
    std::chrono::nanoseconds pause = kFirstPause;
    for (;;) {
        Result<Timestamp> next = fail(Code::Internal, "");
        try {
            next = keep();
        } catch (const std::exception& e) {  // out of memory, most likely
            next = fail(Code::Internal, e.what());
        }
        std::unique_lock lock(mutex_);
        if (stopping_) return;
        std::chrono::nanoseconds wait = pause;
        if (next) {
            pause = kFirstPause;
            stats_.trouble.clear();
            wait = std::clamp<std::chrono::nanoseconds>(
                std::chrono::nanoseconds(next->unix_nanos - clock_.now().unix_nanos), kFirstPause,
                kLookAgain);
        } else {
            pause = std::min(pause * 2, kLongestPause);
            ++stats_.failures;
            // Once: it will be said again only when it is something else.
            if (stats_.trouble != next.error().message)
                log::warning("the daily files in {} are not complete, which is tried again: {}",
                             rules_.folder, next.error().message);
            stats_.trouble = next.error().message;
        }
        changed_.wait_for(lock, wait, [this] { return stopping_; });
        if (stopping_) return;
    }
}

Result<Timestamp> Keeper::keep() {
    const Timestamp now = clock_.now();
    if (const auto up_to_date = bring_up_to_date_(); !up_to_date) {
        log::debug("daily files wait: {}", up_to_date.error().message);
        return later(now, kPostponed);
    }
    std::error_code error;
    std::filesystem::create_directories(rules_.folder, error);
    if (error)
        return fail(Code::Unavailable, fmt::format("making {}: {}", rules_.folder, error.message()),
                    "name a folder that can be written to: daily_files.dir");
    STENO_TRY(write_missing(now));
    const Day today = day_at(now, rules_.zone);
    if (rules_.keep_days > 0) {
        const auto gone = rotate(rules_.folder, days_later(today.date, -rules_.keep_days), rules_.archive);
        if (!gone) return std::unexpected(gone.error());
        const std::lock_guard lock(mutex_);
        stats_.rotated += *gone;
    }
    return std::min(later(today.to, kSettling), later(now, kLookAgain));
}

Result<void> Keeper::write_missing(Timestamp now) {
    STENO_ASSIGN(const std::optional<Timestamp> first, first_call(record_.store));
    if (!first) return {};
    const Timestamp settled = later(now, -std::chrono::nanoseconds(kSettling));
    const Day today = day_at(now, rules_.zone);
    const std::int64_t back = rules_.keep_days > 0 ? std::min(rules_.keep_days, kLookBack) : kLookBack;
    // A moment of the oldest day, whatever clocks did since.
    const Timestamp oldest = later(today.from, std::chrono::hours(12) - std::chrono::hours(24) * back);
    Result<void> done;
    for (const Day& day : days_between(std::max(*first, oldest), settled, rules_.zone)) {
        if (day.to > settled) break;
        const bool looked_at = day.date >= days_later(today.date, -kLookedAt);
        Result<bool> wanted = missing(day);
        if (!*wanted && looked_at) wanted = has_more_calls(day);
        Result<void> written;
        if (!wanted)
            written = std::unexpected(wanted.error());
        else if (*wanted)
            written = write(day);
        if (written) continue;
        if (written.error().code == Code::Cancelled) return written;
        done = std::unexpected(std::move(written).error().with_context(day.date));
    }
    return done;
}

bool Keeper::missing(const Day& day) const {
    std::error_code ignored;
    const auto there = [&](Content content) {
        const std::string name = file_name(content, day.date);
        return std::filesystem::exists(rules_.folder + "/" + name, ignored) ||
               std::filesystem::exists(fmt::format("{}/{}/{}.gz", rules_.folder, kArchive, name), ignored);
    };
    return std::ranges::any_of(kContents, [&](Content content) {
        return (content != Content::Requests || rules_.requests) && !there(content);
    });
}

Result<bool> Keeper::has_more_calls(const Day& day) {
    const auto told = calls_told(rules_.folder + "/" + file_name(Content::Stats, day.date));
    if (!told) return false;
    store::Selection ai = calls_of(day), functions = calls_of(day);
    ai.filters.push_back(store::ai_calls());
    STENO_ASSIGN(store::Filter function, store::make_filter("kind", store::Op::Eq, "function"));
    functions.filters.push_back(std::move(function));
    STENO_ASSIGN(const std::uint64_t calls, record_.store.count(ai));
    STENO_ASSIGN(const std::uint64_t runs, record_.store.count(functions));
    return static_cast<std::int64_t>(calls + runs) > *told;
}

Result<void> Keeper::write(const Day& day) {
    Size calls;
    for (const Content content : kContents) {
        if (content == Content::Requests && !rules_.requests) continue;
        const auto pieces = open_file(record_, content, day, rules_.options);
        STENO_ASSIGN(const Size size,
                     write_file(*pieces, rules_.folder + "/" + file_name(content, day.date)));
        if (content == Content::Calls) calls = size;
        const std::lock_guard lock(mutex_);
        ++stats_.written;
    }
    log::info("the daily files of {} are in {}: {} calls", day.date, rules_.folder, calls.entries);
    const std::lock_guard lock(mutex_);
    stats_.last_day = std::max(stats_.last_day, day.date);
    return {};
}

KeeperStats Keeper::stats() const {
    const std::lock_guard lock(mutex_);
    return stats_;
}

}  // namespace steno::daily
