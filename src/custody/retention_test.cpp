#include "custody/retention.hpp"

#include <gtest/gtest.h>

namespace steno::custody {
namespace {

constexpr std::int64_t kDay = 86'400'000'000'000;
constexpr std::int64_t kNow = 1000 * kDay;

TEST(Retention, KeepsEverythingUnlessToldOtherwise) {
    const RetentionRules rules;
    EXPECT_TRUE(rules.none());
    EXPECT_FALSE(may_be_removed(rules, {.newest_unix_nanos = 1}, kNow));
    EXPECT_FALSE(payloads_may_go(rules, {"", 5, 1}, kNow));
}

TEST(Retention, RemovesWhatIsOlderThanTheRule) {
    const RetentionRules rules{30, 0, {}};
    EXPECT_TRUE(may_be_removed(rules, {.newest_unix_nanos = kNow - 31 * kDay}, kNow));
    EXPECT_FALSE(may_be_removed(rules, {.newest_unix_nanos = kNow - 30 * kDay}, kNow));
    EXPECT_FALSE(may_be_removed(rules, {.newest_unix_nanos = 0}, kNow)) << "its age is not known";
}

TEST(Retention, AClassGoesBeforeTheRuleForAll) {
    const RetentionRules rules{0, 30, {{"short", 7}, {"legal", 0}}};
    const std::int64_t ten_days_ago = kNow - 10 * kDay;
    EXPECT_TRUE(payloads_may_go(rules, {"short", 1, ten_days_ago}, kNow));
    EXPECT_FALSE(payloads_may_go(rules, {"", 1, ten_days_ago}, kNow));
    EXPECT_TRUE(payloads_may_go(rules, {"", 1, kNow - 31 * kDay}, kNow));
    EXPECT_FALSE(payloads_may_go(rules, {"legal", 1, kDay}, kNow));
    EXPECT_FALSE(payloads_may_go(rules, {"short", 0, ten_days_ago}, kNow)) << "nothing is left of it";
}

TEST(Retention, WhatIsKeptAsTheLatestCallsHasTheRuleOfItsClass) {
    const Uuid id = Uuid::named(Uuid{}, "call");
    for (const std::string retention : {"", "short",
                                        "a\x1f"
                                        "7:b"}) {
        for (const std::string type : {"", "page", "0:\x1f"}) {
            const std::string name = to_class_name({id, retention, type});
            const auto parsed = parse_latest_class(name);
            ASSERT_TRUE(parsed) << name;
            EXPECT_EQ(parsed->id, id);
            EXPECT_EQ(parsed->retention, retention);
            EXPECT_EQ(parsed->type, type);
            const std::int64_t ten_days_ago = kNow - 10 * kDay;
            EXPECT_EQ(payloads_may_go({0, 0, {{"short", 7}}}, {name, 1, ten_days_ago}, kNow),
                      retention == "short");
        }
    }
    const std::string id_alone = "\x1f" + id.to_string();
    for (const std::string& other : {std::string(), std::string("short"), std::string("\x1f"), id_alone,
                                     id_alone + ":", id_alone + "1:", id_alone + "x:page"})
        EXPECT_FALSE(parse_latest_class(other)) << other;
}

TEST(Retention, RulesOfClassesAsText) {
    const auto rules = parse_class_days(" short = 7 ,legal=0,");
    ASSERT_TRUE(rules);
    EXPECT_EQ(to_text(*rules), "legal=0,short=7");
    EXPECT_TRUE(parse_class_days("")->empty());
    for (const char* wrong : {"short", "short=", "=7", "short=-1", "short=7d", "short=99999999999999999999"})
        EXPECT_EQ(parse_class_days(wrong).error().code, Code::InvalidArgument) << wrong;
}

}  // namespace
}  // namespace steno::custody
