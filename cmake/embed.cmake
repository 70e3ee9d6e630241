# steno_embed(<target> <symbol> <folder> <file>...): puts files into the program. Gives
# `std::span<const steno::Embedded> <symbol>()`, declared in base/embedded.hpp's terms: path below the folder, bytes.
function(steno_embed target symbol folder)
  set(assembly ".section .rodata\n")
  set(rows "")
  set(externs "")
  set(count 0)
  foreach(file IN LISTS ARGN)
    file(RELATIVE_PATH path ${folder} ${file})
    string(APPEND assembly ".global ${symbol}_${count}_begin\n.global ${symbol}_${count}_end\n.balign 16\n"
      "${symbol}_${count}_begin:\n.incbin \"${file}\"\n${symbol}_${count}_end:\n.byte 0\n")
    string(APPEND externs "extern \"C\" const char ${symbol}_${count}_begin[];\nextern \"C\" const char ${symbol}_${count}_end[];\n")
    string(APPEND rows
      "        {\"${path}\", {${symbol}_${count}_begin, static_cast<std::size_t>(${symbol}_${count}_end - ${symbol}_${count}_begin)}},\n")
    math(EXPR count "${count} + 1")
  endforeach()
  string(APPEND assembly ".section .note.GNU-stack,\"\",@progbits\n")
  if(count EQUAL 0)
    set(body "    return {};\n")
  else()
    set(body "    static const steno::Embedded files[] = {\n${rows}    };\n    return files;\n")
  endif()
  set(base ${CMAKE_CURRENT_BINARY_DIR}/${symbol})
  file(CONFIGURE OUTPUT ${base}.S CONTENT "${assembly}" @ONLY)
  file(CONFIGURE OUTPUT ${base}.cpp CONTENT
    "#include \"base/embedded.hpp\"\n\n${externs}\nstd::span<const steno::Embedded> ${symbol}() {\n${body}}\n" @ONLY)
  set_source_files_properties(${base}.S PROPERTIES OBJECT_DEPENDS "${ARGN}")
  target_sources(${target} PRIVATE ${base}.S ${base}.cpp)
endfunction()
