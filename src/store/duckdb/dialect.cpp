#include "store/duckdb/dialect.hpp"

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <limits>
#include <variant>

namespace steno::store::duckdb {
namespace {

class DuckdbDialect final : public sql::Dialect {
  public:
    std::string_view column_type(FieldType type) const override {
        switch (type) {
            case FieldType::Integer:
            case FieldType::Duration:
            case FieldType::Timestamp:
                return "BIGINT";
            case FieldType::Number:
                return "DOUBLE";
            case FieldType::Boolean:
                return "BOOLEAN";
            case FieldType::Decimal:
                return "HUGEINT";
            case FieldType::Uuid:
                return "UUID";
            case FieldType::TextList:
                return "VARCHAR[]";
            case FieldType::Attributes:
                return "MAP(VARCHAR, VARCHAR)";
            default:
                return "VARCHAR";
        }
    }
    // Money is the 128-bit number of units, kept as two columns of 64 bits: high * 10^18 + low, low not
    // negative. DuckDB reads those ten times as fast as one of 128 bits, and `high` is nearly always 0, which
    // takes no space.
    std::string value(std::string_view path, FieldType type) const override {
        if (type != FieldType::Decimal) return sql::Dialect::value(path, type);
        return fmt::format("(CAST({} AS HUGEINT) * {} + {})", part(path, kHigh), kLowEnd, part(path, kLow));
    }
    std::string sum(std::string_view path, FieldType type) const override {
        if (type != FieldType::Decimal) return sql::Dialect::sum(path, type);
        return fmt::format("(sum({}) * {} + sum({}))", part(path, kHigh), kLowEnd, part(path, kLow));
    }
    std::string whole(std::string_view path, FieldType type) const override {
        if (type != FieldType::Decimal) return sql::Dialect::whole(path, type);
        return fmt::format("CASE WHEN {} = 0 THEN {} WHEN {} IS NOT NULL THEN {} END", part(path, kHigh),
                           part(path, kLow), part(path, kHigh), "CAST('-9223372036854775808' AS BIGINT)");
    }
    std::vector<std::string> sort_keys(std::string_view path, FieldType type) const override {
        if (type != FieldType::Decimal) return sql::Dialect::sort_keys(path, type);
        return {part(path, kHigh), part(path, kLow)};
    }
    std::string presence(std::string_view path, FieldType type) const override {
        return type == FieldType::Decimal ? part(path, kLow) : sql::Dialect::presence(path, type);
    }
    std::string parameter(std::size_t number, FieldType type) const override {
        return type == FieldType::Uuid ? fmt::format("CAST(${} AS UUID)", number)
                                       : fmt::format("${}", number);
    }
    std::string literal(const Value& value, FieldType type) const override {
        return std::visit(
            [&]<class T>(const T& v) -> std::string {
                if constexpr (std::same_as<T, std::string>)
                    return type != FieldType::Uuid && sql::plain(v) ? fmt::format("'{}'", v) : std::string();
                else if constexpr (std::same_as<T, bool>)
                    return v ? "true" : "false";
                else if constexpr (std::same_as<T, std::int64_t>)
                    return fmt::format("CAST({} AS BIGINT)", v);
                else if constexpr (std::same_as<T, Timestamp>)
                    return fmt::format("CAST({} AS BIGINT)", v.unix_nanos);
                else if constexpr (std::same_as<T, Duration>)
                    return fmt::format("CAST({} AS BIGINT)", v.nanos);
                else if constexpr (std::same_as<T, Uuid>)
                    return fmt::format("CAST('{}' AS UUID)", v.to_string());
                else
                    return {};
            },
            value);
    }
    std::string starts_with(std::string_view text, std::string_view prefix) const override {
        return fmt::format("starts_with({}, {})", text, prefix);
    }
    std::string contains(std::string_view text, std::string_view part) const override {
        return fmt::format("contains({}, {})", text, part);
    }
    std::string lower(std::string_view text) const override { return fmt::format("lower({})", text); }
    std::string has_member(std::string_view set, std::string_view member) const override {
        return fmt::format("list_contains({}, {})", set, member);
    }
    std::string with_member(std::string_view set, std::string_view member) const override {
        return fmt::format(
            "CASE WHEN {1} IS NULL THEN {0} WHEN {0} IS NULL THEN [{1}] ELSE list_append({0}, {1}) END", set,
            member);
    }
    std::string each_member(std::string_view set) const override {
        return fmt::format("unnest(coalesce(list_distinct({}), [NULL]))", set);
    }
    std::string attribute(std::string_view attributes, std::string_view key) const override {
        return fmt::format("map_extract_value({}, {})", attributes, key);
    }
    std::string score(std::string_view scores, std::string_view name) const override {
        return fmt::format("map_extract_value({}, {})", scores, name);
    }
    std::string score_names(std::string_view scores) const override {
        return fmt::format("map_keys({})", scores);
    }
    std::string sum_of_known(std::string_view a, std::string_view b) const override {
        // What two numbers of less than 2^62 come to fits; the engine adds 64 bits many times as fast as 128.
        constexpr std::string_view kText =
            "CASE WHEN {0} IS NULL THEN {1} WHEN {1} IS NULL THEN {0} "
            "WHEN {0} BETWEEN {2} AND {3} AND {1} BETWEEN {2} AND {3} THEN {0} + {1} "
            "ELSE CAST(greatest(least(CAST({0} AS HUGEINT) + {1}, {5}), {4}) AS BIGINT) END";
        using Limits = std::numeric_limits<std::int64_t>;
        return fmt::format(kText, a, b, Limits::min() / 2, Limits::max() / 2, Limits::min(), Limits::max());
    }
    std::string as_number(std::string_view text) const override {
        return fmt::format("CAST({} AS DOUBLE)", text);
    }
    std::string count_where(std::string_view condition) const override {
        return fmt::format("coalesce(CAST(count_if({}) AS BIGINT), 0)", condition);  // of no rows it is NULL
    }
    std::string percentile(std::string_view value, double fraction) const override {
        return fmt::format("quantile_disc({}, CAST({} AS DOUBLE))", value, fraction);
    }
    std::string collected(std::string_view value) const override {
        return fmt::format("list({0}) FILTER (WHERE {0} IS NOT NULL)", value);
    }
    std::string fingerprints(std::string_view text) const override {
        return fmt::format("list(DISTINCT md5_number({0})) FILTER (WHERE {0} IS NOT NULL)", text);
    }
    std::string month_of(std::string_view nanos) const override {
        return fmt::format("epoch_ns(date_trunc('month', make_timestamp_ns({})))", nanos);
    }

  private:
    static std::string part(std::string_view path, std::string_view suffix) {
        return sql::quoted(std::string(path).append(suffix));
    }
};

}  // namespace

const sql::Dialect& dialect() {
    static const DuckdbDialect instance;
    return instance;
}

}  // namespace steno::store::duckdb
