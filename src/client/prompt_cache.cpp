#include "client/prompt_cache.hpp"

#include "base/random.hpp"
#include "client/in_words.hpp"
#include "client/standard_error.hpp"
#include "client/tracker.hpp"
#include "record/json_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <new>
#include <pthread.h>
#include <system_error>
#include <utility>

namespace steno::client {

namespace {

constexpr std::chrono::milliseconds kPatience{10'000};     ///< of a request, whoever waits for it
constexpr std::chrono::milliseconds kLongestPause{5'000};  ///< between two tries, after one that failed
constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365);
constexpr int kStaleAges = 10;  ///< so many times its age a version is served while the server is asked
constexpr std::size_t kLongestWord = 1000;  ///< bytes of a name, a label, a version
constexpr std::size_t kMaxAnswer = 64u << 20;

std::shared_ptr<const Prompt::Data> none(std::string error, bool unknown = false) {
    auto data = std::make_shared<Prompt::Data>();
    data->error = std::move(error);
    data->unknown = unknown;
    return data;
}

std::shared_ptr<const Prompt::Data> with_error(const Prompt::Data& data, std::string error, bool unknown) {
    auto copy = std::make_shared<Prompt::Data>(data);
    copy->error = std::move(error);
    copy->unknown = unknown;
    return copy;
}

bool read_included(JsonReader& json, prompts::Included& included) {
    return json.array([&] {
        std::string include;
        prompts::Content content;
        const bool whole = json.object([&](std::string_view name) {
            if (name == "include") return json.string(include);
            const auto known = prompts::read_member(json, name, content);
            return known && (*known || json.skip());
        });
        included.insert_or_assign(std::move(include), std::move(content));
        return whole;
    });
}

/// What a server answers.
struct Fetched {
    FetchedPrompt prompt;
    std::shared_ptr<const FetchedExperiment> experiment;  ///< null: none runs
};

bool read_prompt_member(JsonReader& json, std::string_view name, FetchedPrompt& prompt) {
    if (name == "name") return json.string(prompt.name);
    if (name == "version") return json.string(prompt.version);
    if (name == "included") return read_included(json, prompt.included);
    if (name == "labels") return json.array([&] { return json.string(prompt.labels.emplace_back()); });
    const auto known = prompts::read_member(json, name, prompt.content);
    return known && (*known || json.skip());
}

bool says_something(const FetchedPrompt& prompt) {
    return !prompt.version.empty() && (!prompt.content.text.empty() || !prompt.content.messages.empty());
}

/// Prompts of variants, each with the variant's name.
using OfVariants = std::map<std::string, std::shared_ptr<const FetchedPrompt>, std::less<>>;
bool read_of_variants(JsonReader& json, OfVariants& of_variants) {
    return json.array([&] {
        std::string variant;
        auto prompt = std::make_shared<FetchedPrompt>();
        const bool whole = json.object([&](std::string_view name) {
            return name == "variant" ? json.string(variant) : read_prompt_member(json, name, *prompt);
        });
        const bool good = whole && says_something(*prompt);
        of_variants.insert_or_assign(std::move(variant), std::move(prompt));
        return good;
    });
}

Result<Fetched> read_fetched(std::string_view body) {
    JsonReader json(body);
    Fetched fetched;
    std::string plan;
    OfVariants of_variants;
    const bool whole = json.object([&](std::string_view name) {
        if (name == "experiment") return json.raw(plan);
        if (name == "variants") return read_of_variants(json, of_variants);
        return read_prompt_member(json, name, fetched.prompt);
    });
    if (!whole || !json.at_end() || !says_something(fetched.prompt))
        return fail(Code::Unavailable, "the server's answer is no prompt");
    if (plan.empty() || plan == "null") return fetched;
    auto read = assignment::plan_from_json(plan);
    if (!read) return fetched;  // of a version that divides otherwise: the prompt is good all the same
    auto experiment = std::make_shared<FetchedExperiment>(std::move(*read));
    for (const assignment::WeightedVariant& variant : experiment->plan.variants) {
        const auto found = of_variants.find(variant.name);
        experiment->prompts.push_back(found == of_variants.end() ? nullptr : found->second);
    }
    fetched.experiment = std::move(experiment);
    return fetched;
}

std::shared_ptr<const Prompt::Data> data_of(Fetched fetched, PromptSource source, std::string error) {
    auto data = std::make_shared<Prompt::Data>();
    data->source = source;
    data->error = std::move(error);
    data->fetched = std::make_shared<const FetchedPrompt>(std::move(fetched.prompt));
    data->experiment = std::move(fetched.experiment);
    return data;
}

/// What is to be served where nothing was ever fetched.
Prompt without_any(std::string_view name, const PromptOptions& options,
                   const std::shared_ptr<const Prompt::Data>& why) {
    if (!options.fallback) return Prompt(why);
    Fetched brought;
    brought.prompt.name = name;
    brought.prompt.content.text = *options.fallback;
    return Prompt(
        with_error(*data_of(std::move(brought), PromptSource::Fallback, {}), why->error, why->unknown));
}

/// InvalidArgument: no server could answer it.
Result<std::string> question_of(std::string_view name, const PromptOptions& options) {
    if (!options.label.empty() && !options.version.empty())
        return fail(Code::InvalidArgument, "a version and a label each say which version is meant",
                    "one of them");
    if (name.empty() || std::max({name.size(), options.label.size(), options.version.size()}) > kLongestWord)
        return fail(Code::InvalidArgument,
                    "a prompt is asked for by its name, and perhaps a label or a version");
    std::string question;
    question.reserve(name.size() + options.label.size() + options.version.size() + 2);
    question.append(name).push_back('\n');  // which is not in a name
    if (!options.label.empty()) question.append("@").append(options.label);
    return question += options.version;
}

std::string path_of(std::string_view question) {
    const std::size_t end = question.find('\n');
    const std::string_view which = question.substr(end + 1);
    std::string path =
        fmt::format("/api/v1/prompts/{}/fetch?included=true", net::percent_encode(question.substr(0, end)));
    if (!which.empty() && !which.starts_with('@')) return path + "&version=" + net::percent_encode(which);
    path += "&plan=true";  // of an experiment, which is kept to here
    return which.empty() ? path : path + "&label=" + net::percent_encode(which.substr(1));
}

}  // namespace

PromptCache::PromptCache() {
    // OpenSSL begins, and with it its own end is registered: it comes after ours.
    (void)system_random().next_u64();
    ::pthread_atfork(&before_fork, &after_fork_in_parent, &after_fork_in_child);
    std::atexit(&at_exit);
}

PromptCache& PromptCache::current() {
    static auto* const cache = new PromptCache;
    return *cache;
}

void PromptCache::before_fork() noexcept {
    current().mutex_.lock();
}
void PromptCache::after_fork_in_parent() noexcept {
    current().mutex_.unlock();
}
/// What was fetched is the child's, too; the thread, and who waits for it, is not.
void PromptCache::after_fork_in_child() noexcept {
    PromptCache& cache = current();
    new (&cache.mutex_) std::mutex;
    new (&cache.answered_) std::condition_variable;
    (void)cache.home_.connection.release();
    for (auto& [question, entry] : cache.entries_) entry->asking = false;
}

void PromptCache::at_exit() noexcept {
    PromptCache& cache = current();
    Lock lock(cache.mutex_);
    cache.closed_ = true;
    const auto connection = std::move(cache.home_.connection);
    lock.unlock();
    if (connection) connection->cancel();
}

void PromptCache::heed_options(Lock& lock) {
    const std::uint64_t starts = Tracker::starts();
    if (starts_ == starts) return;
    const TrackingOptions options = Tracker::options();
    starts_ = starts;
    if (options.server == home_.server && options.api_key == home_.api_key &&
        options.spool_folder == home_.spool_folder && options.max_spool_bytes == home_.max_spool_bytes)
        return;
    auto connection = std::move(home_.connection);
    home_ = {options.server, options.api_key, options.spool_folder, options.max_spool_bytes, nullptr};
    entries_.clear();
    if (!connection) return;
    lock.unlock();  // its thread may wait for it
    connection->cancel();
    connection.reset();
    lock.lock();
}

Result<Connection*> PromptCache::connection() {
    if (closed_) return fail(Code::Unavailable, "the program is ending");
    if (!home_.connection) {
        if (home_.server.empty())
            return fail(Code::FailedPrecondition,
                        "prompts come from a server, and calls go to a data folder here",
                        "name the server besides: STENO_SERVER");
        STENO_ASSIGN(home_.connection, Connection::to(home_.server, home_.api_key));
    }
    return home_.connection.get();
}

void PromptCache::note_failure(Entry& entry, const Error& error, bool unknown) {
    entry.why = none(in_words(error), unknown);
    entry.failed = Clock::now();
    if (entry.data) entry.data = with_error(*entry.data, entry.why->error, unknown);
}

void PromptCache::begin(const std::shared_ptr<Entry>& entry, std::string_view question) {
    Result<Connection*> to = fail(Code::ResourceExhausted, "there is no thread to ask the server with");
    try {
        to = connection();
    } catch (const std::system_error&) {  // what is known is served all the same
    }
    if (!to) return note_failure(*entry, to.error(), false);
    Connection::Request request;
    request.path = path_of(question);
    request.known_tag = entry->entity_tag;
    request.max_answer = kMaxAnswer;
    entry->asking = true;
    entry->asked = Clock::now();
    // The entry may be of a server that was left meanwhile: then nobody asks for it any more.
    (*to)->ask(std::move(request), kPatience,
               [this, entry, from = *to, folder = home_.folder(),
                file = home_.server + "\n" + std::string(question)](Result<Connection::Answer> answer) {
                   try {
                       take(*entry, *from, std::move(answer), folder, file);
                   } catch (...) {  // no memory: as if it had not been asked
                       const Lock lock(mutex_);
                       entry->asking = false;
                       ++entry->tries;
                       answered_.notify_all();
                   }
               });
}

void PromptCache::take(Entry& entry, const Connection& from, Result<Connection::Answer> answer,
                       const PromptFolder& folder, const std::string& file) {
    const bool is_new = answer && answer->status == 200;
    const bool is_same = answer && answer->status == 304;
    // Another 404 is not about the prompt: a path that this server does not know, or a proxy's word.
    const bool unknown = answer && answer->status == 404 && answer->is_problem_of("no_such_prompt");
    std::optional<Error> error;
    std::shared_ptr<const Prompt::Data> fresh;
    if (is_new) {
        auto fetched = read_fetched(answer->body);
        if (fetched)
            fresh = data_of(std::move(*fetched), PromptSource::Server, {});
        else
            error = from.not_steno(answer->status);
    } else if (!answer) {
        error = std::move(answer).error();
    } else if (!is_same) {
        error = from.refusal(*answer);
    }
    {
        const Lock lock(mutex_);
        entry.asking = false;
        ++entry.tries;
        if (error) {
            note_failure(entry, *error, unknown);
        } else {
            entry.checked = Clock::now();
            entry.why = nullptr;
            if (fresh) {
                entry.data = fresh;
                entry.entity_tag = answer->entity_tag;
                entry.bytes = answer->body.size();
                make_room(entry);
            } else if (entry.data && !entry.data->error.empty()) {
                entry.data = with_error(*entry.data, {}, false);
            }
        }
        answered_.notify_all();
    }
    if (fresh) folder.keep(file, answer->body);
    if (unknown) folder.forget(file);  // a new process is to be told
}

void PromptCache::make_room(const Entry& entry) {
    std::size_t bytes = 0;
    for (const auto& [question, one] : entries_) bytes += one->bytes;
    while (entries_.size() > kMostQuestions || bytes > kMostBytes) {
        auto oldest = entries_.end();
        for (auto one = entries_.begin(); one != entries_.end(); ++one) {
            if (one->second.get() == &entry || one->second->asking) continue;
            if (oldest == entries_.end() || one->second->wanted < oldest->second->wanted) oldest = one;
        }
        if (oldest == entries_.end()) return;
        bytes -= oldest->second->bytes;
        entries_.erase(oldest);
    }
}

void PromptCache::look_into_folder(Lock& lock, Entry& entry, std::string_view question,
                                   const std::string& why) {
    const PromptFolder folder = home_.folder();
    const std::string file = home_.server + "\n" + std::string(question);
    lock.unlock();
    const auto kept = folder.find(file);
    auto fetched = kept ? read_fetched(*kept) : fail(Code::NotFound, "none is kept");
    lock.lock();
    entry.has_looked = true;
    if (!fetched || entry.data) return;
    entry.data = data_of(std::move(*fetched), PromptSource::File, why);
    entry.bytes = kept->size();
    make_room(entry);
}

std::optional<Prompt> PromptCache::get(std::string_view name, const PromptOptions& options,
                                       Clock::time_point began, std::chrono::milliseconds at_most) {
    const auto question = question_of(name, options);
    if (!question) return without_any(name, options, none(in_words(question.error())));
    Lock lock(mutex_);
    heed_options(lock);
    const auto known = entries_.find(*question);
    const std::shared_ptr<Entry> entry =
        known != entries_.end() ? known->second
                                : entries_.emplace(*question, std::make_shared<Entry>()).first->second;
    const auto now = Clock::now();
    entry->wanted = now;
    if (known == entries_.end()) make_room(*entry);

    const auto max_age = std::min(options.max_age, kLongest);
    const bool each_time = max_age.count() <= 0;
    const auto age = entry->checked ? now - *entry->checked : Clock::duration::max();
    const bool is_fresh = each_time ? entry->checked && *entry->checked >= began : age <= max_age;
    if (is_fresh && entry->data) return Prompt(entry->data);
    const bool failed_lately =
        entry->why && (entry->failed >= began || now - entry->failed < std::min(kLongestPause, max_age));
    std::shared_ptr<const Prompt::Data> why;  // what this caller is told; others may have more patience
    if (!failed_lately) {
        const bool is_old = age / kStaleAges > max_age;
        const bool waits = each_time || !entry->data || (is_old && !entry->why);
        if (!entry->asking) begin(entry, *question);
        if (waits && entry->asking) {
            const std::uint64_t tries = entry->tries;
            const auto patient = entry->asked + std::min(options.patience, kLongest);
            const auto until = std::min(patient, now + std::min(at_most, kLongest));
            if (!answered_.wait_until(lock, until, [&] { return entry->tries != tries; })) {
                if (until < patient) return std::nullopt;
                why = none(
                    fmt::format("{} has not answered within {} ms", home_.server, options.patience.count()));
            }
        }
    }
    if (!why) why = entry->why;
    if (!entry->data && why && !why->unknown && !entry->has_looked)
        look_into_folder(lock, *entry, *question, why->error);
    if (entry->data && why && entry->data->error.empty())
        return Prompt(with_error(*entry->data, why->error, why->unknown));
    if (entry->data) return Prompt(entry->data);
    return without_any(name, options, why ? why : none("there is no memory for it"));
}

std::optional<Result<std::string>> Asked::answer_within(std::chrono::milliseconds time) {
    std::unique_lock lock(waiting_->mutex);
    waiting_->answered.wait_for(lock, time, [&] { return waiting_->answer.has_value(); });
    return std::exchange(waiting_->answer, std::nullopt);
}

Result<Asked> PromptCache::ask(std::string path, std::chrono::milliseconds patience) {
    Asked asked;
    Lock lock(mutex_);
    heed_options(lock);
    STENO_ASSIGN(Connection* const to, connection());
    Connection::Request request;
    request.path = std::move(path);
    request.max_answer = kMaxAnswer;
    to->ask(std::move(request), patience, [waiting = asked.waiting_, to](Result<Connection::Answer> answer) {
        const std::lock_guard guard(waiting->mutex);
        if (answer && answer->status == 200) {
            waiting->answer.emplace(std::move(answer->body));
        } else {
            Error error = answer ? to->refusal(*answer) : answer.error();
            // What is not found is what was asked for, and not the server.
            const bool unknown = answer && answer->status == 404 && answer->is_problem;
            if (error.code == Code::NotFound && !unknown)
                error = Error(Code::Unavailable, std::move(error.message), std::move(error.remedy));
            waiting->answer.emplace(std::unexpected(std::move(error)));
        }
        waiting->answered.notify_all();
    });
    return asked;
}

}  // namespace steno::client
