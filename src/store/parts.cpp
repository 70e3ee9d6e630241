#include "store/parts.hpp"

#include "store/answers.hpp"
#include "store/memory/evaluate.hpp"
#include "store/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

namespace steno::store {
namespace {

using Function = Measure::Function;

/// Ranges that are kept on both sides of one that is needed: a little later it may be another.
constexpr std::size_t kAround = 2;

bool is_whole(FieldType type) {
    return type == FieldType::Integer || type == FieldType::Duration || type == FieldType::Decimal;
}

template <class Things, class Thing>
std::size_t place_in(Things& things, const Thing& thing) {
    const auto found = std::ranges::find(things, thing);
    if (found != things.end()) return static_cast<std::size_t>(found - things.begin());
    things.push_back(thing);
    return things.size() - 1;
}

std::size_t place_in(std::vector<Measure>& measures, Measure measure) {
    const auto found = std::ranges::find_if(measures, [&](const Measure& other) {
        return other.function == measure.function && other.field == measure.field;
    });
    if (found != measures.end()) return static_cast<std::size_t>(found - measures.begin());
    measures.push_back(std::move(measure));
    return measures.size() - 1;
}

Measure plain(Function function, const Field& field = {}) {
    return {.name = {}, .function = function, .field = field};
}

bool add_units(Decimal& into, const Decimal& more) {
    __int128 sum = 0;
    if (__builtin_add_overflow(into.units(), more.units(), &sum)) return false;
    into = Decimal::from_units(sum);
    return true;
}

bool add_money(CostSum& into, const CostSum& more) {
    into.unpriced_calls += more.unpriced_calls;
    into.estimated_calls += more.estimated_calls;
    const bool one_currency =
        into.currency.empty() || more.currency.empty() || into.currency == more.currency;
    if (into.currency.empty()) into.currency = more.currency;
    if (!one_currency || into.currency == "mixed") {
        into.currency = "mixed";
        into.total.reset();
        return true;
    }
    if (!more.total) return true;
    if (!into.total) into.total = Decimal();
    return add_units(*into.total, *more.total);
}

/// Of one type. False: the sum does not fit.
bool add_values(Value& into, const Value& more) {
    if (auto* whole = std::get_if<std::int64_t>(&into); whole != nullptr)
        return std::holds_alternative<std::int64_t>(more) &&
               !__builtin_add_overflow(*whole, std::get<std::int64_t>(more), whole);
    if (auto* span = std::get_if<Duration>(&into); span != nullptr)
        return std::holds_alternative<Duration>(more) &&
               !__builtin_add_overflow(span->nanos, std::get<Duration>(more).nanos, &span->nanos);
    if (auto* money = std::get_if<Decimal>(&into); money != nullptr)
        return add_units(*money, std::get<Decimal>(more));
    return false;
}

bool add_cell(Cell& into, const Cell& more, const Measure& measure) {
    if (std::holds_alternative<std::monostate>(more)) return true;
    if (std::holds_alternative<std::monostate>(into)) {
        into = more;
        return true;
    }
    if (measure.function == Function::Cost)
        return add_money(std::get<CostSum>(into), std::get<CostSum>(more));
    Value& value = std::get<Value>(into);
    const Value& other = std::get<Value>(more);
    if (measure.function == Function::Minimum || measure.function == Function::Maximum) {
        const bool less = memory::compare(other, value) < 0;
        if (less == (measure.function == Function::Minimum)) value = other;
        return true;
    }
    if (measure.function == Function::Sum && measure.field.type() == FieldType::Number) {
        std::get<double>(value) += std::get<double>(other);
        return true;
    }
    return add_values(value, other);
}

/// What a measure comes to over no calls.
Cell over_none(const Measure& measure) {
    switch (measure.function) {
        case Function::Calls:
        case Function::Errors:
        case Function::Count:
        case Function::Distinct:
            return Value(std::int64_t{0});
        case Function::Cost:
            return CostSum{};
        default:
            return std::monostate{};
    }
}

std::int64_t number_in(const Cell& cell) {
    const auto* value = std::get_if<Value>(&cell);
    return value == nullptr ? 0 : std::get<std::int64_t>(*value);
}

Sum sum_in(const Cell& cell) {
    Sum sum;
    const auto* value = std::get_if<Value>(&cell);
    if (value == nullptr) return sum;
    if (const auto* whole = std::get_if<std::int64_t>(value)) sum.exact = *whole;
    if (const auto* span = std::get_if<Duration>(value)) sum.exact = span->nanos;
    if (const auto* money = std::get_if<Decimal>(value)) sum.exact = money->units();
    if (const auto* real = std::get_if<double>(value)) sum.real = *real;
    return sum;
}

/// How many different ones there are in all of these.
std::int64_t count_different(std::span<const Part::Group* const> groups, std::size_t field) {
    if (groups.empty()) return 0;
    if (groups.size() == 1) return static_cast<std::int64_t>(groups[0]->told_apart[field].size());
    std::vector<std::size_t> first;  // of each group, among all
    std::size_t all = 0;
    for (const Part::Group* group : groups) {
        first.push_back(all);
        all += group->told_apart[field].size();
    }
    const auto at = [&](std::size_t i) {
        const auto group = static_cast<std::size_t>(std::ranges::upper_bound(first, i) - first.begin()) - 1;
        return groups[group]->told_apart[field][i - first[group]];
    };
    // Open addressing; an MD5 needs no further mixing. An entry holds 32 bits to tell others by, and which
    // one it is, from 1: small, because most of the time goes into fetching entries from memory.
    std::vector<std::uint64_t> seen(std::bit_ceil(all + all / 2 + 1));
    std::int64_t count = 0;
    std::size_t i = 0;
    for (const Part::Group* group : groups) {
        for (const Fingerprint& one : group->told_apart[field]) {
            const std::uint64_t tag = one.high & ~std::uint64_t{0xffffffff};
            std::size_t place = one.low & (seen.size() - 1);
            while (seen[place] != 0 &&
                   ((seen[place] ^ tag) >> 32 != 0 || at((seen[place] & 0xffffffff) - 1) != one))
                place = (place + 1) & (seen.size() - 1);
            ++i;
            if (seen[place] != 0) continue;
            seen[place] = tag | i;
            ++count;
        }
    }
    return count;
}

/// How many different ones there are in `moving` that are in none of `groups`.
std::int64_t different_besides(std::span<const Part::Group* const> moving,
                               std::span<const Part::Group* const> groups, std::size_t field) {
    std::vector<Fingerprint> left;
    for (const Part::Group* group : moving)
        left.insert(left.end(), group->told_apart[field].begin(), group->told_apart[field].end());
    std::ranges::sort(left);
    left.erase(std::ranges::unique(left).begin(), left.end());
    for (const Part::Group* group : groups) {
        const std::vector<Fingerprint>& there = group->told_apart[field];
        auto from = there.begin();
        std::erase_if(left, [&](const Fingerprint& one) {
            // Both ascend: not far behind the last place, in steps that double.
            std::ptrdiff_t step = 1;
            while (there.end() - from > step && from[step] < one) {
                from += step;
                step *= 2;
            }
            from = std::lower_bound(from, from + std::min(step + 1, there.end() - from), one);
            return from != there.end() && *from == one;
        });
    }
    return static_cast<std::int64_t>(left.size());
}

}  // namespace

std::optional<PartQuery> PartQuery::of(const AggregateQuery& query) {
    if (query.selection.closed_until || !query.selection.text.empty()) return std::nullopt;
    PartQuery parts;
    for (const Measure& measure : query.measures) {
        const FieldType type = measure.field.type();
        Source source;
        switch (measure.function) {
            case Function::Calls:
            case Function::Errors:
            case Function::Cost:
            case Function::Count:
            case Function::Sum:
                source.first = place_in(parts.measures, plain(measure.function, measure.field));
                break;
            case Function::ErrorRate:
                source.first = place_in(parts.measures, plain(Function::Errors));
                source.second = place_in(parts.measures, plain(Function::Calls));
                break;
            case Function::Average:
                source.first = place_in(parts.measures, plain(Function::Sum, measure.field));
                source.second = place_in(parts.measures, plain(Function::Count, measure.field));
                break;
            case Function::Minimum:
            case Function::Maximum:
                if (type == FieldType::Attributes) return std::nullopt;
                source.first = place_in(parts.measures, plain(measure.function, measure.field));
                break;
            case Function::Percentile:
                if (!is_whole(type)) return std::nullopt;
                source.first = place_in(parts.ranked, measure.field);
                break;
            case Function::Distinct:
                if (type != FieldType::Text && type != FieldType::Enum) return std::nullopt;
                source.first = place_in(parts.told_apart, measure.field);
                break;
        }
        parts.sources.push_back(source);
    }
    return parts;
}

std::size_t RankedNumbers::range_of(std::int64_t number) {
    if (number < 0) return 0;
    if (number < 16) return static_cast<std::size_t>(1 + number);
    const auto sixteens = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(number)) - 1) / 4;
    const auto within = static_cast<std::size_t>(number >> (4 * sixteens - 4));  // 16 … 255
    return 1 + 16 + std::size_t{sixteens - 1} * 240 + within - 16;
}

RankedNumbers::RankedNumbers(std::vector<std::int64_t> numbers) : all_(std::move(numbers)) {
    if (all_.empty()) return;
    // Nothing fails between counting and clearing: what was left would count for the next.
    counts_.reserve(std::min(all_.size(), kRanges));
    thread_local std::vector<std::uint32_t> counted(kRanges);
    std::size_t least = kRanges, most = 0;
    for (const std::int64_t number : all_) {
        const std::size_t range = range_of(number);
        ++counted[range];
        least = std::min(least, range);
        most = std::max(most, range);
    }
    for (std::size_t range = least; range <= most; ++range) {
        if (counted[range] == 0) continue;
        counts_.push_back({static_cast<std::uint16_t>(range), counted[range]});
        counted[range] = 0;
    }
    counts_.shrink_to_fit();
}

const std::vector<std::int64_t>* RankedNumbers::in(std::uint16_t range) const {
    const auto found = kept_.find(range);
    return found == kept_.end() ? nullptr : &found->second;
}

void RankedNumbers::keep(const std::vector<bool>& ranges) {
    for (const Count& count : counts_)
        if (ranges[count.range]) kept_[count.range].reserve(count.numbers);
    for (const std::int64_t number : all_)
        if (const std::size_t range = range_of(number); ranges[range])
            kept_[static_cast<std::uint16_t>(range)].push_back(number);
    all_ = {};
}

void RankedNumbers::take_kept(const RankedNumbers& other) {
    if (!std::ranges::equal(counts_, other.counts_)) return;  // not of the same calls
    kept_.insert(other.kept_.begin(), other.kept_.end());
}

std::size_t RankedNumbers::bytes() const {
    std::size_t bytes = sizeof *this + counts_.size() * sizeof(Count) + all_.size() * sizeof(std::int64_t);
    for (const auto& [range, numbers] : kept_) bytes += 80 + numbers.size() * sizeof(std::int64_t);
    return bytes;
}

std::size_t bytes_of(const Part& part) {
    std::size_t bytes = sizeof part;
    for (const Part::Group& group : part.groups) {
        bytes += sizeof group + group.id.size() * 2 + group.key.size() * sizeof(std::optional<Value>) +
                 group.cells.size() * sizeof(Cell);
        for (const RankedNumbers& numbers : group.ranked) bytes += numbers.bytes();
        for (const auto& set : group.told_apart) bytes += 32 + set.size() * sizeof(Fingerprint);
    }
    return bytes;
}

void Part::take_kept(const Part& other) {
    for (Group& group : groups) {
        const auto before = std::ranges::find(other.groups, group.id, &Group::id);
        if (before == other.groups.end()) continue;
        for (std::size_t i = 0; i < group.ranked.size(); ++i) group.ranked[i].take_kept(before->ranked[i]);
    }
}

std::string group_id(const std::vector<std::optional<Value>>& key, const std::optional<Timestamp>& bucket) {
    std::string id;
    for (const auto& value : key) {
        const std::string text = value ? exact_text(*value) : std::string();
        fmt::format_to(std::back_inserter(id), "{}:{}:{}", value ? value->index() : 99, text.size(), text);
    }
    if (bucket) fmt::format_to(std::back_inserter(id), "@{}", bucket->unix_nanos);
    return id;
}

Joining::Joining(const AggregateQuery& query, const PartQuery& parts) : query_(query), parts_(parts) {}

void Joining::add(const Part& part) {
    add(part, &Joined::from);
}

void Joining::add_moving(const Part& part) {
    add(part, &Joined::moving);
}

void Joining::add(const Part& part, std::vector<const Part::Group*> Joined::* to) {
    placed_ = false;
    for (const Part::Group& group : part.groups) {
        Joined& joined = groups_[group.id];
        (joined.*to).push_back(&group);
        if (joined.first == nullptr) {
            joined.first = &group;
            joined.cells = group.cells;
        } else {
            for (std::size_t i = 0; i < parts_.measures.size(); ++i)
                adds_up_ &= add_cell(joined.cells[i], group.cells[i], parts_.measures[i]);
        }
    }
    for (std::size_t i = 0; i < parts_.measures.size(); ++i) {
        // More than 64 bits are told as a double, which cannot be added to exactly.
        const Measure& measure = parts_.measures[i];
        if (measure.function != Function::Sum || measure.field.type() == FieldType::Number) continue;
        for (const Part::Group& group : part.groups)
            if (const auto* value = std::get_if<Value>(&group.cells[i]))
                adds_up_ &= !std::holds_alternative<double>(*value);
    }
}

void Joining::find_places() {
    if (std::exchange(placed_, true)) return;
    std::vector<std::uint64_t> counted(RankedNumbers::kRanges);
    for (auto& [id, group] : groups_) {
        group.wanted.assign(parts_.ranked.size(), std::vector<bool>(RankedNumbers::kRanges));
        group.places.resize(query_.measures.size());
        for (std::size_t field = 0; field < parts_.ranked.size(); ++field) {
            std::uint64_t all = 0;
            std::ranges::fill(counted, 0);
            for (const auto* groups : {&group.from, &group.moving}) {
                for (const Part::Group* from : *groups) {
                    for (const RankedNumbers::Count& count : from->ranked[field].counts()) {
                        counted[count.range] += count.numbers;
                        all += count.numbers;
                    }
                }
            }
            if (all == 0) continue;
            for (std::size_t i = 0; i < query_.measures.size(); ++i) {
                const Measure& measure = query_.measures[i];
                if (measure.function != Function::Percentile || parts_.sources[i].first != field) continue;
                std::uint64_t place = nearest_rank(all, measure.fraction);
                std::size_t range = 0;
                while (place >= counted[range]) place -= counted[range++];
                group.places[i] = {static_cast<std::uint16_t>(range), place};
                const std::size_t last = std::min(range + kAround, RankedNumbers::kRanges - 1);
                for (std::size_t near = range - std::min(range, kAround); near <= last; ++near)
                    group.wanted[field][near] = true;
            }
        }
    }
}

void Joining::keep_wanted(Part& part) {
    find_places();
    for (Part::Group& group : part.groups) {
        const auto joined = groups_.find(group.id);
        if (joined == groups_.end()) continue;  // not of the state of what was added
        for (std::size_t i = 0; i < group.ranked.size(); ++i) group.ranked[i].keep(joined->second.wanted[i]);
    }
}

bool Joining::has_numbers(const Part& part) {
    find_places();
    for (const Part::Group& group : part.groups) {
        const Joined& joined = groups_.find(group.id)->second;
        for (std::size_t i = 0; i < query_.measures.size(); ++i) {
            if (query_.measures[i].function != Function::Percentile) continue;
            const RankedNumbers& numbers = group.ranked[parts_.sources[i].first];
            const std::uint16_t range = joined.places[i].first;
            const auto counted =
                std::ranges::lower_bound(numbers.counts(), range, {}, &RankedNumbers::Count::range);
            if (counted != numbers.counts().end() && counted->range == range && numbers.in(range) == nullptr)
                return false;
        }
    }
    return true;
}

Cell Joining::finished(const Joined& group, std::size_t measure, std::span<const std::int64_t> different) {
    const Measure& asked = query_.measures[measure];
    const PartQuery::Source& source = parts_.sources[measure];
    switch (asked.function) {
        case Function::ErrorRate:
            return Value(static_cast<double>(number_in(group.cells[source.first])) /
                         static_cast<double>(number_in(group.cells[source.second])));
        case Function::Average: {
            Sum sum = sum_in(group.cells[source.first]);
            sum.count = number_in(group.cells[source.second]);
            return average_cell(asked.field.type(), sum);
        }
        case Function::Distinct:
            return Value(different[source.first] + different_besides(group.moving, group.from, source.first));
        case Function::Percentile: {
            const auto [range, place] = group.places[measure];
            std::vector<std::int64_t> numbers;
            for (const auto* groups : {&group.from, &group.moving})
                for (const Part::Group* from : *groups)
                    if (const auto* some = from->ranked[source.first].in(range))
                        numbers.insert(numbers.end(), some->begin(), some->end());
            if (numbers.empty()) return std::monostate{};
            if (place >= numbers.size()) {  // parts of different states
                adds_up_ = false;
                return std::monostate{};
            }
            const auto at = numbers.begin() + static_cast<std::ptrdiff_t>(place);
            std::ranges::nth_element(numbers, at);
            if (asked.field.type() == FieldType::Duration) return Value(Duration{*at});
            return asked.field.type() == FieldType::Decimal ? Value(Decimal::from_units(*at)) : Value(*at);
        }
        default:
            return group.cells[source.first];
    }
}

AggregateTable Joining::answer(Different& different) {
    find_places();
    AggregateTable table;
    for (const auto& [id, joined] : groups_) {
        const auto [counted, fresh] = different.try_emplace(id);
        for (std::size_t i = 0; fresh && i < parts_.told_apart.size(); ++i)
            counted->second.push_back(count_different(joined.from, i));
        AggregateTable::Group group{joined.first->key, joined.first->bucket, {}};
        for (std::size_t i = 0; i < query_.measures.size(); ++i)
            group.cells.push_back(finished(joined, i, counted->second));
        table.groups.push_back(std::move(group));
    }
    if (groups_.empty() && query_.group_by.empty() && !query_.bucket) {
        AggregateTable::Group none;
        for (const Measure& measure : query_.measures) none.cells.push_back(over_none(measure));
        table.groups.push_back(std::move(none));
    }
    memory::put_in_order(table, query_);
    return table;
}

}  // namespace steno::store
