#include "suggestions/looks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

namespace steno::suggestions {

namespace {

/// One request, each time that it was asked.
struct Asked {
    std::vector<const SeenCall*> times;
};

/// What a task and model were asked again.
struct Again {
    std::int64_t calls = 0;     ///< with a request that can be told
    std::int64_t requests = 0;  ///< different ones that came again
    std::vector<const SeenCall*> repeats;
    std::int64_t same_answers = 0;
    std::map<std::string, Decimal> cost;
    std::int64_t most = 0;
    const SeenCall* most_asked = nullptr;
};

/// A retry asks again because it must, and a failure has not answered.
bool answered(const SeenCall& seen) {
    return seen.request && seen.call.status == Status::Success && seen.call.client_retry.value_or(0) == 0 &&
           seen.call.cache.hit.empty() && seen.call.started_at && seen.call.time.duration;
}

void add(Again& again, const Asked& asked) {
    std::int64_t first_end = std::numeric_limits<std::int64_t>::max(), repeats = 0;
    const SeenCall* first = nullptr;
    for (const SeenCall* const seen : asked.times) {
        const std::int64_t began = seen->call.started_at->unix_nanos;
        if (first_end <= began) {  // there was an answer to give again
            again.repeats.push_back(seen);
            again.same_answers += seen->answer == first->answer;
            if (seen->call.cost.total) again.cost[seen->call.cost.currency] += *seen->call.cost.total;
            ++repeats;
        }
        if (const std::int64_t end = began + seen->call.time.duration->nanos; end < first_end)
            first_end = end, first = seen;
    }
    again.requests += repeats > 0;
    if (repeats > again.most) again.most = repeats, again.most_asked = first;
}

}  // namespace

Result<Looked> look_for_repeated_requests(const Evidence& evidence, Found& found) {
    const NewestCalls& newest = evidence.newest;
    std::map<std::tuple<Task, Model, Sha256>, Asked> asked;
    std::map<std::pair<Task, Model>, Again> groups;
    Looked looked{Kind::RepeatedRequest, 0, {}};
    for (const SeenCall& seen : newest.calls) {
        if (!answered(seen)) continue;
        ++looked.calls;
        ++groups[{task_of(seen.call), model_of(seen.call)}].calls;
        asked[{task_of(seen.call), model_of(seen.call), *seen.request}].times.push_back(&seen);
    }
    for (const auto& [name, times] : asked)
        if (times.times.size() > 1) add(groups[{std::get<0>(name), std::get<1>(name)}], times);
    std::int64_t repeats = 0;
    for (const auto& [names, again] : groups) {
        const std::int64_t n = std::ssize(again.repeats);
        repeats += n;
        if (n < kFewestRepeats || again.cost.size() > 1) continue;
        Suggestion& one = found.emplace_back();
        one.kind = Kind::RepeatedRequest;
        std::tie(one.task, one.model) = names;
        one.from = newest.span.from;
        one.to = newest.span.to;
        one.affected = n;
        one.calls.push_back(again.most_asked->call.id);
        for (const SeenCall* const seen : again.repeats)
            if (one.calls.size() < kToldCalls) one.calls.push_back(seen->call.id);
        one.evidence = {{"calls", again.calls},
                        {"repeated_calls", n},
                        {"requests", again.requests},
                        {"most_repeats_of_one", again.most},
                        {"same_answers", again.same_answers}};
        std::string cost;
        if (!again.cost.empty()) {
            const auto& [currency, amount] = *again.cost.begin();
            Saving saving;
            saving.currency = currency;
            saving.amount = amount;
            saving.month = newest.span.month_of(amount);
            saving.how =
                "the sum of what the calls cost that asked again what had been answered: what is "
                "saved if the first answer is kept and given again";
            cost = fmt::format(", which cost {}", about(amount, currency));
            one.saving = std::move(saving);
        }
        one.sentence = fmt::format(
            "{} of {} calls of {} to {} asked again, word for word, what had been answered{}; {} of these "
            "answers were the same as the first",
            grouped(n), grouped(again.calls), names.first.words(), names.second.name, cost,
            again.same_answers == n ? "all" : grouped(again.same_answers));
        if (again.same_answers < n) {
            one.confidence = 10 * again.same_answers >= 9 * n ? Confidence::Medium : Confidence::Low;
            one.caveats.emplace_back("answers differ: who asks again may want another one");
        }
        one.command = fmt::format("steno calls show {}", one.calls.front().to_string());
    }
    looked.words = fmt::format(
        "{} of the newest calls were answered and kept their whole prompt; {} of them asked again what had "
        "been answered; {} of one task and model are needed",
        grouped(looked.calls), grouped(repeats), kFewestRepeats);
    return looked;
}

}  // namespace steno::suggestions
