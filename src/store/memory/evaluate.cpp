#include "store/memory/evaluate.hpp"

#include "base/text.hpp"
#include "store/answers.hpp"
#include "store/sql.hpp"
#include "store/values.hpp"

#include <algorithm>
#include <clocale>
#include <cmath>
#include <compare>
#include <concepts>
#include <cwctype>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <tuple>

namespace steno::store::memory {
namespace {

char32_t decoded(std::string_view sequence) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(sequence[i]); };
    switch (sequence.size()) {
        case 1:
            return byte(0);
        case 2:
            return (byte(0) & 0x1fU) << 6 | (byte(1) & 0x3fU);
        case 3:
            return (byte(0) & 0xfU) << 12 | (byte(1) & 0x3fU) << 6 | (byte(2) & 0x3fU);
        default:
            return (byte(0) & 0x7U) << 18 | (byte(1) & 0x3fU) << 12 | (byte(2) & 0x3fU) << 6 |
                   (byte(3) & 0x3fU);
    }
}

/// The text's code points, each in lower case.
std::u32string folded(std::string_view text) {
    static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    std::u32string out;
    while (!text.empty()) {
        const std::size_t length = std::max<std::size_t>(1, utf8_sequence_length(text));
        const char32_t point = decoded(text.substr(0, length));
        out += utf8 == nullptr ? point : static_cast<char32_t>(towlower_l(static_cast<wint_t>(point), utf8));
        text.remove_prefix(length);
    }
    return out;
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
    return folded(text).find(folded(part)) != std::u32string::npos;
}

/// nullopt: of different types.
std::optional<std::strong_ordering> ordered(const Value& a, const Value& b) {
    return std::visit(
        []<class A, class B>(const A& x, const B& y) -> std::optional<std::strong_ordering> {
            if constexpr (!std::same_as<A, B>)
                return std::nullopt;
            else if constexpr (std::same_as<A, double>)
                return std::strong_order(x, y);
            else
                return x <=> y;
        },
        a, b);
}

bool one_of(const std::optional<Value>& value, const std::vector<Value>& wanted) {
    return value && std::ranges::any_of(wanted, [&](const Value& w) {
               return ordered(*value, w) == std::strong_ordering::equal;
           });
}

bool matches_set(const std::vector<std::string>& set, const Filter& filter) {
    if (filter.op == Op::Exists) return !set.empty() == std::get<bool>(filter.values.front());
    const bool any = std::ranges::any_of(filter.values, [&](const Value& wanted) {
        return std::ranges::find(set, std::get<std::string>(wanted)) != set.end();
    });
    return any != (filter.op == Op::Ne);
}

bool matches(const Call& call, const Filter& filter) {
    if (filter.field.type() == FieldType::TextList)
        return matches_set(members_in(call, filter.field), filter);
    const std::optional<Value> value = value_in(call, filter.field);
    const Value& wanted = filter.values.front();
    const auto* text = value ? std::get_if<std::string>(&*value) : nullptr;
    const auto order = value ? ordered(*value, wanted) : std::nullopt;
    switch (filter.op) {
        case Op::Exists:
            return value.has_value() == std::get<bool>(wanted);
        case Op::Eq:
        case Op::In:
            return one_of(value, filter.values);
        case Op::Ne:
            return !one_of(value, filter.values);
        case Op::Prefix:
            return text != nullptr && text->starts_with(std::get<std::string>(wanted));
        case Op::Contains:
            return text != nullptr && text->find(std::get<std::string>(wanted)) != std::string::npos;
        case Op::Lt:
            return order && *order < 0;
        case Op::Le:
            return order && *order <= 0;
        case Op::Gt:
            return order && *order > 0;
        case Op::Ge:
            return order && *order >= 0;
    }
    return false;
}

using Calls = std::vector<const Call*>;

std::vector<Value> values_of(const Calls& calls, const Field& field) {
    std::vector<Value> out;
    for (const Call* call : calls)
        if (auto value = value_in(*call, field)) out.push_back(std::move(*value));
    return out;
}

Sum sum_of(const std::vector<Value>& values) {
    Sum sum;
    for (const Value& value : values) {
        ++sum.count;
        if (const auto* integer = std::get_if<std::int64_t>(&value)) sum.exact += *integer;
        if (const auto* span = std::get_if<Duration>(&value)) sum.exact += span->nanos;
        if (const auto* money = std::get_if<Decimal>(&value)) sum.exact += money->units();
        if (const auto* real = std::get_if<double>(&value)) sum.real += *real;
    }
    return sum;
}

bool less(const Value& a, const Value& b) {
    return compare(a, b) < 0;
}

Cell percentile(std::vector<Value> values, double fraction) {
    if (values.empty()) return std::monostate{};
    std::ranges::sort(values, less);
    return values[nearest_rank(values.size(), fraction)];
}

bool is_error(const Call* call) {
    return call->status == Status::Failure;
}

bool is_unpriced(const Call* call) {
    return reaches_a_model(call->kind) && !call->cost.total &&
           (!is_error(call) || call->usage.input_tokens || call->usage.output_tokens);
}

bool is_estimated(const Call* call) {
    return call->cost.total && call->usage.estimated.value_or(false);
}

Cell cost(const Calls& calls) {
    std::optional<Decimal> total;
    std::set<std::string> currencies;
    for (const Call* call : calls) {
        if (!call->cost.total) continue;
        total = total.value_or(Decimal{}) + *call->cost.total;
        if (!call->cost.currency.empty()) currencies.insert(call->cost.currency);
    }
    const bool any = !currencies.empty();
    return cost_cell(total, any ? std::optional(*currencies.begin()) : std::nullopt,
                     any ? std::optional(*currencies.rbegin()) : std::nullopt,
                     std::ranges::count_if(calls, is_unpriced), std::ranges::count_if(calls, is_estimated));
}

Cell measured(const Calls& calls, const Measure& measure) {
    using Function = Measure::Function;
    const auto number = static_cast<std::int64_t>(calls.size());
    const auto errors = static_cast<std::int64_t>(std::ranges::count_if(calls, is_error));
    switch (measure.function) {
        case Function::Calls:
            return Value(number);
        case Function::Errors:
            return Value(errors);
        case Function::ErrorRate:
            if (number == 0) return std::monostate{};
            return Value(static_cast<double>(errors) / static_cast<double>(number));
        case Function::Cost:
            return cost(calls);
        case Function::Count:
            if (measure.field.type() == FieldType::TextList)
                return Value(static_cast<std::int64_t>(std::ranges::count_if(
                    calls, [&](const Call* call) { return !members_in(*call, measure.field).empty(); })));
            return Value(static_cast<std::int64_t>(values_of(calls, measure.field).size()));
        default:
            break;
    }
    std::vector<Value> values = values_of(calls, measure.field);
    const FieldType type = measure.field.type();
    switch (measure.function) {
        case Function::Distinct:
            std::ranges::sort(values, less);
            return Value(static_cast<std::int64_t>(std::ranges::unique(values).begin() - values.begin()));
        case Function::Sum:
            return sum_cell(type, sum_of(values));
        case Function::Average:
            return average_cell(type, sum_of(values));
        case Function::Minimum:
            return values.empty() ? Cell() : Cell(*std::ranges::min_element(values, less));
        case Function::Maximum:
            return values.empty() ? Cell() : Cell(*std::ranges::max_element(values, less));
        default:
            return percentile(std::move(values), measure.fraction);
    }
}

/// What groups are ordered by: absent, a number or a value.
std::optional<Value> rank(const Cell& cell) {
    if (const auto* money = std::get_if<CostSum>(&cell))
        return money->total ? std::optional<Value>(*money->total) : std::nullopt;
    const auto* value = std::get_if<Value>(&cell);
    return value == nullptr ? std::nullopt : std::optional(*value);
}

struct Key {
    std::vector<std::optional<Value>> key;
    std::optional<Timestamp> bucket;
};

/// Of keys, and of groups that have them.
struct KeyLess {
    bool operator()(const auto& a, const auto& b) const {
        const auto moment = [](const auto& key) {
            return key.bucket ? std::optional<Value>(*key.bucket) : std::nullopt;
        };
        if (const auto order = compare(moment(a), moment(b)); order != 0) return order < 0;
        for (std::size_t i = 0; i < a.key.size(); ++i)
            if (const auto order = compare(a.key[i], b.key[i]); order != 0) return order < 0;
        return false;
    }
};

/// The values that the call has for a group_by: one, or all members of a set.
std::vector<std::optional<Value>> group_values(const Call& call, const Field& field) {
    if (field.type() != FieldType::TextList) return {value_in(call, field)};
    const std::vector<std::string> set = members_in(call, field);
    if (set.empty()) return {std::nullopt};
    std::vector<std::optional<Value>> out;
    for (const std::string& member : std::set<std::string>(set.begin(), set.end())) out.emplace_back(member);
    return out;
}

std::vector<Key> keys_of(const Call& call, const AggregateQuery& query) {
    std::vector<Key> keys(1);
    if (query.bucket && call.started_at)
        keys[0].bucket = bucket_begin(*query.bucket, bucket_key(*query.bucket, call.started_at->unix_nanos));
    for (const Field& field : query.group_by) {
        std::vector<Key> longer;
        for (const Key& key : keys) {
            for (auto& value : group_values(call, field)) {
                longer.push_back(key);
                longer.back().key.push_back(std::move(value));
            }
        }
        keys = std::move(longer);
    }
    return keys;
}

}  // namespace

bool matches(const Call& call, const Selection& selection) {
    if (selection.from && !(call.started_at && *call.started_at >= *selection.from)) return false;
    if (selection.to && !(call.started_at && *call.started_at < *selection.to)) return false;
    if (!selection.text.empty() && !contains_ignoring_case(call.preview.prompt, selection.text) &&
        !contains_ignoring_case(call.preview.answer, selection.text))
        return false;
    return std::ranges::all_of(selection.filters,
                               [&](const Filter& filter) { return matches(call, filter); });
}

std::strong_ordering compare(const std::optional<Value>& a, const std::optional<Value>& b) {
    if (!a || !b) return b.has_value() <=> a.has_value();
    if (const auto order = ordered(*a, *b)) return *order;
    // Attributes of different types: as the SQL backends order their text forms.
    const auto text = [](const Value& value) {
        return std::visit(
            []<class T>(const T& v) -> std::string {
                if constexpr (std::constructible_from<AttributeValue, std::in_place_type_t<T>, T>)
                    return sql::encode_attribute(AttributeValue(std::in_place_type<T>, v));
                else
                    return {};
            },
            value);
    };
    return text(*a) <=> text(*b);
}

Cursor place_of(const Call& call, const CallQuery& query) {
    return {value_in(call, query.order), call.id, call.project};
}

std::strong_ordering order_of(const Cursor& a, const Cursor& b, const CallQuery& query) {
    const bool both = a.value && b.value;
    if (const auto by_value = compare(a.value, b.value); by_value != 0)
        return both && query.descending ? 0 <=> by_value : by_value;
    const auto tie = std::tie(a.id, a.project) <=> std::tie(b.id, b.project);
    return query.descending ? 0 <=> tie : tie;
}

void put_in_order(AggregateTable& table, const AggregateQuery& query) {
    std::ranges::sort(table.groups, KeyLess{});
    if (!query.order.empty()) {
        const auto column =
            std::ranges::find(query.measures, query.order, &Measure::name) - query.measures.begin();
        // Ties stay in the order of the keys.
        std::vector<std::size_t> places(table.groups.size());
        std::iota(places.begin(), places.end(), std::size_t{0});
        std::ranges::sort(places, [&](std::size_t a, std::size_t b) {
            const auto left = rank(table.groups[a].cells[static_cast<std::size_t>(column)]);
            const auto right = rank(table.groups[b].cells[static_cast<std::size_t>(column)]);
            if (left.has_value() != right.has_value()) return left.has_value();
            const auto order = compare(left, right);
            if (order == 0) return a < b;
            return query.descending ? order > 0 : order < 0;
        });
        std::vector<AggregateTable::Group> sorted;
        for (const std::size_t place : places) sorted.push_back(std::move(table.groups[place]));
        table.groups = std::move(sorted);
    }
    table.truncated = table.groups.size() > query.limit;
    if (table.truncated) table.groups.resize(query.limit);
}

AggregateTable aggregate(std::span<const Call* const> calls, const AggregateQuery& query) {
    std::map<Key, Calls, KeyLess> groups;
    if (query.group_by.empty() && !query.bucket) groups[Key{}];  // the total over no calls is an answer too
    for (const Call* call : calls)
        for (Key& key : keys_of(*call, query)) groups[std::move(key)].push_back(call);

    AggregateTable table;
    for (const auto& [key, members] : groups) {
        AggregateTable::Group group{key.key, key.bucket, {}};
        for (const Measure& measure : query.measures) group.cells.push_back(measured(members, measure));
        table.groups.push_back(std::move(group));
    }
    put_in_order(table, query);
    return table;
}

}  // namespace steno::store::memory
