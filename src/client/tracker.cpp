#include "client/tracker.hpp"

#include "base/random.hpp"
#include "base/shell_word.hpp"
#include "base/text.hpp"
#include "base/thread_scratch.hpp"
#include "client/context_node.hpp"
#include "client/record_writer.hpp"
#include "client/request_totals.hpp"
#include "client/standard_error.hpp"
#include "record/call.hpp"

#include <cstdlib>
#include <exception>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <set>
#include <unistd.h>
#include <utility>

namespace steno::client {

namespace {

const char* default_server = "http://127.0.0.1:8787";

/// The tracker of this process. Never destroyed: calls may end while the program's statics are destroyed.
std::atomic<Tracker*> the_tracker{nullptr};
std::atomic<Tracker*> last_tracker{
    nullptr};  ///< the same, or the one that was stopped: it knows what became of its calls
const Tracker* newest = nullptr;        ///< guarded by starting(): the beginning of the list of all of them
std::atomic<bool> switched_off{false};  ///< stopped, or by its level: `current` asks no further
/// Counts forks, so that threads in a child draw other random numbers than their parent's, and its calls are
/// told from those that its parent had open.
std::atomic<std::uint64_t> generation{1};

/// Of Tracker::server_while_off; one of those that are never freed, as it may just be read.
std::atomic<const std::string*> unused_server{nullptr};

/// Between the two ends of a fork() on this thread. Trackers are never freed.
thread_local Delivery* held_for_fork = nullptr;

std::mutex& starting() {
    static auto* const mutex = new std::mutex;
    return *mutex;
}
TrackingOptions& remembered() {
    static auto* const options = new TrackingOptions;
    return *options;
}
/// Guards what is remembered, for those who do not begin recording: that may take its time.
std::mutex& remembering() {
    static auto* const mutex = new std::mutex;
    return *mutex;
}
std::atomic<std::uint64_t> started{0};

std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string() : value;
}

std::optional<LogLevel> level_of(std::string_view word) {
    if (word == "off" || word == "0" || word == "false") return LogLevel::Off;
    if (word == "metrics-only" || word == "metrics_only") return LogLevel::MetricsOnly;
    if (word == "summary") return LogLevel::Summary;
    if (word == "detailed" || word == "on" || word == "1" || word == "true") return LogLevel::Detailed;
    return std::nullopt;
}

std::string default_spool_folder() {
    if (std::string named = environment("STENO_SPOOL"); !named.empty()) return named;
    if (const std::string state = environment("XDG_STATE_HOME"); !state.empty())
        return state + "/steno/spool";
    if (const std::string home = environment("HOME"); !home.empty())
        return home + "/.local/state/steno/spool";
    return "/tmp/steno-spool-" + std::to_string(::geteuid());
}

/// With what the environment says. False: nobody names a server or a data folder.
bool complete(TrackingOptions& options) {
    const auto fill = [](std::string& option, const char* name) {
        if (option.empty()) option = environment(name);
    };
    if (options.server.empty()) fill(options.data_folder, "STENO_DATA");
    fill(options.server, "STENO_SERVER");
    fill(options.api_key, "STENO_API_KEY");
    fill(options.project, "STENO_PROJECT");
    fill(options.environment, "STENO_ENVIRONMENT");
    fill(options.release, "STENO_RELEASE");
    const bool named = !options.server.empty() || !options.data_folder.empty();
    if (!named) options.server = default_server;
    if (options.spool_folder.empty()) options.spool_folder = default_spool_folder();
    return named;
}

/// Not for secrets, but different in every thread of every process.
struct Seeded {
    std::uint64_t of = 0;
    std::optional<SeededRandom> random;
};

Uuid new_id(Timestamp at) {
    const ThreadScratch<Seeded> mine;
    const std::uint64_t now = generation.load(std::memory_order_relaxed);
    if (mine->of != now) {
        std::uint64_t seed = 0;
        if (::getentropy(&seed, sizeof seed) != 0) seed = system_random().next_u64();
        mine->random.emplace(seed);
        mine->of = now;
    }
    return Uuid::at(at.unix_nanos, *mine->random);
}

}  // namespace

Tracker::Tracker(TrackingOptions options, LogLevel most) : options_(std::move(options)), most_(most) {
    const bool named = complete(options_);
    for (std::string* const name : {&options_.project, &options_.environment, &options_.release})
        *name = shortened(*name);
    RecordWriter common(common_);
    common.text(number<Call, "project">(), options_.project);
    common.text(number<Call, "environment">(), options_.environment);
    common.text(number<Call, "release">(), options_.release);
    delivery_ = std::make_unique<Delivery>(options_, named);
}

Tracker* Tracker::make(const TrackingOptions& wanted) noexcept {
    try {
        static const bool prepared = [] {
            ::pthread_atfork(&before_fork, &after_fork_in_parent, &make_anew_after_fork);
            // OpenSSL begins, and with it its own end is registered: it comes after ours, which signs.
            (void)system_random().next_u64();
            // localtime_r's lock is not made anew by fork(): it is taken now, and then every quarter of an
            // hour.
            (void)system_clock().now();
            std::atexit(&stop_at_exit);
            return true;
        }();
        (void)prepared;
        TrackingOptions options = wanted;
        {
            const std::lock_guard lock(remembering());
            remembered() = options;
            ++started;
        }
        unused_server = nullptr;
        set_summaries_wanted(options.print_summary);
        LogLevel most = LogLevel::Detailed;
        if (const auto level = level_of(environment("STENO_TRACKING"))) {
            options.level = most = *level;
            options.level_by_prompt_type.clear();
        }
        if (options.level != LogLevel::Off || !options.level_by_prompt_type.empty()) {
            auto* const tracker = new Tracker(std::move(options), most);
            tracker->before_ = std::exchange(newest, tracker);
            last_tracker = tracker;
            the_tracker = tracker;
            switched_off = false;
            return tracker;
        }
        std::string server = options.server.empty() ? environment("STENO_SERVER") : options.server;
        if (server.empty()) server = default_server;
        static auto* const all = new std::set<std::string>;
        unused_server = &*all->insert(std::move(server)).first;
    } catch (...) {
        // no thread, or no memory
    }
    switched_off = true;
    the_tracker = nullptr;
    return nullptr;
}

Tracker* Tracker::current() noexcept {
    Tracker* const tracker = the_tracker.load(std::memory_order_acquire);
    if (tracker != nullptr) return tracker->delivery_->wanted() ? tracker : nullptr;
    if (switched_off.load(std::memory_order_relaxed)) return nullptr;
    const std::lock_guard lock(starting());
    if (Tracker* const other = the_tracker.load()) return other;
    return switched_off ? nullptr : make(remembered());
}

TrackingOptions Tracker::options() {
    std::unique_lock lock(remembering());
    TrackingOptions options = remembered();
    lock.unlock();
    complete(options);
    return options;
}

std::uint64_t Tracker::starts() noexcept {
    return started.load(std::memory_order_relaxed);
}

const char* Tracker::server_while_off() noexcept {
    const std::string* const server = unused_server.load();
    return server == nullptr ? "" : server->c_str();
}

void Tracker::start(TrackingOptions options) noexcept {
    const std::lock_guard lock(starting());
    Tracker* const old = the_tracker.load();
    Tracker* const tracker = make(options);  // calls go on with it at once
    if (old == nullptr) return;
    old->delivery_->stop(old->options_.exit_patience);
    if (tracker != nullptr) tracker->delivery_->look_again();
}

void Tracker::stop(std::chrono::milliseconds patience) noexcept {
    const std::lock_guard lock(starting());
    switched_off = true;
    unused_server = nullptr;
    Tracker* const tracker = the_tracker.exchange(nullptr);
    if (tracker == nullptr) return;
    const std::string left = tracker->delivery_->stop(patience);
    if (!left.empty()) warn_once(Warning::NotDelivered, left);
}

Flushed Tracker::flush(std::chrono::milliseconds patience) noexcept {
    Tracker* const tracker = the_tracker.load();
    return tracker == nullptr ? Flushed::All : tracker->delivery_->flush(patience);
}

void Tracker::stop_at_exit() noexcept {
    Tracker* const tracker = the_tracker.load();
    if (tracker != nullptr) stop(tracker->options_.exit_patience);
}

void Tracker::before_fork() noexcept {
    (void)system_clock().now();  // so that the child need not for a while
    Tracker* const tracker = the_tracker.load();
    if (tracker != nullptr && tracker->delivery_->before_fork()) held_for_fork = tracker->delivery_.get();
}

void Tracker::after_fork_in_parent() noexcept {
    if (Delivery* const held = std::exchange(held_for_fork, nullptr)) held->after_fork_in_parent();
}

void Tracker::make_anew_after_fork() noexcept {
    held_for_fork = nullptr;  // its locks are the parent's
    ++generation;
    new (&starting()) std::mutex;  // whoever held it is not in this process
    new (&remembering()) std::mutex;
    if (Tracker* const parents = the_tracker.exchange(nullptr)) parents->delivery_->forget_after_fork();
    last_tracker = nullptr;
    forget_warnings();
}

void Tracker::set_default_server_for_test(const char* url) noexcept {
    default_server = url;
}

TrackingStats Tracker::stats() noexcept {
    Tracker* const tracker = last_tracker.load();
    return tracker == nullptr ? TrackingStats{} : tracker->delivery_->stats();
}

std::string Tracker::last_error() noexcept {
    Tracker* const tracker = last_tracker.load();
    try {
        return tracker == nullptr ? std::string() : tracker->delivery_->last_error();
    } catch (...) {
        return {};
    }
}

std::string Tracker::record() const {
    return printable(options_.data_folder.empty() ? "--server " + shell_word(options_.server)
                                                  : "--data " + shell_word(options_.data_folder),
                     kLongestWords);
}

CallScope::Draft* Tracker::begin(const Context& context) noexcept {
    try {
        LogLevel level = options_.level;
        if (!options_.level_by_prompt_type.empty() && context.node()) {
            const auto exception = options_.level_by_prompt_type.find(context.node()->prompt_type);
            if (exception != options_.level_by_prompt_type.end()) level = exception->second;
        }
        if (level == LogLevel::Off) return nullptr;
        CallScope::Draft* const draft = delivery_->pool().take();
        draft->context = context;
        draft->level = level;
        draft->most = most_;
        draft->max_text =
            options_.max_text_bytes == 0 ? kLongestPrompt : std::min(options_.max_text_bytes, kLongestPrompt);
        draft->began = system_clock().now();
        draft->began_steady = system_clock().steady_nanos();
        draft->exceptions = std::uncaught_exceptions();
        draft->generation = generation.load(std::memory_order_relaxed);
        draft->id = new_id(draft->began);
        return draft;
    } catch (...) {
        return nullptr;
    }
}

void Tracker::end(CallScope::Draft* draft) noexcept {
    // What was open when this process was forked is its parent's call, which records it.
    const bool is_the_parents = draft->generation != generation.load(std::memory_order_relaxed);
    if (draft->level == LogLevel::Off || is_the_parents) {
        DraftPool::put_at_hand(draft);
        return;
    }
    if (draft->context.node() && draft->context.node()->totals)
        guarded([&] { draft->context.node()->totals->add(*draft); });
    guarded([&] { draft->end(); });
    delivery_->push(draft);
}

}  // namespace steno::client

namespace steno {

void start_tracking(TrackingOptions options) noexcept {
    client::Tracker::start(std::move(options));
}
void stop_tracking(std::chrono::milliseconds patience) noexcept {
    client::Tracker::stop(patience);
}
bool flush(std::chrono::milliseconds patience) noexcept {
    return client::Tracker::flush(patience) == client::Flushed::All;
}
bool tracking() noexcept {
    return client::Tracker::current() != nullptr;
}
TrackingStats tracking_stats() noexcept {
    return client::Tracker::stats();
}
std::string last_tracking_error() noexcept {
    return client::Tracker::last_error();
}

}  // namespace steno
