#pragma once

#include <cstddef>
#include <cstdint>

/// The part of DuckDB's stable C API that we call. The library comes without a header, so this declares it,
/// for this folder, for exports/parquet.cpp and for src/sql. kDuckdbVersion is checked when a store is
/// opened.
inline constexpr const char* kDuckdbVersion = "v1.5.6";

extern "C" {

using idx_t = std::uint64_t;

enum duckdb_state : int { DuckDBSuccess = 0, DuckDBError = 1 };

enum duckdb_type : int {
    DUCKDB_TYPE_BOOLEAN = 1,
    DUCKDB_TYPE_TINYINT = 2,
    DUCKDB_TYPE_SMALLINT = 3,
    DUCKDB_TYPE_INTEGER = 4,
    DUCKDB_TYPE_BIGINT = 5,
    DUCKDB_TYPE_UTINYINT = 6,
    DUCKDB_TYPE_USMALLINT = 7,
    DUCKDB_TYPE_UINTEGER = 8,
    DUCKDB_TYPE_UBIGINT = 9,
    DUCKDB_TYPE_FLOAT = 10,
    DUCKDB_TYPE_DOUBLE = 11,
    DUCKDB_TYPE_TIMESTAMP = 12,
    DUCKDB_TYPE_HUGEINT = 16,
    DUCKDB_TYPE_VARCHAR = 17,
    DUCKDB_TYPE_BLOB = 18,
    DUCKDB_TYPE_DECIMAL = 19,
    DUCKDB_TYPE_TIMESTAMP_S = 20,
    DUCKDB_TYPE_TIMESTAMP_MS = 21,
    DUCKDB_TYPE_TIMESTAMP_NS = 22,
    DUCKDB_TYPE_LIST = 24,
    DUCKDB_TYPE_STRUCT = 25,
    DUCKDB_TYPE_MAP = 26,
    DUCKDB_TYPE_UUID = 27,
    DUCKDB_TYPE_UNION = 28,
    DUCKDB_TYPE_TIMESTAMP_TZ = 31,
    DUCKDB_TYPE_UHUGEINT = 32,
    DUCKDB_TYPE_ARRAY = 33,
};

enum duckdb_statement_type : int { DUCKDB_STATEMENT_TYPE_SELECT = 1 };

enum duckdb_pending_state : int {
    DUCKDB_PENDING_RESULT_READY = 0,
    DUCKDB_PENDING_RESULT_NOT_READY = 1,
    DUCKDB_PENDING_ERROR = 2,
    DUCKDB_PENDING_NO_TASKS_AVAILABLE = 3,
};

struct duckdb_hugeint {
    std::uint64_t lower;
    std::int64_t upper;
};

/// Up to 12 bytes stand behind the length, in place of prefix and pointer.
struct duckdb_string_t {
    std::uint32_t length;
    char prefix[4];
    const char* pointer;
};
static_assert(sizeof(duckdb_string_t) == 16);

struct duckdb_list_entry {
    std::uint64_t offset;
    std::uint64_t length;
};

struct duckdb_result {
    idx_t deprecated_column_count;
    idx_t deprecated_row_count;
    idx_t deprecated_rows_changed;
    void* deprecated_columns;
    char* deprecated_error_message;
    void* internal_data;
};

using duckdb_database = struct duckdb_database_s*;
using duckdb_connection = struct duckdb_connection_s*;
using duckdb_prepared_statement = struct duckdb_prepared_statement_s*;
using duckdb_pending_result = struct duckdb_pending_result_s*;
using duckdb_appender = struct duckdb_appender_s*;
using duckdb_config = struct duckdb_config_s*;
using duckdb_logical_type = struct duckdb_logical_type_s*;
using duckdb_data_chunk = struct duckdb_data_chunk_s*;
using duckdb_vector = struct duckdb_vector_s*;
using duckdb_table_function = struct duckdb_table_function_s*;
using duckdb_bind_info = struct duckdb_bind_info_s*;
using duckdb_init_info = struct duckdb_init_info_s*;
using duckdb_function_info = struct duckdb_function_info_s*;

const char* duckdb_library_version();

duckdb_state duckdb_create_config(duckdb_config* out);
duckdb_state duckdb_set_config(duckdb_config config, const char* name, const char* option);
void duckdb_destroy_config(duckdb_config* config);
duckdb_state duckdb_open_ext(const char* path, duckdb_database* out, duckdb_config config, char** out_error);
void duckdb_close(duckdb_database* database);
duckdb_state duckdb_connect(duckdb_database database, duckdb_connection* out);
void duckdb_disconnect(duckdb_connection* connection);
void duckdb_interrupt(duckdb_connection connection);
void duckdb_free(void* pointer);

duckdb_state duckdb_query(duckdb_connection connection, const char* query, duckdb_result* out);
duckdb_state duckdb_prepare(duckdb_connection connection, const char* query, duckdb_prepared_statement* out);
const char* duckdb_prepare_error(duckdb_prepared_statement statement);
void duckdb_destroy_prepare(duckdb_prepared_statement* statement);
duckdb_state duckdb_bind_boolean(duckdb_prepared_statement statement, idx_t index, bool value);
duckdb_state duckdb_bind_int64(duckdb_prepared_statement statement, idx_t index, std::int64_t value);
duckdb_state duckdb_bind_double(duckdb_prepared_statement statement, idx_t index, double value);
duckdb_state duckdb_bind_hugeint(duckdb_prepared_statement statement, idx_t index, duckdb_hugeint value);
duckdb_state duckdb_bind_varchar_length(duckdb_prepared_statement statement, idx_t index, const char* value,
                                        idx_t length);
duckdb_state duckdb_bind_blob(duckdb_prepared_statement statement, idx_t index, const void* value,
                              idx_t length);

idx_t duckdb_nparams(duckdb_prepared_statement statement);
duckdb_statement_type duckdb_prepared_statement_type(duckdb_prepared_statement statement);
idx_t duckdb_prepared_statement_column_count(duckdb_prepared_statement statement);
/// To be freed by duckdb_free.
const char* duckdb_prepared_statement_column_name(duckdb_prepared_statement statement, idx_t column);
duckdb_logical_type duckdb_prepared_statement_column_logical_type(duckdb_prepared_statement statement,
                                                                  idx_t column);

duckdb_state duckdb_pending_prepared_streaming(duckdb_prepared_statement statement,
                                               duckdb_pending_result* out);
duckdb_state duckdb_pending_prepared(duckdb_prepared_statement statement, duckdb_pending_result* out);
duckdb_pending_state duckdb_pending_execute_task(duckdb_pending_result pending);
const char* duckdb_pending_error(duckdb_pending_result pending);
duckdb_state duckdb_execute_pending(duckdb_pending_result pending, duckdb_result* out);
void duckdb_destroy_pending(duckdb_pending_result* pending);

const char* duckdb_result_error(duckdb_result* result);
idx_t duckdb_rows_changed(duckdb_result* result);
duckdb_data_chunk duckdb_fetch_chunk(duckdb_result result);
void duckdb_destroy_result(duckdb_result* result);

duckdb_logical_type duckdb_create_logical_type(duckdb_type type);
duckdb_logical_type duckdb_create_list_type(duckdb_logical_type type);
duckdb_logical_type duckdb_create_map_type(duckdb_logical_type key, duckdb_logical_type value);
duckdb_logical_type duckdb_create_decimal_type(std::uint8_t width, std::uint8_t scale);
duckdb_type duckdb_get_type_id(duckdb_logical_type type);
std::uint8_t duckdb_decimal_scale(duckdb_logical_type type);
std::uint8_t duckdb_decimal_width(duckdb_logical_type type);
/// To be freed by duckdb_free; null: it has none.
char* duckdb_logical_type_get_alias(duckdb_logical_type type);
void duckdb_logical_type_set_alias(duckdb_logical_type type, const char* alias);
void duckdb_destroy_logical_type(duckdb_logical_type* type);

idx_t duckdb_vector_size();
duckdb_data_chunk duckdb_create_data_chunk(duckdb_logical_type* types, idx_t column_count);
void duckdb_data_chunk_reset(duckdb_data_chunk chunk);
idx_t duckdb_data_chunk_get_size(duckdb_data_chunk chunk);
void duckdb_data_chunk_set_size(duckdb_data_chunk chunk, idx_t size);
duckdb_vector duckdb_data_chunk_get_vector(duckdb_data_chunk chunk, idx_t column);
void duckdb_destroy_data_chunk(duckdb_data_chunk* chunk);

void* duckdb_vector_get_data(duckdb_vector vector);
std::uint64_t* duckdb_vector_get_validity(duckdb_vector vector);
void duckdb_vector_ensure_validity_writable(duckdb_vector vector);
/// The caller has made sure that it is UTF-8.
void duckdb_unsafe_vector_assign_string_element_len(duckdb_vector vector, idx_t index, const char* text,
                                                    idx_t length);
duckdb_vector duckdb_list_vector_get_child(duckdb_vector vector);
duckdb_state duckdb_list_vector_reserve(duckdb_vector vector, idx_t capacity);
duckdb_state duckdb_list_vector_set_size(duckdb_vector vector, idx_t size);
duckdb_vector duckdb_struct_vector_get_child(duckdb_vector vector, idx_t index);

duckdb_state duckdb_appender_create(duckdb_connection connection, const char* schema, const char* table,
                                    duckdb_appender* out);
duckdb_state duckdb_append_data_chunk(duckdb_appender appender, duckdb_data_chunk chunk);
duckdb_state duckdb_appender_flush(duckdb_appender appender);
const char* duckdb_appender_error(duckdb_appender appender);
duckdb_state duckdb_appender_destroy(duckdb_appender* appender);

duckdb_table_function duckdb_create_table_function();
void duckdb_destroy_table_function(duckdb_table_function* function);
void duckdb_table_function_set_name(duckdb_table_function function, const char* name);
void duckdb_table_function_set_extra_info(duckdb_table_function function, void* extra,
                                          void (*destroy)(void*));
void duckdb_table_function_set_bind(duckdb_table_function function, void (*bind)(duckdb_bind_info));
void duckdb_table_function_set_init(duckdb_table_function function, void (*init)(duckdb_init_info));
void duckdb_table_function_set_function(duckdb_table_function function,
                                        void (*fill)(duckdb_function_info, duckdb_data_chunk));
void duckdb_table_function_supports_projection_pushdown(duckdb_table_function function, bool pushdown);
duckdb_state duckdb_register_table_function(duckdb_connection connection, duckdb_table_function function);
void* duckdb_bind_get_extra_info(duckdb_bind_info info);
void duckdb_bind_add_result_column(duckdb_bind_info info, const char* name, duckdb_logical_type type);
void duckdb_init_set_max_threads(duckdb_init_info info, idx_t threads);
void* duckdb_init_get_extra_info(duckdb_init_info info);
idx_t duckdb_init_get_column_count(duckdb_init_info info);
idx_t duckdb_init_get_column_index(duckdb_init_info info, idx_t column);
void duckdb_init_set_init_data(duckdb_init_info info, void* data, void (*destroy)(void*));
void duckdb_init_set_error(duckdb_init_info info, const char* message);
void* duckdb_function_get_init_data(duckdb_function_info info);
void* duckdb_function_get_extra_info(duckdb_function_info info);
void duckdb_function_set_error(duckdb_function_info info, const char* message);

}  // extern "C"
