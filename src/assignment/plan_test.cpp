#include "assignment/plan.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace steno::assignment {
namespace {

Plan plan_of(std::vector<WeightedVariant> variants) {
    return {.id = "0197",
            .name = "tone",
            .unit = UnitKind::Session,
            .share = 0.25,
            .revision = 7,
            .variants = std::move(variants)};
}

std::string json_of(const Plan& plan) {
    std::string out;
    JsonWriter json(out);
    write(json, plan);
    return out;
}

TEST(Plan, ComesBackFromItsJson) {
    const Plan plan = plan_of({{"control", 1.0 / 3}, {"b", 0, true}, {"c", 1e9}});
    EXPECT_EQ(
        json_of(plan),
        R"({"id":"0197","name":"tone","unit":"session","share":0.25,"revision":7,"variants":[)"
        R"({"name":"control","weight":0.3333333333333333,"stopped":false},{"name":"b","weight":0,"stopped":true},)"
        R"({"name":"c","weight":1e+09,"stopped":false}]})");
    const auto read = plan_from_json(json_of(plan));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, plan);
}

TEST(Plan, PassesOverWhatALaterVersionAdds) {
    const auto read = plan_from_json(
        R"({"id":"1","unit":"user","later":[{"x":1}],"variants":[{"name":"a","weight":1,"m":"x"},{"name":"b"}]})");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->variants[1], (WeightedVariant{"b", 1}));
    EXPECT_EQ(read->share, 1);
}

TEST(Plan, RefusesWhatNobodyCouldBeAssignedBy) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double weight : {-1.0, 0.0, nan, infinity, 1e-10, 1e10})
        EXPECT_FALSE(check(plan_of({{"a", 1}, {"b", weight}}))) << weight;
    EXPECT_TRUE(check(plan_of({{"a", 1}, {"b", 0, true}})));
    EXPECT_FALSE(check(plan_of({{"a", 1, true}, {"b", 1}})));
    EXPECT_FALSE(check(plan_of({{"a", 1}})));
    EXPECT_FALSE(check(plan_of({})));
    EXPECT_FALSE(check(plan_of(std::vector<WeightedVariant>(21, {"a", 1}))));
    EXPECT_FALSE(check(plan_of({{"a", 1}, {"a", 1}})));
    for (const char* name : {"", "A", "a b", "-a", "ä", "a/b"})
        EXPECT_FALSE(check(plan_of({{name, 1}, {"b", 1}}))) << name;
    Plan plan = plan_of({{"a", 1}, {"b", 1}});
    EXPECT_TRUE(check(plan));
    for (const double share : {0.0, -0.1, 1.1, nan}) {
        plan.share = share;
        EXPECT_FALSE(check(plan)) << share;
    }
}

TEST(Plan, RefusesWhatIsNoPlan) {
    for (const char* text :
         {"", "[]", "{}", R"({"id":"1"})",
          R"({"id":"1","unit":"planet","variants":[{"name":"a"},{"name":"b"}]})",
          R"({"id":"1","variants":[{"name":"a"},{"name":"b"}]})",
          R"({"id":"1","unit":"user","variants":[{"name":"a","weight":"1"},{"name":"b"}]})",
          R"({"id":"1","unit":"user","variants":[{"name":"a","weight":1e999},{"name":"b"}]})",
          R"({"id":"1","unit":"user","revision":1.5,"variants":[{"name":"a"},{"name":"b"}]})",
          R"({"id":"1","unit":"user","variants":[{"name":"a"},{"name":"b"}]} x)"})
        EXPECT_FALSE(plan_from_json(text)) << text;
}

}  // namespace
}  // namespace steno::assignment
