#include "analysis/prompt_performance.hpp"

#include "analysis/prompt_calls_for_test.hpp"
#include "analysis/record_for_test.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace steno::analysis {
namespace {

/// Of several prompts, in all ways that calls go.
std::vector<Call> executions(std::size_t count, std::uint64_t seed) {
    PromptCalls made(seed);
    for (std::size_t i = 0; i < count; ++i) {
        Call& call = made.add(made.one_in(5) ? "other" : "answer",
                              made.one_in(9)   ? ""
                              : made.one_in(2) ? "1"
                                               : "1.10",
                              30 * made.unit());
        if (made.one_in(8)) call.kind = Kind::Function;
        if (made.one_in(5)) call.status = made.one_in(2) ? Status::Failure : Status::Partial;
        call.model.requested = made.one_in(3) ? "large" : "small";
        if (made.one_in(10)) call.time.duration.reset();
        if (call.time.duration) call.time.duration = Duration{made.below(5'000'000'000)};
        if (made.one_in(2)) call.time.time_to_first_token = Duration{made.below(900'000'000)};
        if (!made.one_in(6)) call.usage.input_tokens = made.below(2000);
        if (!made.one_in(6)) call.usage.output_tokens = made.below(500);
        if (!made.one_in(4)) call.response.output_chars = made.below(3000);
        if (!made.one_in(6)) {
            call.cost.total = Decimal::from_units(made.below(50'000'000'000));
            call.cost.currency = made.one_in(4) ? "EUR" : "USD";
        }
        if (made.one_in(2)) {
            const char* verdicts[] = {"accepted", "rejected", "modified", "none"};
            call.feedback.verdict = verdicts[made.below(4)];
            if (made.one_in(2)) call.feedback.edit_distance = made.below(400);
        }
        if (made.one_in(3)) call.scores["quality"].value = static_cast<double>(made.below(101));
        if (made.one_in(7)) call.scores["it (works), well"].value = static_cast<double>(made.below(2));
        if (made.one_in(9)) call.scores["thumbs"].label = "up";
        if (!made.one_in(3)) call.prompt.all_variables_present = !made.one_in(4);
    }
    return std::move(made.calls);
}

/// The same, call by call.
struct Naive {
    std::vector<const Call*> calls;

    template <class F>
    [[nodiscard]] std::vector<double> values(F&& of) const {
        std::vector<double> found;
        for (const Call* call : calls)
            if (const std::optional<double> value = of(*call)) found.push_back(*value);
        std::ranges::sort(found);
        return found;
    }
    template <class F>
    [[nodiscard]] std::int64_t count(F&& fits) const {
        return std::ranges::count_if(calls, [&](const Call* call) { return fits(*call); });
    }
};

std::optional<double> milliseconds(const std::optional<Duration>& duration) {
    return duration ? std::optional(static_cast<double>(duration->nanos) / 1e6) : std::nullopt;
}
std::optional<double> number(const std::optional<std::int64_t>& value) {
    return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

std::optional<double> nearest_rank(const std::vector<double>& sorted, double fraction) {
    if (sorted.empty()) return std::nullopt;
    return sorted[static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(sorted.size()) - 1e-9)) -
                  1];
}
std::optional<double> average(const std::vector<double>& values) {
    if (values.empty()) return std::nullopt;
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void expect_near(const std::optional<double>& told, const std::optional<double>& wanted) {
    ASSERT_EQ(told.has_value(), wanted.has_value());
    if (wanted) EXPECT_NEAR(*told, *wanted, 1e-6 + 1e-9 * std::abs(*wanted));
}

void expect_same(const Spread& told, const std::vector<double>& values) {
    EXPECT_EQ(told.calls, static_cast<std::int64_t>(values.size()));
    expect_near(told.average, average(values));
    expect_near(told.p50, nearest_rank(values, 0.5));
    expect_near(told.p95, nearest_rank(values, 0.95));
}

void expect_same(const PromptPerformance& told, const Naive& naive) {
    const Quality& quality = told.quality;
    EXPECT_EQ(quality.figures.calls, static_cast<std::int64_t>(naive.calls.size()));
    std::map<std::string, std::int64_t> statuses, verdicts;
    std::map<std::string, Decimal> money;
    std::int64_t priced = 0;
    std::optional<Timestamp> first, last;
    for (const Call* call : naive.calls) {
        ++statuses[std::string(to_string(call->status))];
        if (!call->feedback.verdict.empty() && call->feedback.verdict != "none")
            ++verdicts[call->feedback.verdict];
        if (call->cost.total) ++priced, money[call->cost.currency] += *call->cost.total;
        if (!first || *call->started_at < *first) first = call->started_at;
        if (!last || *call->started_at > *last) last = call->started_at;
    }
    EXPECT_EQ(quality.statuses, statuses);
    EXPECT_EQ(quality.verdicts, verdicts);
    EXPECT_EQ(quality.complete,
              naive.count([](const Call& call) { return call.prompt.all_variables_present == true; }));
    EXPECT_EQ(quality.incomplete,
              naive.count([](const Call& call) { return call.prompt.all_variables_present == false; }));
    EXPECT_EQ(told.priced, priced);
    if (money.size() > 1) {
        EXPECT_EQ(quality.figures.cost.currency, "mixed");
        EXPECT_EQ(quality.figures.by_currency, money);
        EXPECT_FALSE(told.cost_per_call());
    } else if (!money.empty()) {
        EXPECT_EQ(quality.figures.cost.total, money.begin()->second);
        EXPECT_EQ(told.cost_per_call(), money.begin()->second.times(1, priced));
    }
    EXPECT_EQ(told.first, first);
    EXPECT_EQ(told.last, last);
    const auto durations = naive.values([](const Call& call) { return milliseconds(call.time.duration); });
    expect_same(told.duration, durations);
    expect_near(told.duration_p90, nearest_rank(durations, 0.9));
    expect_near(told.duration_p99, nearest_rank(durations, 0.99));
    expect_same(told.first_token,
                naive.values([](const Call& call) { return milliseconds(call.time.time_to_first_token); }));
    expect_same(told.input_tokens,
                naive.values([](const Call& call) { return number(call.usage.input_tokens); }));
    expect_same(told.output_tokens,
                naive.values([](const Call& call) { return number(call.usage.output_tokens); }));
    expect_same(told.output_chars,
                naive.values([](const Call& call) { return number(call.response.output_chars); }));
    const auto edits = naive.values([](const Call& call) { return number(call.feedback.edit_distance); });
    EXPECT_EQ(quality.edits, static_cast<std::int64_t>(edits.size()));
    expect_near(quality.edit_distance, average(edits));
    std::size_t scores = 0;
    for (const char* name : {"quality", "it (works), well", "thumbs"}) {
        const auto values = naive.values([&](const Call& call) -> std::optional<double> {
            const auto score = call.scores.find(name);
            return score == call.scores.end() ? std::nullopt : score->second.value;
        });
        const auto score = std::ranges::find(told.scores, name, &PromptPerformance::Score::name);
        ASSERT_EQ(score == told.scores.end(), values.empty()) << name;
        if (values.empty()) continue;
        ++scores;
        EXPECT_EQ(score->calls, static_cast<std::int64_t>(values.size()));
        expect_near(score->average, average(values));
        expect_near(score->median, nearest_rank(values, 0.5));
    }
    EXPECT_EQ(told.scores.size(), scores);
}

std::string text_in(const std::optional<store::Value>& value) {
    return value ? std::get<std::string>(*value) : std::string();
}

TEST(PromptPerformance, IsWhatIsCountedCallByCall) {
    const std::vector<Call> calls = executions(1500, 3);
    Record record(calls);
    PromptPerformanceQuestion question;
    question.prompt = "answer";
    question.by = {store::make_field("prompt.version").value(), store::make_field("model.requested").value()};
    question.selection.from = Timestamp{kBegin + 5 * calendar::kDay};
    question.selection.to = Timestamp{kBegin + 25 * calendar::kDay};
    const auto report = prompt_performance(record.store(), question).value();
    Naive all;
    std::map<std::pair<std::string, std::string>, Naive> groups;
    for (const Call& call : calls) {
        if (!reaches_a_model(call.kind) || call.prompt.name != "answer" ||
            *call.started_at < *question.selection.from || *call.started_at >= *question.selection.to)
            continue;
        all.calls.push_back(&call);
        groups[{call.prompt.version, call.model.requested}].calls.push_back(&call);
    }
    {
        SCOPED_TRACE("all");
        expect_same(report.all, all);
    }
    ASSERT_EQ(report.groups.size(), groups.size());
    for (const auto& group : report.groups) {
        SCOPED_TRACE(text_in(group.key[0]) + " " + text_in(group.key[1]));
        expect_same(group.performance, groups.at({text_in(group.key[0]), text_in(group.key[1])}));
    }
    EXPECT_TRUE(std::ranges::is_sorted(report.groups, std::ranges::greater{}, [](const auto& group) {
        return group.performance.quality.figures.calls;
    }));
    question.groups = 2;
    const auto cut = prompt_performance(record.store(), question).value();
    EXPECT_EQ(cut.groups.size(), 2u);
    EXPECT_TRUE(cut.truncated);
}

TEST(PromptPerformance, MoneyInSeveralCurrenciesIsToldInEach) {
    PromptCalls made(1);
    for (const char* currency : {"USD", "EUR", "USD"}) {
        Call& call = made.add("answer", "1", 1);
        call.cost.total = Decimal::parse("0.000000000001");
        call.cost.currency = currency;
    }
    Record record(made.calls);
    const auto report =
        prompt_performance(record.store(), {.prompt = "answer", .selection = {}, .by = {}}).value();
    EXPECT_FALSE(report.all.quality.figures.cost.total);
    EXPECT_EQ(report.all.quality.figures.by_currency.at("USD"), *Decimal::parse("0.000000000002"));
    EXPECT_EQ(report.all.quality.figures.by_currency.at("EUR"), *Decimal::parse("0.000000000001"));
}

TEST(PromptPerformance, OfNothingIsAbsent) {
    Record record(executions(40, 4));
    PromptPerformanceQuestion question;
    question.prompt = "nobody's";
    question.by = {store::make_field("prompt.version").value()};
    const auto report = prompt_performance(record.store(), question).value();
    EXPECT_EQ(report.all.quality.figures.calls, 0);
    EXPECT_FALSE(report.all.duration.average || report.all.duration_p99 || report.all.first ||
                 report.all.cost_per_call() || report.all.quality.rate("success"));
    EXPECT_TRUE(report.groups.empty());
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    write_members(json, report, question);
    json.end_object();
    simdjson::dom::parser parser;
    simdjson::dom::element parsed;
    ASSERT_EQ(parser.parse(text).get(parsed), simdjson::SUCCESS) << text;
    EXPECT_TRUE(parsed["all"]["duration_ms"]["p50"].is_null());
    EXPECT_TRUE(parsed["all"]["cost_per_call"].is_null());
    EXPECT_TRUE(parsed["all"]["success_rate"].is_null());
    EXPECT_TRUE(parsed["all"]["figures"]["input_tokens"].is_null());
    EXPECT_EQ(parsed["all"]["figures"]["calls"].get_int64().value(), 0);
}

TEST(PromptPerformance, NothingIsToldTwice) {
    PromptCalls made(1);
    for (const Status status : {Status::Success, Status::Partial, Status::Failure, Status::Success})
        made.add("answer", "1", 1).status = status;
    for (Call& call : made.calls) call.usage.input_tokens = 10;
    Record record(made.calls);
    const PromptPerformanceQuestion question{.prompt = "answer", .selection = {}, .by = {}};
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    write_members(json, prompt_performance(record.store(), question).value(), question);
    json.end_object();
    simdjson::dom::parser parser;
    const simdjson::dom::element all = parser.parse(text)["all"].value();
    EXPECT_EQ(all["success_rate"].get_double().value(), 0.5);  // a partial answer is no success
    std::vector<std::string> members;
    for (const auto& [name, value] : all["figures"].get_object().value()) members.emplace_back(name);
    EXPECT_EQ(members, (std::vector<std::string>{"calls", "failures", "input_tokens", "output_tokens",
                                                 "total_tokens", "cost"}));
    EXPECT_EQ(all["figures"]["input_tokens"].get_int64().value(), 40);
    EXPECT_EQ(all["figures"]["failures"].get_int64().value(), 1);
}

TEST(PromptPerformance, RefusesWhatIsOutOfBounds) {
    Record record;
    PromptPerformanceQuestion question;
    question.groups = 0;
    EXPECT_EQ(prompt_performance(record.store(), question).error().code, Code::InvalidArgument);
    question.groups = 10;
    question.by.assign(kMostPerformanceBy + 1, store::make_field("prompt.version").value());
    EXPECT_EQ(prompt_performance(record.store(), question).error().code, Code::InvalidArgument);
}

}  // namespace
}  // namespace steno::analysis
