#include "analysis/quality.hpp"
#include "inference/correction.hpp"
#include "inference/shares.hpp"
#include "suggestions/looks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace steno::suggestions {

namespace {

constexpr std::uint32_t kMostPrompts = 1000;
constexpr std::size_t kToldVariables = 5;

}  // namespace

Result<Looked> look_for_missing_variables(const Evidence& evidence, Found& found) {
    STENO_ASSIGN(const analysis::MissingVariables missing,
                 analysis::missing_variables(evidence.store, evidence.selection, kMostPrompts));
    const double confidence = inference::confidence_of_family(static_cast<std::size_t>(
        std::ranges::count_if(missing.told, [](std::int64_t calls) { return calls >= kFewestCalls; })));
    std::size_t suggested = 0;
    for (const auto& prompt : missing.prompts) {  // those with the most incomplete calls first
        const std::int64_t calls = prompt.complete + prompt.incomplete;
        if (calls < kFewestCalls) continue;
        const inference::Share share{static_cast<std::uint64_t>(prompt.incomplete),
                                     static_cast<std::uint64_t>(calls)};
        if (share.value() <= kLeastMissingShare) continue;
        STENO_ASSIGN(const inference::Interval interval, inference::exact_interval(share, confidence));
        if (interval.low < kLeastMissingShare) continue;
        if (++suggested > kMostOfKind) break;
        Suggestion& one = found.emplace_back();
        one.kind = Kind::MissingVariables;
        one.task.type = prompt.type;
        one.task.prompt = prompt.name;
        one.task.version = prompt.version;
        one.from = evidence.span.from;
        one.to = evidence.span.to;
        one.affected = prompt.incomplete;
        one.evidence = {{"calls", calls},
                        {"incomplete_calls", prompt.incomplete},
                        {"share", share.value()},
                        {"share_low", interval.low},
                        {"share_high", interval.high},
                        {"confidence_of_intervals", confidence}};
        std::vector<std::string> names;
        for (const auto& variable : prompt.missing) {
            if (names.size() == kToldVariables) break;
            names.push_back(fmt::format("{} ({})", variable.name, grouped(variable.calls)));
        }
        one.evidence.emplace_back("variables", fmt::format("{}", fmt::join(names, ", ")));
        store::CallQuery some;
        some.selection = evidence.selection;
        some.selection.filters.push_back(analysis::incomplete_prompts());
        const std::pair<const char*, const std::string*> said[] = {{"prompt.type", &prompt.type},
                                                                   {"prompt.name", &prompt.name},
                                                                   {"prompt.version", &prompt.version}};
        for (const auto& [field, value] : said) {
            store::Filter same{store::make_field(field).value(), store::Op::Eq, {*value}};
            if (value->empty()) same.op = store::Op::Exists, same.values = {false};
            some.selection.filters.push_back(std::move(same));
        }
        some.limit = kToldCalls;
        some.fields = {"status"};
        STENO_ASSIGN(const store::Page page, evidence.store.find(some));
        for (const store::Row& row : page.rows) one.calls.push_back(row.call.id);
        one.sentence = fmt::format(
            "{:.1f} % of the calls of {} were sent without all variables ({} of {}): {}", share.value() * 100,
            one.task.words(), grouped(prompt.incomplete), grouped(calls), fmt::join(names, ", "));
        one.command = fmt::format("steno quality --missing{}{}", evidence.flags, flags_of(one.task));
    }
    Looked looked{Kind::MissingVariables, missing.complete + missing.incomplete, {}};
    looked.words = fmt::format(
        "{} of {} calls that say it lacked variables; {} calls of one prompt are needed, and a share that is "
        "surely above {:g} %",
        grouped(missing.incomplete), grouped(looked.calls), kFewestCalls, kLeastMissingShare * 100);
    looked.truncated = missing.truncated || suggested > kMostOfKind;
    return looked;
}

}  // namespace steno::suggestions
