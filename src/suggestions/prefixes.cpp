#include "inference/interval.hpp"
#include "suggestions/looks.hpp"
#include "tokens/family.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <tuple>

/// Prefixes that many calls share and that are not cached, where caching is asked for by the caller: models
/// of Anthropic. Others cache by themselves, and there is nothing to switch on.
namespace steno::suggestions {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
/// How far the tokens of a text may be from those that the model counts: 95 % of Claude's answers in text
/// were within 13.6 % (docs/tokens.md).
constexpr double kTokenError = 0.15;

/// How long the provider keeps what was written, from its last use on, and where that is priced.
struct Kept {
    std::string_view words;
    std::int64_t nanos;
    std::optional<std::int64_t> CacheWrites::* written;
};
constexpr std::array<Kept, 2> kKept = {{{"5 minutes", 300 * kSecond, &CacheWrites::minutes_5},
                                        {"1 hour", 3600 * kSecond, &CacheWrites::hours_1}}};

/// The fewest tokens of a prefix that the provider caches, where sources disagree the most that any names
/// (platform.claude.com/docs, prompt caching, and issue 1194 of anthropic-sdk-python).
std::int64_t fewest_tokens(std::string_view model) {
    const auto has = [&](std::string_view part) { return model.find(part) != std::string_view::npos; };
    if (has("sonnet-4-6") || has("haiku-3") || has("3-haiku") || has("3-5-haiku")) return 2048;
    for (const std::string_view part : {"3-5-sonnet", "3-7-sonnet", "3-opus", "sonnet-4-2", "sonnet-4-5",
                                        "4-sonnet", "opus-4-1", "opus-4-2", "4-opus"})
        if (has(part)) return 1024;
    return 4096;
}

bool caches_on_demand(const Call& call) {
    return call.model.requested.find("claude") != std::string::npos &&
           (call.provider.name == "anthropic" || call.provider.name == "aws.bedrock" ||
            call.provider.name == "gcp.vertex_ai");
}

bool uses_the_cache(const Usage& usage) {
    const CacheWrites& writes = usage.cache_write_tokens;
    for (const auto& count : {usage.cache_read_tokens, writes.minutes_5, writes.minutes_30, writes.hours_1,
                              writes.hours_12, writes.other})
        if (count.value_or(0) > 0) return true;
    return false;
}

/// Calls that share a prefix, in the order of time.
struct Shared {
    std::vector<const Call*> calls;
    std::int64_t cached = 0;  ///< further calls, which use the cache already
};
using Name = std::tuple<Task, Model, std::string, Sha256>;  ///< with the region: caches do not leave it

/// What the calls would have cost.
struct Cached {
    std::int64_t reads = 0, writes = 0, unpriced = 0;
    Decimal before, after;
    std::string currency;
    bool mixed = false;

    [[nodiscard]] Decimal saved() const { return before - after; }
};

/// Call by call: who comes while the prefix is kept reads it, everybody else writes it. It can be read when
/// a call that wrote it has its answer's first token, and not before.
Cached with_cache(const std::vector<const Call*>& calls, std::int64_t tokens, const Kept& kept,
                  const pricing::Catalogue& prices) {
    constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
    Cached cached;
    std::int64_t ready = kNever, kept_until = 0;
    for (const Call* const call : calls) {
        const std::int64_t began = call->started_at->unix_nanos;
        if (began > kept_until) ready = kNever;
        Call changed = *call;
        const bool reads = ready <= began;
        if (reads)
            changed.usage.cache_read_tokens = tokens;
        else
            changed.usage.cache_write_tokens.*kept.written = tokens;
        const auto before = prices.explain(*call), after = prices.explain(changed);
        if (!before.total || !after.total) {
            ++cached.unpriced;
            continue;
        }
        const std::string& currency = before.price->currency;
        cached.mixed |= !cached.currency.empty() && cached.currency != currency;
        cached.currency = currency;
        cached.before += *before.total;
        cached.after += *after.total;
        ++(reads ? cached.reads : cached.writes);
        const Duration answered = call->time.time_to_first_token.value_or(*call->time.duration);
        ready = std::min(ready, began + answered.nanos);
        kept_until = began + kept.nanos;
    }
    return cached;
}

std::map<Name, Shared> shared_prefixes(const NewestCalls& newest, Looked& looked) {
    std::map<Name, Shared> shared;
    for (const SeenCall& seen : newest.calls) {
        const Call& call = seen.call;
        if (!caches_on_demand(call)) continue;
        ++looked.calls;
        if (!seen.prefix || call.status != Status::Success || !call.started_at || !call.time.duration ||
            !call.usage.input_tokens)
            continue;
        Shared& group = shared[{task_of(call), model_of(call), call.provider.region, *seen.prefix}];
        if (uses_the_cache(call.usage))
            ++group.cached;
        else
            group.calls.push_back(&call);
    }
    return shared;
}

}  // namespace

Result<Looked> look_for_uncached_prefixes(const Evidence& evidence, Found& found) {
    const NewestCalls& newest = evidence.newest;
    Looked looked{Kind::UncachedPrefix, 0, {}};
    const std::map<Name, Shared> shared = shared_prefixes(newest, looked);
    std::map<Sha256, std::int64_t> counted;  // a text is counted once
    std::int64_t many = 0, long_enough = 0;
    for (const auto& [name, group] : shared) {
        const auto& [task, model, region, digest] = name;
        if (std::ssize(group.calls) < kFewestOfPrefix) continue;
        ++many;
        auto [tokens, fresh] = counted.try_emplace(digest, 0);
        if (fresh) {
            tokens::TokenCount count(tokens::family_of(model.name));
            count.add(newest.prefixes.at(digest));
            tokens->second = count.total();
        }
        // The prefix is part of every call's input, which the provider has counted.
        std::int64_t least_input = std::numeric_limits<std::int64_t>::max();
        for (const Call* const call : group.calls)
            least_input = std::min(least_input, *call->usage.input_tokens);
        const std::int64_t length = std::min(tokens->second, least_input);
        const auto part = [&](double of) {
            return std::min(static_cast<std::int64_t>(static_cast<double>(length) * of), least_input);
        };
        const std::int64_t fewest = fewest_tokens(model.name);
        if (part(1 - kTokenError) < fewest) continue;
        ++long_enough;
        const auto saved = [&](const Kept& kept) {
            return with_cache(group.calls, length, kept, evidence.prices);
        };
        const std::array<Cached, kKept.size()> both = {saved(kKept[0]), saved(kKept[1])};
        // An hour where that is both priced and better.
        const bool hour = both[1].unpriced <= both[0].unpriced && both[1].saved() > both[0].saved();
        const Kept& kept = kKept[hour ? 1 : 0];
        const Cached& best = both[hour ? 1 : 0];
        const Cached low = with_cache(group.calls, part(1 - kTokenError), kept, evidence.prices);
        const Cached high = with_cache(group.calls, part(1 + kTokenError), kept, evidence.prices);
        if (best.mixed || best.reads + best.writes < kFewestOfPrefix || low.saved() <= Decimal()) continue;

        Suggestion& one = found.emplace_back();
        one.kind = Kind::UncachedPrefix;
        one.task = task;
        one.model = model;
        one.from = newest.span.from;
        one.to = newest.span.to;
        one.affected = best.reads + best.writes;
        for (std::size_t i = 0; i < std::min(kToldCalls, group.calls.size()); ++i)
            one.calls.push_back(group.calls[group.calls.size() - 1 - i]->id);
        one.sentence = fmt::format(
            "{} calls of {} to {} begin with the same {} tokens or so of tools and system prompt, and "
            "nothing "
            "of it is cached; kept for {}, {} of them would have read it",
            grouped(one.affected), task.words(), model.name, grouped(length), kept.words,
            grouped(best.reads));
        one.evidence = {{"prefix_tokens", length},
                        {"prefix_bytes", static_cast<std::int64_t>(newest.prefixes.at(digest).size())},
                        {"fewest_tokens_cached", fewest},
                        {"kept_for", std::string(kept.words)},
                        {"calls", one.affected},
                        {"reads", best.reads},
                        {"writes", best.writes},
                        {"calls_without_price", best.unpriced},
                        {"calls_cached_already", group.cached},
                        {"cost", best.before},
                        {"cost_with_cache", best.after}};
        Saving saving;
        saving.currency = best.currency;
        saving.amount = best.saved();
        saving.month = newest.span.month_of(saving.amount);
        if (saving.month) {
            saving.month_low = newest.span.month_of(low.saved());
            saving.month_high = newest.span.month_of(high.saved());
        }
        saving.basis = Basis::Computed;
        saving.how = fmt::format(
            "each call's usage by the price table, as it is and with the prefix written to or read from the "
            "cache; a call reads it if one before it had its first token, and was not longer ago than {}; "
            "the "
            "interval is of a prefix that is {:g} % shorter or longer than was counted",
            kept.words, kTokenError * 100);
        one.saving = std::move(saving);
        one.confidence = Confidence::Medium;
        one.caveats.emplace_back("all these calls are taken to share one cache: one account and workspace");
        one.command = fmt::format("steno calls show {}", one.calls.front().to_string());
    }
    looked.words = fmt::format(
        "{} of the newest calls went to models that cache on demand (Claude); {} prefixes of {} KiB or more "
        "were shared by {} calls or more of one task that do not use the cache, {} of them long enough to be "
        "cached",
        grouped(looked.calls), many, kLeastPrefixBytes / 1024, kFewestOfPrefix, long_enough);
    return looked;
}

}  // namespace steno::suggestions
