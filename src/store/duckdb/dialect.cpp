#include "store/duckdb/dialect.hpp"

#include <fmt/format.h>

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
                return "DECIMAL(38,12)";
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
    std::string parameter(std::size_t number, FieldType type) const override {
        return type == FieldType::Uuid ? fmt::format("CAST(${} AS UUID)", number)
                                       : fmt::format("${}", number);
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
    std::string each_member(std::string_view set) const override {
        return fmt::format("unnest(coalesce(list_distinct({}), [NULL]))", set);
    }
    std::string attribute(std::string_view attributes, std::string_view key) const override {
        return fmt::format("map_extract_value({}, {})", attributes, key);
    }
    std::string as_number(std::string_view text) const override {
        return fmt::format("CAST({} AS DOUBLE)", text);
    }
    std::string percentile(std::string_view value, double fraction) const override {
        return fmt::format("quantile_disc({}, CAST({} AS DOUBLE))", value, fraction);
    }
    std::string month_of(std::string_view nanos) const override {
        return fmt::format("epoch_ns(date_trunc('month', make_timestamp_ns({})))", nanos);
    }
};

}  // namespace

const sql::Dialect& dialect() {
    static const DuckdbDialect instance;
    return instance;
}

}  // namespace steno::store::duckdb
