#include "calendar/zone.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace steno::calendar {
namespace {

Zone zone(std::string_view name) {
    return Zone::find(name).value();
}
std::int64_t moment(std::string_view text) {
    return Timestamp::parse(text).value().unix_nanos;
}
std::string begin_of_day(std::string_view zone_name, std::string_view day) {
    return zone(zone_name).first_moment_of(moment(std::string(day) + "T00:00:00Z")).to_string();
}

TEST(Zone, KnowsTheOffsetBeforeAndAfterAChangeOfClocks) {
    const Zone berlin = zone("Europe/Berlin");
    EXPECT_EQ(berlin.offset_at(moment("2026-03-29T00:59:59Z")), kHour);
    EXPECT_EQ(berlin.offset_at(moment("2026-03-29T01:00:00Z")), 2 * kHour);
    EXPECT_EQ(berlin.offset_at(moment("2026-10-25T00:59:59Z")), 2 * kHour);
    EXPECT_EQ(berlin.offset_at(moment("2026-10-25T01:00:00Z")), kHour);
    EXPECT_EQ(berlin.at(moment("2026-07-01T10:00:00Z")).to_string(), "2026-07-01T12:00:00.000000000+02:00");
}

TEST(Zone, ADayBeginsWhereItsFirstMomentIs) {
    EXPECT_EQ(begin_of_day("Europe/Berlin", "2026-03-29"), "2026-03-29T00:00:00.000000000+01:00");
    EXPECT_EQ(begin_of_day("Europe/Berlin", "2026-03-30"), "2026-03-30T00:00:00.000000000+02:00");
    // São Paulo's clocks went from 24:00 to 01:00: the day began at one.
    EXPECT_EQ(begin_of_day("America/Sao_Paulo", "2018-11-04"), "2018-11-04T01:00:00.000000000-02:00");
    // Saint John's went back from 00:01 to 23:01 of the day before: the day began, ended, and began again.
    EXPECT_EQ(begin_of_day("America/St_Johns", "2006-10-29"), "2006-10-29T00:00:00.000000000-02:30");
    // Samoa had no 30 December 2011.
    EXPECT_EQ(begin_of_day("Pacific/Apia", "2011-12-30"), "2011-12-31T00:00:00.000000000+14:00");
    EXPECT_EQ(begin_of_day("Pacific/Apia", "2011-12-29"), "2011-12-29T00:00:00.000000000-10:00");
}

TEST(Zone, IsFoundByEachOfItsNames) {
    EXPECT_EQ(zone("").name(), "UTC");
    EXPECT_EQ(zone("Z").name(), "UTC");
    EXPECT_EQ(zone("+05:30").name(), "+05:30");
    EXPECT_EQ(zone("+0530").name(), "+05:30");
    EXPECT_EQ(zone("-0100").name(), "-01:00");
    EXPECT_EQ(zone("-330").name(), "-05:30");
    EXPECT_EQ(zone("60").offset_at(0), kHour);
    EXPECT_EQ(zone("Asia/Kolkata").name(), "Asia/Kolkata");
    EXPECT_FALSE(zone("local").spans().empty());
}

TEST(Zone, WhatIsNoneIsRefused) {
    for (const char* name :
         {"Mars/Olympus", "+25:00", "+01:60", "+0160", "+5", "+60", "1440", "-1460", "../../etc/passwd",
          "/etc/passwd", "Europe", "posixrules\n", "1e3", "+-1:00", "99999999999999"}) {
        const auto found = Zone::find(name);
        ASSERT_FALSE(found) << name;
        EXPECT_EQ(found.error().code, Code::InvalidArgument) << name;
        EXPECT_NE(found.error().remedy.find("Europe/Berlin"), std::string::npos);
    }
    EXPECT_FALSE(Zone::find(std::string("Europe/Berlin\0", 14)));
    EXPECT_FALSE(Zone::find(std::string(1 << 20, 'x')));
}

RC_GTEST_PROP(ZoneProperty, TheFirstMomentOfADayIsTheFirst, ()) {
    static constexpr std::array kNames = {"Europe/Berlin",     "America/New_York",    "America/St_Johns",
                                          "Pacific/Apia",      "Australia/Lord_Howe", "Asia/Kathmandu",
                                          "Africa/Casablanca", "America/Sao_Paulo"};
    const Zone here = zone(kNames[*rc::gen::inRange<std::size_t>(0, kNames.size())]);
    const std::int64_t now = *rc::gen::inRange<std::int64_t>(2 * kDay, moment("2037-01-01T00:00:00Z"));
    const std::int64_t day = floor_to(here.local(now), kDay);
    const std::int64_t first = here.first_moment_of(day).unix_nanos;
    RC_ASSERT(floor_to(here.local(first), kDay) == day);
    RC_ASSERT(first <= now);
    RC_ASSERT(now - first <= 25 * kHour);
    RC_ASSERT(floor_to(here.local(first - 1), kDay) < day);
}

TEST(Months, KeepTheDayOrTakeTheLast) {
    const auto later = [](std::string_view from, int months) {
        return Timestamp{add_months(moment(from), months), 0}.to_string().substr(0, 19);
    };
    EXPECT_EQ(later("2026-01-31T10:00:00Z", 1), "2026-02-28T10:00:00");
    EXPECT_EQ(later("2024-03-31T23:59:59Z", -1), "2024-02-29T23:59:59");
    EXPECT_EQ(later("2026-11-20T00:00:00Z", 14), "2028-01-20T00:00:00");
    EXPECT_EQ(month_begin(moment("2026-11-20T13:00:00Z")), moment("2026-11-01T00:00:00Z"));
    EXPECT_EQ(week_begin(moment("2026-11-22T23:59:59Z")), moment("2026-11-16T00:00:00Z"));
}

}  // namespace
}  // namespace steno::calendar
