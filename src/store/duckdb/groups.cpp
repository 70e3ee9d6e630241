#include "store/duckdb/groups.hpp"

#include "store/answers.hpp"
#include "store/duckdb/columns.hpp"
#include "store/sql.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace steno::store::duckdb {
namespace {

/// A value of an answer, as a group's key or a measure.
std::optional<Value> value_cell(FieldType type, duckdb_vector vector, std::size_t row) {
    if (is_null(vector, row)) return std::nullopt;
    switch (type) {
        case FieldType::Integer:
            return cell<std::int64_t>(vector, row);
        case FieldType::Duration:
            return Duration{cell<std::int64_t>(vector, row)};
        case FieldType::Timestamp:
            return Timestamp{cell<std::int64_t>(vector, row), 0};
        case FieldType::Number:
            return cell<double>(vector, row);
        case FieldType::Boolean:
            return cell<bool>(vector, row);
        case FieldType::Decimal:
            return Decimal::from_units(huge_cell(vector, row));
        case FieldType::Uuid:
            return uuid_cell(vector, row);
        case FieldType::Attributes:
            return std::visit([](auto&& v) { return Value(std::move(v)); },
                              sql::decode_attribute(text_cell(vector, row)));
        default:
            return std::string(text_cell(vector, row));
    }
}

/// Sums are DOUBLE for numbers and 128-bit integers for all else.
Sum sum_in(FieldType type, duckdb_vector vector, std::size_t row) {
    Sum sum;
    if (is_null(vector, row)) return sum;
    sum.count = 1;
    if (type == FieldType::Number)
        sum.real = cell<double>(vector, row);
    else
        sum.exact = huge_cell(vector, row);
    return sum;
}

Cell measure_cell(const Measure& measure, duckdb_data_chunk chunk, std::size_t column, std::size_t row) {
    using Function = Measure::Function;
    const auto vector = [&](std::size_t i) { return duckdb_data_chunk_get_vector(chunk, column + i); };
    const auto number = [&](std::size_t i) { return cell<std::int64_t>(vector(i), row); };
    const auto text = [&](std::size_t i) {
        return is_null(vector(i), row) ? std::nullopt : std::optional(std::string(text_cell(vector(i), row)));
    };
    switch (measure.function) {
        case Function::Calls:
        case Function::Errors:
        case Function::Count:
        case Function::Distinct:
            return Value(number(0));
        case Function::ErrorRate:
            if (number(1) == 0) return std::monostate{};
            return Value(static_cast<double>(number(0)) / static_cast<double>(number(1)));
        case Function::Cost: {
            std::optional<Decimal> total;
            if (!is_null(vector(0), row)) total = Decimal::from_units(huge_cell(vector(0), row));
            return cost_cell(total, text(1), text(2), number(3), number(4));
        }
        case Function::Sum:
            return sum_cell(measure.field.type(), sum_in(measure.field.type(), vector(0), row));
        case Function::Average: {
            Sum sum = sum_in(measure.field.type(), vector(0), row);
            sum.count = number(1);
            return average_cell(measure.field.type(), sum);
        }
        default:
            break;
    }
    auto value = value_cell(measure.field.type(), vector(0), row);
    return value ? Cell(std::move(*value)) : Cell();
}

}  // namespace

void read_key(const AggregateQuery& query, duckdb_data_chunk chunk, std::size_t row, std::size_t& column,
              std::vector<std::optional<Value>>& key, std::optional<Timestamp>& bucket) {
    for (const Field& field : query.group_by)
        key.push_back(value_cell(field.type(), duckdb_data_chunk_get_vector(chunk, column++), row));
    if (!query.bucket) return;
    const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, column++);
    if (!is_null(vector, row)) bucket = bucket_begin(*query.bucket, cell<std::int64_t>(vector, row));
}

std::vector<Cell> read_cells(std::span<const Measure> measures, duckdb_data_chunk chunk, std::size_t row,
                             std::size_t& column) {
    std::vector<Cell> cells;
    for (const Measure& measure : measures) {
        cells.push_back(measure_cell(measure, chunk, column, row));
        column += sql::columns_of(measure.function);
    }
    return cells;
}

AggregateTable::Group read_group(const AggregateQuery& query, duckdb_data_chunk chunk, std::size_t row) {
    AggregateTable::Group group;
    std::size_t column = 0;
    read_key(query, chunk, row, column, group.key, group.bucket);
    group.cells = read_cells(query.measures, chunk, row, column);
    return group;
}

}  // namespace steno::store::duckdb
