#include "assignment/plan.hpp"

#include "record/json_number.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace steno::assignment {

namespace {

constexpr std::array<std::string_view, 3> kUnitKinds = {"user", "session", "request"};

/// Sums of 20 of them and quotients by them are still numbers.
constexpr double kLeastWeight = 1e-9, kMostWeight = 1e9;

bool read_variant(JsonReader& json, WeightedVariant& variant) {
    return json.object([&](std::string_view name) {
        if (name == "name") return json.string(variant.name);
        if (name == "weight") return read_number(json, variant.weight);
        if (name == "stopped") return json.boolean(variant.stopped);
        return json.skip();
    });
}

}  // namespace

std::string_view to_string(UnitKind kind) {
    return kUnitKinds[static_cast<std::size_t>(kind)];
}

std::optional<UnitKind> parse_unit_kind(std::string_view text) {
    const auto found = std::ranges::find(kUnitKinds, text);
    if (found == kUnitKinds.end()) return {};
    return static_cast<UnitKind>(found - kUnitKinds.begin());
}

bool is_name(std::string_view name) noexcept {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    const auto other = [&](char c) { return letter(c) || c == '.' || c == '_' || c == '-'; };
    return !name.empty() && name.size() <= kMaxName && letter(name.front()) &&
           std::ranges::all_of(name, other);
}

Result<void> check(const Plan& plan) {
    const auto wrong = [](std::string message, std::string remedy = {}) {
        return fail(Code::InvalidArgument, std::move(message), std::move(remedy));
    };
    if (plan.id.empty()) return wrong("an experiment has an id");
    if (!(plan.share > 0 && plan.share <= 1))
        return wrong("share: a number above 0 and up to 1", "0.1: every tenth unit takes part");
    if (plan.variants.size() < kLeastVariants || plan.variants.size() > kMostVariants)
        return wrong(fmt::format("an experiment has {} to {} variants, not {}", kLeastVariants, kMostVariants,
                                 plan.variants.size()),
                     "variants: the first is the control");
    for (const WeightedVariant& variant : plan.variants) {
        if (!is_name(variant.name))
            return wrong("a variant's name has 1 to 64 small letters, digits and \"._-\"",
                         "control, shorter, gpt-5-mini");
        if (std::ranges::count(plan.variants, variant.name, &WeightedVariant::name) > 1)
            return wrong(fmt::format("two variants are named \"{}\"", variant.name),
                         "each has a name of its own");
        const bool is_none = variant.stopped && variant.weight == 0;
        if (!is_none && !(variant.weight >= kLeastWeight && variant.weight <= kMostWeight))
            return wrong(fmt::format("the weight of \"{}\" is no number from {} to {}", variant.name,
                                     kLeastWeight, kMostWeight),
                         "1 and 1: halves; 9 and 1: nine tenths and one");
    }
    if (plan.variants.front().stopped)
        return wrong("the first variant is the control, and is not stopped", "conclude the experiment");
    return {};
}

void write(JsonWriter& json, const Plan& plan) {
    json.begin_object();
    json.member("id", plan.id);
    json.member("name", plan.name);
    json.member("unit", to_string(plan.unit));
    json.member("share", plan.share);
    json.member("revision", plan.revision);
    json.key("variants");
    json.begin_array();
    for (const WeightedVariant& variant : plan.variants) {
        json.begin_object();
        json.member("name", variant.name);
        json.member("weight", variant.weight);
        json.member("stopped", variant.stopped);
        json.end_object();
    }
    json.end_array();
    json.end_object();
}

Result<Plan> plan_from_json(std::string_view object) {
    Plan plan;
    bool has_unit = false;
    JsonReader json(object);
    const bool whole = json.object([&](std::string_view name) {
        if (name == "id") return json.string(plan.id);
        if (name == "name") return json.string(plan.name);
        if (name == "share") return read_number(json, plan.share);
        if (name == "revision") return read_number(json, plan.revision);
        if (name == "unit") {
            std::string text;
            if (!json.string(text)) return false;
            const auto kind = parse_unit_kind(text);
            if (kind) plan.unit = *kind;
            has_unit = kind.has_value();
            return has_unit;
        }
        if (name == "variants")
            return json.array([&] {
                return plan.variants.size() <= kMostVariants &&
                       read_variant(json, plan.variants.emplace_back());
            });
        return json.skip();
    });
    if (!whole || !json.at_end() || !has_unit)
        return fail(Code::InvalidArgument, "this is no plan of an experiment");
    STENO_TRY(check(plan));
    return plan;
}

}  // namespace steno::assignment
