# One folder of src/ = one static library steno_<folder>, linked against exactly what src/arrows.txt allows it.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL 3 REQUIRED)

add_library(steno_options INTERFACE)
target_include_directories(steno_options INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
target_compile_options(steno_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Wimplicit-fallthrough)
target_compile_definitions(steno_options INTERFACE STENO_VERSION="${PROJECT_VERSION}")
target_link_libraries(steno_options INTERFACE Threads::Threads fmt::fmt)

file(STRINGS ${CMAKE_SOURCE_DIR}/src/arrows.txt steno_arrow_lines REGEX "^[a-z_]+:")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/arrows.txt)

# steno_module(<folder> SOURCES <file>... [LIBS <library>...]): LIBS are third-party only; our own come from the table.
function(steno_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  add_library(steno_${name} STATIC ${arg_SOURCES})
  add_library(steno::${name} ALIAS steno_${name})
  target_link_libraries(steno_${name} PUBLIC steno_options ${arg_LIBS})
  foreach(line IN LISTS steno_arrow_lines)
    if(line MATCHES "^${name}:(.*)$")
      separate_arguments(allowed UNIX_COMMAND "${CMAKE_MATCH_1}")
      foreach(dep IN LISTS allowed)
        if(TARGET steno_${dep})
          target_link_libraries(steno_${name} PUBLIC steno_${dep})
        endif()
      endforeach()
    endif()
  endforeach()
endfunction()

# steno_test(<name> SOURCES <file>... [LIBS <library>...] [DEFINES <name=value>...]): a GoogleTest program; each TEST is
# one ctest entry. Nothing at all in a build without tests.
function(steno_test name)
  if(NOT STENO_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS;DEFINES" ${ARGN})
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
  include(GoogleTest)
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} steno_options GTest::gtest GTest::gmock GTest::gtest_main
    rapidcheck)
  target_compile_definitions(${name} PRIVATE ${arg_DEFINES})
  # The same inputs of the property tests in every run; `./dev properties` tries others.
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 300 ENVIRONMENT RC_PARAMS=seed=20261120)
endfunction()

# Adds every folder of the table that exists, in the table's order; without the program, what the SDKs are made of.
macro(steno_add_modules)
  set(sdk_folders base record io net providers templates assignment client python pricing journal ingest prompt_types sources embedded)
  foreach(line IN LISTS steno_arrow_lines)
    string(REGEX REPLACE ":.*" "" folder "${line}")
    if(NOT STENO_BUILD_PROGRAM AND NOT folder IN_LIST sdk_folders)
      continue()
    endif()
    if(EXISTS ${CMAKE_SOURCE_DIR}/src/${folder}/CMakeLists.txt)
      add_subdirectory(src/${folder})
    endif()
  endforeach()
endmacro()
