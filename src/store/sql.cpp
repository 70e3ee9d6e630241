#include "store/sql.hpp"

#include "store/answers.hpp"
#include "store/subtree.hpp"
#include "store/total_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <iterator>
#include <set>
#include <utility>

namespace steno::store::sql {

std::string_view sign_of(Op op) {
    switch (op) {
        case Op::Eq:
            return "=";
        case Op::Lt:
            return "<";
        case Op::Le:
            return "<=";
        case Op::Gt:
            return ">";
        case Op::Ge:
            return ">=";
        default:
            return "IS DISTINCT FROM";
    }
}

namespace {

/// One statement in the making.
class Compiler {
  public:
    explicit Compiler(const Dialect& dialect) : dialect_(dialect) {}

    std::string bind(FieldType type, Value value) {
        if (std::string literal = dialect_.literal(value, type); !literal.empty()) return literal;
        parameters_.push_back(std::move(value));
        return dialect_.parameter(parameters_.size(), type);
    }

    /// The field's value, NULL where it is absent. A set is itself.
    std::string value_of(const Field& field) {
        if (field.index == kTotalTokens) return total_tokens();
        if (const SubtreeField* const subtree = subtree_of(field.index))
            return dialect_.with_member(dialect_.value(subtree->outer_path, FieldType::TextList),
                                        dialect_.value(subtree->innermost_path, FieldType::Text));
        const std::string column = dialect_.value(field.info().path, field.type());
        if (field.type() == FieldType::Attributes)
            return dialect_.attribute(column, bind(FieldType::Text, field.key));
        if (field.index == Field::kScores)
            return field.key.empty() ? dialect_.score_names(column)
                                     : dialect_.score(column, bind(FieldType::Text, field.key));
        return field.info().path == "project" ? fmt::format("nullif({}, '')", column) : column;
    }

    /// Of a field of whole numbers.
    std::string whole_of(const Field& field) {
        return field.type() == FieldType::Decimal ? dialect_.whole(field.info().path, field.type())
                                                  : value_of(field);
    }

    std::vector<std::string> sort_keys_of(const Field& field) {
        const bool plain = field.key.empty() && field.info().path != "project" && field.index != kTotalTokens;
        return plain ? dialect_.sort_keys(field.info().path, field.type()) : std::vector{value_of(field)};
    }

    /// " WHERE …", or nothing. `conditions` hold too.
    std::string where(const Selection& selection, std::vector<std::string> conditions = {}) {
        if (selection.from)
            conditions.push_back(
                fmt::format("\"started_at\" >= {}", bind(FieldType::Timestamp, *selection.from)));
        if (selection.to)
            conditions.push_back(
                fmt::format("\"started_at\" < {}", bind(FieldType::Timestamp, *selection.to)));
        if (selection.closed_until)
            conditions.push_back(fmt::format(
                R"("journal.closed_stream" = {} AND "journal.closed_sequence" <= {})",
                bind(FieldType::Uuid, selection.closed_until->stream), selection.closed_until->sequence));
        for (const Filter& filter : selection.filters) conditions.push_back(condition(filter));
        if (!selection.text.empty()) {
            const std::string wanted = dialect_.lower(bind(FieldType::Text, selection.text));
            conditions.push_back(
                fmt::format("({} OR {})", dialect_.contains(dialect_.lower("\"preview.prompt\""), wanted),
                            dialect_.contains(dialect_.lower("\"preview.answer\""), wanted)));
        }
        return conditions.empty() ? "" : fmt::format(" WHERE {}", fmt::join(conditions, " AND "));
    }

    /// Behind the cursor's place in ORDER BY <value> NULLS LAST, "id", "project".
    std::string after(const CallQuery& query, const Cursor& cursor) {
        const std::string value = value_of(query.order);
        const char sign = query.descending ? '<' : '>';
        const std::string id = bind(FieldType::Uuid, cursor.id);
        const std::string project = bind(FieldType::Text, cursor.project);
        const std::string tie =
            fmt::format("(\"id\" {0} {1} OR (\"id\" = {1} AND \"project\" {0} {2}))", sign, id, project);
        if (!cursor.value) return fmt::format("({} IS NULL AND {})", value, tie);
        const std::string at = bind(query.order.type(), *cursor.value);
        return fmt::format("({0} {1} {2} OR ({0} = {2} AND {3}) OR {0} IS NULL)", value, sign, at, tie);
    }

    /// The query's selection, behind the cursor.
    std::string where(const CallQuery& query, const std::optional<Cursor>& after) {
        std::vector<std::string> conditions;
        if (after) conditions.push_back(this->after(query, *after));
        return where(query.selection, std::move(conditions));
    }

    std::string page(std::string_view columns, const CallQuery& query, std::string_view where) {
        std::string text = fmt::format("SELECT {} FROM calls{} ORDER BY ", columns, where);
        const std::string_view direction = query.descending ? "DESC" : "ASC";
        for (const std::string& key : sort_keys_of(query.order))
            fmt::format_to(std::back_inserter(text), "{} {} NULLS LAST, ", key, direction);
        fmt::format_to(std::back_inserter(text), "\"id\" {0}, \"project\" {0} LIMIT {1}", direction,
                       query.limit + 1);
        return text;
    }

    /// Of the rows that fit `where` those whose value is among the page's, and some that have the same.
    std::string first_of(const CallQuery& query, std::string_view where) {
        const std::vector<std::string> keys = sort_keys_of(query.order);
        const std::string& key = keys.back();
        std::string last =
            fmt::format("(SELECT {0} FROM calls{1} ORDER BY {0} {2} NULLS LAST LIMIT 1 OFFSET {3})", key,
                        where, query.descending ? "DESC" : "ASC", query.limit);
        // The lower part of a number tells by itself only while the higher one is nowhere needed.
        if (keys.size() > 1)
            last = fmt::format("(SELECT CASE WHEN min({0}) = 0 AND max({0}) = 0 THEN {1} END FROM calls{2})",
                               keys.front(), last, where);
        return fmt::format("{} {} {} {} {}", where, where.empty() ? "WHERE" : "AND", key,
                           query.descending ? ">=" : "<=", last);
    }

    /// " WHERE …": the query's selection in this stretch of time, behind the cursor, with a value to order
    /// by.
    std::string within(const CallQuery& query, const std::optional<Cursor>& after, const Stretch& stretch) {
        Selection selection = query.selection;
        std::vector<std::string> conditions;
        if (stretch == kUndated) {
            selection.from = selection.to = std::nullopt;
            conditions.emplace_back("\"started_at\" IS NULL");
        } else {
            selection.from = Timestamp{stretch.begin, 0};
            selection.to = Timestamp{stretch.end, 0};
        }
        for (const std::string& key : sort_keys_of(query.order))
            conditions.push_back(fmt::format("{} IS NOT NULL", key));
        if (after) conditions.push_back(this->after(query, *after));
        return where(selection, std::move(conditions));
    }

    /// " AND …"
    std::string up_to(const CallQuery& query, const std::optional<Value>& border) {
        if (!border) return "";
        const std::vector<std::string> keys = sort_keys_of(query.order);
        const char sign = query.descending ? '>' : '<';
        const bool real = std::holds_alternative<double>(*border);
        return fmt::format(" AND {} {}= {}", keys.back(), sign,
                           bind(real ? FieldType::Number : FieldType::Integer, *border));
    }

    /// The bucket's key (query.hpp); `offset`, SQL, is how far clocks are ahead.
    std::string bucket(const Bucket& bucket, std::string_view offset) const {
        using namespace calendar;
        const std::string local = fmt::format("(\"started_at\" + {})", offset);
        const auto floored = [&](std::int64_t width, std::int64_t origin) {
            // One remainder, not the two of ((x % w) + w) % w: dividing is most of what a bucket costs.
            const std::string over = fmt::format("({} - {}) % {}", local, origin, width);
            return fmt::format("({} - {} - CASE WHEN {} < 0 THEN {} ELSE 0 END)", local, over, over, width);
        };
        switch (bucket.unit) {
            case Bucket::Unit::Minute:
                return fmt::format("({} - {})", floored(kMinute, 0), offset);
            case Bucket::Unit::Hour:
                return fmt::format("({} - {})", floored(kHour, 0), offset);
            case Bucket::Unit::Day:
                return floored(kDay, 0);
            case Bucket::Unit::Week:
                return floored(7 * kDay, 4 * kDay);
            case Bucket::Unit::Month:
                break;
        }
        return dialect_.month_of(local);
    }

    /// How far the zone's clocks are ahead when a call of the selection starts: a number, or a tree of CASE
    /// over the changes of clocks within it.
    static std::string offset_in(const calendar::Zone& zone, const Selection& selection) {
        std::span<const calendar::OffsetSpan> spans = zone.spans();
        const auto count_until = [&](std::int64_t moment) {
            return std::ranges::upper_bound(spans, moment, {}, &calendar::OffsetSpan::begin) - spans.begin();
        };
        if (selection.to)
            spans = spans.first(std::max<std::ptrdiff_t>(1, count_until(selection.to->unix_nanos)));
        if (selection.from)
            spans = spans.subspan(std::max<std::ptrdiff_t>(1, count_until(selection.from->unix_nanos)) - 1);
        return offset_among(spans);
    }

    struct Compiled {
        std::vector<std::string> columns;
        std::string order;  ///< what groups are ordered by; absent answers are NULL
    };

    Compiled measure(const Measure& measure) {
        using Function = Measure::Function;
        const std::string errors = dialect_.count_where("\"counts.failed\"");
        const auto one = [](std::string column) { return Compiled{{column}, column}; };
        switch (measure.function) {
            case Function::Calls:
                return one("count(*)");
            case Function::Errors:
                return one(errors);
            case Function::ErrorRate:
                return {{errors, "count(*)"},
                        fmt::format("CASE WHEN count(*) > 0 THEN CAST({} AS DOUBLE PRECISION) / count(*) END",
                                    errors)};
            case Function::Cost: {
                const std::string low = currency("min", '<');
                const std::string high = currency("max", '>');
                return {{total(), low, high, counted(CostCount::Unpriced),
                         counted(CostCount::EstimatedDollars, CostCount::EstimatedOther)},
                        fmt::format("CASE WHEN {} IS NOT DISTINCT FROM {} THEN {} END", low, high, total())};
            }
            case Function::Count:
                return one(fmt::format("count({})", presence_of(measure.field)));
            case Function::Distinct:
                return one(fmt::format("count(DISTINCT {})", value_of(measure.field)));
            case Function::Sum:
                return one(sum_of(measure.field));
            case Function::Average: {
                const std::string sum = sum_of(measure.field);
                const std::string number = fmt::format("count({})", presence_of(measure.field));
                return {{sum, number},
                        fmt::format("CASE WHEN {1} > 0 THEN CAST({0} AS DOUBLE PRECISION) / {1} END", sum,
                                    number)};
            }
            case Function::Minimum:
                return one(fmt::format("min({})", value_of(measure.field)));
            case Function::Maximum:
                return one(fmt::format("max({})", value_of(measure.field)));
            case Function::Percentile:
                return one(dialect_.percentile(value_of(measure.field), measure.fraction));
        }
        return {};
    }

    Statement finish(std::string text) { return {std::move(text), std::move(parameters_)}; }

  private:
    static std::string offset_among(std::span<const calendar::OffsetSpan> spans) {
        if (spans.size() == 1) return fmt::format("{}", spans[0].offset);
        const std::size_t half = spans.size() / 2;
        return fmt::format("CASE WHEN \"started_at\" < {} THEN {} ELSE {} END", spans[half].begin,
                           offset_among(spans.first(half)), offset_among(spans.subspan(half)));
    }

    std::string total_tokens() const {
        const auto column = [this](std::string_view path) {
            return dialect_.value(path, FieldType::Integer);
        };
        return dialect_.sum_of_known(column("usage.input_tokens"), column("usage.output_tokens"));
    }

    std::string total() const { return dialect_.sum("cost.total", FieldType::Decimal); }

    /// How many calls count as one of these.
    template <class... Counts>
    std::string counted(Counts... counts) const {
        const std::vector numbers{static_cast<int>(counts)...};
        return dialect_.count_where(fmt::format("\"counts.cost\" IN ({})", fmt::join(numbers, ", ")));
    }

    /// The least or the greatest currency in a group's total. Dollars, which most calls cost, are counted;
    /// only the names of others are looked at.
    std::string currency(std::string_view function, char sign) const {
        const std::string other =
            fmt::format("{}(CASE WHEN \"counts.cost\" >= {} THEN \"cost.currency\" END)", function,
                        static_cast<int>(CostCount::Other));
        return fmt::format("CASE WHEN {2} > 0 AND NOT coalesce({0} {1} 'USD', false) THEN 'USD' ELSE {0} END",
                           other, sign, counted(CostCount::Dollars, CostCount::EstimatedDollars));
    }

    std::string sum_of(const Field& field) {
        const bool column = field.key.empty() && field.index != kTotalTokens;
        return column ? dialect_.sum(field.info().path, field.type())
                      : fmt::format("sum({})", value_of(field));
    }

    std::string presence_of(const Field& field) {
        return field.type() == FieldType::Decimal ? dialect_.presence(field.info().path, field.type())
                                                  : value_of(field);
    }

    std::string condition(const Filter& filter) {
        if (filter.op == Op::Exists)
            return fmt::format("{} IS {}", presence_of(filter.field),
                               filter.values.front() == Value(true) ? "NOT NULL" : "NULL");
        switch (filter.field.type()) {
            case FieldType::TextList:
                return on_set(filter);
            case FieldType::Attributes:
                return on_attribute(filter);
            default:
                break;
        }
        const std::string value = value_of(filter.field);
        const FieldType type = filter.field.type();
        std::vector<std::string> bound;
        for (const Value& wanted : filter.values) bound.push_back(bind(type, wanted));
        switch (filter.op) {
            case Op::In:
                return fmt::format("{} IN ({})", value, fmt::join(bound, ", "));
            case Op::Prefix:
                return dialect_.starts_with(value, bound.front());
            case Op::Contains:
                return dialect_.contains(value, bound.front());
            default:
                return fmt::format("{} {} {}", value, sign_of(filter.op), bound.front());
        }
    }

    std::string on_set(const Filter& filter) {
        const std::string set = value_of(filter.field);
        std::vector<std::string> any;
        for (const Value& wanted : filter.values)
            any.push_back(
                fmt::format("coalesce({}, false)", dialect_.has_member(set, bind(FieldType::Text, wanted))));
        return fmt::format("{}({})", filter.op == Op::Ne ? "NOT " : "", fmt::join(any, " OR "));
    }

    std::string on_attribute(const Filter& filter) {
        const std::string value = value_of(filter.field);
        const auto bound = [&](const Value& wanted) {
            const AttributeValue attribute = std::visit(
                []<class T>(const T& v) -> AttributeValue {
                    if constexpr (std::constructible_from<AttributeValue, std::in_place_type_t<T>, T>)
                        return AttributeValue(std::in_place_type<T>, v);
                    else
                        return std::string();
                },
                wanted);
            return bind(FieldType::Text, encode_attribute(attribute));
        };
        const Value& first = filter.values.front();
        switch (filter.op) {
            case Op::Eq:
                return fmt::format("{} = {}", value, bound(first));
            case Op::Ne:
                return fmt::format("{} IS DISTINCT FROM {}", value, bound(first));
            case Op::In: {
                std::vector<std::string> all;
                for (const Value& wanted : filter.values) all.push_back(bound(wanted));
                return fmt::format("{} IN ({})", value, fmt::join(all, ", "));
            }
            case Op::Prefix:
                return dialect_.starts_with(value, bound(first));
            case Op::Contains:
                return fmt::format(
                    "({} AND {})", dialect_.starts_with(value, "'s'"),
                    dialect_.contains(fmt::format("substr({}, 2)", value), bind(FieldType::Text, first)));
            default:
                break;
        }
        if (std::holds_alternative<double>(first))
            return fmt::format("CASE WHEN {} THEN {} END {} {}", dialect_.starts_with(value, "'n'"),
                               dialect_.as_number(fmt::format("substr({}, 2)", value)), sign_of(filter.op),
                               bind(FieldType::Number, first));
        return fmt::format("({} AND {} {} {})",
                           dialect_.starts_with(value, std::holds_alternative<bool>(first) ? "'b'" : "'s'"),
                           value, sign_of(filter.op), bound(first));
    }

    const Dialect& dialect_;
    std::vector<Value> parameters_;
};

}  // namespace

std::vector<std::string> Dialect::sort_keys(std::string_view path, FieldType type) const {
    return {value(path, type)};
}

std::string Dialect::value(std::string_view path, FieldType) const {
    return quoted(path);
}

std::string Dialect::whole(std::string_view path, FieldType type) const {
    return value(path, type);
}

std::string Dialect::sum(std::string_view path, FieldType type) const {
    return fmt::format("sum({})", value(path, type));
}

std::string Dialect::presence(std::string_view path, FieldType type) const {
    return value(path, type);
}

std::string Dialect::literal(const Value&, FieldType) const {
    return {};
}

bool plain(std::string_view text) {
    constexpr auto kMost = 200;
    return text.size() <= kMost && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      std::string_view(" _-.:/@").find(c) != std::string_view::npos;
           });
}

std::string quoted(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    return out += '"';
}

std::string encode_attribute(const AttributeValue& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return "s" + *text;
    if (const auto* number = std::get_if<double>(&value)) return fmt::format("n{}", *number);
    return std::get<bool>(value) ? "b1" : "b0";
}

AttributeValue decode_attribute(std::string_view text) {
    if (text.starts_with('b')) return text == "b1";
    if (text.starts_with('n')) {
        double number = 0;
        std::from_chars(text.data() + 1, text.data() + text.size(), number);
        return number;
    }
    return std::string(text.substr(text.empty() ? 0 : 1));
}

Statement select_page(const Dialect& dialect, std::string_view columns, const CallQuery& query,
                      const std::optional<Cursor>& after) {
    Compiler compiler(dialect);
    const std::string where = compiler.where(query, after);
    return compiler.finish(compiler.page(columns, query, where));
}

Statement select_top(const Dialect& dialect, std::string_view columns, const CallQuery& query,
                     const std::optional<Cursor>& after) {
    if (!query.order.key.empty() || query.order.path() == "started_at") return {};
    Compiler compiler(dialect);
    const std::string where = compiler.where(query, after);
    return compiler.finish(compiler.page(columns, query, compiler.first_of(query, where)));
}

Statement select_borders(const Dialect& dialect, const CallQuery& query, const std::optional<Cursor>& after,
                         std::span<const Stretch> stretches) {
    Compiler compiler(dialect);
    const std::vector<std::string> keys = compiler.sort_keys_of(query.order);
    std::vector<std::string> borders;
    for (std::size_t i = 0; i < stretches.size(); ++i) {
        const std::string where = compiler.within(query, after, stretches[i]);
        borders.push_back(fmt::format(
            "(SELECT {0} AS \"stretch\", {1} AS \"border\", CAST(0 AS BIGINT) AS \"beyond\" FROM calls{2} "
            "ORDER BY {1} {3} LIMIT 1 OFFSET {4})",
            i, keys.back(), where, query.descending ? "DESC" : "ASC", query.limit));
        // The lower part of a number tells by itself only while the higher one is nowhere needed.
        if (keys.size() > 1)
            borders.push_back(
                fmt::format("SELECT {}, NULL, count(*) FROM calls{} AND {} <> 0", i, where, keys.front()));
    }
    return compiler.finish(fmt::format("{}", fmt::join(borders, " UNION ALL ")));
}

Statement select_within_borders(const Dialect& dialect, std::string_view columns, const CallQuery& query,
                                const std::optional<Cursor>& after, std::span<const Stretch> stretches,
                                std::span<const std::optional<Value>> borders, std::uint64_t most) {
    Compiler compiler(dialect);
    std::vector<std::string> tables;
    for (std::size_t i = 0; i < stretches.size(); ++i)
        tables.push_back(fmt::format("SELECT {} FROM calls{}{}", columns,
                                     compiler.within(query, after, stretches[i]),
                                     compiler.up_to(query, borders[i])));
    return compiler.finish(
        fmt::format("SELECT * FROM ({}) LIMIT {}", fmt::join(tables, " UNION ALL "), most + 1));
}

Statement select_count(const Dialect& dialect, const Selection& selection) {
    Compiler compiler(dialect);
    return compiler.finish(fmt::format("SELECT count(*) FROM calls{}", compiler.where(selection)));
}

Statement select_calls(const Dialect& dialect, std::string_view columns, const Selection& selection) {
    Compiler compiler(dialect);
    return compiler.finish(fmt::format("SELECT {} FROM calls{}", columns, compiler.where(selection)));
}

Statement select_span(const Dialect& dialect, const Selection& selection) {
    return select_calls(dialect, R"(min("started_at"), max("started_at"), count("started_at"), count(*))",
                        selection);
}

Statement select_histogram(const Dialect& dialect, const Selection& selection, std::int64_t width) {
    Compiler compiler(dialect);
    return compiler.finish(fmt::format(
        R"(SELECT "started_at" - ("started_at" - {}) % {}, count(*) FROM calls{} GROUP BY 1 ORDER BY 1)",
        selection.from->unix_nanos, width, compiler.where(selection)));
}

Statement select_numbers(const Dialect& dialect, const NumberQuery& query) {
    Compiler compiler(dialect);
    Selection selection = query.selection;
    selection.filters.push_back({query.by, Op::In, {query.groups.begin(), query.groups.end()}});
    std::string columns = compiler.value_of(query.by);
    for (const Field& number : query.numbers)
        fmt::format_to(std::back_inserter(columns), ", CAST({} AS DOUBLE PRECISION)",
                       compiler.value_of(number));
    for (const Field& text : query.texts) columns += ", " + compiler.value_of(text);
    return compiler.finish(fmt::format("SELECT {} FROM calls{}", columns, compiler.where(selection)));
}

namespace {

/// A column for each key of a group, and what they are taken from: a table of calls with more columns.
std::string add_keys(Compiler& compiler, const Dialect& dialect, const AggregateQuery& query,
                     std::string from, std::vector<std::string>& columns) {
    for (const Field& field : query.group_by) {
        if (field.type() == FieldType::TextList) {
            const std::string member = fmt::format("\"member {}\"", columns.size());
            from = fmt::format("(SELECT *, {} AS {} FROM {})", dialect.each_member(compiler.value_of(field)),
                               member, from);
            columns.push_back(member);
        } else {
            columns.push_back(compiler.value_of(field));
        }
    }
    if (query.bucket) {
        std::string offset = Compiler::offset_in(query.bucket->zone, query.selection);
        if (offset.starts_with("CASE")) {  // long, and needed several times
            from = fmt::format("(SELECT *, {} AS \"clock\" FROM {})", offset, from);
            offset = "\"clock\"";
        }
        columns.push_back(compiler.bucket(*query.bucket, offset));
    }
    return from;
}

std::string group_by_first(std::size_t columns) {
    std::vector<std::string> ordinals;
    for (std::size_t i = 1; i <= columns; ++i) ordinals.push_back(fmt::format("{}", i));
    return ordinals.empty() ? "" : fmt::format(" GROUP BY {}", fmt::join(ordinals, ", "));
}

}  // namespace

Result<Statement> select_groups(const Dialect& dialect, const AggregateQuery& query) {
    STENO_TRY(check(query));
    Compiler compiler(dialect);
    std::vector<std::string> columns;
    const std::string from =
        add_keys(compiler, dialect, query, fmt::format("calls{}", compiler.where(query.selection)), columns);
    const std::size_t keys = columns.size();

    std::string measured;
    for (const Measure& measure : query.measures) {
        Compiler::Compiled compiled = compiler.measure(measure);
        if (!query.order.empty() && measure.name == query.order && measured.empty())
            measured = fmt::format("{} {} NULLS LAST", compiled.order, query.descending ? "DESC" : "ASC");
        std::ranges::move(compiled.columns, std::back_inserter(columns));
    }

    // By bucket first, then the keys: both as ordinals.
    std::vector<std::string> order;
    if (!measured.empty()) order.push_back(std::move(measured));
    if (query.bucket) order.push_back(fmt::format("{} ASC NULLS LAST", keys));
    for (std::size_t i = 1; i <= query.group_by.size(); ++i)
        order.push_back(fmt::format("{} ASC NULLS LAST", i));

    std::string text =
        fmt::format("SELECT {} FROM {}{}", fmt::join(columns, ", "), from, group_by_first(keys));
    if (!order.empty()) fmt::format_to(std::back_inserter(text), " ORDER BY {}", fmt::join(order, ", "));
    fmt::format_to(std::back_inserter(text), " LIMIT {}", query.limit + 1);
    return compiler.finish(std::move(text));
}

namespace {

/// The columns of calls that an expression names: an engine that is given all of them at every level takes
/// longer to read the statement than to carry it out.
void add_named(std::string_view expression, std::set<std::string, std::less<>>& names) {
    for (std::size_t at = 0; (at = expression.find('"', at)) != std::string_view::npos;) {
        const std::size_t end = expression.find('"', at + 1);
        const std::string_view name = expression.substr(at, end + 1 - at);
        if (name != "\"part\"" && name != "\"parts\"" && name != "\"clock\"" &&
            !name.starts_with("\"member "))
            names.emplace(name);
        at = end + 1;
    }
}

}  // namespace

Result<Statement> select_parts(const Dialect& dialect, const AggregateQuery& query, const PartQuery& parts,
                               std::span<const Stretch> stretches, std::uint64_t limit) {
    STENO_TRY(check(query));
    Compiler compiler(dialect);
    std::vector<std::string> columns = {"\"part\""};
    constexpr std::string_view kParts = "\"parts\"";
    std::string from = add_keys(compiler, dialect, query, std::string(kParts), columns);
    const std::size_t keys = columns.size();
    for (const Measure& measure : parts.measures)
        std::ranges::move(compiler.measure(measure).columns, std::back_inserter(columns));
    for (const Field& field : parts.ranked) columns.push_back(dialect.collected(compiler.whole_of(field)));
    for (const Field& field : parts.told_apart)
        columns.push_back(dialect.fingerprints(compiler.value_of(field)));
    std::set<std::string, std::less<>> names;
    add_named(from, names);
    for (const std::string& column : columns) add_named(column, names);
    std::string needed;
    for (const std::string& name : names) fmt::format_to(std::back_inserter(needed), "{}, ", name);

    std::vector<std::string> tables;
    for (std::size_t i = 0; i < stretches.size();) {
        Selection selection = query.selection;
        if (stretches[i] == kUndated) {
            selection.from = selection.to = std::nullopt;
            tables.push_back(fmt::format("SELECT {}CAST(NULL AS BIGINT) AS \"part\" FROM calls{}", needed,
                                         compiler.where(selection, {"\"started_at\" IS NULL"})));
            ++i;
            continue;
        }
        // Those of one width that follow each other are read at once.
        const std::int64_t begin = stretches[i].begin;
        std::int64_t end = stretches[i++].end;
        std::int64_t width = 0;  // one that is open on a side has none
        const bool whole = !__builtin_sub_overflow(end, begin, &width) && (width == kHour || width == kDay);
        while (whole && i < stretches.size() && stretches[i] == Stretch{end, end + width})
            end = stretches[i++].end;
        selection.from = Timestamp{begin, 0};
        selection.to = Timestamp{end, 0};
        tables.push_back(
            fmt::format("SELECT {}{} AS \"part\" FROM calls{}", needed,
                        whole ? fmt::format("\"started_at\" - (\"started_at\" - {}) % {}", begin, width)
                              : fmt::format("CAST({} AS BIGINT)", begin),
                        compiler.where(selection)));
    }
    from.insert(from.find(kParts), fmt::format("({}) AS ", fmt::join(tables, " UNION ALL ")));
    return compiler.finish(fmt::format("SELECT {} FROM {}{} LIMIT {}", fmt::join(columns, ", "), from,
                                       group_by_first(keys), limit + 1));
}

std::size_t columns_of(Measure::Function function) {
    switch (function) {
        case Measure::Function::Cost:
            return 5;
        case Measure::Function::ErrorRate:
        case Measure::Function::Average:
            return 2;
        default:
            return 1;
    }
}

}  // namespace steno::store::sql
