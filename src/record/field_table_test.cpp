#include "record/field_table.hpp"

#include "record/testing/arbitrary_call.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace steno {
namespace {

const FieldInfo& info(std::string_view path) {
    const auto index = find_field(path);
    if (!index) ADD_FAILURE() << path;
    return scalar_fields()[index.value_or(0)];
}

TEST(FieldTable, HoldsEveryLeafOnceWithTypeAndPlace) {
    EXPECT_EQ(info("id").type, FieldType::Uuid);
    EXPECT_EQ(info("started_at").type, FieldType::Timestamp);
    EXPECT_EQ(info("time.duration_ms").type, FieldType::Duration);
    EXPECT_EQ(info("time.phases").type, FieldType::Durations);
    EXPECT_EQ(info("usage.input_tokens").type, FieldType::Integer);
    EXPECT_EQ(info("usage.cache_write_tokens.5m").type, FieldType::Integer);
    EXPECT_EQ(info("usage.seconds").type, FieldType::Number);
    EXPECT_EQ(info("cost.total").type, FieldType::Decimal);
    EXPECT_EQ(info("labels.tags").type, FieldType::TextList);
    EXPECT_EQ(info("labels.attributes").type, FieldType::Attributes);
    EXPECT_EQ(info("privacy.masked").type, FieldType::Counts);
    EXPECT_EQ(info("attempts").type, FieldType::Json);
    EXPECT_EQ(info("privacy.truncated").type, FieldType::Json);
    EXPECT_EQ(info("provider.rate_limit.windows").type, FieldType::Json);
    EXPECT_EQ(info("raw.request").type, FieldType::Bytes);
    EXPECT_EQ(info("raw.request").place, Place::RequestPayload);
    EXPECT_EQ(info("preview.answer").place, Place::ResponsePayload);
    EXPECT_EQ(info("feedback.verdict").type, FieldType::Text);
    EXPECT_EQ(info("status").names.size(), 6U);
    EXPECT_EQ(info("error.type").names.front(), "authentication");
    EXPECT_FALSE(find_field("scores"));
    EXPECT_FALSE(find_field("request.messages"));
    EXPECT_FALSE(find_field("usage"));
    EXPECT_FALSE(find_field(""));
    for (std::size_t i = 0; i < scalar_fields().size(); ++i)
        EXPECT_EQ(find_field(scalar_fields()[i].path), i);
}

RC_GTEST_PROP(FieldTable, ACallIsRebuiltFromItsValues, ()) {
    Call call = testing::arbitrary_call(
        {*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(0, 101) / 100.0, false});
    Call built;
    std::size_t expected = 0;
    visit_values(call, [&](std::size_t index, const FieldValue& value) {
        RC_ASSERT(index == expected++);
        RC_ASSERT(set_value(built, index, value).has_value());
    });
    RC_ASSERT(expected == scalar_fields().size());
    call.request.messages.clear();
    call.response.messages.clear();
    call.response.tool_calls.clear();
    call.scores.clear();
    RC_ASSERT(built == call);
}

TEST(FieldTable, AbsentIsMonostate) {
    std::size_t present = 0;
    visit_values(Call{}, [&](std::size_t index, const FieldValue& value) {
        if (std::holds_alternative<std::monostate>(value)) return;
        ++present;
        EXPECT_EQ(scalar_fields()[index].type, FieldType::Enum);
    });
    EXPECT_EQ(present, 3U);  // kind, source, status
}

TEST(FieldTable, RefusesWhatDoesNotFit) {
    Call call;
    EXPECT_FALSE(set_value(call, *find_field("usage.input_tokens"), "31"));
    EXPECT_FALSE(set_value(call, *find_field("kind"), "fax"));
    EXPECT_FALSE(set_value(call, *find_field("attempts"), "{"));
    EXPECT_FALSE(set_value(call, scalar_fields().size(), true));
    EXPECT_EQ(call, Call{});
    EXPECT_TRUE(set_value(call, *find_field("usage.seconds"), std::int64_t{2}));
    EXPECT_EQ(call.usage.seconds, 2.0);
    EXPECT_TRUE(set_value(call, *find_field("usage.seconds"), std::monostate{}));
    EXPECT_EQ(call, Call{});
}

TEST(Names, GoBothWays) {
    Kind kind{};
    EXPECT_TRUE(from_string("rerank", kind));
    EXPECT_EQ(kind, Kind::Rerank);
    EXPECT_FALSE(from_string("Rerank", kind));
    EXPECT_EQ(to_string(ErrorType::MalformedResponse), "malformed_response");
    EXPECT_EQ(to_string(PartType::ToolResult), "tool_result");
    EXPECT_TRUE(reaches_a_model(Kind::Intent));
    EXPECT_FALSE(reaches_a_model(Kind::Agent));
}

}  // namespace
}  // namespace steno
