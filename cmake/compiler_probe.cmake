# Refuses a compiler that miscompiles ordinary coroutine code. g++ 12.2 destroys temporaries in co_await expressions
# twice (a double free, often silent); the probe runs the shapes that showed it and counts constructions.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "Steno builds with Clang 19 or newer (this is ${CMAKE_CXX_COMPILER_ID} "
    "${CMAKE_CXX_COMPILER_VERSION}). Install clang-19 and use a preset: cmake --preset release")
endif()
if(NOT DEFINED STENO_COMPILER_PROBED)
  try_run(probe_ran probe_compiled ${CMAKE_BINARY_DIR}/compiler_probe ${CMAKE_SOURCE_DIR}/cmake/compiler_probe.cpp
    CXX_STANDARD 23 CXX_STANDARD_REQUIRED ON COMPILE_OUTPUT_VARIABLE probe_output RUN_OUTPUT_VARIABLE probe_said)
  if(NOT probe_compiled)
    message(FATAL_ERROR "The compiler cannot build cmake/compiler_probe.cpp:\n${probe_output}")
  endif()
  if(NOT probe_ran EQUAL 0)
    message(FATAL_ERROR "This compiler miscompiles coroutines (${probe_said}); use clang-19.")
  endif()
  set(STENO_COMPILER_PROBED TRUE CACHE INTERNAL "cmake/compiler_probe.cpp ran well")
endif()
