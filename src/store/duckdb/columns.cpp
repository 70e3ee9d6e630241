#include "store/duckdb/columns.hpp"

#include "store/answers.hpp"
#include "store/duckdb/dialect.hpp"
#include "store/folding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

namespace steno::store::duckdb {
namespace {

/// What a column holds: a field's value, or something of ours.
enum class Part : std::uint8_t {
    Value,
    Offset,
    High,
    Low,
    ClosedStream,
    ClosedSequence,
    OpenedStream,
    OpenedSequence,
    Failed,
    CostCount,
    Scores,
    Remainder
};

struct Column {
    std::string name;
    std::string type;
    std::size_t field = 0;
    Part part = Part::Value;
};

bool is_of_field(Part part) {
    return part == Part::Value || part == Part::Offset || part == Part::High || part == Part::Low;
}

bool is_position(Part part) {
    return part == Part::ClosedStream || part == Part::ClosedSequence || part == Part::OpenedStream ||
           part == Part::OpenedSequence;
}

/// In the order of the table; a timestamp's offset follows its moment, a low part its high one.
const std::vector<Column>& columns() {
    static const std::vector<Column> all = [] {
        std::vector<Column> out;
        for (const std::size_t index : column_fields()) {
            const FieldInfo& field = scalar_fields()[index];
            if (field.type == FieldType::Decimal) {
                out.push_back({field.path + std::string(kHigh), "BIGINT", index, Part::High});
                out.push_back({field.path + std::string(kLow), "BIGINT", index, Part::Low});
                continue;
            }
            out.push_back({field.path, std::string(dialect().column_type(field.type)), index, Part::Value});
            if (field.type == FieldType::Timestamp)
                out.push_back({field.path + ".offset", "SMALLINT", index, Part::Offset});
        }
        out.push_back({"journal.closed_stream", "UUID", 0, Part::ClosedStream});
        out.push_back({"journal.closed_sequence", "UBIGINT", 0, Part::ClosedSequence});
        out.push_back({"journal.opened_stream", "UUID", 0, Part::OpenedStream});
        out.push_back({"journal.opened_sequence", "UBIGINT", 0, Part::OpenedSequence});
        out.push_back({"counts.failed", "BOOLEAN", 0, Part::Failed});
        out.push_back({"counts.cost", "UTINYINT", 0, Part::CostCount});
        out.push_back({"scores", "MAP(VARCHAR, DOUBLE)", 0, Part::Scores});
        out.push_back({"remainder", "BLOB", 0, Part::Remainder});
        return out;
    }();
    return all;
}

bool is_project(const Column& column) {
    return column.name == "project";
}

LogicalType logical_type(const std::string& name) {
    if (name == "BIGINT") return LogicalType(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
    if (name == "UTINYINT") return LogicalType(duckdb_create_logical_type(DUCKDB_TYPE_UTINYINT));
    if (name == "UBIGINT") return LogicalType(duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT));
    if (name == "SMALLINT") return LogicalType(duckdb_create_logical_type(DUCKDB_TYPE_SMALLINT));
    if (name == "DOUBLE") return LogicalType(duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE));
    if (name == "BOOLEAN") return LogicalType(duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN));
    if (name == "UUID") return LogicalType(duckdb_create_logical_type(DUCKDB_TYPE_UUID));
    if (name == "BLOB") return LogicalType(duckdb_create_logical_type(DUCKDB_TYPE_BLOB));
    LogicalType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
    if (name == "VARCHAR[]") return LogicalType(duckdb_create_list_type(text.get()));
    if (name == "MAP(VARCHAR, VARCHAR)") return LogicalType(duckdb_create_map_type(text.get(), text.get()));
    if (name == "MAP(VARCHAR, DOUBLE)")
        return LogicalType(duckdb_create_map_type(text.get(), logical_type("DOUBLE").get()));
    return text;
}

/// DuckDB keeps a UUID as a 128-bit integer with the first bit turned, so that it sorts as its bytes do.
duckdb_hugeint to_huge(const Uuid& id) {
    std::uint64_t upper = 0;
    std::uint64_t lower = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        upper = upper << 8 | id.bytes[i];
        lower = lower << 8 | id.bytes[i + 8];
    }
    return {lower, static_cast<std::int64_t>(upper ^ 1ULL << 63)};
}

void set_text(duckdb_vector vector, std::size_t row, std::string_view text) {
    duckdb_unsafe_vector_assign_string_element_len(vector, row, text.data(), text.size());
}

/// Where one value goes: a row of a column.
struct Target {
    duckdb_vector vector;
    void* data;
    std::size_t row;
    std::uint64_t& list_size;

    template <class T>
    void set(const T& value) const {
        static_cast<T*>(data)[row] = value;
    }

    /// Makes room for `count` members of a list and gives the place of the first.
    std::uint64_t extend(std::size_t count) const {
        const std::uint64_t at = list_size;
        list_size += count;
        duckdb_list_vector_reserve(vector, list_size);
        duckdb_list_vector_set_size(vector, list_size);
        set(duckdb_list_entry{at, count});
        return at;
    }

    /// False: absent.
    bool operator()(std::monostate) const { return false; }
    bool operator()(std::string_view value) const { return set_text(vector, row, value), true; }
    bool operator()(std::int64_t value) const { return set(value), true; }
    bool operator()(double value) const { return set(value), true; }
    bool operator()(bool value) const { return set(value), true; }
    bool operator()(Duration value) const { return set(value.nanos), true; }
    bool operator()(Decimal) const { return false; }  // in parts
    bool operator()(Timestamp value) const { return set(value.unix_nanos), true; }
    bool operator()(const Uuid& value) const { return set(to_huge(value)), true; }
    bool operator()(const std::vector<std::string>* values) const {
        if (values->empty()) return false;
        std::uint64_t at = extend(values->size());
        const duckdb_vector child = duckdb_list_vector_get_child(vector);
        for (const std::string& value : *values) set_text(child, at++, value);
        return true;
    }
    bool operator()(const std::map<std::string, AttributeValue>* values) const {
        if (values->empty()) return false;
        std::uint64_t at = extend(values->size());
        const duckdb_vector entries = duckdb_list_vector_get_child(vector);
        const duckdb_vector keys = duckdb_struct_vector_get_child(entries, 0);
        const duckdb_vector texts = duckdb_struct_vector_get_child(entries, 1);
        for (const auto& [key, value] : *values) {
            set_text(keys, at, key);
            set_text(texts, at++, sql::encode_attribute(value));
        }
        return true;
    }
    bool operator()(const std::map<std::string, Score>& scores) const {
        if (scores.empty()) return false;
        std::uint64_t at = extend(scores.size());
        const duckdb_vector entries = duckdb_list_vector_get_child(vector);
        const duckdb_vector names = duckdb_struct_vector_get_child(entries, 0);
        const duckdb_vector values = duckdb_struct_vector_get_child(entries, 1);
        duckdb_vector_ensure_validity_writable(values);
        std::uint64_t* validity = duckdb_vector_get_validity(values);
        auto* numbers = static_cast<double*>(duckdb_vector_get_data(values));
        for (const auto& [name, score] : scores) {
            set_text(names, at, name);
            numbers[at] = score.value.value_or(0);
            const std::uint64_t bit = 1ULL << at % 64;
            validity[at / 64] = score.value ? validity[at / 64] | bit : validity[at / 64] & ~bit;
            ++at;
        }
        return true;
    }
    template <class T>
    bool operator()(const std::map<std::string, T>*) const {
        return false;  // in the remainder
    }
};

bool write_part(const Target& target, Decimal value, Part part) {
    __int128 high = value.units() / kLowEnd;
    __int128 low = value.units() % kLowEnd;
    if (low < 0) {
        low += kLowEnd;
        --high;
    }
    return target.set(static_cast<std::int64_t>(part == Part::High ? high : low)), true;
}

bool write_own(const Target& target, const Row& row, Part part) {
    switch (part) {
        case Part::ClosedStream:
            return target(row.closed_at.stream);
        case Part::ClosedSequence:
            return target.set(row.closed_at.sequence), true;
        case Part::OpenedStream:
            return row.opened_at && target(row.opened_at->stream);
        case Part::OpenedSequence:
            if (row.opened_at) target.set(row.opened_at->sequence);
            return row.opened_at.has_value();
        case Part::Failed:
            return target(row.call.status == Status::Failure);
        case Part::CostCount:
            return target.set(static_cast<std::uint8_t>(cost_count(row.call))), true;
        case Part::Scores:
            return target(row.call.scores);
        default:
            break;
    }
    const std::string remainder = encode_remainder(row.call);
    return !remainder.empty() && target(std::string_view(remainder));
}

/// A value of a chunk in the record's form; lists and maps are put into `texts` and `attributes`.
FieldValue read_value(FieldType type, duckdb_vector vector, std::size_t row, std::vector<std::string>& texts,
                      std::map<std::string, AttributeValue>& attributes) {
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
        case FieldType::Uuid:
            return uuid_cell(vector, row);
        case FieldType::TextList: {
            const auto [offset, length] = cell<duckdb_list_entry>(vector, row);
            const duckdb_vector child = duckdb_list_vector_get_child(vector);
            texts.clear();
            for (std::uint64_t i = offset; i < offset + length; ++i) texts.emplace_back(text_cell(child, i));
            return &std::as_const(texts);
        }
        case FieldType::Attributes: {
            const auto [offset, length] = cell<duckdb_list_entry>(vector, row);
            const duckdb_vector entries = duckdb_list_vector_get_child(vector);
            const duckdb_vector keys = duckdb_struct_vector_get_child(entries, 0);
            const duckdb_vector values = duckdb_struct_vector_get_child(entries, 1);
            attributes.clear();
            for (std::uint64_t i = offset; i < offset + length; ++i)
                attributes.emplace(text_cell(keys, i), sql::decode_attribute(text_cell(values, i)));
            return &std::as_const(attributes);
        }
        default:
            return text_cell(vector, row);
    }
}

}  // namespace

std::string create_table() {
    std::vector<std::string> definitions;
    for (const Column& column : columns()) {
        // Of what DuckDB chooses by itself, running text takes twice the space and the time to store.
        const bool running_text = column.name.starts_with("preview.") || column.part == Part::Remainder;
        definitions.push_back(fmt::format("{} {}{}{}", sql::quoted(column.name), column.type,
                                          is_project(column) || column.name == "id" ? " NOT NULL" : "",
                                          running_text ? " USING COMPRESSION zstd" : ""));
    }
    return fmt::format("CREATE TABLE calls ({})", fmt::join(definitions, ", "));
}

const ColumnChoice& ColumnChoice::all() {
    static const ColumnChoice choice(shown_by(CallQuery{}));
    return choice;
}

ColumnChoice::ColumnChoice(const Shown& shown) {
    for (std::size_t i = 0; i < columns().size(); ++i) {
        const Column& column = columns()[i];
        if (is_of_field(column.part)
                ? std::ranges::binary_search(shown.columns, column.field)
                : is_position(column.part) || (column.part == Part::Remainder && shown.remainder))
            indices_.push_back(i);
    }
}

std::string ColumnChoice::list() const {
    std::vector<std::string> names;
    for (const std::size_t index : indices_) names.push_back(sql::quoted(columns()[index].name));
    return fmt::format("{}", fmt::join(names, ", "));
}

RowWriter::RowWriter() : capacity_(duckdb_vector_size()) {
    std::vector<LogicalType> types;
    std::vector<duckdb_logical_type> handles;
    for (const Column& column : columns()) {
        types.push_back(logical_type(column.type));
        handles.push_back(types.back().get());
    }
    chunk_ = Chunk(duckdb_create_data_chunk(handles.data(), handles.size()));
    vectors_.resize(columns().size());
    data_.resize(columns().size());
    validity_.resize(columns().size());
    list_sizes_.resize(columns().size());
}

void RowWriter::begin() {
    duckdb_data_chunk_reset(chunk_.get());
    for (std::size_t i = 0; i < vectors_.size(); ++i) {
        vectors_[i] = duckdb_data_chunk_get_vector(chunk_.get(), i);
        duckdb_vector_ensure_validity_writable(vectors_[i]);
        data_[i] = duckdb_vector_get_data(vectors_[i]);
        validity_[i] = duckdb_vector_get_validity(vectors_[i]);
        std::memset(validity_[i], 0, capacity_ / 8);  // all absent: most fields of most calls are
        list_sizes_[i] = 0;
        const std::string& type = columns()[i].type;
        if (type == "VARCHAR[]" || type.starts_with("MAP("))
            std::memset(data_[i], 0, capacity_ * sizeof(duckdb_list_entry));
    }
    size_ = 0;
    begun_ = true;
}

void RowWriter::add(const Row& row) {
    if (!begun_) begin();
    std::string scratch;
    for (std::size_t i = 0; i < columns().size(); ++i) {
        const Column& column = columns()[i];
        const Target target{vectors_[i], data_[i], size_, list_sizes_[i]};
        bool present = false;
        if (column.part == Part::Value) {
            present = std::visit(target, value_of(row.call, column.field, scratch));
            if (!present && is_project(column)) present = target(std::string_view());
        } else if (is_of_field(column.part)) {
            const FieldValue value = value_of(row.call, column.field, scratch);
            if (const auto* moment = std::get_if<Timestamp>(&value)) {
                target.set(moment->offset_minutes);
                present = true;
            } else if (const auto* money = std::get_if<Decimal>(&value)) {
                present = write_part(target, *money, column.part);
            }
        } else {
            present = write_own(target, row, column.part);
        }
        if (present) validity_[i][size_ / 64] |= 1ULL << size_ % 64;
    }
    ++size_;
}

duckdb_data_chunk RowWriter::take() {
    duckdb_data_chunk_set_size(chunk_.get(), std::exchange(size_, 0));
    begun_ = false;
    return chunk_.get();
}

RowReader::RowReader(duckdb_data_chunk chunk, const ColumnChoice& choice, std::size_t first)
    : size_(duckdb_data_chunk_get_size(chunk)), choice_(choice) {
    for (std::size_t i = 0; i < choice.indices().size(); ++i)
        vectors_.push_back(duckdb_data_chunk_get_vector(chunk, first + i));
}

Result<Row> RowReader::row(std::size_t index) const {
    Row out;
    // The remainder, which is the last column, comes first: decoding it sets nothing that has a column.
    if (columns()[choice_.indices().back()].part == Part::Remainder && !is_null(vectors_.back(), index))
        STENO_TRY(decode(text_cell(vectors_.back(), index), out.call));
    std::vector<std::string> texts;
    std::map<std::string, AttributeValue> attributes;
    for (std::size_t i = 0; i < vectors_.size(); ++i) {
        const Column& column = columns()[choice_.indices()[i]];
        const duckdb_vector vector = vectors_[i];
        if (is_null(vector, index)) continue;
        switch (column.part) {
            case Part::Value: {
                FieldValue value =
                    read_value(scalar_fields()[column.field].type, vector, index, texts, attributes);
                if (auto* moment = std::get_if<Timestamp>(&value);
                    moment != nullptr && !is_null(vectors_[i + 1], index))
                    moment->offset_minutes = cell<std::int16_t>(vectors_[i + 1], index);
                STENO_TRY(set_value(out.call, column.field, value));
                break;
            }
            case Part::High: {
                const __int128 high = cell<std::int64_t>(vector, index);
                const Decimal money =
                    Decimal::from_units(high * kLowEnd + cell<std::int64_t>(vectors_[i + 1], index));
                STENO_TRY(set_value(out.call, column.field, money));
                break;
            }
            case Part::ClosedStream:
                out.closed_at.stream = uuid_cell(vector, index);
                break;
            case Part::ClosedSequence:
                out.closed_at.sequence = cell<std::uint64_t>(vector, index);
                break;
            case Part::OpenedStream:
                out.opened_at = Position{uuid_cell(vector, index), 0};
                break;
            case Part::OpenedSequence:
                out.opened_at->sequence = cell<std::uint64_t>(vector, index);
                break;
            default:
                break;
        }
    }
    return out;
}

std::string_view PositionsReader::column_list() {
    return R"("id", "project", "started_at", "started_at.offset", "journal.closed_stream",
        "journal.closed_sequence", "journal.opened_stream", "journal.opened_sequence")";
}

PositionsReader::PositionsReader(duckdb_data_chunk chunk) : size_(duckdb_data_chunk_get_size(chunk)) {
    for (std::size_t i = 0; i < kColumns; ++i) vectors_.push_back(duckdb_data_chunk_get_vector(chunk, i));
}

CallPositions PositionsReader::row(std::size_t index) const {
    const auto position = [&](std::size_t at) {
        return Position{uuid_cell(vectors_[at], index), cell<std::uint64_t>(vectors_[at + 1], index)};
    };
    CallPositions out;
    out.id = uuid_cell(vectors_[0], index);
    out.project = text_cell(vectors_[1], index);
    if (!is_null(vectors_[2], index)) {
        out.started_at = Timestamp{cell<std::int64_t>(vectors_[2], index), 0};
        if (!is_null(vectors_[3], index))
            out.started_at->offset_minutes = cell<std::int16_t>(vectors_[3], index);
    }
    out.closed_at = position(4);
    if (!is_null(vectors_[6], index)) out.opened_at = position(6);
    return out;
}

bool is_null(duckdb_vector vector, std::size_t row) {
    const std::uint64_t* validity = duckdb_vector_get_validity(vector);
    return validity != nullptr && (validity[row / 64] >> row % 64 & 1) == 0;
}

std::string_view text_cell(duckdb_vector vector, std::size_t row) {
    const auto& text = cell<duckdb_string_t>(vector, row);
    const char* inlined = reinterpret_cast<const char*>(&text) + sizeof text.length;
    return {text.length <= 12 ? inlined : text.pointer, text.length};
}

__int128 huge_cell(duckdb_vector vector, std::size_t row) {
    const auto& huge = cell<duckdb_hugeint>(vector, row);
    return static_cast<__int128>(huge.upper) << 64 | huge.lower;
}

Uuid from_huge(const duckdb_hugeint& huge) {
    Uuid id;
    std::uint64_t upper = static_cast<std::uint64_t>(huge.upper) ^ 1ULL << 63;
    std::uint64_t lower = huge.lower;
    for (std::size_t i = 8; i-- > 0;) {
        id.bytes[i] = static_cast<std::uint8_t>(upper);
        id.bytes[i + 8] = static_cast<std::uint8_t>(lower);
        upper >>= 8;
        lower >>= 8;
    }
    return id;
}

Uuid uuid_cell(duckdb_vector vector, std::size_t row) {
    return from_huge(cell<duckdb_hugeint>(vector, row));
}

}  // namespace steno::store::duckdb
