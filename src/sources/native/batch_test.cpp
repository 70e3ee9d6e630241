#include "sources/native/batch.hpp"

#include "base/bytes.hpp"
#include "record/binary.hpp"
#include "record/delivery.hpp"
#include "record/json.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace steno::native {
namespace {

Result<Batch> read(std::string_view type, std::string_view body) {
    static ManualClock clock;
    static SeededRandom random(7);
    return read_batch(type, body, clock, random);
}

std::string sized(std::string_view bytes) {
    std::string out;
    ByteWriter(out).text(bytes);
    return out;
}

std::string frame(const Call& call) {
    return sized(sized(encode(call, Place::Header)) + sized(encode(call, Place::RequestPayload)) +
                 sized(encode(call, Place::ResponsePayload)));
}

std::string delivery(const std::vector<Call>& calls) {
    std::string out("STNC\1\0\0\0", 8);
    for (const Call& call : calls) out += frame(call);
    return out;
}

Message message(std::string role, std::string text) {
    Part part;
    part.text = std::move(text);
    Message message;
    message.role = std::move(role);
    message.parts = {std::move(part)};
    return message;
}

Call chat() {
    Call call;
    call.id = *Uuid::parse("0b8f7a56-1d2c-4e3f-9a4b-5c6d7e8f9a0b");
    call.kind = Kind::Chat;
    call.source = Source::Cpp;
    call.status = Status::Success;
    call.request.messages = {message("user", "When?")};
    call.response.messages = {message("assistant", "Now.")};
    return call;
}

TEST(Delivery, ABinaryCallArrivesAsItWasSent) {
    Call sent = chat();
    sent.labels.attributes = {{"n", 3.0}, {"b", true}};
    sent.request.parameters = {R"({"temperature":0.5})"};
    const auto batch = read(kDeliveryType, delivery({sent}));
    ASSERT_TRUE(batch) << batch.error().message;
    ASSERT_EQ(batch->calls.size(), 1U);
    sent.preview = {"When?", "Now.", {}};
    EXPECT_EQ(batch->calls[0], sent);
    EXPECT_TRUE(batch->made.empty());
}

TEST(Delivery, EveryCutIsRefusedAsAWholeOrBetweenCalls) {
    const std::string whole = delivery({chat(), chat()});
    const std::size_t one = frame(chat()).size();
    for (std::size_t end = 0; end < whole.size(); ++end) {
        const auto batch = read(kDeliveryType, std::string_view(whole).substr(0, end));
        EXPECT_EQ(batch.has_value(), end == 8 || end == 8 + one) << end;
    }
}

TEST(Delivery, EveryChangedByteIsTakenOrRefusedAndNothingElse) {
    const std::string whole = delivery({chat()});
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const int flip : {0x01, 0x80, 0xff}) {
            std::string changed = whole;
            changed[at] = static_cast<char>(changed[at] ^ flip);
            const auto batch = read(kDeliveryType, changed);
            if (batch) EXPECT_GE(batch->calls.size() + batch->rejected.size(), 1U);
        }
    }
}

TEST(Delivery, OneBrokenCallHarmsNoOther) {
    Call bad = chat();
    bad.request.tools = {"[1,"};
    const auto batch = read(kDeliveryType, delivery({chat(), bad, chat()}));
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->calls.size(), 2U);
    EXPECT_EQ(batch->indexes, (std::vector<std::size_t>{0, 2}));
    ASSERT_EQ(batch->rejected.size(), 1U);
    EXPECT_EQ(batch->rejected[0].index, 1U);
    EXPECT_EQ(batch->rejected[0].id, bad.id);
    EXPECT_EQ(batch->rejected[0].error.message, "request.tools: not valid JSON");
}

TEST(Delivery, JsonSaysWhatItLeftOut) {
    const auto batch = read("application/json; charset=utf-8",
                            R"({"calls":[{"kind":"chat","status":"success","x":1,"usage":{"y":2}},
                                         {"kind":"chat"},{"status":"success"}],"next_cursor":null})");
    ASSERT_TRUE(batch) << batch.error().message;
    ASSERT_EQ(batch->calls.size(), 1U);
    EXPECT_EQ(batch->calls[0].source, Source::Import);
    EXPECT_EQ(batch->made, (std::vector<std::size_t>{0}));
    EXPECT_FALSE(batch->calls[0].id.is_nil());
    EXPECT_TRUE(batch->calls[0].started_at);
    ASSERT_EQ(batch->ignored.size(), 1U);
    EXPECT_EQ(batch->ignored[0].fields, (std::vector<std::string>{"x", "usage.y"}));
    ASSERT_EQ(batch->rejected.size(), 2U);
    EXPECT_EQ(batch->rejected[0].error.message, "status: it is missing");
    EXPECT_EQ(batch->rejected[1].error.message, "kind: it is missing");
}

TEST(Delivery, FunctionsAndAgentsAreKnownByTheirNames) {
    const auto batch = read("application/json", R"({"calls":[
        {"kind":"function","status":"success","name":"f"},
        {"kind":"function","status":"success","name":"f","trace":{"function":"g","agent":"a"}},
        {"kind":"agent","status":"success","name":"planner"},
        {"kind":"chat","status":"success","name":"c"}]})");
    ASSERT_TRUE(batch) << batch.error().message;
    ASSERT_EQ(batch->calls.size(), 4U);
    EXPECT_EQ(batch->calls[0].trace.function, "f");
    EXPECT_EQ(batch->calls[0].trace.agent, "");
    EXPECT_EQ(batch->calls[1].trace.function, "g");
    EXPECT_EQ(batch->calls[1].trace.agent, "a");
    EXPECT_EQ(batch->calls[2].trace.agent, "planner");
    EXPECT_EQ(batch->calls[2].trace.function, "");
    EXPECT_EQ(batch->calls[3].trace.function, "");
    EXPECT_EQ(batch->calls[3].trace.agent, "");
    Call call = chat();
    call.kind = Kind::Function;
    call.name = std::string(199, 'x') + "\u00e4" + std::string(500, 'y');
    const auto longer = read(kDeliveryType, delivery({call}));
    ASSERT_TRUE(longer);
    EXPECT_EQ(longer->calls.at(0).trace.function, std::string(199, 'x'));
}

TEST(Delivery, LongErrorMessagesAreCutAndSaidToBe) {
    Call call = chat();
    call.error.message = std::string(kMaxErrorMessage - 1, 'x') + "\u00e4" + std::string(1000, 'y');
    const auto batch = read(kDeliveryType, delivery({call}));
    ASSERT_TRUE(batch);
    const Call& taken = batch->calls.at(0);
    EXPECT_EQ(taken.error.message, std::string(kMaxErrorMessage - 1, 'x'));
    EXPECT_EQ(taken.privacy.truncated.at("error.message").bytes, kMaxErrorMessage + 1001);
    EXPECT_EQ(taken.privacy.truncated.at("error.message").sha256.size(), 64U);
}

TEST(Delivery, ACurrencyIsOfLetters) {
    const std::vector<std::string> good{"USD", "credits"},
        bad{"US", "$", "\x1b[2J", "US\u00a0D", "CurrencyX"};
    std::vector<Call> calls;
    for (const auto& names : {good, bad}) {
        for (const std::string& name : names) {
            calls.push_back(chat());
            calls.back().cost.total = Decimal::parse("1");
            calls.back().cost.currency = name;
        }
    }
    const auto batch = read(kDeliveryType, delivery(calls));
    ASSERT_TRUE(batch) << batch.error().message;
    EXPECT_EQ(batch->indexes, (std::vector<std::size_t>{0, 1}));
    ASSERT_EQ(batch->rejected.size(), 5U);
    EXPECT_EQ(batch->rejected[0].error.message, "cost.currency: it is not of 3 to 8 letters");
}

TEST(Delivery, ACostThatComesAlongIsOfNoRePricingHere) {
    Call call = chat();
    call.cost.total = *Decimal::parse("0.25");
    call.cost.currency = "USD";
    call.cost.source = "custom";
    Call sent = call;
    sent.cost.repricing = std::string(1 << 20, 'x');
    sent.cost.former = {*Decimal::parse("-1"), std::string(1 << 20, 'y'), "", "", {}};
    const auto batch = read(kDeliveryType, delivery({sent}));
    ASSERT_TRUE(batch) << batch.error().message;
    ASSERT_EQ(batch->calls.size(), 1U);
    EXPECT_EQ(batch->calls[0].cost, call.cost);
}

TEST(Delivery, NumbersThatCannotBeAreNotCounted) {
    std::vector<Call> calls(10, chat());
    calls[0].usage.input_tokens = -5;
    calls[1].usage.cache_write_tokens.hours_1 = -1;
    calls[2].time.duration = Duration{-1};
    calls[3].cost.total = Decimal::from_units(-1);
    calls[3].cost.currency = "USD";
    calls[4].provider.http_status = 99'999;
    calls[5].usage.input_tokens = 0;
    calls[6].usage.output_tokens = std::numeric_limits<std::int64_t>::max();
    calls[7].time.duration = Duration{std::numeric_limits<std::int64_t>::max()};
    calls[8].cost.total = Decimal::parse("1000000000000.000000000001");
    calls[8].cost.currency = "USD";
    calls[9].usage.input_tokens = 1'000'000'000'000;
    const auto batch = read(kDeliveryType, delivery(calls));
    ASSERT_TRUE(batch) << batch.error().message;
    ASSERT_EQ(batch->rejected.size(), 8U);
    EXPECT_EQ(batch->calls.size(), 2U);
    EXPECT_EQ(batch->rejected[5].error.message, "usage.output_tokens: more than 1000000000000");
    EXPECT_EQ(batch->rejected[6].error.message, "time.duration_ms: more than 366 days");
    EXPECT_EQ(batch->rejected[7].error.message, "cost.total: more than 1000000000000");
    EXPECT_EQ(batch->rejected[1].error.message, "usage.cache_write_tokens.1h: below zero");
}

TEST(Delivery, AnExperimentsNumbersThatNobodyCanHaveMeantAreRefused) {
    Call call = chat();
    call.prompt.experiment.id = "e";
    call.prompt.experiment.variant = "short";
    call.prompt.experiment.unit = "ann";
    std::vector<Call> calls;
    for (const double probability : {0.0, -0.5, 1.5, 1e-300, std::numeric_limits<double>::quiet_NaN(),
                                     std::numeric_limits<double>::infinity(), 1e-9, 0.25, 1.0}) {
        call.prompt.experiment.probability = probability;
        calls.push_back(call);
    }
    for (const std::int64_t revision : {0, -3, 1}) {
        call.prompt.experiment.revision = revision;
        calls.push_back(call);
    }
    const auto batch = read(kDeliveryType, delivery(calls));
    ASSERT_TRUE(batch) << batch.error().message;
    ASSERT_EQ(batch->rejected.size(), 8U);
    EXPECT_EQ(batch->rejected[2].error.message,
              "prompt.experiment.probability: 1.5 is no probability from 1e-09 to 1");
    EXPECT_EQ(batch->rejected[6].error.message, "prompt.experiment.revision: 0 is below 1");
    ASSERT_EQ(batch->calls.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i)
        EXPECT_EQ(batch->calls[i].prompt.experiment.probability, (std::array{1e-9, 0.25, 1.0, 1.0}[i]));
}

TEST(Delivery, ATypeNobodyKnowsIsNotGuessed) {
    EXPECT_EQ(read("text/plain", "{}").error().code, Code::Unimplemented);
    EXPECT_EQ(read("", "{}").error().code, Code::Unimplemented);
    EXPECT_EQ(read(kDeliveryType, std::string_view("STNC\1\0\1\0", 8)).error().code, Code::Unimplemented);
}

/// A call with so many empty parts, which are a byte or two each on the way.
Call of_empty_parts(std::size_t count) {
    Call call = chat();
    call.request.messages.front().parts.assign(count, Part{});
    return call;
}

TEST(Delivery, EntriesThatCostNothingToSendAreBounded) {
    const Call good = chat();
    for (const bool binary : {true, false}) {
        SCOPED_TRACE(binary);
        const auto deliver = [&](const std::vector<Call>& calls) {
            if (binary) return read(kDeliveryType, delivery(calls));
            std::string lines;
            for (const Call& call : calls) lines += to_json(call) + '\n';
            return read("application/x-ndjson", lines);
        };
        const auto one = deliver({of_empty_parts(kMaxItems - 3), good, of_empty_parts(kMaxItems), good});
        ASSERT_TRUE(one) << one.error().message;
        EXPECT_EQ(one->indexes, (std::vector<std::size_t>{0, 1, 3}));
        ASSERT_EQ(one->rejected.size(), 1U);
        EXPECT_EQ(one->rejected[0].index, 2U);
        EXPECT_EQ(one->rejected[0].error.code, Code::ResourceExhausted);
        EXPECT_NE(one->rejected[0].error.message.find("more than 100000 entries"), std::string::npos);

        const auto many = deliver(std::vector<Call>(6, of_empty_parts(kMaxItems - 3)));
        ASSERT_FALSE(many);
        EXPECT_EQ(many.error().code, Code::ResourceExhausted);
        EXPECT_NE(many.error().remedy.find("fewer"), std::string::npos);
    }
}

}  // namespace
}  // namespace steno::native
