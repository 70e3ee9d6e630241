#include "store/conformance/store_suite.hpp"
#include "store/memory/memory_store.hpp"
#include "store/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <random>
#include <thread>

// Aggregates: every backend counts, sums and groups as plain evaluation does.
namespace steno::store::conformance {
namespace {

/// Sums of floating-point numbers depend on the order of adding.
bool same(const Cell& a, const Cell& b) {
    const auto* x = std::get_if<Value>(&a);
    const auto* y = std::get_if<Value>(&b);
    if (x != nullptr && y != nullptr && std::holds_alternative<double>(*x) &&
        std::holds_alternative<double>(*y)) {
        const double p = std::get<double>(*x);
        const double q = std::get<double>(*y);
        return p == q || std::abs(p - q) <= 1e-12 * std::max(std::abs(p), std::abs(q));
    }
    return a == b;
}

std::string shown(const AggregateTable& table) {
    std::string out;
    for (const auto& group : table.groups) {
        for (const auto& key : group.key) {
            if (key)
                append_json(out, *key);
            else
                out += "absent";
            out += ' ';
        }
        if (group.bucket) out += group.bucket->to_string();
        out += ':';
        for (const Cell& cell : group.cells) {
            out += ' ';
            append_json(out, cell);
        }
        out += '\n';
    }
    return out.substr(0, 4000);
}

}  // namespace

void expect_same(const AggregateTable& got, const AggregateTable& wanted, const std::string& what) {
    bool equal = got.truncated == wanted.truncated && got.groups.size() == wanted.groups.size();
    for (std::size_t i = 0; equal && i < got.groups.size(); ++i) {
        equal = got.groups[i].key == wanted.groups[i].key &&
                got.groups[i].bucket == wanted.groups[i].bucket &&
                std::ranges::equal(got.groups[i].cells, wanted.groups[i].cells, same);
    }
    EXPECT_TRUE(equal) << what << "\ngot:\n" << shown(got) << "wanted:\n" << shown(wanted);
}

AggregateQuery random_aggregate(std::mt19937_64& random) {
    const auto one_in = [&](std::uint64_t n) { return random() % n == 0; };
    AggregateQuery query;
    query.selection = random_selection(random);
    for (const char* path : {"model.requested", "who.user_id", "labels.tags", "labels.attributes.tone",
                             "labels.attributes.level", "status", "project", "usage.estimated",
                             "modality.input", "scores", "scores.thumbs", "trace.agent_subtree"})
        if (one_in(5)) query.group_by.push_back(field(path));
    const std::array<std::string_view, 5> units = {"minute", "hour", "day", "week", "month"};
    constexpr std::array<std::string_view, 5> kZones = {"UTC", "-330", "Europe/Berlin", "America/St_Johns",
                                                        "Australia/Lord_Howe"};
    if (one_in(2)) query.bucket = value(make_bucket(units[random() % 5], kZones[random() % 5]));
    for (const char* name : {"calls",
                             "errors",
                             "error_rate",
                             "cost",
                             "input_tokens",
                             "duration_avg",
                             "duration_p50",
                             "duration_p95",
                             "ttft_p99.9",
                             "avg(usage.seconds)",
                             "sum(usage.seconds)",
                             "min(model.served)",
                             "max(started_at)",
                             "count(labels.tags)",
                             "count(trace.function_subtree)",
                             "distinct(who.user_id)",
                             "avg(cost.total)",
                             "sum(time.duration_ms)",
                             "p75(cost.total)",
                             "p10(usage.output_tokens)",
                             "min(cost.total)",
                             "distinct(labels.attributes.level)",
                             "avg(scores.quality)",
                             "p50(scores.quality)",
                             "count(scores.thumbs)",
                             "count(scores)",
                             "avg(usage.output_tokens)",
                             "total_tokens",
                             "p90(usage.total_tokens)",
                             "count(usage.total_tokens)"})
        if (one_in(3)) query.measures.push_back(value(make_measure(name)));
    query.measures.push_back(value(make_measure("calls")));
    // Sums of doubles may differ in the last digit, and then in their order.
    const Measure& first = query.measures.front();
    if (one_in(2) && first.field.index == 0) query.order = first.name;
    query.descending = one_in(2);
    query.limit = one_in(3) ? 5 : 1000;
    return query;
}

TEST_P(StoreSuite, OverNoCallsThereAreNoneOfAnyKind) {
    AggregateQuery query;
    query.measures = {value(make_measure("calls")), value(make_measure("errors")),
                      value(make_measure("error_rate")), value(make_measure("cost")),
                      value(make_measure("input_tokens"))};
    const AggregateTable table = value(store().aggregate(query));
    ASSERT_EQ(table.groups.size(), 1u);
    EXPECT_EQ(table.groups[0].cells,
              (std::vector<Cell>{Value(std::int64_t{0}), Value(std::int64_t{0}), Cell(), CostSum{}, Cell()}));
}

TEST_P(StoreSuite, AggregatesLikeTheOracle) {
    const auto calls = plausible_calls(700, 25);
    apply(calls);
    const auto oracle = oracle_of(calls);
    std::mt19937_64 random(25);
    for (int i = 0; i < 150; ++i) {
        const AggregateQuery query = random_aggregate(random);
        expect_same(value(store().aggregate(query)), value(oracle->aggregate(query)),
                    fmt::format("query {}", i));
    }
}

TEST_P(StoreSuite, AnAnswerGivenBeforeIsGivenAgainOnlyWhileItIsRight) {
    const auto calls = plausible_calls(300, 35);
    std::mt19937_64 random(35);
    std::vector<AggregateQuery> queries;
    for (int i = 0; i < 25; ++i) queries.push_back(random_aggregate(random));
    auto oracle = make_memory_store();
    std::uint64_t sequence = 0;
    for (std::size_t i = 0; i < calls.size();) {
        std::vector<Change> batch;
        for (const std::size_t end = std::min(calls.size(), i + 1 + random() % 30); i < end; ++i)
            batch.push_back(upsert(calls[i], ++sequence));
        if (random() % 2 == 0) {
            Said said;
            said.call = calls[random() % i].id;
            said.feedback.emplace().verdict = fmt::format("v{}", random() % 3);
            batch.emplace_back(std::move(said));
        }
        if (random() % 3 == 0) {  // a late half that moves a call to another day
            Call late = calls[random() % i];
            late.started_at = Timestamp{
                1'760'000'000'000'000'000 + static_cast<std::int64_t>(random() % 7'000'000'000'000'000), 0};
            batch.push_back(upsert(late, ++sequence, true));
        }
        for (CallStore* each : {&store(), oracle.get()}) ASSERT_TRUE(each->apply(batch, {}));
        if (i > 200 && random() % 4 == 0)
            for (CallStore* each : {&store(), oracle.get()})
                ASSERT_TRUE(each->forget(std::vector<Position>{at(sequence / 4)}));
        for (int k = 0; k < 6; ++k) {
            const AggregateQuery& query = queries[random() % queries.size()];
            const auto wanted = value(oracle->aggregate(query));
            for (int again = 0; again < 2; ++again)
                expect_same(value(store().aggregate(query)), wanted, fmt::format("after {} calls", i));
        }
    }
}

// A backend may keep what parts of a range came to: other ranges of the same question, and other numbers of
// the same parts, must be answered as if it were asked for the first time.
TEST_P(StoreSuite, OtherRangesOfAQuestionAreAnsweredLikeTheOracle) {
    auto calls = plausible_calls(900, 61);
    auto oracle = make_memory_store();
    std::mt19937_64 random(61);
    std::vector<AggregateQuery> queries;
    for (int i = 0; i < 8; ++i) {
        AggregateQuery query = random_aggregate(random);
        query.selection.text.clear();
        for (const char* name :
             {"duration_p50", "duration_p99", "ttft_p1", "distinct(model.requested)", "cost",
              "max(usage.output_tokens)", "min(started_at)", "distinct(trace.request_id)"})
            if (random() % 2 == 0) query.measures.push_back(value(make_measure(name)));
        queries.push_back(std::move(query));
    }
    constexpr std::int64_t kStart = 1'760'000'000'000'000'000, kSpan = 7'000'000'000'000'000;
    const auto moment = [&]() -> std::optional<Timestamp> {
        if (random() % 6 == 0) return std::nullopt;
        const std::int64_t at = kStart + static_cast<std::int64_t>(random() % kSpan);
        const std::int64_t widths[] = {1, calendar::kHour, calendar::kDay};
        const std::int64_t width = widths[random() % 3];
        return Timestamp{at / width * width, 0};
    };
    std::uint64_t sequence = 0;
    for (std::size_t i = 0; i < calls.size();) {
        std::vector<Change> batch;
        for (const std::size_t end = std::min(calls.size(), i + 90); i < end; ++i) {
            if (i % 40 == 0) calls[i].started_at.reset();
            batch.push_back(upsert(calls[i], ++sequence));
        }
        for (CallStore* each : {&store(), oracle.get()}) ASSERT_TRUE(each->apply(batch, {}));
        for (int k = 0; k < 14; ++k) {
            AggregateQuery query = queries[random() % queries.size()];
            query.selection.from = moment();
            query.selection.to = moment();
            expect_same(value(store().aggregate(query)), value(oracle->aggregate(query)),
                        fmt::format("after {} calls, question {}", i, k));
            EXPECT_EQ(value(store().count(query.selection)), value(oracle->count(query.selection)));
        }
    }
}

// What a call and its counterpart, weeks apart, come to together is nothing at every moment: an answer of two
// states would show it.
TEST_P(StoreSuite, AnAnswerIsOfOneStateWhileOthersApply) {
    AggregateQuery query;
    query.measures = {value(make_measure("sum(usage.input_tokens)")), value(make_measure("calls"))};
    auto call_at = [n = std::uint64_t{0}](std::int64_t hour, std::int64_t tokens) mutable {
        Call call = plausible_calls(1, 7000 + ++n)[0];
        call.started_at = Timestamp{1'760'000'000'000'000'000 + hour * calendar::kHour, 0};
        call.usage.input_tokens = tokens;
        return call;
    };
    apply({call_at(0, 0), call_at(2000, 0)});
    std::atomic<bool> done = false;
    std::vector<std::thread> readers;
    std::atomic<int> wrong = 0, answers = 0;
    for (int i = 0; i < 3; ++i)
        readers.emplace_back([&, i] {
            AggregateQuery own = query;
            while (!done) {
                // Open ends, and ends of its own: none that an answer from before has.
                own.selection.from = Timestamp{1'700'000'000'000'000'000 + answers * 3 + i, 0};
                if (answers % 2 == 0) own.selection.to = Timestamp{1'800'000'000'000'000'000, 0};
                const auto table = value(store().aggregate(own));
                own.selection.to.reset();
                ++answers;
                if (table.groups.empty()) continue;
                if (table.groups[0].cells[0] != Cell(Value(std::int64_t{0}))) ++wrong;
            }
        });
    std::mt19937_64 random(3);
    std::uint64_t sequence = 10;
    for (int i = 0; i < 150; ++i) {
        const auto tokens = static_cast<std::int64_t>(1 + random() % 1000);
        const auto hour = static_cast<std::int64_t>(random() % 3000);
        const std::vector<Change> batch = {upsert(call_at(hour, tokens), ++sequence),
                                           upsert(call_at(3000 - hour, -tokens), ++sequence)};
        EXPECT_TRUE(store().apply(batch, {}));
    }
    while (answers < 50) std::this_thread::yield();
    done = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(wrong, 0) << "of " << answers;
}

TEST_P(StoreSuite, MoneyIsExact) {
    auto calls = plausible_calls(1000, 27);
    for (Call& call : calls) {
        call.kind = Kind::Chat;
        call.status = Status::Success;
        call.cost.currency = "USD";
        call.cost.total = Decimal::parse("0.100000000001");
        call.usage.estimated.reset();
    }
    calls[0].cost.total = Decimal::parse("900000000000000.000000000003");
    calls[1].cost.total.reset();
    for (const std::size_t i : {0, 1, 2}) calls[i].usage.estimated = true;
    calls[3].usage.estimated = false;
    apply(calls);
    AggregateQuery query;
    query.measures = {value(make_measure("cost")), value(make_measure("avg(cost.total)"))};
    const auto table = value(store().aggregate(query));
    const auto& cost = std::get<CostSum>(table.groups.at(0).cells[0]);
    EXPECT_EQ(cost.total->to_string(), "900000000000099.800000001001");
    EXPECT_EQ(cost.currency, "USD");
    EXPECT_EQ(cost.unpriced_calls, 1);
    EXPECT_EQ(cost.estimated_calls, 2);
    std::string average;
    append_json(average, table.groups[0].cells[1]);
    EXPECT_EQ(average, "\"900900900901.000800800802\"");
}

TEST_P(StoreSuite, MoneyInTwoCurrenciesIsNotAddedUp) {
    const std::vector<std::vector<std::string>> groups = {{"USD", "EUR"}, {"USD", "ZAR"}, {"EUR", "ZAR"},
                                                          {"ZAR", "ZAR"}, {"USD", ""},    {"USD", "USD"},
                                                          {"", ""},       {"ZAR", ""},    {"EUR", "EUR"}};
    std::vector<Call> calls;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        for (const std::string& currency : groups[i]) {
            calls.push_back(plausible_calls(1, 280 + calls.size())[0]);
            calls.back().who.user_id = fmt::format("{}", i);
            calls.back().cost.total = Decimal::parse("1");
            calls.back().cost.currency = currency;
        }
    }
    apply(calls);
    AggregateQuery query;
    query.group_by = {field("who.user_id")};
    query.measures = {value(make_measure("cost"))};
    const auto table = value(store().aggregate(query));
    expect_same(table, value(oracle_of(calls)->aggregate(query)), "groups of two");
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const auto& cost = std::get<CostSum>(table.groups.at(i).cells[0]);
        const bool mixed = i < 3;
        EXPECT_EQ(cost.currency, mixed ? "mixed" : std::max(groups[i][0], groups[i][1]));
        EXPECT_EQ(cost.total.has_value(), !mixed);
    }
}

TEST_P(StoreSuite, PercentilesAreNearestRank) {
    auto calls = plausible_calls(10, 29);
    for (std::size_t i = 0; i < calls.size(); ++i)
        calls[i].time.duration = Duration{static_cast<std::int64_t>(i + 1) * 1'000'000};
    apply(calls);
    AggregateQuery query;
    for (const char* name :
         {"duration_p50", "duration_p95", "duration_p90", "duration_p100", "duration_p1", "duration_avg"})
        query.measures.push_back(value(make_measure(name)));
    const auto group = value(store().aggregate(query)).groups.at(0);
    const std::vector<std::string> expected = {"5", "10", "9", "10", "1", "5.5"};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        std::string shown;
        append_json(shown, group.cells[i]);
        EXPECT_EQ(shown, expected[i]) << query.measures[i].name;
    }
}

TEST_P(StoreSuite, NothingGivesOneTotalAndNoGroups) {
    AggregateQuery query;
    query.measures = {value(make_measure("calls")), value(make_measure("duration_p95")),
                      value(make_measure("cost"))};
    const auto total = value(store().aggregate(query));
    ASSERT_EQ(total.groups.size(), 1U);
    EXPECT_EQ(total.groups[0].cells[0], Cell(Value(std::int64_t{0})));
    EXPECT_EQ(total.groups[0].cells[1], Cell());
    query.group_by = {field("model.requested")};
    EXPECT_TRUE(value(store().aggregate(query)).groups.empty());
}

}  // namespace steno::store::conformance
