#include "daily/keeper.hpp"

#include "base/log.hpp"
#include "base/priority.hpp"
#include "daily/content.hpp"
#include "daily/rotation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

namespace steno::daily {

namespace {

constexpr std::chrono::nanoseconds kFirstPause =
    std::chrono::seconds(1);  ///< before what failed is tried again
constexpr std::chrono::nanoseconds kLongestPause = std::chrono::minutes(5);
constexpr std::chrono::nanoseconds kPostponed = std::chrono::seconds(5);  ///< until the store has all
constexpr std::chrono::nanoseconds kLookAgain = std::chrono::hours(1);    ///< for calls that came late

/// How many entries a calls file of ours has; it is ours if its first call is in the record, or if it has
/// none. Nothing: it is somebody else's.
Result<std::optional<std::uint64_t>> entries_of_ours(const std::string& path, store::CallStore& store) {
    constexpr std::string_view kHead = "[\n{\"id\":\"", kEmpty = "[]\n";
    constexpr std::size_t kIdLength = 36;
    std::ifstream file(path, std::ios::binary);
    std::string piece(exports::kPiece, '\0');
    EntryCount count;
    for (bool first = true; file; first = false) {
        if (Cancellation::asked()) return fail(Code::Cancelled, "nobody waits for the files");
        file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        const std::string_view got(piece.data(), static_cast<std::size_t>(file.gcount()));
        if (first && got != kEmpty) {
            const auto id =
                got.starts_with(kHead) ? Uuid::parse(got.substr(kHead.size(), kIdLength)) : std::nullopt;
            if (!id) return std::nullopt;
            STENO_ASSIGN(const auto row, store.get(*id));
            if (!row) return std::nullopt;
        }
        count.add(got);
    }
    if (!file.eof()) return std::nullopt;
    return count.entries();
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
      clock_(clock) {
    stats_.trouble =
        "no day was looked at since the start: that waits for the store, which must be open and "
        "have all that was recorded (store.feed)";
}

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
    std::chrono::nanoseconds pause = kFirstPause;
    for (bool parts_are_gone = false;;) {
        Result<Timestamp> next = fail(Code::Internal, "");
        try {
            if (!parts_are_gone) remove_parts(rules_.folder);
            parts_are_gone = true;
            next = keep();
        } catch (const std::exception& e) {  // out of memory, most likely
            next = fail(Code::Internal, e.what());
        }
        std::unique_lock lock(mutex_);
        if (stopping_) return;
        std::chrono::nanoseconds wait = pause;
        if (next) {
            pause = kFirstPause;
            if (!waiting_since_) stats_.trouble.clear();
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
        if (!waiting_since_) waiting_since_ = now;
        if (now < later(*waiting_since_, kPatience)) return later(now, kPostponed);
        return fail(Code::Unavailable, fmt::format("the store does not have all that was recorded: {}",
                                                   up_to_date.error().message));
    }
    waiting_since_.reset();
    std::error_code error;
    std::filesystem::create_directories(rules_.folder, error);
    if (error)
        return fail(Code::Unavailable, fmt::format("making {}: {}", rules_.folder, error.message()),
                    "name a folder that can be written to: daily_files.dir");
    Result<void> done = write_missing(now);
    const Day today = day_at(now, rules_.zone);
    if (rules_.keep_days > 0) {  // whatever could not be written: on a full disk it is what helps
        Rotation rotated = rotate(rules_.folder, days_later(today.date, -rules_.keep_days), rules_.archive);
        if (done) done = std::move(rotated.trouble);
        const std::lock_guard lock(mutex_);
        stats_.rotated += rotated.gone;
    }
    if (!done) return std::unexpected(std::move(done).error());
    // Yesterday may not have settled yet.
    const Timestamp settled = later(today.from, kSettling);
    return std::min(settled > now ? settled : later(today.to, kSettling), later(now, kLookAgain));
}

Result<void> Keeper::write_missing(Timestamp now) {
    STENO_ASSIGN(const std::optional<Timestamp> first, first_call(record_.store));
    if (!first) return {};
    const Timestamp settled = later(now, -std::chrono::nanoseconds(kSettling));
    const Day today = day_at(now, rules_.zone);
    const std::int64_t back = rules_.keep_days > 0 ? std::min(rules_.keep_days, kLookBack) : kLookBack;
    // A moment of the oldest day, whatever clocks did since.
    const Timestamp oldest = later(today.from, std::chrono::hours(12) - std::chrono::hours(24) * back);
    const std::string first_looked_at = days_later(today.date, -kLookedAt);
    std::erase_if(told_, [&](const auto& told) { return told.first < first_looked_at; });
    Result<void> done;
    for (const Day& day : days_between(std::max(*first, oldest), settled, rules_.zone)) {
        if (day.to > settled) break;
        const Result<void> written = bring_in_order(day, day.date >= first_looked_at);
        if (written) continue;
        if (written.error().code == Code::Cancelled) return written;
        done = std::unexpected(Error(written.error()).with_context(day.date));
    }
    return done;
}

Result<void> Keeper::bring_in_order(const Day& day, bool with_late_calls) {
    std::vector<Content> wanted(kContents.begin(), kContents.end());
    if (!rules_.requests) std::erase(wanted, Content::Requests);
    bool anew = false;
    if (with_late_calls) {
        STENO_ASSIGN(anew, has_more_calls(day));
    }
    if (!anew) std::erase_if(wanted, [&](Content content) { return there(content, day); });
    return wanted.empty() ? Result<void>{} : write(day, wanted);
}

bool Keeper::there(Content content, const Day& day) const {
    std::error_code ignored;
    const std::string name = file_name(content, day.date);
    return std::filesystem::is_regular_file(rules_.folder + "/" + name, ignored) ||
           std::filesystem::is_regular_file(fmt::format("{}/{}/{}.gz", rules_.folder, kArchive, name),
                                            ignored);
}

Result<bool> Keeper::has_more_calls(const Day& day) {
    const std::string path = rules_.folder + "/" + file_name(Content::Calls, day.date);
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) return false;
    Told now;
    now.written = std::filesystem::last_write_time(path, error);
    now.size = std::filesystem::file_size(path, error);
    auto told = told_.find(day.date);
    if (told == told_.end() || told->second.written != now.written || told->second.size != now.size) {
        STENO_ASSIGN(const auto entries, entries_of_ours(path, record_.store));
        if (!entries) return false;
        now.calls = *entries;
        told = told_.insert_or_assign(day.date, now).first;
    }
    STENO_ASSIGN(const std::uint64_t calls, record_.store.count(listed_calls_of(day)));
    return calls > told->second.calls;
}

Result<void> Keeper::write(const Day& day, const std::vector<Content>& contents) {
    const auto path = [&](Content content) { return rules_.folder + "/" + file_name(content, day.date); };
    for (const Content content : contents) {
        std::error_code ignored;  // a pipe would be written to, and wait for its reader
        const auto status = std::filesystem::status(path(content), ignored);
        if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
            return fail(Code::FailedPrecondition, fmt::format("{} is no file", path(content)),
                        "remove or rename it");
    }
    const auto write_one = [&](Content content, const BeforeNamed& before_named) -> Result<void> {
        const auto pieces = open_file(record_, content, day, rules_.options);
        STENO_TRY(write_file(*pieces, path(content), before_named));
        const std::lock_guard lock(mutex_);
        ++stats_.written;
        return {};
    };
    const auto write_others = [&]() -> Result<void> {
        for (const Content content : contents)
            if (content != Content::Calls) STENO_TRY(write_one(content, nullptr));
        return {};
    };
    if (std::ranges::find(contents, Content::Calls) != contents.end())
        STENO_TRY(write_one(Content::Calls, write_others));
    else
        STENO_TRY(write_others());
    log::info("the daily files of {} are in {}", day.date, rules_.folder);
    const std::lock_guard lock(mutex_);
    stats_.last_day = std::max(stats_.last_day, day.date);
    return {};
}

KeeperStats Keeper::stats() const {
    const std::lock_guard lock(mutex_);
    return stats_;
}

}  // namespace steno::daily
