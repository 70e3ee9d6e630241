#include "exports/cell.hpp"
#include "exports/format.hpp"
#include "exports/output.hpp"
#include "store/duckdb/connection.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

// Parquet, by the DuckDB that the store is made of: a second, empty one in memory, with a table function that
// pulls our rows, and COPY … TO. It writes a group of rows when it is full, so that memory does not grow with
// the table.
namespace steno::exports {

namespace {

using store::duckdb::Answer;
using store::duckdb::engine_error;
using store::duckdb::LogicalType;
using store::duckdb::Owned;

/// Of a row group, which is in memory until it is full: 60 MB of calls with all their columns.
constexpr std::size_t kGroupRows = 20'480;
constexpr const char* kFunction = "exported_rows";

using Config = Owned<duckdb_config, duckdb_destroy_config>;
using Database = Owned<duckdb_database, duckdb_close>;
using Connection = Owned<duckdb_connection, duckdb_disconnect>;
using TableFunction = Owned<duckdb_table_function, duckdb_destroy_table_function>;

LogicalType plain(duckdb_type type) {
    return LogicalType(duckdb_create_logical_type(type));
}

LogicalType type_of(FieldType type) {
    switch (type) {
        case FieldType::Integer:
            return plain(DUCKDB_TYPE_BIGINT);
        case FieldType::Number:
        case FieldType::Duration:
            return plain(DUCKDB_TYPE_DOUBLE);
        case FieldType::Boolean:
            return plain(DUCKDB_TYPE_BOOLEAN);
        case FieldType::Decimal:
            return LogicalType(duckdb_create_decimal_type(38, Decimal::kPlaces));
        case FieldType::Timestamp:
            return plain(DUCKDB_TYPE_TIMESTAMP_NS);
        case FieldType::TextList:
            return LogicalType(duckdb_create_list_type(plain(DUCKDB_TYPE_VARCHAR).get()));
        case FieldType::Counts:
            return LogicalType(
                duckdb_create_map_type(plain(DUCKDB_TYPE_VARCHAR).get(), plain(DUCKDB_TYPE_BIGINT).get()));
        case FieldType::Durations:
            return LogicalType(
                duckdb_create_map_type(plain(DUCKDB_TYPE_VARCHAR).get(), plain(DUCKDB_TYPE_DOUBLE).get()));
        default:
            return plain(DUCKDB_TYPE_VARCHAR);
    }
}

double milliseconds(Duration duration) {
    return static_cast<double>(duration.nanos) / 1e6;
}

void set_text(duckdb_vector vector, std::uint64_t row, std::string_view text) {
    duckdb_unsafe_vector_assign_string_element_len(vector, row, text.data(), text.size());
}

/// One column of a chunk that is being filled. False: the cell is absent.
class Slot {
  public:
    explicit Slot(duckdb_vector vector) : vector_(vector), data_(duckdb_vector_get_data(vector)) {
        duckdb_vector_ensure_validity_writable(vector);
        validity_ = duckdb_vector_get_validity(vector);
        std::memset(validity_, 0, duckdb_vector_size() / 8);
    }

    void set(std::size_t row, FieldType type, const FieldValue& cell, std::string& scratch) {
        row_ = row;
        bool present = false;
        if (type == FieldType::Attributes || type == FieldType::Uuid) {
            scratch.clear();
            append_text(scratch, cell);
            present = !scratch.empty() && (*this)(std::string_view(scratch));
        } else {
            present = std::visit(*this, cell);
        }
        if (present) {
            validity_[row / 64] |= 1ULL << row % 64;
        } else if (type == FieldType::TextList || type == FieldType::Counts || type == FieldType::Durations) {
            put(duckdb_list_entry{list_size_, 0});
        }
    }

    bool operator()(std::monostate) { return false; }
    bool operator()(std::string_view text) { return set_text(vector_, row_, text), true; }
    bool operator()(std::int64_t number) { return put(number); }
    bool operator()(double number) { return put(number); }
    bool operator()(bool value) { return put(value); }
    bool operator()(Duration duration) { return put(milliseconds(duration)); }
    bool operator()(const Timestamp& moment) { return put(moment.unix_nanos); }
    bool operator()(const Uuid&) { return false; }  // as text
    bool operator()(Decimal money) {
        const __int128 units = money.units();
        return put(duckdb_hugeint{static_cast<std::uint64_t>(units), static_cast<std::int64_t>(units >> 64)});
    }
    bool operator()(const std::vector<std::string>* texts) {
        std::uint64_t at = extend(texts->size());
        const duckdb_vector child = duckdb_list_vector_get_child(vector_);
        for (const std::string& text : *texts) set_text(child, at++, text);
        return true;
    }
    bool operator()(const std::map<std::string, AttributeValue>*) { return false; }  // as text
    bool operator()(const std::map<std::string, std::int64_t>* counts) {
        return put_map<std::int64_t>(*counts, [](std::int64_t count) { return count; });
    }
    bool operator()(const std::map<std::string, Duration>* durations) {
        return put_map<double>(*durations, milliseconds);
    }

  private:
    template <class T>
    bool put(const T& value) {
        static_cast<T*>(data_)[row_] = value;
        return true;
    }

    /// Makes room for so many members of a list and gives the place of the first.
    std::uint64_t extend(std::size_t count) {
        const std::uint64_t at = list_size_;
        list_size_ += count;
        duckdb_list_vector_reserve(vector_, list_size_);
        duckdb_list_vector_set_size(vector_, list_size_);
        put(duckdb_list_entry{at, count});
        return at;
    }

    template <class T, class Map, class Convert>
    bool put_map(const Map& entries, Convert&& convert) {
        std::uint64_t at = extend(entries.size());
        const duckdb_vector pairs = duckdb_list_vector_get_child(vector_);
        const duckdb_vector names = duckdb_struct_vector_get_child(pairs, 0);
        auto* values = static_cast<T*>(duckdb_vector_get_data(duckdb_struct_vector_get_child(pairs, 1)));
        for (const auto& [name, value] : entries) {
            set_text(names, at, name);
            values[at++] = convert(value);
        }
        return true;
    }

    duckdb_vector vector_;
    void* data_;
    std::uint64_t* validity_;
    std::uint64_t list_size_ = 0;
    std::size_t row_ = 0;
};

/// What the table function works on. It is called by one thread at a time (set_max_threads), not always the
/// same.
struct Pull {
    Rows& rows;
    Outcome outcome = {};
    std::optional<Error> error = {};
    std::string scratch = {};

    Result<void> fill(duckdb_data_chunk chunk) {
        const std::span<const Column> columns = rows.columns();
        std::vector<Slot> slots;
        slots.reserve(columns.size());
        for (std::size_t i = 0; i < columns.size(); ++i)
            slots.emplace_back(duckdb_data_chunk_get_vector(chunk, i));
        std::size_t count = 0;
        for (; count < duckdb_vector_size(); ++count) {
            STENO_ASSIGN(const auto row, rows.next());
            if (row.empty()) break;
            for (std::size_t i = 0; i < row.size(); ++i)
                slots[i].set(count, columns[i].type, row[i], scratch);
        }
        duckdb_data_chunk_set_size(chunk, count);
        outcome.rows += count;
        return {};
    }
};

void bind(duckdb_bind_info info) {
    const Pull& pull = *static_cast<Pull*>(duckdb_bind_get_extra_info(info));
    for (const Column& column : pull.rows.columns())
        duckdb_bind_add_result_column(info, column.name.c_str(), type_of(column.type).get());
}

void init(duckdb_init_info info) {
    duckdb_init_set_max_threads(info, 1);
}

void pull_rows(duckdb_function_info info, duckdb_data_chunk chunk) {
    Pull& pull = *static_cast<Pull*>(duckdb_function_get_extra_info(info));
    if (auto filled = pull.fill(chunk); !filled) {
        pull.error = std::move(filled).error();
        duckdb_function_set_error(info, pull.error->message.c_str());
    }
}

Result<Database> open_in_memory() {
    Config config;
    if (duckdb_create_config(config.out()) != DuckDBSuccess)
        return fail(Code::ResourceExhausted, "out of memory");
    // Order is kept by one thread that writes; another feeds it.
    for (const auto& [name, value] : {std::pair{"threads", "1"},
                                      {"memory_limit", "384MiB"},
                                      {"temp_directory", ""},
                                      {"autoinstall_known_extensions", "false"},
                                      {"autoload_known_extensions", "false"}})
        if (duckdb_set_config(config.get(), name, value) != DuckDBSuccess)
            return fail(Code::Internal, fmt::format("DuckDB does not take the setting {} = {}", name, value));
    Database database;
    char* error = nullptr;
    if (duckdb_open_ext(":memory:", database.out(), config.get(), &error) != DuckDBSuccess) {
        auto failure = engine_error("starting DuckDB", error);
        duckdb_free(error);
        return failure;
    }
    return database;
}

std::string literal(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') out += '\'';
        out += c;
    }
    return out += '\'';
}

Result<std::uint64_t> sync(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat file{};
    const bool synced = fd >= 0 && fsync(fd) == 0 && fstat(fd, &file) == 0;
    const int number = errno;
    if (fd >= 0) close(fd);
    if (!synced) return fail(Code::Unavailable, fmt::format("writing {}: {}", path, std::strerror(number)));
    return static_cast<std::uint64_t>(file.st_size);
}

}  // namespace

Result<Outcome> write_parquet(const Format&, Rows& rows, const std::string& path, const Options&) {
    {
        STENO_ASSIGN(const Output probe, Output::open(path));  // its errors have our words
    }
    Pull pull{rows};
    STENO_ASSIGN(const Database database, open_in_memory());
    Connection connection;
    if (duckdb_connect(database.get(), connection.out()) != DuckDBSuccess)
        return fail(Code::ResourceExhausted, "DuckDB gave no connection");
    const TableFunction function(duckdb_create_table_function());
    duckdb_table_function_set_name(function.get(), kFunction);
    duckdb_table_function_set_extra_info(function.get(), &pull, nullptr);
    duckdb_table_function_set_bind(function.get(), bind);
    duckdb_table_function_set_init(function.get(), init);
    duckdb_table_function_set_function(function.get(), pull_rows);
    if (duckdb_register_table_function(connection.get(), function.get()) != DuckDBSuccess)
        return fail(Code::Internal, "DuckDB does not take the table function");
    const std::string copy = fmt::format(
        "COPY (SELECT * FROM {}()) TO {} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {}, "
        "USE_TMP_FILE false)",
        kFunction, literal(path), kGroupRows);
    Answer answer;
    if (duckdb_query(connection.get(), copy.c_str(), answer.out()) != DuckDBSuccess) {
        if (pull.error) return std::unexpected(*std::move(pull.error));
        return engine_error(fmt::format("writing {}", path), duckdb_result_error(answer.out()));
    }
    STENO_ASSIGN(pull.outcome.bytes, sync(path));
    return pull.outcome;
}

}  // namespace steno::exports
