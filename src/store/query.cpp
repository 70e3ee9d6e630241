#include "store/query.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "store/total_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <utility>

namespace steno::store {
namespace {

constexpr std::size_t kMaxValues = 1000;
constexpr std::size_t kMaxValueBytes = 64 * 1024;

struct OpName {
    std::string_view name;
    Op op;
};
constexpr std::array kOps = {OpName{"eq", Op::Eq},
                             OpName{"ne", Op::Ne},
                             OpName{"lt", Op::Lt},
                             OpName{"lte", Op::Le},
                             OpName{"le", Op::Le},
                             OpName{"gt", Op::Gt},
                             OpName{"gte", Op::Ge},
                             OpName{"ge", Op::Ge},
                             OpName{"in", Op::In},
                             OpName{"prefix", Op::Prefix},
                             OpName{"contains", Op::Contains},
                             OpName{"exists", Op::Exists}};

bool fits(FieldType type, Op op) {
    switch (op) {
        case Op::Eq:
        case Op::Ne:
        case Op::In:
        case Op::Exists:
            return true;
        case Op::Prefix:
        case Op::Contains:
            return type == FieldType::Text || type == FieldType::Attributes;
        default:
            return type != FieldType::TextList && type != FieldType::Boolean && type != FieldType::Enum;
    }
}

bool is_number(FieldType type) {
    return type == FieldType::Integer || type == FieldType::Number || type == FieldType::Duration ||
           type == FieldType::Decimal;
}

bool fits(FieldType type, Measure::Function function) {
    switch (function) {
        case Measure::Function::Sum:
        case Measure::Function::Average:
            return is_number(type);
        case Measure::Function::Percentile:
            return is_number(type) || type == FieldType::Timestamp;
        case Measure::Function::Minimum:
        case Measure::Function::Maximum:
            return type != FieldType::TextList && type != FieldType::Attributes && type != FieldType::Boolean;
        case Measure::Function::Distinct:
            return type != FieldType::TextList;
        default:
            return true;
    }
}

/// "p95", "p99.9": the fraction, 0 for anything else.
double percentile_fraction(std::string_view name) {
    if (!name.starts_with('p')) return 0;
    const auto percent = Decimal::parse(name.substr(1));
    const Decimal hundred = Decimal::from_units(100 * Decimal::kOne);
    if (!percent || *percent <= Decimal{} || *percent > hundred) return 0;
    return static_cast<double>(percent->units()) / static_cast<double>(hundred.units());
}

std::optional<Measure> function_named(std::string_view name) {
    using Function = Measure::Function;
    Measure measure;
    if (name == "count")
        measure.function = Function::Count;
    else if (name == "distinct")
        measure.function = Function::Distinct;
    else if (name == "sum")
        measure.function = Function::Sum;
    else if (name == "avg")
        measure.function = Function::Average;
    else if (name == "min")
        measure.function = Function::Minimum;
    else if (name == "max")
        measure.function = Function::Maximum;
    else if (measure.fraction = percentile_fraction(name); measure.fraction > 0)
        measure.function = Function::Percentile;
    else
        return std::nullopt;
    return measure;
}

Result<Measure> over_field(std::string_view name, Measure measure, std::string_view field) {
    measure.name = name;
    STENO_ASSIGN(measure.field, make_field(field));
    if (!fits(measure.field.type(), measure.function))
        return fail(Code::InvalidArgument, fmt::format("{}: not a measure of {}", name, measure.field.path()),
                    "sum, avg and pNN take numbers, durations and money; count and distinct take anything");
    return measure;
}

std::unexpected<Error> no_measure(std::string_view name) {
    return fail(Code::InvalidArgument, fmt::format("there is no measure \"{}\"", utf8_prefix(name, 80)),
                "calls, errors, error_rate, cost, input_tokens, output_tokens, duration_avg, duration_p95, "
                "ttft_p50, or "
                "count(f), distinct(f), sum(f), avg(f), min(f), max(f), p95(f) of a field f");
}

}  // namespace

std::optional<Op> parse_op(std::string_view name) noexcept {
    const auto* found = std::ranges::find(kOps, name, &OpName::name);
    return found == kOps.end() ? std::nullopt : std::optional(found->op);
}

std::string_view to_string(Op op) noexcept {
    return std::ranges::find(kOps, op, &OpName::op)->name;
}

namespace {

/// "nan", "inf", "-infinity": read as a number, and nothing is more or less than it, or everything is.
bool is_no_finite_number(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && !std::isfinite(number);
}

}  // namespace

Result<Filter> make_filter(std::string_view field, Op op, std::string_view value) {
    Filter filter;
    filter.op = op;
    STENO_ASSIGN(filter.field, make_field(field));
    if (!fits(filter.field.type(), op))
        return fail(Code::InvalidArgument, fmt::format("{} cannot be asked with {}", field, to_string(op)),
                    "eq, ne, in and exists take any field; lt, lte, gt and gte what has an order; prefix and "
                    "contains "
                    "text");
    if (value.size() > kMaxValueBytes)
        return fail(Code::InvalidArgument, fmt::format("the value for {} is longer than 64 KiB", field));
    const bool ordered = op == Op::Lt || op == Op::Le || op == Op::Gt || op == Op::Ge;
    if (filter.field.type() == FieldType::Attributes && ordered && is_no_finite_number(value))
        return fail(Code::InvalidArgument,
                    fmt::format("{}.{}: nothing is compared with {}", field, to_string(op), value),
                    fmt::format("a finite number; for the text put it in quotes: \"{}\"", value));
    if (op == Op::Exists) {
        if (value != "true" && value != "false")
            return fail(Code::InvalidArgument, fmt::format("{}.exists takes true or false", field));
        filter.values.emplace_back(value == "true");
    } else if (op == Op::In) {
        for (const std::string_view piece : split(value, ',')) {
            STENO_ASSIGN(Value parsed, parse_value(filter.field, piece));
            filter.values.push_back(std::move(parsed));
        }
        if (filter.values.empty() || filter.values.size() > kMaxValues)
            return fail(Code::InvalidArgument, fmt::format("{}.in takes 1 to {} values", field, kMaxValues));
    } else {
        STENO_ASSIGN(Value parsed, parse_value(filter.field, value));
        filter.values.push_back(std::move(parsed));
    }
    const bool of_text = op == Op::Prefix || op == Op::Contains;
    if (of_text && !std::holds_alternative<std::string>(filter.values.front()))
        filter.values = {std::string(value)};
    return filter;
}

Result<Filter> make_filter(std::string_view field_and_op, std::string_view value) {
    const std::size_t dot = field_and_op.rfind('.');
    if (dot != std::string_view::npos)
        if (const auto op = parse_op(field_and_op.substr(dot + 1)))
            // "labels.attributes.in" is the attribute "in", not a field with an operator.
            if (const auto field = field_and_op.substr(0, dot);
                field != "labels.attributes" && field_and_op != "scores.in")
                return make_filter(field, *op, value);
    return make_filter(field_and_op, Op::Eq, value);
}

Filter ai_calls(bool reach_a_model) {
    Filter filter;
    filter.field = *make_field("kind");
    filter.op = Op::In;
    for (const std::string_view name : filter.field.info().names) {
        Kind kind{};
        if (from_string(name, kind) && reaches_a_model(kind) == reach_a_model)
            filter.values.emplace_back(std::string(name));
    }
    return filter;
}

void leave_out_unlisted(Selection& selection) {
    Filter filter;
    filter.field = *make_field("privacy.listed");
    filter.op = Op::Ne;
    filter.values.emplace_back(false);
    const bool asked =
        std::ranges::any_of(selection.filters, [&](const Filter& one) { return one.field == filter.field; });
    if (!asked) selection.filters.push_back(std::move(filter));
}

CallQuery::CallQuery() : order(*make_field("started_at")) {}

Result<void> set_order(CallQuery& query, std::string_view order) {
    const bool descending = order.starts_with('-');
    STENO_ASSIGN(query.order, make_field(order.substr(descending ? 1 : 0)));
    query.descending = descending;
    return check(query);
}

Result<void> check(const CallQuery& query, std::uint32_t max_limit) {
    if (query.limit < 1 || query.limit > max_limit)
        return fail(Code::InvalidArgument,
                    fmt::format("a page has 1 to {} calls, not {}", max_limit, query.limit));
    if (!query.order.is_scalar())
        return fail(Code::InvalidArgument, fmt::format("calls cannot be ordered by {}", query.order.path()),
                    "order by a field with one value, such as started_at, cost.total or time.duration_ms");
    return {};
}

Shown shown_by(const CallQuery& query) {
    const auto within = [](std::string_view path, std::string_view outer) {
        return path.starts_with(outer) && (path.size() == outer.size() || path[outer.size()] == '.');
    };
    const std::span<const std::size_t> all = column_fields();
    if (query.fields.empty()) return {{all.begin(), all.end()}, true};
    Shown shown{{}, query.order.index == Field::kScores};  // scores live in the remainder
    for (const std::size_t index : all) {
        const std::string& path = scalar_fields()[index].path;
        if (path == "id" || path == "project" || path == "started_at" || index == query.order.index ||
            (query.order.index == kTotalTokens &&
             (path == "usage.input_tokens" || path == "usage.output_tokens")) ||
            std::ranges::any_of(query.fields, [&](const std::string& wanted) {
                return within(path, wanted) || within(wanted, path);
            }))
            shown.columns.push_back(index);
    }
    // A path that is a column, or an attribute in one, has nothing in the remainder.
    for (const std::string& wanted : query.fields)
        if (std::ranges::none_of(
                all, [&](std::size_t index) { return within(wanted, scalar_fields()[index].path); }))
            shown.remainder = true;
    return shown;
}

Result<void> check(const AggregateQuery& query) {
    if (query.limit < 1 || query.limit > kMaxGroups)
        return fail(Code::InvalidArgument,
                    fmt::format("an answer has 1 to {} groups, not {}", kMaxGroups, query.limit));
    if (query.group_by.size() > kMaxGroupBy)
        return fail(Code::InvalidArgument, fmt::format("at most {} fields can be grouped by", kMaxGroupBy));
    if (query.measures.empty() || query.measures.size() > kMaxMeasures)
        return fail(Code::InvalidArgument, fmt::format("1 to {} measures can be asked for", kMaxMeasures));
    if (!query.order.empty() &&
        std::ranges::find(query.measures, query.order, &Measure::name) == query.measures.end())
        return fail(Code::InvalidArgument,
                    fmt::format("groups cannot be ordered by \"{}\"", utf8_prefix(query.order, 80)),
                    "order by one of the measures that are asked for");
    return {};
}

Result<Bucket> make_bucket(std::string_view unit, std::string_view zone) {
    Bucket bucket;
    constexpr std::array kUnits = {std::string_view("minute"), std::string_view("hour"),
                                   std::string_view("day"), std::string_view("week"),
                                   std::string_view("month")};
    const auto* found = std::ranges::find(kUnits, unit);
    if (found == kUnits.end())
        return fail(Code::InvalidArgument, fmt::format("there is no bucket \"{}\"", utf8_prefix(unit, 40)),
                    "minute, hour, day, week or month");
    bucket.unit = static_cast<Bucket::Unit>(found - kUnits.begin());
    STENO_ASSIGN(bucket.zone, calendar::Zone::find(zone));
    return bucket;
}

std::int64_t bucket_key(const Bucket& bucket, std::int64_t unix_nanos) {
    const std::int64_t offset = bucket.zone.offset_at(unix_nanos);
    const std::int64_t local = unix_nanos + offset;
    switch (bucket.unit) {
        case Bucket::Unit::Minute:
            return calendar::floor_to(local, calendar::kMinute) - offset;
        case Bucket::Unit::Hour:
            return calendar::floor_to(local, calendar::kHour) - offset;
        case Bucket::Unit::Day:
            return calendar::floor_to(local, calendar::kDay);
        case Bucket::Unit::Week:
            return calendar::week_begin(local);
        case Bucket::Unit::Month:
            break;
    }
    return calendar::month_begin(local);
}

Timestamp bucket_begin(const Bucket& bucket, std::int64_t key) {
    if (bucket.unit != Bucket::Unit::Minute && bucket.unit != Bucket::Unit::Hour)
        return bucket.zone.first_moment_of(key);
    if (bucket_key(bucket, key) == key) return bucket.zone.at(key);
    // Clocks that change by half an hour (Lord Howe Island) make hours that begin with the change.
    const auto spans = bucket.zone.spans();
    const auto change = std::ranges::upper_bound(spans, key, {}, &calendar::OffsetSpan::begin);
    return bucket.zone.at(change == spans.end() ? key : change->begin);
}

Result<Measure> make_measure(std::string_view name) {
    using Function = Measure::Function;
    if (name == "calls") return Measure{std::string(name), Function::Calls, {}, 0};
    if (name == "errors") return Measure{std::string(name), Function::Errors, {}, 0};
    if (name == "error_rate") return Measure{std::string(name), Function::ErrorRate, {}, 0};
    if (name == "cost") return Measure{std::string(name), Function::Cost, {}, 0};
    if (const std::size_t open = name.find('('); open != std::string_view::npos && name.ends_with(')')) {
        const auto function = function_named(name.substr(0, open));
        if (!function) return no_measure(name);
        return over_field(name, *function, name.substr(open + 1, name.size() - open - 2));
    }
    if (const std::string usage = fmt::format("usage.{}", name); find_field(usage) || name == "total_tokens")
        return over_field(name, *function_named("sum"), usage);
    if (const std::size_t bar = name.rfind('_'); bar != std::string_view::npos) {
        const std::string_view what = name.substr(0, bar);
        const auto function = function_named(name.substr(bar + 1));
        if (function && what == "duration") return over_field(name, *function, "time.duration_ms");
        if (function && what == "ttft") return over_field(name, *function, "time.time_to_first_token_ms");
        if (function && what == "queued") return over_field(name, *function, "time.queued_ms");
    }
    return no_measure(name);
}

void append_json(std::string& out, const Cell& cell) {
    if (const auto* value = std::get_if<Value>(&cell)) return append_json(out, *value);
    JsonWriter json(out);
    const auto* cost = std::get_if<CostSum>(&cell);
    if (cost == nullptr) return json.null();
    json.begin_object();
    json.key("total");
    if (cost->total)
        json.string(cost->total->to_string());
    else
        json.null();
    json.key("currency");
    if (cost->currency.empty())
        json.null();
    else
        json.string(cost->currency);
    json.member("unpriced_calls", cost->unpriced_calls);
    json.member("estimated_calls", cost->estimated_calls);
    json.end_object();
}

}  // namespace steno::store
