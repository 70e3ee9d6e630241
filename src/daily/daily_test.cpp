#include "base/text.hpp"
#include "daily/day.hpp"
#include "daily/entries.hpp"
#include "daily/record_for_test.hpp"

#include <gmock/gmock.h>

#include <map>
#include <set>

namespace steno::daily {
namespace {

using simdjson::dom::element;

/// Keeps what it has read.
element parsed(simdjson::dom::parser& parser, const std::string& text) {
    element value;
    EXPECT_EQ(parser.parse(text).get(value), simdjson::SUCCESS) << text;
    return value;
}

std::string entry(const Call& call, std::size_t max_text = 1000) {
    std::string out;
    append_entry(out, call, max_text);
    return out;
}

TEST(Day, HasTheHoursThatItsZoneGivesIt) {
    const calendar::Zone berlin = calendar::Zone::find("Europe/Berlin").value();
    const auto hours = [&](std::string_view date) {
        const Day day = day_of(date, berlin).value();
        return (day.to.unix_nanos - day.from.unix_nanos) / calendar::kHour;
    };
    EXPECT_EQ(hours("2026-03-29"), 23);
    EXPECT_EQ(hours("2026-10-25"), 25);
    EXPECT_EQ(hours("2026-11-20"), 24);
    EXPECT_EQ(day_at(*Timestamp::parse("2026-11-20T23:30:00Z"), berlin).date, "2026-11-21");
    const calendar::Zone apia = calendar::Zone::find("Pacific/Apia").value();
    EXPECT_FALSE(day_of("2011-12-30", apia));  // Samoa went to bed on the 29th and woke up on the 31st
    std::vector<std::string> dates;
    for (const Day& day : days_between(*Timestamp::parse("2011-12-29T12:00:00-10:00"),
                                       *Timestamp::parse("2012-01-01T00:00:00+14:00"), apia))
        dates.push_back(day.date);
    EXPECT_THAT(dates, testing::ElementsAre("2011-12-29", "2011-12-31"));
    for (const char* none : {"", "2026-02-30", "2026-2-3", "20261120", "2026-11-20T00", "1969-12-31"})
        EXPECT_FALSE(day_of(none, berlin)) << none;
    EXPECT_EQ(days_later("2026-03-01", -1), "2026-02-28");
}

TEST(Day, NamesFiles) {
    for (const Content content : kContents) {
        const auto found = parse_file_name(file_name(content, "2026-11-20"));
        ASSERT_TRUE(found);
        EXPECT_EQ(found->content, content);
        EXPECT_EQ(found->date, "2026-11-20");
    }
    for (const char* other :
         {"calls-2026-11-20.json.gz", "calls-2026-13-20.json", "stats.json", "calls-.json",
          "calls_2026-11-20.json", "xcalls-2026-11-20.json", "calls-2026-11-20.jsonl"})
        EXPECT_FALSE(parse_file_name(other)) << other;
}

TEST_F(DailyRecord, TextsAreCutToSoManyCharacters) {
    Call call = chat("2026-11-20T10:00:00.123456789Z", "äöü€😀x");
    call.response.tool_calls.push_back({"1", "find", {"{\n\"text\": \"0123456789\"}"}, {}});
    simdjson::dom::parser parser;
    const auto prompt = [&](std::size_t most) {
        return std::string(std::string_view(
            parsed(parser, entry(call, most)).at_pointer("/messages/0/content").get_string().value()));
    };
    EXPECT_EQ(prompt(6), "äöü€😀x");
    EXPECT_EQ(prompt(5), "äöü€…");
    EXPECT_EQ(prompt(1), "…");
    EXPECT_EQ(prompt(0), "äöü€😀x");
    element cut = parsed(parser, entry(call, 12));
    EXPECT_EQ(std::string_view(cut.at_pointer("/functionCall/arguments").value()), "{\"text\": \"0…");
    EXPECT_EQ(bool(cut.at_pointer("/metadata/truncated").value()), true);
    const element whole = parsed(parser, entry(call));
    EXPECT_EQ(std::string_view(whole.at_pointer("/functionCall/arguments/text").value()), "0123456789");
    EXPECT_EQ(std::string_view(whole["timestamp"].value()), "2026-11-20T10:00:00.123Z");
    EXPECT_NE(whole.at_pointer("/metadata/truncated").error(), simdjson::SUCCESS);
    EXPECT_EQ(entry(call).find('\n'), std::string::npos);
}

TEST_F(DailyRecord, WhatIsNotKnownIsNull) {
    Call bare;
    bare.kind = Kind::Chat;
    simdjson::dom::parser parser;
    const element known_of = parsed(parser, entry(bare));
    for (const char* name : {"timestamp", "sessionId", "agent", "functionName", "callSequence", "model",
                             "requestTokens", "responseTokens", "totalTokens", "startTime", "endTime",
                             "durationMs", "responseContent", "error", "userPhone"})
        EXPECT_TRUE(known_of[name].is_null()) << name;
    EXPECT_EQ(std::string_view(known_of["requestId"].value()), bare.id.to_string());
    EXPECT_EQ(known_of["functionCall"].error(), simdjson::NO_SUCH_FIELD);
    EXPECT_EQ(known_of.at_pointer("/metadata/cost").error(), simdjson::NO_SUCH_FIELD);
    bare.usage.output_tokens = 5;
    EXPECT_EQ(std::int64_t(parsed(parser, entry(bare))["totalTokens"].value()), 5);
    Call function;
    function.kind = Kind::Function;
    function.name = "tasks";
    function.request.input.text = "{\"a\":[1,\n2]}";
    const element run = parsed(parser, entry(function));
    EXPECT_EQ(std::string_view(run["functionName"].value()), "tasks");
    EXPECT_EQ(simdjson::minify(run["arguments"].value()), "{\"a\":[1,2]}");
    for (const char* name : {"requestId", "agent", "operation", "result"})
        EXPECT_TRUE(run[name].is_null()) << name;
}

TEST_F(DailyRecord, MoneyHasAllItsDigitsAndCurrenciesAreNotAddedUp) {
    Call call = chat("2026-11-20T10:00:00Z");
    call.cost.total = Decimal::parse("123456789.000000000001");
    call.cost.currency = "USD";
    call.cost.source = "provider";  // which is not priced anew
    EXPECT_NE(entry(call).find("\"cost\":123456789.000000000001,"), std::string::npos);
    add(call);
    const Day day = day_of("2026-11-20", {}).value();
    EXPECT_NE(text(Content::Stats, day).find("\"estimatedTotalCost\":123456789.000000000001}"),
              std::string::npos);
    call.id = Uuid::random(random);
    call.provider.name = "azure";  // a model of the same name
    call.cost.total = Decimal::parse("1");
    call.cost.currency = "EUR";
    add(call);
    simdjson::dom::parser parser;
    const element stats = parsed(parser, text(Content::Stats, day));
    EXPECT_TRUE(stats.at_pointer("/summary/estimatedTotalCost").is_null());
    EXPECT_TRUE(stats.at_pointer("/byModel/in-house/estimatedCost").is_null());
    EXPECT_EQ(std::int64_t(stats.at_pointer("/byModel/in-house/calls").value()), 2);
    EXPECT_EQ(std::int64_t(stats.at_pointer("/byModel/in-house/tokens").value()), 2020);
}

TEST_F(DailyRecord, ADayHasTheCallsThatBeganOnIt) {
    const calendar::Zone berlin = calendar::Zone::find("Europe/Berlin").value();
    for (const char* began : {"2026-10-24T21:59:59.999Z", "2026-10-24T22:00:00Z", "2026-10-25T22:59:59.999Z",
                              "2026-10-25T23:00:00Z"})
        add(chat(began));
    simdjson::dom::parser parser;
    const element calls = parsed(parser, text(Content::Calls, day_of("2026-10-25", berlin).value()));
    std::vector<std::string_view> began;
    for (const element call : calls.get_array()) began.push_back(call["startTime"].value());
    EXPECT_THAT(began, testing::ElementsAre("2026-10-24T22:00:00.000Z", "2026-10-25T22:59:59.999Z"));
    const Day empty = day_of("2026-10-20", berlin).value();
    EXPECT_EQ(text(Content::Calls, empty), "[]\n");
    EXPECT_EQ(text(Content::Requests, empty), "[]\n");
    const element stats = parsed(parser, text(Content::Stats, empty));
    EXPECT_EQ(std::int64_t(stats.at_pointer("/summary/totalRequests").value()), 0);
    EXPECT_TRUE(stats.at_pointer("/summary/totalTokens").is_null());
    EXPECT_TRUE(stats.at_pointer("/errorRate/errorRate").is_null());
}

TEST_F(DailyRecord, RequestsAreSummedUp) {
    Call first = chat("2026-11-20T10:00:00Z");
    first.trace.session_id = "s", first.trace.request_id = "r", first.trace.agent = "main";
    first.who.user_id = "+4912345";
    first.cost.total = Decimal::parse("0.1"), first.cost.currency = "USD";
    first.cost.source = "provider";  // which is not priced anew
    Call run = chat("2026-11-20T10:00:02Z");
    run.kind = Kind::Function;
    run.usage = {};
    run.trace.request_id = "r", run.trace.agent = "main", run.trace.function = "tasks";
    run.status = Status::Failure;
    run.error.message = "no such task";
    Call second = first;
    second.id = Uuid::random(random);
    second.started_at = moment("2026-11-20T10:00:01Z");
    second.trace.agent = "other";
    second.cost.total = Decimal::parse("0.2");
    const Call alone = chat("2026-11-20T09:00:00Z");
    for (const Call& call : {first, run, second, alone}) add(call);
    simdjson::dom::parser parser;
    const auto requests =
        parsed(parser, text(Content::Requests, day_of("2026-11-20", {}).value())).get_array().value();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_EQ(simdjson::minify(requests.at(1).value()),
              R"({"requestId":"r","sessionId":"s","userPhone":"+4912345",)"
              R"("startTime":"2026-11-20T10:00:00.000Z","endTime":"2026-11-20T10:00:03.000Z",)"
              R"("totalDurationMs":3000,"totalTokens":2020,"requestTokens":2000,"responseTokens":20,)"
              R"("totalAICalls":2,"totalFunctionCalls":1,"agentsUsed":["main","other"],)"
              R"("functionsUsed":["tasks"],"success":false,"error":"no such task","estimatedCost":0.3})");
    EXPECT_EQ(std::string_view(requests.at(0)["requestId"].value()), alone.id.to_string());
}

TEST_F(DailyRecord, OfWhatIsNotListedRequestsHaveTheSumsAlone) {
    Call listed = chat("2026-11-20T10:00:00Z");
    listed.trace.request_id = "r";
    Call silent = chat("2026-11-20T10:00:01Z");
    silent.trace.request_id = "r";
    silent.privacy.listed = false;
    Call probe = chat("2026-11-20T09:00:00Z");
    probe.privacy.listed = false;
    for (const Call& call : {listed, silent, probe}) add(call);
    simdjson::dom::parser parser;
    const auto requests =
        parsed(parser, text(Content::Requests, day_of("2026-11-20", {}).value())).get_array().value();
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(std::string_view(requests.at(0)["requestId"].value()), "r");
    EXPECT_EQ(std::int64_t(requests.at(0)["totalAICalls"].value()), 2);
    EXPECT_EQ(std::int64_t(requests.at(0)["totalTokens"].value()), 2020);
}

}  // namespace
}  // namespace steno::daily
