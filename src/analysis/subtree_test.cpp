#include "analysis/comparison.hpp"
#include "analysis/record_for_test.hpp"
#include "analysis/statistics.hpp"
#include "analysis/trends.hpp"
#include "base/random.hpp"
#include "store/duckdb/duckdb_store.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>

// What agents and functions used, and with all within them, against sums made call by call.
namespace steno::analysis {
namespace {

/// The innermost, and each once those around it, as SDKs tell a path that may come back to itself.
void nest(const std::vector<std::string>& path, std::string& own, std::vector<std::string>& outer) {
    if (path.empty()) return;
    own = path.back();
    for (const std::string& name : path)
        if (name != own && std::ranges::find(outer, name) == outer.end()) outer.push_back(name);
}

/// Calls in agents in agents, up to four deep, and in functions in functions. Paths come back to themselves;
/// now and then a record names one twice, which no SDK does.
std::vector<Call> nested_calls(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    SeededRandom ids(seed);
    const auto one_in = [&](std::uint64_t n) { return random() % n == 0; };
    const auto path = [&](std::initializer_list<const char*> names) {
        std::vector<std::string> steps;
        for (std::uint64_t depth = random() % 5; depth > 0; --depth)
            steps.emplace_back(names.begin()[random() % names.size()]);
        return steps;
    };
    std::vector<Call> calls;
    for (std::size_t i = 0; i < count; ++i) {
        Call& call = calls.emplace_back();
        call.id = Uuid::random(ids);
        call.kind = one_in(4) ? Kind::Agent : one_in(4) ? Kind::Function : Kind::Chat;
        call.status = one_in(5) ? Status::Failure : Status::Success;
        call.started_at =
            Timestamp{1'780'000'000'000'000'000 + static_cast<std::int64_t>(i) * 1'000'000'000, 0};
        nest(path({"planner", "researcher", "writer", "critic"}), call.trace.agent, call.trace.outer_agents);
        nest(path({"search", "fetch", "parse"}), call.trace.function, call.trace.outer_functions);
        if (one_in(20)) call.trace.outer_agents.insert(call.trace.outer_agents.end(), 2, call.trace.agent);
        std::erase(call.trace.outer_agents, "");
        if (!one_in(6)) call.usage.input_tokens = static_cast<std::int64_t>(random() % 5000);
        if (!one_in(6)) call.usage.output_tokens = static_cast<std::int64_t>(random() % 500);
        if (!one_in(5)) {
            call.cost.total = Decimal::from_units(static_cast<__int128>(random() % 9'000'000'000));
            call.cost.currency = call.trace.agent == "critic" && one_in(3) ? "EUR" : "USD";
            if (one_in(7)) call.usage.estimated = true;
        }
    }
    return calls;
}

Sums counted(const std::vector<Call>& calls, auto&& is_of) {
    Sums sums;
    std::set<std::string> currencies;
    for (const Call& call : calls) {
        if (!reaches_a_model(call.kind) || !is_of(call)) continue;
        ++sums.calls;
        const bool failed = call.status == Status::Failure;
        sums.failures += failed;
        const auto& [input, output] = std::pair(call.usage.input_tokens, call.usage.output_tokens);
        if (input) sums.input_tokens = sums.input_tokens.value_or(0) + *input;
        if (output) sums.output_tokens = sums.output_tokens.value_or(0) + *output;
        if (call.cost.total) {
            sums.cost.total = sums.cost.total.value_or(Decimal()) + *call.cost.total;
            currencies.insert(call.cost.currency);
            sums.cost.estimated_calls += call.usage.estimated.value_or(false);
        } else {
            sums.cost.unpriced_calls += !failed || input || output;
        }
    }
    if (currencies.size() == 1) sums.cost.currency = *currencies.begin();
    if (currencies.size() > 1) sums.cost.currency = "mixed", sums.cost.total.reset();
    return sums;
}

void expect_same(const Sums& told, const Sums& wanted, const std::string& what) {
    EXPECT_EQ(told.calls, wanted.calls) << what;
    EXPECT_EQ(told.failures, wanted.failures) << what;
    EXPECT_EQ(told.input_tokens, wanted.input_tokens) << what;
    EXPECT_EQ(told.output_tokens, wanted.output_tokens) << what;
    EXPECT_EQ(told.cost, wanted.cost) << what;
}

bool within(const std::string& name, const std::string& own, const std::vector<std::string>& outer) {
    return name == own || std::ranges::find(outer, name) != outer.end();
}

struct Backend {
    const char* name;
    std::unique_ptr<store::CallStore> (*open)(const std::string& folder);
};

class Subtrees : public testing::TestWithParam<Backend> {
  protected:
    void SetUp() override {
        std::string pattern = (std::filesystem::temp_directory_path() / "steno-subtree-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string folder_;
};

TEST_P(Subtrees, AreWhatIsCountedCallByCall) {
    for (const std::uint64_t seed : {3, 11}) {
        const std::vector<Call> calls = nested_calls(800, seed);
        Record record(GetParam().open(fmt::format("{}/{}", folder_, seed)));
        for (const Call& call : calls) record.add(call);
        const Statistics found = statistics(record.store(), {}, {}).value();
        EXPECT_EQ(found.ai_calls.calls, counted(calls, [](const Call&) { return true; }).calls);
        ASSERT_EQ(found.by_agent.size(), 4U);
        for (const Statistics::Agent& agent : found.by_agent) {
            expect_same(agent.ai_calls,
                        counted(calls, [&](const Call& c) { return c.trace.agent == agent.name; }),
                        agent.name);
            expect_same(agent.subtree,
                        counted(calls,
                                [&](const Call& c) {
                                    return within(agent.name, c.trace.agent, c.trace.outer_agents);
                                }),
                        agent.name + " and within");
            EXPECT_GT(agent.subtree.calls, agent.ai_calls.calls);
        }
        ASSERT_EQ(found.by_function.size(), 3U);
        for (const Statistics::Function& function : found.by_function) {
            expect_same(function.ai_calls,
                        counted(calls, [&](const Call& c) { return c.trace.function == function.name; }),
                        function.name);
            expect_same(function.subtree,
                        counted(calls,
                                [&](const Call& c) {
                                    return within(function.name, c.trace.function, c.trace.outer_functions);
                                }),
                        function.name + " and within");
        }
        const auto cost = [](const Statistics::Agent& agent) {
            return agent.subtree.cost.total.value_or(Decimal());
        };
        EXPECT_TRUE(std::ranges::is_sorted(found.by_agent, std::ranges::greater(), cost));
    }
}

TEST_P(Subtrees, AreWholeWhereTheAgentIsAskedFor) {
    const std::vector<Call> calls = nested_calls(800, 5);
    Record record(GetParam().open(folder_ + "/asked"));
    for (const Call& call : calls) record.add(call);
    const auto asked = [&](std::string_view field, store::Op op, std::string_view value) {
        store::Selection selection;
        selection.filters.push_back(store::make_filter(field, op, value).value());
        selection.filters.push_back(store::make_filter("status", store::Op::Eq, "success").value());
        return statistics(record.store(), selection, {}).value();
    };
    const auto succeeded = [](const Call& call) { return call.status == Status::Success; };
    for (const auto& [op, value, names] :
         {std::tuple(store::Op::Eq, "planner", std::set<std::string>{"planner"}),
          std::tuple(store::Op::In, "planner,critic", std::set<std::string>{"planner", "critic"}),
          std::tuple(store::Op::Ne, "critic", std::set<std::string>{"planner", "researcher", "writer"}),
          std::tuple(store::Op::Exists, "false", std::set<std::string>{})}) {
        const Statistics found = asked("trace.agent", op, value);
        std::set<std::string> told;
        for (const Statistics::Agent& agent : found.by_agent) {
            told.insert(agent.name);
            expect_same(agent.subtree,
                        counted(calls,
                                [&](const Call& c) {
                                    return succeeded(c) &&
                                           within(agent.name, c.trace.agent, c.trace.outer_agents);
                                }),
                        agent.name + " and within");
        }
        EXPECT_EQ(told, names) << value;
    }
    const Statistics found = asked("trace.function", store::Op::Eq, "search");
    ASSERT_EQ(found.by_function.size(), 1U);
    expect_same(found.by_function.front().subtree,
                counted(calls,
                        [&](const Call& c) {
                            return succeeded(c) &&
                                   within("search", c.trace.function, c.trace.outer_functions);
                        }),
                "search and within");
}

TEST_P(Subtrees, OfAnAgentThatOnlyOthersAreNamedInAreTold) {
    Record record(GetParam().open(folder_ + "/one"));
    record.add(Timestamp{1'780'000'000'000'000'000, 0}, [](Call& call) {
        call.trace.agent = "inner";
        call.trace.outer_agents = {"outer"};
        call.usage.input_tokens = 7;
    });
    const Statistics found = statistics(record.store(), {}, {}).value();
    ASSERT_EQ(found.by_agent.size(), 2U);
    for (const Statistics::Agent& agent : found.by_agent) {
        EXPECT_EQ(agent.subtree.tokens(), 7) << agent.name;
        EXPECT_EQ(agent.ai_calls.calls, agent.name == "inner" ? 1 : 0);
        EXPECT_EQ(agent.ai_calls.tokens(),
                  agent.name == "inner" ? std::optional<std::int64_t>(7) : std::nullopt);
    }
}

TEST_P(Subtrees, AreComparedAndFollowedOverTime) {
    const std::vector<Call> calls = nested_calls(800, 7);
    Record record(GetParam().open(folder_ + "/compared"));
    for (const Call& call : calls) record.add(call);
    constexpr std::int64_t kSecond = 1'000'000'000;
    const Timestamp begin = *calls.front().started_at, middle{begin.unix_nanos + 400 * kSecond, 0},
                    end{begin.unix_nanos + 800 * kSecond, 0};
    store::Selection now, before;
    now.from = before.to = middle;
    before.from = begin;
    now.to = end;
    const std::vector<store::Field> by{store::make_field("trace.agent_subtree").value()};
    const auto of = [&](const std::optional<store::Value>& name, const store::Selection& period) {
        return counted(calls, [&](const Call& call) {
            const bool nobody = call.trace.agent.empty() && call.trace.outer_agents.empty();
            return *call.started_at >= *period.from && *call.started_at < *period.to &&
                   (name ? within(std::get<std::string>(*name), call.trace.agent, call.trace.outer_agents)
                         : nobody);
        });
    };
    const Comparison compared = compare(record.store(), now, before, by).value();
    EXPECT_EQ(compared.groups.size(), 5U);  // four agents, and the calls of none
    for (const Comparison::Group& group : compared.groups) {
        expect_same(group.now, of(group.key.front(), now), "now");
        expect_same(group.before, of(group.key.front(), before), "before");
    }
    TrendQuestion question{trend_measure("calls").value(), now, before, {}, by, 10};
    question.bucket = store::make_bucket("minute", "UTC").value();
    const Trend followed = trend(record.store(), question).value();
    EXPECT_EQ(followed.groups.size(), 5U);
    for (const Trend::Series& series : followed.groups) {
        EXPECT_EQ(series.calls, of(series.key.front(), now).calls);
        EXPECT_EQ(series.calls_before, of(series.key.front(), before).calls);
        std::int64_t sum = 0;
        for (const Trend::Point& point : series.points) sum += point.calls;
        EXPECT_EQ(sum, series.calls);
    }
    // A filter selects one subtree, whoever in it made the call.
    store::Selection planned = now;
    planned.filters.push_back(store::make_filter("trace.agent_subtree", "planner").value());
    EXPECT_EQ(compare(record.store(), planned, before, {}).value().now.calls,
              of(store::Value(std::string("planner")), now).calls);
}

INSTANTIATE_TEST_SUITE_P(
    Backends, Subtrees,
    testing::Values(Backend{"memory", [](const std::string&) { return store::make_memory_store(); }},
                    Backend{"duckdb",
                            [](const std::string& folder) {
                                store::DuckdbOptions options;
                                options.folder = folder;
                                return store::open_duckdb_store(options).value();
                            }}),
    [](const auto& backend) { return std::string(backend.param.name); });

}  // namespace
}  // namespace steno::analysis
