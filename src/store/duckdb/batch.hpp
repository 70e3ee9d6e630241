#pragma once

#include "base/error.hpp"
#include "record/field_table.hpp"
#include "store/duckdb/duckdb_api.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Rows as bytes, column by column: how they travel between two engines. Little-endian, for processes of one
/// program on one machine.
///
///     u32 rows; each column: u8 "some are absent"; then, if so, ceil(rows / 64) words of 64 bits, a bit a
///     row that is there; then the values: 8 bytes each (Integer; Number; Timestamp in microseconds), 1
///     (Boolean), 16 (Uuid; Decimal as its units), or, of Text and Json, u32 lengths and behind them all the
///     bytes
namespace steno::store::duckdb {

/// The engine's type of a column: BIGINT, DOUBLE, TIMESTAMP, BOOLEAN, UUID, DECIMAL(38,12), JSON, VARCHAR.
std::string_view engine_type(FieldType type);

/// How many bytes a cell takes up there.
std::size_t size_of_cell(FieldType type, duckdb_vector vector, std::size_t row);

class BatchWriter {
  public:
    /// Of vectors these rows are taken: `rows` of them from `first` on.
    explicit BatchWriter(std::size_t rows, std::size_t first = 0);
    /// The vector has rows of the type's engine_type (or of one kept alike: HUGEINT for DECIMAL(38,12)).
    void add(FieldType type, duckdb_vector vector);
    /// Text or Json, one a row that is taken.
    void add(std::span<const std::optional<std::string>> texts);
    /// Integer, one a row that is taken.
    void add(std::span<const std::optional<std::int64_t>> numbers);
    std::string take() { return std::move(bytes_); }

  private:
    void number(std::uint32_t value);
    template <class T>
    void presence(std::span<const std::optional<T>> values);

    std::size_t rows_;
    std::size_t first_;
    std::string bytes_;
};

class BatchReader {
  public:
    /// DataLoss: these are no such rows; no bytes of any kind do harm. The bytes must outlive it.
    static Result<BatchReader> of(std::string_view bytes, std::span<const FieldType> types);

    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] FieldValue cell(std::size_t column, std::size_t row) const;
    /// All rows of a column, into a vector of the type's engine_type.
    void fill(std::size_t column, duckdb_vector vector) const;

  private:
    struct Column {
        FieldType type;
        const char* present;  ///< null: all are
        const char* values;
        std::vector<std::string_view> texts;
    };
    std::size_t rows_ = 0;
    std::vector<Column> columns_;
};

}  // namespace steno::store::duckdb
