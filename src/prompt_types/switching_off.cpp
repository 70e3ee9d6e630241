#include "prompt_types/switching_off.hpp"

#include "base/log.hpp"
#include "store/cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>

namespace steno::prompt_types {

namespace {

constexpr std::size_t kTypesAtOnce = 1000;
constexpr std::int64_t kMinute = 60'000'000'000;

/// AI calls of these kinds from `from` on, by kind. What a budget did not let pass never failed.
Result<store::AggregateQuery> question(std::span<const Entry* const> entries, Timestamp from) {
    store::AggregateQuery query;
    query.selection.from = from;
    store::Filter types;
    STENO_ASSIGN(types.field, store::make_field("prompt.type"));
    types.op = store::Op::In;
    for (const Entry* entry : entries) types.values.emplace_back(entry->type);
    query.group_by.push_back(types.field);
    STENO_ASSIGN(store::Filter refused,
                 store::make_filter("error.provider_type", store::Op::Ne, "steno_budget"));
    query.selection.filters = {std::move(types), std::move(refused), store::ai_calls()};
    for (const char* name : {"calls", "errors"}) {
        STENO_ASSIGN(store::Measure measure, store::make_measure(name));
        query.measures.push_back(std::move(measure));
    }
    query.limit = kTypesAtOnce;
    return query;
}

}  // namespace

Result<void> SwitchingOff::switch_off(const Entry& entry, const Cause& cause, Timestamp now) {
    STENO_ASSIGN(const bool done, types_.switch_off(entry.type, entry.revision, cause, now));
    if (done)
        log::warning(
            "prompt type {}: {} is off from now on: {} (calls go on; people alone switch it on again)",
            entry.type, kSwitches[static_cast<std::size_t>(entry.settings.disable_switches)], cause.reason);
    return {};
}

Result<void> SwitchingOff::look(Timestamp now) {
    STENO_ASSIGN(const auto all, types_.all());
    std::vector<Entry> entries;
    for (const auto& [type, entry] : all)
        if (entry.settings.switches_off_by_itself() && types_.is_on(entry.settings)) entries.push_back(entry);
    if (entries.empty()) return {};
    for (const UsedUp& used_up : used_up_()) {
        const auto found = std::ranges::lower_bound(entries, used_up.type, {}, &Entry::type);
        if (found != entries.end() && found->type == used_up.type && found->settings.disable_over_budget)
            STENO_TRY(switch_off(*found, used_up.cause, now));
    }
    return look_at_failures(entries, now);
}

Result<void> SwitchingOff::look_at_failures(const std::vector<Entry>& entries, Timestamp now) {
    std::map<Timestamp, std::vector<const Entry*>> by_beginning;
    for (const Entry& entry : entries) {
        if (!entry.settings.disable_failure_rate) continue;
        Timestamp from{now.unix_nanos - entry.settings.disable_window_minutes * kMinute};
        if (entry.changed_at && from < *entry.changed_at) from = *entry.changed_at;
        by_beginning[from].push_back(&entry);
    }
    for (const auto& [from, same] : by_beginning) {
        for (std::size_t begin = 0; begin < same.size(); begin += kTypesAtOnce) {
            const auto some = std::span(same).subspan(begin, std::min(kTypesAtOnce, same.size() - begin));
            STENO_ASSIGN(const auto query, question(some, from));
            STENO_ASSIGN(const store::AggregateTable table, store_.aggregate(query));
            for (const store::AggregateTable::Group& group : table.groups) {
                const auto* type = store::value_in<std::string>(group.key.front());
                const std::int64_t calls = store::count_in(group.cells[0]);
                const std::int64_t failures = store::count_in(group.cells[1]);
                const auto found =
                    type == nullptr ? some.end() : std::ranges::find(some, *type, &Entry::type);
                if (found == some.end()) continue;
                const Settings& settings = (*found)->settings;
                if (calls < settings.disable_least_calls ||
                    static_cast<double>(failures) <=
                        *settings.disable_failure_rate * static_cast<double>(calls))
                    continue;
                Cause cause;
                cause.key = fmt::format("failure_rate {}", (*found)->revision);
                cause.reason = fmt::format("{} of {} calls since {} failed ({:.4g} %), more than {:.4g} %",
                                           failures, calls, from.to_string(),
                                           100.0 * static_cast<double>(failures) / static_cast<double>(calls),
                                           100 * *settings.disable_failure_rate);
                STENO_TRY(switch_off(**found, cause, now));
            }
        }
    }
    return {};
}

}  // namespace steno::prompt_types
