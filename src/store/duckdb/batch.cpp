#include "store/duckdb/batch.hpp"

#include "store/duckdb/columns.hpp"

#include <bit>
#include <cstring>
#include <utility>

namespace steno::store::duckdb {
namespace {

static_assert(std::endian::native == std::endian::little);

bool is_text(FieldType type) {
    return type == FieldType::Text || type == FieldType::Json;
}

std::size_t width_of(FieldType type) {
    switch (type) {
        case FieldType::Boolean:
            return 1;
        case FieldType::Uuid:
        case FieldType::Decimal:
            return sizeof(duckdb_hugeint);
        default:
            return sizeof(std::int64_t);
    }
}

std::size_t words(std::size_t rows) {
    return (rows + 63) / 64;
}

template <class T>
T read(const char* values, std::size_t row) {
    T value;
    std::memcpy(&value, values + row * sizeof(T), sizeof(T));
    return value;
}

bool is_present(const char* present, std::size_t row) {
    return present == nullptr || (read<std::uint64_t>(present, row / 64) >> row % 64 & 1) != 0;
}

}  // namespace

std::string_view engine_type(FieldType type) {
    switch (type) {
        case FieldType::Integer:
            return "BIGINT";
        case FieldType::Number:
            return "DOUBLE";
        case FieldType::Boolean:
            return "BOOLEAN";
        case FieldType::Timestamp:
            return "TIMESTAMP";
        case FieldType::Uuid:
            return "UUID";
        case FieldType::Decimal:
            return "DECIMAL(38,12)";
        case FieldType::Json:
            return "JSON";
        default:
            return "VARCHAR";
    }
}

std::size_t size_of_cell(FieldType type, duckdb_vector vector, std::size_t row) {
    if (!is_text(type)) return width_of(type);
    return sizeof(std::uint32_t) + (is_null(vector, row) ? 0 : text_cell(vector, row).size());
}

BatchWriter::BatchWriter(std::size_t rows, std::size_t first) : rows_(rows), first_(first) {
    number(static_cast<std::uint32_t>(rows));
}

void BatchWriter::number(std::uint32_t value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void BatchWriter::add(FieldType type, duckdb_vector vector) {
    const std::uint64_t* validity = duckdb_vector_get_validity(vector);
    bytes_ += validity == nullptr ? '\0' : '\1';
    if (validity != nullptr) {
        std::vector<std::uint64_t> present(words(rows_), 0);
        for (std::size_t row = 0; row < rows_; ++row)
            if (is_present(reinterpret_cast<const char*>(validity), first_ + row))
                present[row / 64] |= 1ULL << row % 64;
        bytes_.append(reinterpret_cast<const char*>(present.data()), present.size() * sizeof present[0]);
    }
    if (!is_text(type)) {
        bytes_.append(static_cast<const char*>(duckdb_vector_get_data(vector)) + first_ * width_of(type),
                      rows_ * width_of(type));
        return;
    }
    const std::size_t lengths = bytes_.size();
    bytes_.resize(lengths + rows_ * sizeof(std::uint32_t), '\0');
    for (std::size_t row = 0; row < rows_; ++row) {
        if (is_null(vector, first_ + row)) continue;
        const std::string_view text = text_cell(vector, first_ + row);
        const auto length = static_cast<std::uint32_t>(text.size());
        std::memcpy(bytes_.data() + lengths + row * sizeof length, &length, sizeof length);
        bytes_ += text;
    }
}

template <class T>
void BatchWriter::presence(std::span<const std::optional<T>> values) {
    bytes_ += '\1';
    std::vector<std::uint64_t> present(words(rows_), 0);
    for (std::size_t row = 0; row < rows_; ++row)
        if (values[row]) present[row / 64] |= 1ULL << row % 64;
    bytes_.append(reinterpret_cast<const char*>(present.data()), present.size() * sizeof(std::uint64_t));
}

void BatchWriter::add(std::span<const std::optional<std::int64_t>> numbers) {
    presence(numbers);
    for (const auto& number : numbers) {
        const std::int64_t value = number.value_or(0);
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
}

void BatchWriter::add(std::span<const std::optional<std::string>> texts) {
    presence(texts);
    for (const auto& text : texts) number(text ? static_cast<std::uint32_t>(text->size()) : 0);
    for (const auto& text : texts)
        if (text) bytes_ += *text;
}

Result<BatchReader> BatchReader::of(std::string_view bytes, std::span<const FieldType> types) {
    const auto take = [&bytes](std::size_t size) -> const char* {
        if (bytes.size() < size) return nullptr;
        const char* at = bytes.data();
        bytes.remove_prefix(size);
        return at;
    };
    const auto broken = [] { return fail(Code::DataLoss, "these are no rows"); };
    BatchReader reader;
    const char* count = take(sizeof(std::uint32_t));
    if (count == nullptr) return broken();
    reader.rows_ = read<std::uint32_t>(count, 0);
    if (reader.rows_ > duckdb_vector_size()) return broken();
    for (const FieldType type : types) {
        Column column{type, nullptr, nullptr, {}};
        const char* some_absent = take(1);
        if (some_absent == nullptr) return broken();
        if (*some_absent != 0) {
            column.present = take(words(reader.rows_) * sizeof(std::uint64_t));
            if (column.present == nullptr) return broken();
        }
        column.values = take(reader.rows_ * (is_text(type) ? sizeof(std::uint32_t) : width_of(type)));
        if (column.values == nullptr) return broken();
        if (is_text(type)) {
            column.texts.reserve(reader.rows_);
            for (std::size_t row = 0; row < reader.rows_; ++row) {
                const auto length = read<std::uint32_t>(column.values, row);
                const char* text = take(length);
                if (text == nullptr) return broken();
                column.texts.emplace_back(text, length);
            }
        }
        reader.columns_.push_back(std::move(column));
    }
    if (!bytes.empty()) return broken();
    return reader;
}

FieldValue BatchReader::cell(std::size_t index, std::size_t row) const {
    const Column& column = columns_[index];
    if (!is_present(column.present, row)) return {};
    switch (column.type) {
        case FieldType::Integer:
            return read<std::int64_t>(column.values, row);
        case FieldType::Number:
            return read<double>(column.values, row);
        case FieldType::Boolean:
            return column.values[row] != 0;
        case FieldType::Timestamp: {
            std::int64_t nanos = 0;
            if (__builtin_mul_overflow(read<std::int64_t>(column.values, row), 1000, &nanos)) return {};
            return Timestamp{nanos, 0};
        }
        case FieldType::Uuid:
            return from_huge(read<duckdb_hugeint>(column.values, row));
        case FieldType::Decimal: {
            const auto huge = read<duckdb_hugeint>(column.values, row);
            return Decimal::from_units(static_cast<__int128>(huge.upper) << 64 | huge.lower);
        }
        default:
            return column.texts[row];
    }
}

void BatchReader::fill(std::size_t index, duckdb_vector vector) const {
    const Column& column = columns_[index];
    if (column.present != nullptr) {
        duckdb_vector_ensure_validity_writable(vector);
        std::memcpy(duckdb_vector_get_validity(vector), column.present, words(rows_) * sizeof(std::uint64_t));
    }
    if (!is_text(column.type)) {
        std::memcpy(duckdb_vector_get_data(vector), column.values, rows_ * width_of(column.type));
        return;
    }
    for (std::size_t row = 0; row < rows_; ++row)
        if (is_present(column.present, row))
            duckdb_unsafe_vector_assign_string_element_len(vector, row, column.texts[row].data(),
                                                           column.texts[row].size());
}

}  // namespace steno::store::duckdb
