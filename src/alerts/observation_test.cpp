#include "alerts/observation.hpp"

#include "alerts/judgement.hpp"
#include "alerts/preview.hpp"
#include "alerts/record_for_test.hpp"
#include "alerts/telling.hpp"
#include "budgets/spent.hpp"

#include <algorithm>
#include <map>

namespace steno::alerts {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;
constexpr Timestamp kNow{1'780'000'020'000'000'000, 0};  // a whole minute

Timestamp before(std::int64_t minutes) {
    return {kNow.unix_nanos - minutes * kMinute, 0};
}

std::string value_of(Record& record, const std::string& json) {
    const auto rule = rule_from_json("r", json);
    if (!rule) return rule.error().message;
    const auto seen = observe(record.store(), *rule, kNow);
    if (!seen) return seen.error().message;
    EXPECT_EQ(seen->groups.size(), 1U);
    const Observation& one = seen->groups.front();
    return one.value ? one.value->to_short_string() : one.because;
}

class ObservationTest : public testing::Test {
  protected:
    void SetUp() override {
        for (int i = 0; i < 8; ++i) {
            record_.add(before(i + 1), [i](Call& call) {
                call.status = i == 0 ? Status::Failure : i == 1 ? Status::Partial : Status::Success;
                call.time.duration = Duration{(i + 1) * std::int64_t{1'000'000'000}};
                call.usage.input_tokens = 100;
                call.usage.output_tokens = 10 * (i + 1);
                call.usage.cache_read_tokens = 25;
                call.cost.total = Decimal::parse("0.1");
                call.cost.currency = "USD";
                call.trace.agent = i < 3 ? "billing" : "search";
                if (i == 4) call.prompt.missing_variables = {"name"};
                if (i < 4) call.feedback.verdict = i == 0 ? "accepted" : "rejected";
            });
        }
        record_.add(before(2), [](Call& call) { call.kind = Kind::Agent; });
        record_.add(before(60), Status::Failure);
    }
    Record record_;
};

TEST_F(ObservationTest, EveryMetricIsWhatTheCallsSay) {
    const auto of = [&](const std::string& metric) {
        return value_of(record_, R"({"metric": ")" + metric + R"(", "window": "15m", "warning": 0.5})");
    };
    EXPECT_EQ(of("calls"), "8");
    EXPECT_EQ(of("failures"), "1");
    EXPECT_EQ(of("failure_rate"), "0.125");
    EXPECT_EQ(of("partial_rate"), "0.125");
    EXPECT_EQ(of("success_rate"), "0.75");
    EXPECT_EQ(of("cost"), "0.8");
    EXPECT_EQ(of("cost_per_call"), "0.1");
    EXPECT_EQ(of("tokens"), "1160");
    EXPECT_EQ(of("tokens_per_second"), "10");
    EXPECT_EQ(of("cache_hit_rate"), "0.25");
    EXPECT_EQ(of("missing_variables_rate"), "0.125");
    EXPECT_EQ(of("accepted_rate"), "0.25");
    EXPECT_EQ(of("rejected_rate"), "0.75");
    EXPECT_EQ(of("duration_p50"), "4000");
    EXPECT_EQ(of("max(usage.output_tokens)"), "80");
    EXPECT_EQ(of("share(trace.agent=billing)"), "0.375");
    EXPECT_EQ(of("ttft_p50"), "no call says it");
}

TEST_F(ObservationTest, FiltersWindowsAndKindsSelect) {
    EXPECT_EQ(value_of(record_, R"({"metric": "failures", "window": "2h", "warning": 1})"), "2");
    EXPECT_EQ(
        value_of(record_, R"({"metric": "calls", "filters": ["kind=agent"], "window": "2h", "warning": 1})"),
        "1");
    EXPECT_EQ(value_of(record_, R"({"metric": "calls", "filters": ["trace.agent=search"], "warning": 1})"),
              "5");
    EXPECT_EQ(value_of(record_, R"({"metric": "calls", "delay": "5m", "window": "15m", "warning": 1})"), "3");
    EXPECT_EQ(
        value_of(record_, R"({"metric": "failure_rate", "filters": ["trace.agent=nobody"], "warning": 0.1})"),
        "no calls in 15m");
    EXPECT_EQ(value_of(record_, R"({"metric": "cost", "filters": ["trace.agent=nobody"], "warning": 1})"),
              "0");
    EXPECT_EQ(value_of(record_, R"({"kind": "calls", "field": "time.duration_ms", "over": "5s"})"), "3");
    EXPECT_EQ(value_of(record_, R"({"metric": "calls", "window": "30m", "against": "before", "warning": 2})"),
              "8");
    EXPECT_EQ(value_of(record_, R"({"metric": "cost", "window": "30m", "against": "before", "warning": 2})"),
              "there is nothing before to compare with");
}

TEST_F(ObservationTest, CurrenciesAreNotAddedUp) {
    record_.add(before(1), [](Call& call) {
        call.cost.total = Decimal::parse("1");
        call.cost.currency = "EUR";
    });
    EXPECT_EQ(value_of(record_, R"({"metric": "cost", "window": "15m", "warning": 0.5})"),
              "the calls cost money in different currencies");
}

TEST_F(ObservationTest, GroupsHaveTheirOwnNumbersAndSamples) {
    const Rule rule =
        rule_from_json("r", R"({"metric": "partial_rate", "group_by": ["trace.agent"], "warning": 0.1})")
            .value();
    const Observations seen = observe(record_.store(), rule, kNow).value();
    ASSERT_EQ(seen.groups.size(), 2U);
    const auto billing = std::ranges::find(seen.groups, R"(["billing"])", &Observation::group);
    const auto search = std::ranges::find(seen.groups, R"(["search"])", &Observation::group);
    ASSERT_TRUE(billing != seen.groups.end() && search != seen.groups.end());
    EXPECT_EQ(billing->calls, 3);
    EXPECT_EQ(billing->value->to_short_string(), "0.333333333333");
    EXPECT_EQ(search->value, Decimal());
    EXPECT_EQ(samples(record_.store(), rule, seen.window, *billing, 5).value().size(), 1U);
    EXPECT_TRUE(samples(record_.store(), rule, seen.window, *search, 5).value().empty());
    EXPECT_EQ(group_text(R"(["gpt-4o",null,5])"), "gpt-4o, –, 5");
}

TEST_F(ObservationTest, SamplesAreOfListedCallsUnlessSomebodyAsksForOthers) {
    for (int i = 0; i < 3; ++i)
        record_.add(before(1), [](Call& call) {
            call.status = Status::Failure;
            call.prompt.type = "probe";
            call.privacy.listed = false;
        });
    const auto count = [&](const char* json) {
        const Rule rule = rule_from_json("r", json).value();
        const Observations seen = observe(record_.store(), rule, kNow).value();
        EXPECT_EQ(seen.groups.front().value->to_short_string(), "3") << "sums have them";
        return samples(record_.store(), rule, seen.window, seen.groups.front(), 5).value().size();
    };
    EXPECT_EQ(count(R"({"metric": "failures", "filters": ["prompt.type=probe"], "warning": 1})"), 0U);
    EXPECT_EQ(count(R"({"metric": "failures", "filters": ["prompt.type=probe", "privacy.listed=false"],
                        "warning": 1})"),
              3U);
}

TEST_F(ObservationTest, WhoHasFallenSilentIsSeen) {
    const Rule rule =
        rule_from_json(
            "r",
            R"({"kind": "missing_data", "filters": ["trace.agent.exists=true"], "group_by": ["trace.agent"],
                 "window": "3m"})")
            .value();
    const Observations seen = observe(record_.store(), rule, kNow).value();
    const auto search = std::ranges::find(seen.groups, R"(["search"])", &Observation::group);
    ASSERT_NE(search, seen.groups.end());
    EXPECT_EQ(search->calls, 0);
}

TEST_F(ObservationTest, MoreGroupsThanAreWatchedAreSaid) {
    for (int i = 0; i < 300; ++i)
        record_.add(before(1), [i](Call& call) { call.who.user_id = std::to_string(i); });
    const Rule rule =
        rule_from_json("r", R"({"metric": "calls", "group_by": ["who.user_id"], "warning": 1})").value();
    const Observations seen = observe(record_.store(), rule, kNow).value();
    EXPECT_TRUE(seen.truncated);
    EXPECT_EQ(seen.groups.size(), kMaxGroups);
}

/// Four weeks of three to five calls an hour; in one hour of the last day there are forty, in a later one
/// none.
class OddHourTest : public testing::Test {
  protected:
    static constexpr std::int64_t kHour = calendar::kHour;
    static constexpr std::int64_t kBegin = 1'780'000'000'000'000'000 / calendar::kDay * calendar::kDay;
    static constexpr int kSpike = 27 * 24 + 9, kHours = 28 * 24;

    void SetUp() override {
        for (int hour = 0; hour < kHours; ++hour)
            for (int i = 0; i < (hour == kSpike ? 40 : 3 + hour % 3); ++i)
                record_.add({kBegin + hour * kHour + i * kMinute, 0}, [](Call& call) {
                    call.cost.total = Decimal::parse("0.100000000001");
                    call.cost.currency = "USD";
                });
    }
    static Timestamp at(int hour, int minute) { return {kBegin + hour * kHour + minute * kMinute, 0}; }
    static Rule rule(const std::string& more) {
        return rule_from_json("r", R"({"kind": "anomaly", )" + more + "}").value();
    }
    Record record_;
};

TEST_F(OddHourTest, TheLastWholeHourIsToldWithWhatWasExpected) {
    const Rule calls = rule(R"("metric": "calls")");
    const Observation spike = observe(record_.store(), calls, at(kSpike + 1, 5))->groups.front();
    EXPECT_EQ(spike.now, Decimal::parse("40"));
    EXPECT_EQ(spike.calls, 40);
    ASSERT_TRUE(spike.hour && spike.hour->expected && spike.value);
    EXPECT_NEAR(*spike.hour->expected, 4, 1.5);
    EXPECT_LT(spike.hour->high, 40);
    EXPECT_EQ(level_of(calls, spike, Level::Ok), Level::Critical);
    // Until then it is the hour before.
    const Observation usual = observe(record_.store(), calls, at(kSpike + 1, 4))->groups.front();
    EXPECT_EQ(level_of(calls, usual, Level::Ok), Level::Ok);
    EXPECT_EQ(
        level_of(rule(R"("metric": "calls", "when": "below")"),
                 observe(record_.store(), rule(R"("metric": "calls", "when": "below")"), at(kSpike + 1, 5))
                     ->groups.front(),
                 Level::Ok),
        Level::Ok);
    // Too little to matter.
    EXPECT_EQ(level_of(rule(R"("metric": "calls", "at_least": 41)"), spike, Level::Ok), Level::Ok);
    const Rule cost = rule(R"("metric": "cost")");
    const Observation money = observe(record_.store(), cost, at(kSpike + 1, 5))->groups.front();
    EXPECT_EQ(money.now, Decimal::parse("4.00000000004"));
    EXPECT_EQ(money.currency, "USD");
    Standing standing;
    standing.level = Level::Critical;
    const std::string said = sentence(cost, money, standing);
    EXPECT_TRUE(said.starts_with("cost from 2026-")) << said;
    EXPECT_NE(said.find("is $4.00; expected $0."), std::string::npos) << said;
}

TEST_F(OddHourTest, ItIsLearningFirst) {
    const Rule calls = rule(R"("metric": "calls")");
    const Observation early = observe(record_.store(), calls, at(10 * 24, 6))->groups.front();
    EXPECT_TRUE(early.learning);
    EXPECT_FALSE(early.value);
    EXPECT_EQ(early.because, "learning what is usual: 9 of 14 days");
    const Observation nobody =
        observe(record_.store(), rule(R"("metric": "calls", "filters": ["project=none"])"), at(kHours, 6))
            ->groups.front();
    EXPECT_EQ(nobody.because, "learning what is usual: 0 of 14 days; no call fits its filters");
    EXPECT_FALSE(observe(record_.store(), calls, at(15 * 24, 6))->groups.front().learning);
    const Observation silent =
        observe(record_.store(), rule(R"("metric": "failure_rate")"), at(kHours + 3, 6))->groups.front();
    EXPECT_EQ(silent.because, "no call of that hour says it");
    EXPECT_FALSE(silent.learning);
}

TEST_F(OddHourTest, APreviewJudgesEachHourAsThePresentDid) {
    const Rule calls = rule(R"("metric": "calls")");
    const auto hours = observe_hours(record_.store(), calls, at(26 * 24, 6), at(kHours, 6)).value();
    ASSERT_EQ(hours.size(), 48U);
    for (const Observations& hour : hours) {
        const Timestamp now{hour.window.to.unix_nanos + 6 * kMinute, 0};
        const Observations present = observe(record_.store(), calls, now).value();
        EXPECT_EQ(present.window.from, hour.window.from);
        EXPECT_EQ(present.groups.front().value, hour.groups.front().value) << hour.window.from.to_string();
        EXPECT_EQ(present.groups.front().now, hour.groups.front().now);
    }
    PreviewOptions options;
    options.from = at(0, 0);
    options.to = at(kHours, 6);
    const Preview found = preview(record_.store(), calls, options).value();
    std::vector<std::pair<std::int64_t, Level>> fired;
    for (const auto& [event, told] : found.events)
        if (firing(event.to) || firing(event.from))
            fired.emplace_back((event.at.unix_nanos - kBegin) / kHour, event.to);
    const std::vector<std::pair<std::int64_t, Level>> wanted{{kSpike + 1, Level::Critical},
                                                             {kSpike + 2, Level::Ok}};
    EXPECT_EQ(fired, wanted);
    EXPECT_EQ(found.notifications, 2U);
    EXPECT_EQ(found.unknown, 14U * 24 + 1);  // and the hour before the first call
    EXPECT_EQ(found.judged, 14U * 24);
    EXPECT_TRUE(found.because.starts_with("learning what is usual")) << found.because;
}

TEST_F(OddHourTest, EachGroupIsJudgedByItself) {
    // What is much for one is usual for the other.
    for (int hour = 0; hour < kHours; ++hour)
        for (int i = 0; i < 40; ++i)
            record_.add({kBegin + hour * kHour + i * kMinute, 0}, [](Call& call) { call.project = "big"; });
    for (int hour = 27 * 24; hour < kHours; ++hour)
        record_.add({kBegin + hour * kHour, 0}, [](Call& call) { call.project = "new"; });
    const Rule each = rule(R"("metric": "calls", "group_by": ["project"])");
    const auto levels = [&](Timestamp now) {
        std::map<std::string, Level> found;
        const Observations seen = observe(record_.store(), each, now).value();
        for (const Observation& one : seen.groups) found[one.group] = level_of(each, one, Level::Ok);
        return found;
    };
    EXPECT_EQ(levels(at(kSpike + 1, 5)),
              (std::map<std::string, Level>{
                  {"[null]", Level::Critical}, {R"(["big"])", Level::Ok}, {R"(["new"])", Level::NoData}}));
    EXPECT_EQ(levels(at(kSpike, 5)),
              (std::map<std::string, Level>{
                  {"[null]", Level::Ok}, {R"(["big"])", Level::Ok}, {R"(["new"])", Level::NoData}}));
    EXPECT_EQ(levels(at(26 * 24, 5)).size(), 2U) << "one that is not there yet is no group";
    const Observations seen = observe(record_.store(), each, at(kSpike + 1, 5)).value();
    for (const Observation& one : seen.groups) {
        // The same as a rule with a filter says.
        const std::string filter =
            one.group == "[null]" ? "project.exists=false" : "project=" + group_text(one.group);
        const Rule alone = rule(R"("metric": "calls", "filters": [")" + filter + R"("])");
        const Observation same = observe(record_.store(), alone, at(kSpike + 1, 5))->groups.front();
        EXPECT_EQ(one.value, same.value) << filter;
        EXPECT_EQ(one.now, same.now) << filter;
        EXPECT_EQ(one.because, same.because) << filter;
    }
    EXPECT_EQ(samples(record_.store(), each, seen.window,
                      *std::ranges::find(seen.groups, "[null]", &Observation::group), 50)
                  ->size(),
              40U);

    PreviewOptions options;
    options.from = at(25 * 24, 6);
    options.to = at(kHours, 6);
    const Preview found = preview(record_.store(), each, options).value();
    std::vector<std::pair<std::string, Level>> fired;
    for (const auto& [event, told] : found.events)
        if (told) fired.emplace_back(event.group, event.to);
    EXPECT_EQ(fired, (std::vector<std::pair<std::string, Level>>{{"[null]", Level::Critical},
                                                                 {"[null]", Level::Ok}}));
    EXPECT_FALSE(found.looked_from);
    options.most_groups = 30;  // ten hours of three groups
    const Preview latest = preview(record_.store(), each, options).value();
    EXPECT_EQ(latest.evaluations, 10U);
    EXPECT_EQ(latest.looked_from, at(kHours - 9, 5));
    EXPECT_EQ(latest.judged, 20U);
    EXPECT_EQ(latest.unknown, 10U);  // the new one is learned yet
}

TEST_F(OddHourTest, APreviewOfABudgetIsWhatWasSpentByThen) {
    budgets::Budget budget;
    budget.name = "shop";
    budget.per = budgets::Per::Week;
    budget.limit = *Decimal::parse("50");
    const Rule any = rule_from_json("r", R"({"kind": "budget", "at": [50]})").value();
    PreviewOptions options;
    options.from = at(7, 0);
    options.to = at(kHours, 0);
    const Preview found = preview(record_.store(), any, options, std::span(&budget, 1)).value();
    EXPECT_EQ(found.every.nanos, kHour);
    std::vector<std::pair<Timestamp, Decimal>> fired;
    for (const auto& [event, told] : found.events)
        if (event.to == Level::Warning) fired.emplace_back(event.at, *event.value);
    ASSERT_GE(fired.size(), 3U);  // once a week
    for (const auto& [moment, value] : fired) {
        // By the record itself: reached then, and not an hour before.
        const budgets::Span period = budgets::period_at(budget, moment.unix_nanos);
        const auto spent = [&](std::int64_t until) {
            return budgets::spent_in(record_.store(), budget, {period.begin, until})->in("USD");
        };
        EXPECT_EQ(value, ratio(spent(moment.unix_nanos), budget.limit));
        EXPECT_GE(spent(moment.unix_nanos).units() * 2, budget.limit.units());
        EXPECT_LT(spent(moment.unix_nanos - kHour).units() * 2, budget.limit.units());
    }
}

TEST(Preview, SaysThatItCouldNeverJudge) {
    Record record;
    for (int minute = 0; minute < 60; ++minute) record.add({kNow.unix_nanos + minute * kMinute, 0});
    const Rule rule =
        rule_from_json("r", R"({"metric": "failure_rate", "window": "5m", "warning": 0.5, "min_calls": 20})")
            .value();
    PreviewOptions options;
    options.from = {kNow.unix_nanos + 10 * kMinute, 0};
    options.to = {kNow.unix_nanos + 60 * kMinute, 0};
    const Preview found = preview(record.store(), rule, options).value();
    EXPECT_EQ(found.judged, 0U);
    EXPECT_EQ(found.unknown, found.evaluations);
    EXPECT_EQ(found.because, "fewer than 20 calls in 5m");
    EXPECT_EQ(found.notifications, 0U);
}

TEST(Preview, SaysWhenARuleWouldHaveFired) {
    Record record;
    // Ten hours: a call a minute, all of the fifth hour's fail.
    for (int minute = 0; minute < 600; ++minute) {
        const Timestamp at{kNow.unix_nanos + minute * kMinute, 0};
        record.add(at, minute / 60 == 4 ? Status::Failure : Status::Success);
    }
    const Rule rule =
        rule_from_json("r", R"({"metric": "failure_rate", "window": "10m", "warning": 0.5, "critical": 1,
                                             "min_calls": 5, "renotify": "30m"})")
            .value();
    PreviewOptions options;
    options.from = kNow;
    options.to = {kNow.unix_nanos + 600 * kMinute, 0};
    const Preview found = preview(record.store(), rule, options).value();
    EXPECT_EQ(found.every.nanos, kMinute);
    EXPECT_EQ(found.evaluations, 601U);
    std::vector<std::pair<std::int64_t, Level>> events;
    std::size_t told = 0;
    for (const auto& [event, is_told] : found.events) {
        events.emplace_back((event.at.unix_nanos - kNow.unix_nanos) / kMinute, event.to);
        told += is_told;
    }
    // Windows end before the minute's own call.
    const std::vector<std::pair<std::int64_t, Level>> wanted{
        {5, Level::Ok},         {245, Level::Warning},
        {250, Level::Critical}, {280, Level::Critical},  // once more
        {301, Level::Warning},  {306, Level::Ok}};
    EXPECT_EQ(events, wanted);
    EXPECT_EQ(found.notifications, 5U);  // fired, worse, reminded, better, over
    EXPECT_EQ(told, found.notifications) << "each message is a line, and the first ok is none";
    EXPECT_FALSE(found.looked_from);

    options.most_events = 3;
    const Preview latest = preview(record.store(), rule, options).value();
    EXPECT_EQ(latest.more_events, 3U);
    ASSERT_EQ(latest.events.size(), 3U);
    EXPECT_EQ(latest.events.back().event.to, Level::Ok);
    EXPECT_EQ(latest.notifications, 5U);
    options.most_events = 1000;

    options.most_groups = 200;  // no room for all: the latest are looked at
    const Preview recent = preview(record.store(), rule, options).value();
    EXPECT_EQ(recent.evaluations, 200U);
    ASSERT_TRUE(recent.looked_from);
    EXPECT_EQ((recent.looked_from->unix_nanos - kNow.unix_nanos) / kMinute, 401);
    options.most_groups = 100'000;

    options.most_evaluations = 50;
    const Preview coarse = preview(record.store(), rule, options).value();
    EXPECT_LE(coarse.evaluations, 51U);
    EXPECT_GT(coarse.every.nanos, kMinute);
    options.most_evaluations = 2000;
    options.patience = std::chrono::milliseconds(0);
    EXPECT_EQ(*preview(record.store(), rule, options)->looked_from, options.to) << "the latest, if no more";
    options.to = options.from;
    EXPECT_FALSE(preview(record.store(), rule, options));
}

}  // namespace
}  // namespace steno::alerts
