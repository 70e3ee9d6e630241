#include "assignment/assignment.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <string>

namespace steno::assignment {
namespace {

constexpr int kUnits = 200'000;

Plan plan_of(std::vector<WeightedVariant> variants) {
    return {.id = "0197c0de-0000-7000-8000-000000000001", .name = "tone", .variants = std::move(variants)};
}

std::string unit(int number) {
    return "user-" + std::to_string(number);
}

/// No further from what is expected than chance takes one in 10^9 there.
void expect_near(double seen, double expected, double of, const char* what) {
    EXPECT_LT(std::abs(seen - expected * of), 6.1 * std::sqrt(of * expected * (1 - expected))) << what;
}

/// Made by Python's xxhash and the formula in the header, so: for ever.
TEST(Assignment, IsWhatAnybodyCanMakeAgain) {
    Plan plan = plan_of({{"control", 2}, {"short", 1}, {"long", 1}});
    plan.share = 0.5;
    const Assigner assigner(plan);
    struct Known {
        const char* unit;
        int variant;  ///< -1: takes no part
    };
    constexpr auto kKnown = std::to_array<Known>({{"ann", 0},
                                                  {"bob", -1},
                                                  {"carol", -1},
                                                  {"dave", -1},
                                                  {"eve", 0},
                                                  {"frank", 2},
                                                  {"grace", -1},
                                                  {"heidi", 2},
                                                  {"ivan", -1},
                                                  {"judy", 1},
                                                  {"mallory", 0},
                                                  {"Zoë", 0},
                                                  {"日本", -1},
                                                  {"0197c0de-aaaa-7000-8000-00000000000f", 0},
                                                  {"x", 1}});
    for (const Known& known : kKnown) {
        const auto assigned = assigner.assign(known.unit);
        ASSERT_EQ(assigned.has_value(), known.variant >= 0) << known.unit;
        if (!assigned) continue;
        EXPECT_EQ(static_cast<int>(assigned->variant), known.variant) << known.unit;
        EXPECT_EQ(assigned->probability, known.variant == 0 ? 0.5 : 0.25);
    }
    EXPECT_FALSE(assigner.assign(""));
}

TEST(Assignment, KeepsToTheWeightsAndTheShare) {
    Plan plan = plan_of({{"a", 5}, {"b", 3}, {"c", 0, true}, {"d", 2}});
    plan.share = 0.4;
    const Assigner assigner(plan);
    std::array<int, 4> units{};
    int all = 0;
    for (int i = 0; i < kUnits; ++i)
        if (const auto assigned = assigner.assign(unit(i))) {
            ++units[assigned->variant];
            ++all;
        }
    expect_near(all, 0.4, kUnits, "share");
    expect_near(units[0], 0.5, all, "a");
    expect_near(units[1], 0.3, all, "b");
    EXPECT_EQ(units[2], 0);
    expect_near(units[3], 0.2, all, "d");
}

TEST(Assignment, MovesNobodyWhoNeedNotMove) {
    Plan plan = plan_of({{"a", 1}, {"b", 1}, {"c", 1}});
    const Assigner before(plan);
    plan.variants[1].weight = 2;  // a quarter of all, and so an eighth of the others' each, goes to b
    const Assigner after(plan);
    int moved = 0;
    for (int i = 0; i < kUnits; ++i) {
        const std::size_t was = before.assign(unit(i))->variant, is = after.assign(unit(i))->variant;
        if (was != is) {
            EXPECT_EQ(is, 1u);
            ++moved;
        }
    }
    expect_near(moved, 1.0 / 2 - 1.0 / 3, kUnits, "moved");
}

TEST(Assignment, AStoppedVariantsUnitsGetTheControlAndNobodyElseMoves) {
    Plan plan = plan_of({{"a", 2}, {"b", 1}, {"c", 1}});
    const Assigner before(plan);
    plan.variants[1].stopped = true;
    const Assigner after(plan);
    for (int i = 0; i < kUnits; ++i) {
        const Assignment was = *before.assign(unit(i)), is = *after.assign(unit(i));
        EXPECT_EQ(is.variant, was.variant == 1 ? 0 : was.variant);
        EXPECT_EQ(is.probability, is.variant == 0 ? 0.75 : 0.25);
    }
}

TEST(Assignment, MoreOfTheShareKeepsThoseWhoTookPart) {
    Plan plan = plan_of({{"a", 1}, {"b", 1}});
    plan.share = 0.2;
    const Assigner few(plan);
    plan.share = 0.6;
    const Assigner more(plan);
    for (int i = 0; i < kUnits; ++i)
        if (const auto was = few.assign(unit(i))) EXPECT_EQ(more.assign(unit(i)), was);
}

TEST(Assignment, ExperimentsDivideIndependently) {
    Plan plan = plan_of({{"a", 1}, {"b", 1}});
    plan.share = 0.5;
    const Assigner one(plan);
    plan.id.back() = '2';
    const Assigner other(plan);
    int both = 0, same = 0;
    for (int i = 0; i < kUnits; ++i) {
        const auto first = one.assign(unit(i)), second = other.assign(unit(i));
        if (!first || !second) continue;
        ++both;
        same += first->variant == second->variant;
    }
    expect_near(both, 0.25, kUnits, "in both");
    expect_near(same, 0.5, both, "the same variant in both");
}

}  // namespace
}  // namespace steno::assignment
