# Finds the DuckDB library that ./dev unpacked into .deps/duckdb and provides duckdb::duckdb. The package has no header:
# src/store declares the part of DuckDB's C API that it calls.
#
# The library is linked into the root of the build folder, and everything built there finds it relative to itself
# ($ORIGIN): the folder can be moved, and `steno` with `libduckdb.so` beside it can be copied anywhere.
find_library(DUCKDB_LIBRARY NAMES duckdb PATHS ${CMAKE_SOURCE_DIR}/.deps/duckdb NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DuckDB REQUIRED_VARS DUCKDB_LIBRARY
  REASON_FAILURE_MESSAGE "libduckdb.so is fetched, with its version and checksum pinned, by ./dev: run ./dev build once")
if(DuckDB_FOUND AND NOT TARGET duckdb::duckdb)
  set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${DUCKDB_LIBRARY})
  file(CREATE_LINK ${DUCKDB_LIBRARY} ${CMAKE_BINARY_DIR}/libduckdb.so COPY_ON_ERROR)
  add_library(duckdb::duckdb SHARED IMPORTED GLOBAL)
  set_target_properties(duckdb::duckdb PROPERTIES IMPORTED_LOCATION ${CMAKE_BINARY_DIR}/libduckdb.so
    IMPORTED_SONAME libduckdb.so)
endif()
