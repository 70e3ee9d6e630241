#include "analysis/quality.hpp"

#include "analysis/realtime.hpp"
#include "analysis/record_for_test.hpp"
#include "base/random.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <array>
#include <random>

namespace steno::analysis {
namespace {

/// Calls as people use prompts: some judged, some scored, some edited, some without a variable.
std::vector<Call> judged_calls(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    SeededRandom ids(seed);
    const auto one_in = [&](std::uint64_t n) { return random() % n == 0; };
    std::vector<Call> calls;
    for (std::size_t i = 0; i < count; ++i) {
        Call& call = calls.emplace_back();
        call.id = Uuid::random(ids);
        call.kind = one_in(6) ? Kind::Function : Kind::Chat;
        call.status = one_in(5) ? Status::Failure : one_in(7) ? Status::Partial : Status::Success;
        call.started_at =
            Timestamp{1'780'000'000'000'000'000 + static_cast<std::int64_t>(i) * 1'000'000'000, 0};
        call.ended_at = Timestamp{call.started_at->unix_nanos + 500'000'000, 0};
        if (!one_in(4)) call.prompt.type = one_in(2) ? "outline" : "title";
        if (!one_in(3)) call.prompt.version = one_in(2) ? "v1" : "v2";
        if (!one_in(3)) {
            call.prompt.all_variables_present = !one_in(3);
            if (!*call.prompt.all_variables_present) {
                call.prompt.missing_variables.emplace_back("tone");
                if (one_in(2)) call.prompt.missing_variables.emplace_back("audience");
            }
        }
        if (one_in(2)) {
            const std::array<const char*, 4> verdicts = {"accepted", "rejected", "modified", "none"};
            call.feedback.verdict = verdicts[random() % 4];
            if (one_in(2)) call.feedback.edit_distance = static_cast<std::int64_t>(random() % 400);
        }
        if (one_in(3)) call.scores["quality"].value = static_cast<double>(random() % 101);
        if (one_in(4)) call.scores["thumbs"].label = "up";
        if (one_in(2)) call.trace.agent = one_in(2) ? "writer" : "critic";
    }
    return calls;
}

/// The same, counted call by call.
struct Counted {
    std::int64_t calls = 0, successes = 0, partial = 0, accepted = 0, judged = 0, edits = 0, scored = 0,
                 complete = 0, incomplete = 0;
    double edited = 0, score = 0;

    void add(const Call& call) {
        ++calls;
        successes += call.status == Status::Success;
        partial += call.status == Status::Partial;
        accepted += call.feedback.verdict == "accepted";
        judged += !call.feedback.verdict.empty() && call.feedback.verdict != "none";
        edits += call.feedback.edit_distance.has_value();
        edited += static_cast<double>(call.feedback.edit_distance.value_or(0));
        if (const auto at = call.scores.find("quality"); at != call.scores.end()) {
            ++scored;
            score += *at->second.value;
        }
        if (call.prompt.all_variables_present) ++(*call.prompt.all_variables_present ? complete : incomplete);
    }
};

std::optional<double> ratio(double part, std::int64_t of) {
    return of == 0 ? std::nullopt : std::optional(part / static_cast<double>(of));
}

void expect_same(const Quality& quality, const Counted& counted) {
    EXPECT_EQ(quality.figures.calls, counted.calls);
    EXPECT_EQ(quality.rate("success"), ratio(static_cast<double>(counted.successes), counted.calls));
    EXPECT_EQ(quality.rate("partial"), ratio(static_cast<double>(counted.partial), counted.calls));
    EXPECT_EQ(quality.acceptance_rate(), ratio(static_cast<double>(counted.accepted), counted.judged));
    EXPECT_EQ(quality.edits, counted.edits);
    EXPECT_EQ(quality.edit_distance, ratio(counted.edited, counted.edits));
    EXPECT_EQ(quality.scored, counted.scored);
    EXPECT_EQ(quality.score, ratio(counted.score, counted.scored));
    EXPECT_EQ(quality.complete, counted.complete);
    EXPECT_EQ(quality.incomplete, counted.incomplete);
}

std::string text_in(const std::optional<store::Value>& value) {
    return value ? std::get<std::string>(*value) : std::string();
}

TEST(Quality, IsWhatIsCountedCallByCall) {
    const std::vector<Call> calls = judged_calls(600, 7);
    Record record(calls);
    QualityOptions options;
    options.by = {store::make_field("prompt.type").value(), store::make_field("prompt.version").value()};
    const QualityReport report = quality(record.store(), {}, options).value();
    Counted all;
    std::map<std::pair<std::string, std::string>, Counted> groups;
    for (const Call& call : calls) {
        if (!reaches_a_model(call.kind)) continue;
        all.add(call);
        groups[{call.prompt.type, call.prompt.version}].add(call);
    }
    expect_same(report.all, all);
    ASSERT_EQ(report.groups.size(), groups.size());
    for (const auto& group : report.groups)
        expect_same(group.quality, groups.at({text_in(group.key[0]), text_in(group.key[1])}));
    EXPECT_TRUE(std::ranges::is_sorted(report.groups, std::ranges::greater{},
                                       [](const auto& group) { return group.quality.figures.calls; }));
    ASSERT_EQ(report.scores.size(), 2u);
    const auto& numbers = report.scores[0].name == "quality" ? report.scores[0] : report.scores[1];
    const auto& labels = report.scores[0].name == "quality" ? report.scores[1] : report.scores[0];
    EXPECT_EQ(numbers.valued, all.scored);
    EXPECT_EQ(numbers.average, ratio(all.score, all.scored));
    EXPECT_EQ(labels.valued, 0);
    EXPECT_EQ(labels.average, std::nullopt);

    options.groups = 2;
    const QualityReport cut = quality(record.store(), {}, options).value();
    EXPECT_EQ(cut.groups.size(), 2u);
    EXPECT_TRUE(cut.truncated);
    options.groups = 0;
    EXPECT_EQ(quality(record.store(), {}, options).error().code, Code::InvalidArgument);
}

TEST(Quality, OfNothingIsAbsent) {
    Record record;
    const QualityReport report = quality(record.store(), {}, {}).value();
    EXPECT_FALSE(report.all.rate("success") || report.all.acceptance_rate() ||
                 report.all.data_quality_rate() || report.all.score || report.all.edit_distance);
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    write_members(json, report, {});
    json.end_object();
    simdjson::dom::parser parser;
    simdjson::dom::element parsed;
    ASSERT_EQ(parser.parse(text).get(parsed), simdjson::SUCCESS) << text;
    EXPECT_TRUE(parsed["all"]["success_rate"].is_null());
    EXPECT_TRUE(parsed["all"]["data_quality"]["rate"].is_null());
}

TEST(MissingVariables, AreCountedByVariableAndPrompt) {
    const std::vector<Call> calls = judged_calls(600, 8);
    Record record(calls);
    const MissingVariables missing = missing_variables(record.store(), {}, 100).value();
    std::map<std::string, std::int64_t> variables;
    std::map<std::string, std::map<std::string, std::int64_t>> by_prompt;
    Counted all;
    for (const Call& call : calls) {
        if (!reaches_a_model(call.kind)) continue;
        all.add(call);
        for (const std::string& name : call.prompt.missing_variables) {
            ++variables[name];
            ++by_prompt[call.prompt.type + "/" + call.prompt.version][name];
        }
    }
    EXPECT_EQ(missing.calls, all.calls);
    EXPECT_EQ(missing.complete, all.complete);
    EXPECT_EQ(missing.incomplete, all.incomplete);
    ASSERT_EQ(missing.variables.size(), variables.size());
    for (const auto& variable : missing.variables) EXPECT_EQ(variable.calls, variables.at(variable.name));
    EXPECT_GE(missing.variables[0].calls, missing.variables[1].calls);
    ASSERT_EQ(missing.prompts.size(), by_prompt.size());
    for (const auto& prompt : missing.prompts)
        for (const auto& variable : prompt.missing)
            EXPECT_EQ(variable.calls, by_prompt.at(prompt.type + "/" + prompt.version).at(variable.name));
}

TEST(Realtime, CallsCountWhenTheyEnd) {
    std::vector<Call> calls = judged_calls(60, 9);
    const Timestamp from = *calls[40].ended_at;
    calls[0].ended_at = calls[50].ended_at;  // a long one, which ended just now
    Call running = calls[1];
    running.trace.agent = "late";
    running.kind = Kind::Chat;
    Record record(calls);
    const Realtime now = realtime(record.store(), {}, from, std::span(&running, 1)).value();
    std::int64_t ai_calls = 0;
    std::set<std::string> agents = {"late"};
    for (const Call& call : calls) {
        if (*call.ended_at < from) continue;
        ai_calls += reaches_a_model(call.kind);
        if (reaches_a_model(call.kind) && !call.trace.agent.empty()) agents.insert(call.trace.agent);
    }
    EXPECT_EQ(now.ended.ai_calls.calls, ai_calls);
    EXPECT_EQ(now.active_agents, agents);
    EXPECT_EQ(now.running_ai_calls, 1);
}

}  // namespace
}  // namespace steno::analysis
