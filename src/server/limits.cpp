#include "server/limits.hpp"

#include "sources/gateway/refusal.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <ranges>
#include <utility>

namespace steno::server {

namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1'000 * kMs;

/// How long a limit lasts, by its name: how long "nothing left" can be true where no reset was told.
std::optional<std::int64_t> length_of(std::string_view window) {
    struct Length {
        std::string_view ending;
        std::int64_t seconds;
    };
    static constexpr std::array kLengths{Length{"_second", 1},   Length{"_10s", 10},
                                         Length{"_minute", 60},  Length{"_hour", 3600},
                                         Length{"_day", 86'400}, Length{"_month", 31 * 86'400}};
    for (const Length& known : kLengths) {
        if (window.ends_with(known.ending)) return known.seconds * kSecond;
    }
    return std::nullopt;
}

/// Until when the window says that nothing is left; nothing if something is, or that moment has passed.
/// The largest number: nobody said until when.
constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::max();
std::optional<std::int64_t> empty_until(std::string_view name, const LimitWindow& window, std::int64_t now) {
    if (window.remaining != 0) return std::nullopt;
    const std::int64_t until = full_again_at(name, window).value_or(kUnknown);
    return until > now ? std::optional(until) : std::nullopt;
}

/// Until when a refusal holds.
std::optional<std::int64_t> refused_until(const LimitState& state, std::int64_t now) {
    if (!state.refusal || state.served_at > state.refusal->at) return std::nullopt;
    const Refusal& refusal = *state.refusal;
    if (refusal.retry_after_ms) {
        const std::int64_t until = refusal.at + *refusal.retry_after_ms * kMs;
        return until > now ? std::optional(until) : std::nullopt;
    }
    // A rate limit without a wait is over soon; a quota only when a call gets through.
    return refusal.type == ErrorType::Quota ? std::optional(kUnknown) : std::nullopt;
}

/// The longest of all reasons; nothing: not exhausted.
std::optional<std::int64_t> blocked_until(const LimitState& state, std::int64_t now) {
    std::optional<std::int64_t> until = refused_until(state, now);
    for (const auto& [name, window] : state.windows) {
        if (const auto empty = empty_until(name, window, now)) until = std::max(until.value_or(0), *empty);
    }
    return until;
}

/// When the head of the answer came: what its headers say counts from there.
std::int64_t answered_at(const Call& call) {
    if (!call.started_at) return call.ended_at ? call.ended_at->unix_nanos : 0;
    if (call.time.time_to_first_token)
        return call.started_at->unix_nanos + call.time.time_to_first_token->nanos;
    if (call.time.duration) return call.started_at->unix_nanos + call.time.duration->nanos;
    return call.ended_at ? call.ended_at->unix_nanos : call.started_at->unix_nanos;
}

bool is_refusal(const Call& call) {
    // Not ours, for want of a budget.
    return (call.error.type == ErrorType::RateLimit || call.error.type == ErrorType::Quota) &&
           call.error.provider_type != gateway::kOverBudget;
}

std::string key_of(const Call& call) {
    std::string key;
    for (const std::string* const part :
         {&call.provider.name, &call.provider.endpoint.host, &call.who.api_key_id, &call.model.requested}) {
        key += *part;
        key += '\n';
    }
    return key;
}

void take(LimitState& state, std::string_view name, const Limit& limit, std::int64_t moment) {
    if (limit == Limit{}) return;
    LimitWindow& window = state.windows[std::string(name)];
    if (window.told_at > moment) return;
    window.limit = limit.limit;
    window.remaining = limit.remaining;
    window.resets_at.reset();
    if (limit.reset_ms) window.resets_at = moment + *limit.reset_ms * kMs;
    window.told_at = moment;
}

}  // namespace

std::optional<std::int64_t> full_again_at(std::string_view name, const LimitWindow& window) {
    if (window.resets_at) return window.resets_at;
    const auto length = length_of(name);
    return length ? std::optional(window.told_at + *length) : std::nullopt;
}

bool LimitState::exhausted(std::int64_t now) const {
    return blocked_until(*this, now).has_value();
}

std::optional<std::int64_t> LimitState::exhausted_until(std::int64_t now) const {
    const auto until = blocked_until(*this, now);
    return until == kUnknown ? std::nullopt : until;
}

double LimitState::least_left(std::int64_t now) const {
    double least = 1;
    for (const auto& [name, window] : windows) {
        if (!window.limit || !window.remaining || *window.limit == 0) continue;
        if (full_again_at(name, window).value_or(kUnknown) <= now) continue;
        least = std::min(least, static_cast<double>(*window.remaining) / static_cast<double>(*window.limit));
    }
    return least;
}

LimitState& Limits::state_of(const Call& call, std::string key, std::int64_t moment) {
    if (const auto found = places_.find(key); found != places_.end()) {
        // What is remembered of old calls does not push in.
        if (moment >= found->second->state.last_seen)
            entries_.splice(entries_.begin(), entries_, found->second);
        return found->second->state;
    }
    LimitState state;
    state.provider = call.provider.name;
    state.host = call.provider.endpoint.host;
    state.api_key_id = call.who.api_key_id;
    state.model = call.model.requested;
    const bool old = !entries_.empty() && moment < entries_.front().state.last_seen;
    const auto place = entries_.insert(old ? entries_.end() : entries_.begin(), Entry{key, std::move(state)});
    places_.emplace(std::move(key), place);
    return place->state;
}

void Limits::make_room() {
    while (entries_.size() > kMaxStates) {
        places_.erase(entries_.back().key);
        entries_.pop_back();
        ++forgotten_;
    }
}

void Limits::note(const Call& call) {
    const RateLimit& told = call.provider.rate_limit;
    const std::int64_t moment = answered_at(call);
    std::string key = key_of(call);
    const std::scoped_lock lock(mutex_);
    // Who never speaks of limits and never refuses is not kept; who refused once is listened to.
    if (told == RateLimit{} && !is_refusal(call) && !places_.contains(key)) return;
    LimitState& state = state_of(call, std::move(key), moment);
    take(state, "requests", told.requests, moment);
    take(state, "tokens", told.tokens, moment);
    for (const auto& [name, limit] : told.windows) take(state, name, limit, moment);
    if (is_refusal(call)) {
        if (!state.refusal || state.refusal->at <= moment)
            state.refusal = Refusal{moment, *call.error.type, call.error.retry_after_ms, call.error.advice};
    } else if (call.status == Status::Success && call.started_at) {
        state.served_at = std::max(state.served_at, call.started_at->unix_nanos);
    }
    state.last_seen = std::max(state.last_seen, moment);
    make_room();
}

Result<void> Limits::remember(store::CallStore& store) {
    const std::scoped_lock lock(remember_mutex_);
    if (remembered_) return {};
    std::vector<store::Row> rows;
    store::CallQuery query;
    query.limit = store::kMaxPage;
    while (rows.size() < kRemembered) {
        STENO_ASSIGN(store::Page page, store.find(query));
        std::ranges::move(page.rows, std::back_inserter(rows));
        if (!page.next_cursor) break;
        query.cursor = *page.next_cursor;
    }
    for (const store::Row& row : std::views::reverse(rows)) note(row.call);
    remembered_ = true;
    return {};
}

std::vector<LimitState> Limits::all() const {
    std::vector<LimitState> states = latest(kMaxStates);
    const std::int64_t moment = now();
    struct Rank {
        bool free;
        double left;
        std::size_t at;
        auto operator<=>(const Rank&) const = default;
    };
    std::vector<Rank> ranks;
    for (std::size_t at = 0; at < states.size(); ++at)
        ranks.push_back({!states[at].exhausted(moment), states[at].least_left(moment), at});
    std::ranges::sort(ranks, [](const Rank& a, const Rank& b) { return (a <=> b) < 0; });
    std::vector<LimitState> sorted;
    for (const Rank& rank : ranks) sorted.push_back(std::move(states[rank.at]));
    return sorted;
}

std::vector<LimitState> Limits::latest(std::size_t most) const {
    const std::scoped_lock lock(mutex_);
    std::vector<LimitState> states;
    for (const Entry& entry : std::views::take(entries_, static_cast<std::ptrdiff_t>(most)))
        states.push_back(entry.state);
    return states;
}

std::uint64_t Limits::forgotten() const {
    const std::scoped_lock lock(mutex_);
    return forgotten_;
}

}  // namespace steno::server
