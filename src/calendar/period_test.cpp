#include "calendar/period.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace steno::calendar {
namespace {

Timestamp moment(std::string_view text) {
    return Timestamp::parse(text).value();
}
Zone zone(std::string_view name) {
    return Zone::find(name).value();
}

std::string shown(const Period& period) {
    return period.from.to_string().substr(0, 16) + " " + period.to.to_string().substr(0, 16);
}
/// In Berlin, on Wednesday, 28 October 2026, three days after clocks went back.
std::string period(std::string_view text) {
    const auto parsed = parse_period(text, zone("Europe/Berlin"), moment("2026-10-28T13:30:00Z"));
    return parsed ? shown(*parsed) : parsed.error().message;
}
std::string period_before(std::string_view text) {
    const Zone berlin = zone("Europe/Berlin");
    return shown(before(parse_period(text, berlin, moment("2026-10-28T13:30:00Z")).value(), berlin));
}

TEST(Period, MeansWhatPeopleMean) {
    EXPECT_EQ(period("today"), "2026-10-28T00:00 2026-10-28T14:30");
    EXPECT_EQ(period("yesterday"), "2026-10-27T00:00 2026-10-28T00:00");
    EXPECT_EQ(period("this-week"), "2026-10-26T00:00 2026-10-28T14:30");
    EXPECT_EQ(period("last-week"), "2026-10-19T00:00 2026-10-26T00:00");
    EXPECT_EQ(period("this-month"), "2026-10-01T00:00 2026-10-28T14:30");
    EXPECT_EQ(period("last-month"), "2026-09-01T00:00 2026-10-01T00:00");
    EXPECT_EQ(period("2026"), "2026-01-01T00:00 2026-10-28T14:30");
    EXPECT_EQ(period("2025-02"), "2025-02-01T00:00 2025-03-01T00:00");
    EXPECT_EQ(period("2026-W01"), "2025-12-29T00:00 2026-01-05T00:00");
    EXPECT_EQ(period("2020-W53"), "2020-12-28T00:00 2021-01-04T00:00");
    EXPECT_EQ(period("2026-10-25"), "2026-10-25T00:00 2026-10-26T00:00");
    EXPECT_EQ(period("24h"), "2026-10-27T14:30 2026-10-28T14:30");
    EXPECT_EQ(period("1d"), "2026-10-28T00:00 2026-10-28T14:30");
    EXPECT_EQ(period("7d"), "2026-10-22T00:00 2026-10-28T14:30");
    EXPECT_EQ(period("2w"), "2026-10-15T00:00 2026-10-28T14:30");
    EXPECT_EQ(period("3mo"), "2026-08-01T00:00 2026-10-28T14:30");
}

TEST(Period, TheOneBeforeHasTheSameShape) {
    EXPECT_EQ(period_before("today"), "2026-10-27T00:00 2026-10-27T14:30");
    EXPECT_EQ(period_before("this-week"), "2026-10-19T00:00 2026-10-21T14:30");  // over the change of clocks
    EXPECT_EQ(period_before("this-month"), "2026-09-01T00:00 2026-09-28T14:30");
    EXPECT_EQ(period_before("last-month"), "2026-08-01T00:00 2026-09-01T00:00");
    EXPECT_EQ(period_before("7d"), "2026-10-15T00:00 2026-10-21T14:30");
    EXPECT_EQ(period_before("24h"), "2026-10-26T14:30 2026-10-27T14:30");
    EXPECT_EQ(period_before("96h"), "2026-10-20T15:30 2026-10-24T15:30");  // by the clock's hours
    EXPECT_EQ(period_before("3mo"), "2026-05-01T00:00 2026-07-28T14:30");
    EXPECT_EQ(period_before("2026"), "2025-01-01T00:00 2025-10-28T14:30");
}

TEST(Period, BetweenTwoTimesADayAtTheEndIsPartOfIt) {
    const Zone berlin = zone("Europe/Berlin");
    const Timestamp now = moment("2026-10-28T13:30:00Z");
    const auto days = between("2026-10-24", "2026-10-25", berlin, now).value();
    EXPECT_EQ(shown(days), "2026-10-24T00:00 2026-10-26T00:00");
    EXPECT_EQ(shown(before(days, berlin)), "2026-10-22T00:00 2026-10-24T00:00");
    const auto months = between("2026-02-01", "2026-03-31", berlin, now).value();
    EXPECT_EQ(shown(before(months, berlin)), "2025-12-01T00:00 2026-02-01T00:00");
    const auto hours = between("2026-10-28T10:00:00Z", "2026-10-28T12:00:00Z", berlin, now).value();
    EXPECT_EQ(shown(before(hours, berlin)), "2026-10-28T09:00 2026-10-28T11:00");
    EXPECT_EQ(shown(between("2026-10-28", "", berlin, now).value()), "2026-10-28T00:00 2026-10-28T14:30");
    EXPECT_FALSE(between("2026-10-28", "2026-10-27", berlin, now));
    EXPECT_FALSE(between("yesterday", "", berlin, now));
    EXPECT_FALSE(between("2026-02-29", "", berlin, now));
    EXPECT_FALSE(between("2027-01-01", "", berlin, now));
}

TEST(Period, ADayWithoutMidnightIsWhole) {
    const Zone cairo = zone("Africa/Cairo");  // 24 April 2026 began at one
    const Timestamp now = moment("2026-10-28T13:30:00Z");
    EXPECT_EQ(shown(before(parse_period("2026-04-24", cairo, now).value(), cairo)),
              "2026-04-23T00:00 2026-04-24T01:00");
}

TEST(Period, WhatAnUnfinishedOneIsComparedWithEndsAsEarly) {
    const Zone berlin = zone("Europe/Berlin");
    const Timestamp now = moment("2026-10-28T13:30:00Z");
    const auto august = parse_period("2026-08", berlin, now).value();
    EXPECT_EQ(shown(as_far_as(august, parse_period("2026-10", berlin, now).value(), berlin)),
              "2026-08-01T00:00 2026-08-28T14:30");
    EXPECT_EQ(shown(as_far_as(august, parse_period("2026-09", berlin, now).value(), berlin)),
              "2026-08-01T00:00 2026-09-01T00:00");
    const auto ahead = between("2026-10-01", "2026-10-31", berlin, now).value();
    EXPECT_EQ(shown(ahead), "2026-10-01T00:00 2026-10-28T14:30");
    EXPECT_EQ(shown(before(ahead, berlin)), "2026-09-01T00:00 2026-09-28T14:30");
}

TEST(Period, WhatIsNoneSaysWhatWouldBe) {
    for (const char* text :
         {"",         "tomorrow",   "0d",   "-1d",       "1",        "d",         "2026-13", "2026-W54",
          "2025-W53", "2026-02-30", "1e3h", "99999999h", "5124096h", "52560000h", "99999d",  "9999999999d",
          "20261028", "2026-1",     "1969", "3000",      "2027",     "2026-12"}) {
        const auto parsed = parse_period(text, Zone(), moment("2026-10-28T13:30:00Z"));
        ASSERT_FALSE(parsed) << text << " " << shown(*parsed);
        EXPECT_EQ(parsed.error().code, Code::InvalidArgument);
    }
    EXPECT_FALSE(last_days(0, Zone(), moment("2026-10-28T13:30:00Z")));
    EXPECT_TRUE(parse_period("36500d", Zone(), moment("2026-10-28T13:30:00Z")));
    EXPECT_TRUE(last_days(36'500, Zone(), moment("2026-10-28T13:30:00Z")));
}

RC_GTEST_PROP(PeriodProperty, TheOneBeforeEndsWhereThisBegins, ()) {
    static constexpr std::array kNames = {"Europe/Berlin", "America/New_York", "America/St_Johns", "UTC"};
    static constexpr std::array kWhole = {"yesterday", "last-week", "last-month"};
    const Zone here = zone(kNames[*rc::gen::inRange<std::size_t>(0, kNames.size())]);
    const std::int64_t first = moment("1990-01-01T00:00:00Z").unix_nanos,
                       last = moment("2037-01-01T00:00:00Z").unix_nanos;
    const Timestamp now{*rc::gen::inRange(first, last), 0};
    const Period whole =
        parse_period(kWhole[*rc::gen::inRange<std::size_t>(0, kWhole.size())], here, now).value();
    RC_ASSERT(before(whole, here).to == whole.from);
    static constexpr std::array kUntilNow = {"today", "this-week", "this-month", "7d", "3mo", "24h"};
    const Period partial =
        parse_period(kUntilNow[*rc::gen::inRange<std::size_t>(0, kUntilNow.size())], here, now).value();
    const Period previous = before(partial, here);
    RC_ASSERT(previous.from < previous.to);
    RC_ASSERT(previous.to <= partial.from);
}

}  // namespace
}  // namespace steno::calendar
