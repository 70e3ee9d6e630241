#pragma once

#include "store/call_store.hpp"
#include "store/duckdb/connection.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// The columns of the table "calls": their definition, and the way of a row into DuckDB's vectors and back.
/// They follow from column_fields(); behind those stand the row's positions in the journal and the remainder.
namespace steno::store::duckdb {

/// "CREATE TABLE calls (…)". Two builds with the same text can open each other's files.
std::string create_table();
/// Columns to read, in the order of the table.
class ColumnChoice {
  public:
    static const ColumnChoice& all();
    /// Those, and the positions in the journal.
    explicit ColumnChoice(const Shown& shown);
    /// Comma-separated, for SELECT.
    [[nodiscard]] std::string list() const;
    [[nodiscard]] const std::vector<std::size_t>& indices() const { return indices_; }

  private:
    std::vector<std::size_t> indices_;  ///< in the table
};

/// Fills a chunk with rows.
class RowWriter {
  public:
    RowWriter();
    /// How many rows fit into a chunk.
    [[nodiscard]] std::size_t capacity() const { return capacity_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    /// Text in the columns is UTF-8, see needs_repair.
    void add(const Row& row);
    /// The chunk with what was added; the next `add` starts anew.
    duckdb_data_chunk take();

  private:
    void begin();

    std::size_t capacity_;
    std::size_t size_ = 0;
    bool begun_ = false;
    Chunk chunk_;
    std::vector<duckdb_vector> vectors_;
    std::vector<void*> data_;
    std::vector<std::uint64_t*> validity_;
    std::vector<std::uint64_t> list_sizes_;
};

/// Reads rows out of a chunk whose columns from `first` on are the chosen ones. The choice must outlive it.
class RowReader {
  public:
    RowReader(duckdb_data_chunk chunk, const ColumnChoice& choice, std::size_t first = 0);
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] Result<Row> row(std::size_t index) const;

  private:
    std::size_t size_;
    const ColumnChoice& choice_;
    std::vector<duckdb_vector> vectors_;
};

/// Reads where calls stand out of a chunk whose columns are those of its column_list().
class PositionsReader {
  public:
    static std::string_view column_list();
    static constexpr std::size_t kColumns = 8;
    explicit PositionsReader(duckdb_data_chunk chunk);
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] CallPositions row(std::size_t index) const;

  private:
    std::size_t size_;
    std::vector<duckdb_vector> vectors_;
};

/// Single values of a chunk.
bool is_null(duckdb_vector vector, std::size_t row);
template <class T>
const T& cell(duckdb_vector vector, std::size_t row) {
    return static_cast<const T*>(duckdb_vector_get_data(vector))[row];
}
std::string_view text_cell(duckdb_vector vector, std::size_t row);
__int128 huge_cell(duckdb_vector vector, std::size_t row);
Uuid uuid_cell(duckdb_vector vector, std::size_t row);
/// As the engine keeps it in memory.
Uuid from_huge(const duckdb_hugeint& huge);

}  // namespace steno::store::duckdb
