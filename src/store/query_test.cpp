#include "store/query.hpp"

#include "store/answers.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace steno::store {
namespace {

TEST(Query, AnUnknownFieldNamesThoseNearIt) {
    const auto field = make_field("usage.input_token");
    ASSERT_FALSE(field);
    EXPECT_EQ(field.error().code, Code::InvalidArgument);
    EXPECT_NE(field.error().remedy.find("usage.input_tokens"), std::string::npos) << field.error().remedy;
    const auto by_name = make_field("input_tokens");
    ASSERT_FALSE(by_name);
    EXPECT_NE(by_name.error().remedy.find("usage.input_tokens"), std::string::npos) << by_name.error().remedy;
}

TEST(Query, PayloadCannotBeFiltered) {
    EXPECT_FALSE(make_field("request.system"));
    EXPECT_FALSE(make_field("raw.request"));
    EXPECT_FALSE(make_field("labels.attributes"));
    EXPECT_TRUE(make_field("preview.prompt"));
    EXPECT_TRUE(make_field("labels.attributes.any.name"));
}

TEST(Query, ValuesMustFitTheField) {
    EXPECT_FALSE(make_filter("usage.input_tokens.gte", "many"));
    EXPECT_FALSE(make_filter("usage.input_tokens.gte", "1.5"));
    EXPECT_FALSE(make_filter("status", "failed"));
    EXPECT_FALSE(make_filter("started_at.gt", "yesterday"));
    EXPECT_FALSE(make_filter("cost.total.lt", "0.1234567890123"));
    EXPECT_FALSE(make_filter("request.stream", "yes"));
    EXPECT_FALSE(make_filter("id", "1"));
    EXPECT_FALSE(make_filter("who.user_id", "\xff"));
    EXPECT_FALSE(make_filter("model.requested.in", " , "));
    EXPECT_FALSE(make_filter("status.contains", "x"));
    EXPECT_FALSE(make_filter("labels.tags.gt", "x"));
    EXPECT_FALSE(make_filter("model.requested.exists", "maybe"));
    const auto status = make_filter("status", "failed");
    EXPECT_NE(status.error().message.find("failure"), std::string::npos) << status.error().message;
}

TEST(Query, DurationsAreMillisecondsToTheNanosecond) {
    const auto filter = make_filter("time.duration_ms.gte", "900.123456");
    ASSERT_TRUE(filter);
    EXPECT_EQ(filter->values[0], Value(Duration{900'123'456}));
    EXPECT_EQ(filter->op, Op::Ge);
    EXPECT_FALSE(make_filter("time.duration_ms.gte", "0.0000001"));
}

TEST(Query, AttributeValuesHaveTheTypeTheyLookLike) {
    EXPECT_EQ(make_filter("labels.attributes.a", "1.5")->values[0], Value(1.5));
    EXPECT_EQ(make_filter("labels.attributes.a", "true")->values[0], Value(true));
    EXPECT_EQ(make_filter("labels.attributes.a", "\"1.5\"")->values[0], Value("1.5"));
    EXPECT_EQ(make_filter("labels.attributes.a", "nan")->values[0], Value("nan"));
    EXPECT_EQ(make_filter("labels.attributes.in", "x")->field.key, "in");
    for (const char* op : {"lt", "lte", "gt", "gte"}) {
        const std::string field = std::string("labels.attributes.n.") + op;
        for (const char* no_number : {"nan", "NaN", "-nan", "inf", "-Infinity"}) {
            const auto refused = make_filter(field, no_number);
            ASSERT_FALSE(refused) << field << no_number;
            EXPECT_NE(refused.error().message.find(field), std::string::npos);
        }
        EXPECT_EQ(make_filter(field, "\"nan\"")->values[0], Value("nan"));
        EXPECT_EQ(make_filter(field, "nancy")->values[0], Value("nancy"));
        EXPECT_EQ(make_filter(field, "-1e300")->values[0], Value(-1e300));
    }
}

TEST(Query, MeasuresHaveShortNames) {
    EXPECT_EQ(make_measure("input_tokens")->function, Measure::Function::Sum);
    EXPECT_EQ(make_measure("ttft_p99.9")->fraction, 0.999);
    EXPECT_EQ(make_measure("duration_avg")->field.path(), "time.duration_ms");
    for (const char* name : {"", "p95", "duration_p0", "duration_p101", "duration_", "sum()",
                             "sum(model.requested)", "p95(kind)", "distinct(labels.tags)", "input_token"})
        EXPECT_FALSE(make_measure(name)) << name;
}

TEST(Query, BucketsBeginWhereTheClockSays) {
    const auto begin = [](std::string_view unit, std::string_view offset, std::string_view moment) {
        const Bucket bucket = *make_bucket(unit, offset);
        return bucket_begin(bucket, bucket_key(bucket, Timestamp::parse(moment)->unix_nanos)).to_string();
    };
    EXPECT_EQ(begin("day", "UTC", "2026-11-20T23:30:00Z"), "2026-11-20T00:00:00.000000000Z");
    EXPECT_EQ(begin("day", "60", "2026-11-20T23:30:00Z"), "2026-11-21T00:00:00.000000000+01:00");
    EXPECT_EQ(begin("week", "Z", "2026-11-22T23:59:59Z"), "2026-11-16T00:00:00.000000000Z");
    EXPECT_EQ(begin("month", "-330", "2026-03-01T05:29:59Z"), "2026-02-01T00:00:00.000000000-05:30");
    EXPECT_EQ(begin("hour", "+05:45", "2026-11-20T10:20:00Z"), "2026-11-20T16:00:00.000000000+05:45");
    EXPECT_EQ(begin("day", "Europe/Berlin", "2026-10-25T22:30:00Z"), "2026-10-25T00:00:00.000000000+02:00");
    EXPECT_EQ(begin("week", "Europe/Berlin", "2026-10-25T23:30:00Z"), "2026-10-26T00:00:00.000000000+01:00");
    // Clocks show the hour from two to three twice: two hours.
    EXPECT_EQ(begin("hour", "Europe/Berlin", "2026-10-25T00:30:00Z"), "2026-10-25T02:00:00.000000000+02:00");
    EXPECT_EQ(begin("hour", "Europe/Berlin", "2026-10-25T01:30:00Z"), "2026-10-25T02:00:00.000000000+01:00");
    // Half an hour is skipped, or shown again: an hour of thirty minutes begins with the change.
    EXPECT_EQ(begin("hour", "Australia/Lord_Howe", "2026-10-03T15:45:00Z"),
              "2026-10-04T02:30:00.000000000+11:00");
    EXPECT_EQ(begin("hour", "Australia/Lord_Howe", "2026-04-04T15:10:00Z"),
              "2026-04-05T01:30:00.000000000+10:30");
    for (const char* offset : {"25:00", "+1:00", "1440", "Europe/Paradise", "+01:75", "--1"})
        EXPECT_FALSE(make_bucket("day", offset)) << offset;
    EXPECT_FALSE(make_bucket("year", "UTC"));
}

TEST(Answers, SumsBeyondSixtyFourBitsAreNearest) {
    const __int128 huge = static_cast<__int128>(std::numeric_limits<std::int64_t>::max()) * 2;
    EXPECT_EQ(sum_cell(FieldType::Integer, {huge, 0, 2}), Cell(Value(static_cast<double>(huge))));
    EXPECT_EQ(average_cell(FieldType::Duration, {5, 0, 2}), Cell(Value(Duration{2})));
    EXPECT_EQ(average_cell(FieldType::Duration, {-7, 0, 2}), Cell(Value(Duration{-4})));
    EXPECT_EQ(average_cell(FieldType::Decimal, {8, 0, 3}), Cell(Value(Decimal::from_units(3))));
}

}  // namespace
}  // namespace steno::store
