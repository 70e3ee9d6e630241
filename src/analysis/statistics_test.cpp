#include "analysis/statistics.hpp"

#include "analysis/comparison.hpp"
#include "analysis/record_for_test.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

namespace steno::analysis {
namespace {

/// The n-th call of the test's record.
Call call(std::uint8_t n, Kind kind, auto&& fill) {
    Call call;
    call.id.bytes[15] = n;
    call.kind = kind;
    call.status = Status::Success;
    call.started_at = Timestamp{1'780'000'000'000'000'000 + n * std::int64_t{1'000'000'000}, 0};
    fill(call);
    return call;
}

class StatisticsTest : public testing::Test {
  protected:
    Statistics of(const std::vector<Call>& calls, const StatisticsOptions& options = {}) {
        for (const Call& call : calls) record_.add(call);
        return statistics(record_.store(), {}, options).value();
    }
    Record record_;
};

TEST_F(StatisticsTest, OfNothingAreZeroOrAbsent) {
    const Statistics none = of({});
    EXPECT_EQ(none.requests, 0);
    EXPECT_EQ(none.ai_calls.calls, 0);
    EXPECT_FALSE(none.ai_calls.tokens());
    EXPECT_FALSE(none.ai_calls.cost.total);
    EXPECT_FALSE(none.ai_calls.failure_rate());
    EXPECT_TRUE(none.by_agent.empty() && none.by_model.empty() && none.slow.empty());
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    write_members(json, none, {});
    json.end_object();
    simdjson::dom::parser parser;
    simdjson::dom::element parsed;
    ASSERT_EQ(parser.parse(text).get(parsed), simdjson::SUCCESS) << text;
    EXPECT_TRUE(parsed["summary"]["total_tokens"].is_null());
    EXPECT_TRUE(parsed["summary"]["average_tokens_per_request"].is_null());
    EXPECT_TRUE(parsed["errors"]["rate"].is_null());
    EXPECT_FALSE(record_begin(record_.store()).value());
}

TEST_F(StatisticsTest, AgentsAndFunctionsAreNoAiCallsAndHaveTheTokensOfTheirs) {
    const auto ai = [](const char* agent, const char* function, std::int64_t tokens) {
        return [=](Call& call) {
            call.trace.request_id = "r";
            call.trace.agent = agent;
            call.trace.function = function;
            call.usage.input_tokens = tokens;
            call.cost.total = Decimal::parse("0.5");
            call.cost.currency = "USD";
        };
    };
    const Statistics found = of({
        call(1, Kind::Agent,
             [](Call& c) { c.trace.request_id = "r", c.trace.agent = "main", c.usage.input_tokens = 999; }),
        call(2, Kind::Chat, ai("main", "", 10)),
        call(3, Kind::Function,
             [](Call& c) {
                 c.trace.request_id = "r", c.trace.agent = "main", c.trace.function = "tasks",
                 c.trace.operation = "create";
                 c.status = Status::Failure;
             }),
        call(4, Kind::Embedding, ai("main", "tasks", 30)),
        call(5, Kind::Chat, ai("other", "", 5)),
        call(6, Kind::Chat, [](Call& c) { c.status = Status::Failure; }),
    });
    EXPECT_EQ(found.requests, 2);  // "r", and the call that is a request by itself
    EXPECT_EQ(found.ai_calls.calls, 4);
    EXPECT_EQ(found.ai_calls.tokens(), 45);
    EXPECT_EQ(found.ai_calls.failures, 1);
    EXPECT_EQ(found.ai_calls.cost.total->to_string(), "1.500000000000");
    EXPECT_EQ(found.functions.calls, 1);
    EXPECT_EQ(found.agents.calls, 1);
    ASSERT_EQ(found.by_agent.size(), 2u);
    EXPECT_EQ(found.by_agent[0].name, "main");
    EXPECT_EQ(found.by_agent[0].runs.calls, 1);
    EXPECT_EQ(found.by_agent[0].ai_calls.tokens(), 40);
    EXPECT_EQ(found.by_agent[1].name, "other");
    EXPECT_EQ(found.by_agent[1].runs.calls, 0);
    ASSERT_EQ(found.by_function.size(), 1u);
    EXPECT_EQ(found.by_function[0].runs.failures, 1);
    EXPECT_EQ(found.by_function[0].ai_calls.tokens(), 30);
    EXPECT_EQ(found.by_function[0].operations.at("create"), 1);
    EXPECT_EQ(record_begin(record_.store()).value()->unix_nanos, 1'780'000'001'000'000'000);
}

TEST_F(StatisticsTest, FailuresAreThoseOfAiCallsAndOfRunsBesideThem) {
    const auto failing = [](Call& c) {
        c.status = Status::Failure, c.trace.agent = "a", c.trace.function = "f";
    };
    const Statistics found =
        of({call(1, Kind::Chat, failing), call(2, Kind::Function, failing), call(3, Kind::Function, failing),
            call(4, Kind::Agent, failing), call(5, Kind::Chat, [](Call&) {})});
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    write_members(json, found, {});
    json.end_object();
    simdjson::dom::parser parser;
    const simdjson::dom::element errors = parser.parse(text)["errors"];
    EXPECT_EQ(std::int64_t(errors["total"]), 1);
    EXPECT_EQ(double(errors["rate"]), 0.5);
    EXPECT_EQ(std::int64_t(errors["functions"]), 2);
    EXPECT_EQ(std::int64_t(errors["agents"]), 1);
    EXPECT_EQ(std::int64_t(errors["by_agent"]["a"]), 1);
    EXPECT_EQ(std::int64_t(errors["by_function"]["f"]), 2);
}

TEST_F(StatisticsTest, SlowCallsAreThoseAtOrOverTheThreshold) {
    StatisticsOptions options;
    options.slow = Duration{2'000'000'000};
    options.calls = 1;
    const auto lasting = [](double seconds) {
        return [=](Call& call) { call.time.duration = Duration{static_cast<std::int64_t>(seconds * 1e9)}; };
    };
    const Statistics found = of({call(1, Kind::Chat, lasting(1.9)), call(2, Kind::Chat, lasting(2)),
                                 call(3, Kind::Function, lasting(3))},
                                options);
    EXPECT_EQ(found.slow_calls, 2);
    ASSERT_EQ(found.slow.size(), 1u);
    EXPECT_EQ(found.slow[0].call.id.bytes[15], 3);
    EXPECT_EQ(found.slow[0].reason, "its own work");
}

TEST_F(StatisticsTest, WhatIsCutOffIsCutAfterBothSidesAreTogether) {
    std::vector<Call> calls;
    for (std::uint8_t n = 0; n < 5; ++n) {  // the dearer an agent's calls, the fewer its runs
        const std::string name = fmt::format("a{}", n);
        calls.push_back(call(n, Kind::Chat, [&](Call& c) {
            c.trace.agent = name;
            c.cost.total = Decimal::from_units(10 - n);
            c.cost.currency = "USD";
        }));
        for (std::uint8_t run = 0; run <= n; ++run)
            calls.push_back(call(static_cast<std::uint8_t>(10 * (n + 1) + run), Kind::Agent,
                                 [&](Call& c) { c.trace.agent = name; }));
    }
    StatisticsOptions options;
    options.groups = 2;
    const Statistics found = of(calls, options);
    EXPECT_TRUE(found.truncated);
    ASSERT_EQ(found.by_agent.size(), 2u);
    EXPECT_EQ(found.by_agent[0].name, "a0");
    EXPECT_EQ(found.by_agent[0].runs.calls, 1);
    EXPECT_EQ(found.by_agent[1].runs.calls, 2);
}

TEST_F(StatisticsTest, SumsBeyondSixtyFourBitsAreTheGreatestNumber) {
    const auto many = [](Call& c) { c.usage.input_tokens = c.usage.output_tokens = INT64_MAX; };
    const Statistics found = of({call(1, Kind::Chat, many), call(2, Kind::Chat, many)});
    EXPECT_EQ(found.ai_calls.input_tokens, INT64_MAX);
    EXPECT_EQ(found.ai_calls.tokens(), INT64_MAX);
}

TEST_F(StatisticsTest, CostsThatCannotBeComparedChangeNothing) {
    const auto costing = [](const char* total, const char* currency) {
        return [=](Call& c) {
            c.model.requested = "m";
            if (total != nullptr) c.cost.total = Decimal::parse(total), c.cost.currency = currency;
        };
    };
    of({call(1, Kind::Chat, costing("5", "EUR")), call(2, Kind::Chat, costing("7", "USD"))});
    const auto at = [](std::uint8_t n) {
        store::Selection selection;
        selection.from = Timestamp{1'780'000'000'000'000'000 + n * std::int64_t{1'000'000'000}, 0};
        selection.to = Timestamp{selection.from->unix_nanos + 1, 0};
        return selection;
    };
    const Comparison found =
        compare(record_.store(), at(2), at(1), {store::make_field("model.requested").value()}).value();
    ASSERT_EQ(found.groups.size(), 1u);
    EXPECT_EQ(found.now.cost.currency, "USD");
    EXPECT_EQ(found.before.cost.currency, "EUR");
}

TEST_F(StatisticsTest, EachCurrencyHasASumOfItsOwn) {
    const auto costing = [](const char* agent, const char* total, const char* currency, int tokens) {
        return [=](Call& c) {
            c.trace.agent = agent;
            c.provider.name = "openai";
            c.model.requested = agent;
            c.usage.input_tokens = tokens;
            c.cost.total = Decimal::parse(total), c.cost.currency = currency;
        };
    };
    const Statistics found = of({call(1, Kind::Chat, costing("both", "5.000000000001", "EUR", 1)),
                                 call(2, Kind::Chat, costing("both", "7", "USD", 1)),
                                 call(3, Kind::Chat, costing("both", "1", "EUR", 1)),
                                 call(4, Kind::Chat, costing("yen", "900", "JPY", 5)),
                                 call(5, Kind::Chat, costing("dollars", "8", "USD", 9))});
    const auto text = [](const Sums& sums) {
        std::string told;
        for (const auto& [currency, amount] : sums.by_currency)
            told += amount.to_short_string() + " " + currency + " ";
        return told;
    };
    EXPECT_EQ(found.ai_calls.cost.currency, "mixed");
    EXPECT_FALSE(found.ai_calls.cost.total);
    EXPECT_EQ(text(found.ai_calls), "6.000000000001 EUR 900 JPY 15 USD ");
    // 900 yen are not more than 8 dollars: the agents with the most tokens come first.
    ASSERT_EQ(found.by_agent.size(), 3u);
    EXPECT_EQ(found.by_agent[0].name, "dollars");
    EXPECT_TRUE(found.by_agent[0].subtree.by_currency.empty());
    EXPECT_EQ(found.by_agent[1].name, "yen");
    EXPECT_EQ(text(found.by_agent[2].subtree), "6.000000000001 EUR 7 USD ");
    EXPECT_EQ(found.by_model[0].name, "dollars");
    EXPECT_EQ(text(found.by_model[2].calls), "6.000000000001 EUR 7 USD ");

    const Comparison compared =
        compare(record_.store(), {}, {}, {store::make_field("trace.agent").value()}).value();
    EXPECT_EQ(text(compared.now), "6.000000000001 EUR 900 JPY 15 USD ");
    for (const auto& group : compared.groups)
        EXPECT_EQ(text(group.before), group.now.calls == 3 ? "6.000000000001 EUR 7 USD " : "");
    std::string json;
    JsonWriter writer(json);
    writer.begin_object();
    write_figures(writer, "now", compared.now);
    EXPECT_NE(json.find(R"("cost":{"currency":"mixed","totals":{"EUR":"6.000000000001","JPY":"900)"),
              std::string::npos)
        << json;
}

TEST_F(StatisticsTest, SomeAmountsAreNotToldAsAll) {
    Sums dollars, untold;
    dollars.cost.total = Decimal::parse("2");
    dollars.cost.currency = "USD";
    untold.cost.currency = "mixed";
    Sums sum = dollars;
    sum += untold;
    EXPECT_EQ(sum.cost.currency, "mixed");
    EXPECT_TRUE(sum.by_currency.empty());
    untold.by_currency = {{"EUR", *Decimal::parse("3")}, {"USD", *Decimal::parse("4")}};
    dollars += untold;
    EXPECT_EQ(dollars.by_currency.at("USD"), *Decimal::parse("6"));
}

TEST_F(StatisticsTest, SumsInTwoCurrenciesAreKeptApart) {
    const auto sum = [](const char* total, const char* currency) {
        Sums sums;
        sums.calls = 1;
        sums.cost.total = Decimal::parse(total), sums.cost.currency = currency;
        return sums;
    };
    Sums all = sum("1", "USD");
    all += sum("2", "USD");
    EXPECT_TRUE(all.by_currency.empty());
    all += sum("5", "EUR");
    all += sum("4", "USD");
    all += Sums{};
    EXPECT_FALSE(all.cost.total);
    EXPECT_EQ(all.by_currency,
              (std::map<std::string, Decimal>{{"EUR", *Decimal::parse("5")}, {"USD", *Decimal::parse("7")}}));
}

TEST_F(StatisticsTest, LargeCallsHaveSoManyInputTokensOrMore) {
    const auto with_tokens = [](std::int64_t input) {
        return [=](Call& c) { c.usage.input_tokens = input, c.usage.output_tokens = 5000; };
    };
    StatisticsOptions options;
    options.high_tokens = 2000;
    options.calls = 2;
    const Statistics found =
        of({call(1, Kind::Chat, with_tokens(1999)), call(2, Kind::Chat, with_tokens(2000)),
            call(3, Kind::Embedding, with_tokens(9000)), call(4, Kind::Chat, with_tokens(2001)),
            call(5, Kind::Agent, with_tokens(99'999)), call(6, Kind::Chat, [](Call&) {})},
           options);
    EXPECT_EQ(found.large_calls, 3);
    ASSERT_EQ(found.large.size(), 2u);
    EXPECT_EQ(found.large[0].id.bytes[15], 3);
    EXPECT_EQ(found.large[1].id.bytes[15], 4);
    EXPECT_EQ(of({}).large_calls, 0);  // where nobody says what is large
}

TEST_F(StatisticsTest, OptionsOutOfBoundsAreRefused) {
    StatisticsOptions options;
    options.groups = 0;
    EXPECT_EQ(statistics(record_.store(), {}, options).error().code, Code::InvalidArgument);
    options.groups = 1;
    options.calls = store::kMaxPage + 1;
    EXPECT_EQ(statistics(record_.store(), {}, options).error().code, Code::InvalidArgument);
}

}  // namespace
}  // namespace steno::analysis
