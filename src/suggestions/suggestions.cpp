#include "suggestions/suggestions.hpp"

#include "analysis/comparison.hpp"
#include "analysis/json_rows.hpp"
#include "suggestions/looks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

namespace steno::suggestions {

namespace {

struct Look {
    Kind kind;
    Result<Looked> (*look)(const Evidence& evidence, Found& found);
    bool payloads;  ///< of the newest calls
};
constexpr std::array<Look, kKinds> kLooks = {{
    {Kind::CheaperModel, look_for_cheaper_models, false},
    {Kind::UncachedPrefix, look_for_uncached_prefixes, true},
    {Kind::RepeatedRequest, look_for_repeated_requests, true},
    {Kind::PaidFailure, look_for_paid_failures, false},
    {Kind::CutAnswer, look_for_cut_answers, false},
    {Kind::HighLimit, look_for_high_limits, true},
    {Kind::Temperature, look_for_temperatures, true},
    {Kind::MissingVariables, look_for_missing_variables, false},
}};

Result<void> check(const Question& question) {
    if (!question.selection.from || !question.selection.to)
        return fail(Code::InvalidArgument, "suggestions are of a period", "name one: 30d");
    if (!(question.margin > 0 && question.margin <= 0.5))
        return fail(Code::InvalidArgument, "the margin is a share above 0, and 0.5 at most", "0.05 is 5 %");
    if (question.newest == 0 || question.newest > kMostNewest)
        return fail(Code::InvalidArgument, fmt::format("the newest 1 to {} calls can be read", kMostNewest));
    STENO_TRY(store::make_field(fmt::format("scores.{}", question.score)));
    return {};
}

/// Amounts in different currencies are not compared; what saves nothing comes last, by the calls that it is
/// about.
bool before(const Suggestion& a, const Suggestion& b) {
    if (a.saving.has_value() != b.saving.has_value()) return a.saving.has_value();
    if (!a.saving)
        return std::tuple(-a.affected, a.kind, a.sentence) < std::tuple(-b.affected, b.kind, b.sentence);
    const auto amount = [](const Saving& saving) { return saving.month.value_or(saving.amount); };
    if (a.saving->currency != b.saving->currency) return a.saving->currency < b.saving->currency;
    if (amount(*a.saving) != amount(*b.saving)) return amount(*a.saving) > amount(*b.saving);
    return std::tie(a.kind, a.sentence) < std::tie(b.kind, b.sentence);
}

}  // namespace

Result<Suggestions> suggest(store::CallQueries& store, const pricing::Catalogue& prices, const Pages& pages,
                            const Question& question) {
    STENO_TRY(check(question));
    Suggestions answer;
    answer.span = {*question.selection.from, *question.selection.to};
    STENO_ASSIGN(const std::optional<Timestamp> begin, analysis::record_begin(store));
    // A month is reckoned from the time that the record knows.
    if (begin && *begin > answer.span.from) answer.span.from = std::min(*begin, answer.span.to);
    store::Selection selection = question.selection;
    STENO_ASSIGN(store::Filter replayed, store::make_filter("replay.of", store::Op::Exists, "false"));
    selection.filters.push_back(std::move(replayed));
    const auto wanted = [&](const Look& look) {
        return question.kinds.empty() || std::ranges::find(question.kinds, look.kind) != question.kinds.end();
    };
    NewestCalls newest;
    if (std::ranges::any_of(kLooks, [&](const Look& look) { return look.payloads && wanted(look); })) {
        STENO_ASSIGN(newest, read_newest(pages, selection, answer.span, question.newest));
        answer.newest = {std::ssize(newest.calls), newest.unread, newest.span, newest.all};
    }
    selection.filters.push_back(store::ai_calls());
    const Evidence evidence{store,  selection,       answer.span,    prices,
                            newest, question.margin, question.score, question.flags};
    for (const Look& look : kLooks) {
        if (!wanted(look)) continue;
        STENO_ASSIGN(Looked looked, look.look(evidence, answer.suggestions));
        answer.looked.push_back(std::move(looked));
    }
    std::ranges::sort(answer.suggestions, before);
    for (Looked& looked : answer.looked) {
        std::size_t of_kind = 0;
        const auto beyond = std::erase_if(answer.suggestions, [&](const Suggestion& one) {
            return one.kind == looked.kind && ++of_kind > kMostOfKind;
        });
        looked.truncated |= beyond > 0;
    }
    return answer;
}

void write_members(JsonWriter& json, const Suggestions& answer, const Question& question) {
    const auto moment = [&](std::string_view name, Timestamp at) { json.member(name, at.to_string()); };
    json.key("record");
    json.begin_object();
    moment("from", answer.span.from);
    moment("to", answer.span.to);
    json.end_object();
    json.key("newest");
    if (answer.newest) {
        json.begin_object();
        json.member("calls", answer.newest->calls);
        json.member("without_whole_prompt", answer.newest->unread);
        json.member("all", answer.newest->all);
        moment("from", answer.newest->span.from);
        moment("to", answer.newest->span.to);
        json.end_object();
    } else {
        json.null();
    }
    json.member("margin", question.margin);
    json.member("score", question.score);
    analysis::write_rows(json, "suggestions", answer.suggestions,
                         [&](const Suggestion& one) { write(json, one); });
    analysis::write_rows(json, "looked_at", answer.looked, [&](const Looked& one) {
        json.member("kind", to_string(one.kind));
        json.member("calls", one.calls);
        json.member("words", one.words);
        json.member("truncated", one.truncated);
    });
}

}  // namespace steno::suggestions
