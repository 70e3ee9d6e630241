#include "prompts/document_executions.hpp"

#include <gtest/gtest.h>

#include <set>

namespace steno::prompts {
namespace {

constexpr const char* kOne =
    R"({"prompt_name": "coach", "prompt_version": "1.0", "timestamp": "2026-01-05T10:00:01.200000",
    "input_data": {"user_input": "Help"}, "output": "Well.", "metrics": {"execution_time_ms": 1200, "token_count": 150,
    "output_length": 5, "success": true, "quality_score": 8.5, "user_feedback": "good", "error_message": null}})";

std::string list_of(std::initializer_list<std::string> executions) {
    std::string list = "[";
    for (const std::string& one : executions) list += (list.size() > 1 ? "," : "") + one;
    return list + "]";
}

TEST(DocumentExecutions, AreCallsThatEndedThen) {
    const auto read = read_document_executions(list_of({kOne}));
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->calls.size(), 1U);
    const Call& call = read->calls.front();
    EXPECT_EQ(call.kind, Kind::Completion);
    EXPECT_EQ(call.source, Source::Import);
    EXPECT_EQ(call.status, Status::Success);
    EXPECT_EQ(call.prompt.name, "coach");
    EXPECT_EQ(call.prompt.version, "1.0");
    EXPECT_EQ(call.started_at->to_string(), "2026-01-05T10:00:00.000000000Z");
    EXPECT_EQ(call.ended_at->to_string(), "2026-01-05T10:00:01.200000000Z");
    EXPECT_EQ(call.time.duration->nanos, 1'200'000'000);
    EXPECT_EQ(call.usage.output_tokens, 150);
    EXPECT_FALSE(call.usage.input_tokens);
    EXPECT_EQ(call.response.output_chars, 5);
    EXPECT_EQ(call.response.messages.at(0).parts.at(0).text, "Well.");
    EXPECT_EQ(call.prompt.variables.text, R"({"user_input":"Help"})");
    EXPECT_EQ(call.scores.at("quality").value, 8.5);
    EXPECT_EQ(call.feedback.comment, "good");
    EXPECT_TRUE(read->left_out.empty());
}

TEST(DocumentExecutions, HaveTheSameIdsAgain) {
    const std::string file =
        list_of({kOne, kOne, R"({"prompt_name":"b","timestamp":"2026-01-05T10:00:00Z","success":false})"});
    const auto first = read_document_executions(file);
    const auto again = read_document_executions(file);
    ASSERT_TRUE(first && again);
    std::set<Uuid> ids;
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(first->calls[i].id, again->calls[i].id);
        ids.insert(first->calls[i].id);
    }
    EXPECT_EQ(ids.size(), 3U);  // of two that are alike each is one
    EXPECT_EQ(first->calls[2].status, Status::Failure);
    const auto longer = read_document_executions(
        list_of({R"({"prompt_name":"new","timestamp":"2026-01-06T10:00:00Z","metrics":{}})", kOne}));
    ASSERT_TRUE(longer);
    EXPECT_EQ(longer->calls[1].id, first->calls[0].id);  // wherever in the file it stands
}

TEST(DocumentExecutions, HaveTheSameIdHoweverTheyAreSpelt) {
    const auto id = [](const std::string& execution) {
        const auto read = read_document_executions("[" + execution + "]");
        EXPECT_TRUE(read) << execution << (read ? "" : read.error().message);
        return read ? read->calls.at(0).id : Uuid{};
    };
    const auto at = [](const std::string& moment) {
        return R"({"prompt_name":"a","prompt_version":"1","timestamp":")" + moment +
               R"(","input_data":{"n":5,"m":[1,{"y":-0.5,"x":0}]},"output":"Hé","metrics":)"
               R"({"execution_time_ms":1200,"quality_score":8.5,"success":true}})";
    };
    const Uuid first = id(at("2026-01-05T10:00:00Z"));
    for (const char* moment : {"2026-01-05T10:00:00", "2026-01-05T10:00:00.000", "2026-01-05T11:00:00+01:00",
                               "2026-01-05 10:00:00", "2026-01-05T10:00:00.000000000Z"})
        EXPECT_EQ(id(at(moment)), first) << moment;
    for (
        const char* same :
        {// other order; no version of a metric that says what is so anyway; null; a member that is left out
         R"({"metrics":{"quality_score":8.50,"execution_time_ms":1.2e3,"error_message":null},"output":"H\u00e9",
            "input_data":{"m":[1.0,{"x":-0,"y":-5e-1}],"n":5.0},"timestamp":"2026-01-05T10:00:00Z",
            "prompt_version":1,"prompt_name":"a","mood":"fine"})",
         R"({"execution_time_ms":1200.0,"quality_score":85e-1,"output":"Hé","input_data":{"n":50e-1,"m":[1,{"y":-0.50,"x":0.0}]},
            "timestamp":"2026-01-05T10:00:00Z","version":"1","name":"a","model":null})"})
        EXPECT_EQ(id(same), first) << same;
    for (
        const char* other :
        {R"({"prompt_name":"a","timestamp":"2026-01-05T10:00:00Z","input_data":{"n":12345678901234567890},"metrics":{}})",
         R"({"prompt_name":"a","timestamp":"2026-01-05T10:00:00Z","input_data":{"n":12345678901234567891},"metrics":{}})",
         R"({"prompt_name":"a","timestamp":"2026-01-05T10:00:00Z","input_data":{"n":"5"},"metrics":{}})",
         R"({"prompt_name":"a","timestamp":"2026-01-05T10:00:00Z","input_data":{"n":5},"metrics":{}})",
         R"({"prompt_name":"a","timestamp":"2026-01-05T10:00:00Z","input_data":{"n":50},"metrics":{}})"}) {
        static std::set<Uuid> seen;
        EXPECT_TRUE(seen.insert(id(other)).second) << other;
    }
}

TEST(DocumentExecutions, WithTheIdThatAnExportWroteAreThatCall) {
    const std::string id = "018f4b1d-0f52-7a0e-8c7d-613c2e7705d4";
    const auto with = [&](const std::string& call_id, const std::string& output) {
        return R"({"call_id":")" + call_id +
               R"(","prompt_name":"a","timestamp":"2026-01-05T10:00:00Z","output":")" + output +
               R"(","metrics":{}})";
    };
    const auto read = read_document_executions(list_of({with(id, "x"), with(id, "x"), with("order-7", "x")}));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->executions, 3U);
    ASSERT_EQ(read->calls.size(), 2U);
    EXPECT_EQ(read->calls[0].id.to_string(), id);
    EXPECT_TRUE(read->exported.contains(read->calls[0].id));
    EXPECT_FALSE(read->exported.contains(read->calls[1].id));  // that id is the program's own
    EXPECT_EQ(read->left_out, std::vector<std::string>{"call_id"});
    const auto two = read_document_executions(list_of({with(id, "x"), with(id, "y")}));
    ASSERT_FALSE(two);
    EXPECT_NE(two.error().message.find("execution 2"), std::string::npos) << two.error().message;
}

TEST(DocumentExecutions, InWhateverAProgramKeepsThem) {
    for (
        const std::string& file :
        {R"({"executions": [)" + std::string(kOne) + "]}", R"({"coach": [)" + std::string(kOne) + "]}",
         std::string(
             R"({"coach": [{"version": 1.0, "timestamp": "2026-01-05 10:00:00", "execution_time_ms": 3}]})")}) {
        const auto read = read_document_executions(file);
        ASSERT_TRUE(read) << file;
        ASSERT_EQ(read->calls.size(), 1U);
        EXPECT_EQ(read->calls[0].prompt.name, "coach");
        EXPECT_EQ(read->calls[0].prompt.version, "1.0");
        EXPECT_EQ(kind_of_document(file), DocumentKind::Executions) << file;
    }
    EXPECT_TRUE(read_document_executions("[]")->calls.empty());
}

TEST(DocumentExecutions, SayWhatIsWrongWithWhich) {
    const auto error = [](const std::string& second) {
        const auto read = read_document_executions(list_of({kOne, second}));
        return read ? std::string() : read.error().message;
    };
    EXPECT_NE(error(R"({"timestamp":"2026-01-05T10:00:00","metrics":{}})").find("execution 2"),
              std::string::npos);
    EXPECT_NE(error(R"({"prompt_name":"a","metrics":{}})").find("no timestamp"), std::string::npos);
    EXPECT_NE(error(R"({"prompt_name":"a","timestamp":"soon"})").find("timestamp"), std::string::npos);
    for (const char* metrics :
         {R"({"execution_time_ms":-1})", R"({"execution_time_ms":1e300})", R"({"token_count":1.5})",
          R"({"success":"yes"})", R"({"quality_score":"good"})", R"({"output_length":-3})"})
        EXPECT_NE(error(R"({"prompt_name":"a","timestamp":"2026-01-05T10:00:00","metrics":)" +
                        std::string(metrics) + "}"),
                  "")
            << metrics;
    EXPECT_NE(error("7"), "");
    for (const char* file : {"", "{", "7", R"({"a": 7})", R"({"a": {"b": [1]}})"})
        EXPECT_FALSE(read_document_executions(file)) << file;
    const auto more = read_document_executions(
        R"([{"prompt_name":"a","timestamp":"2026-01-05T10:00:00","mood":"fine","metrics":{"mood":1}}])");
    ASSERT_TRUE(more);
    EXPECT_EQ(more->left_out, std::vector<std::string>{"mood"});
}

TEST(DocumentExecutions, WrittenAreReadAsTheSame) {
    const auto read = read_document_executions(list_of({kOne}));
    ASSERT_TRUE(read);
    const auto again = read_document_executions("[" + write_document_execution(read->calls[0]) + "]");
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->calls[0], read->calls[0]);
    std::string without = write_document_execution(read->calls[0]);
    without.erase(1, without.find("\"prompt_name\"") - 1);  // as exports were that had no call_id
    EXPECT_EQ(read_document_executions("[" + without + "]")->calls[0], read->calls[0]);
    EXPECT_TRUE(read_document_executions("[" + write_document_execution([] {
                                             Call call;
                                             call.id =
                                                 Uuid::parse("018f4b1d-0f52-7a0e-8c7d-613c2e7705d4").value();
                                             call.prompt.name = "a";
                                             call.started_at = Timestamp{1'000'000'000};
                                             call.status = Status::Failure;
                                             call.error.message = "no";
                                             return call;
                                         }()) +
                                         "]"));
}

TEST(DocumentKinds, AreToldByWhatIsIn) {
    EXPECT_EQ(kind_of_document(R"({"a": {"1.0": {"prompt": "Hi", "version": "1.0"}}})"),
              DocumentKind::Registry);
    EXPECT_EQ(kind_of_document(R"([{"name": "a", "prompt": "Hi"}])"), DocumentKind::Registry);
    EXPECT_EQ(kind_of_document(R"({"a": {"1.0": {"total_executions": 3, "success_rate": 0.5}}})"),
              DocumentKind::Metrics);
    EXPECT_EQ(kind_of_document(R"({"a": {"success_rate": 0.5, "execution_time_ms": 2}})"),
              DocumentKind::Metrics);
    for (const char* nothing : {"", "{}", "[]", "nonsense"})
        EXPECT_EQ(kind_of_document(nothing), DocumentKind::Registry);
}

}  // namespace
}  // namespace steno::prompts
