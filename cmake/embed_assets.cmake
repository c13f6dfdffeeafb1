# kriya_embed_assets(<target> <name>=<path> ...)
# Puts files into the binary, each as it is and gzipped, and defines kriya::operations::embedded_assets() over them.
function(kriya_embed_assets target)
  set(assembly "// Made by cmake/embed_assets.cmake.\n  .section .note.GNU-stack,\"\",@progbits\n  .section .rodata\n")
  set(declarations "")
  set(entries "")
  set(index 0)
  foreach(pair IN LISTS ARGN)
    string(REGEX MATCH "^([^=]+)=(.+)$" matched "${pair}")
    set(name "${CMAKE_MATCH_1}")
    set(file "${CMAKE_MATCH_2}")
    if(NOT EXISTS "${file}")
      message(FATAL_ERROR "${file} is missing: run scripts/setup.sh run, or simply make build")
    endif()
    set(packed "${CMAKE_CURRENT_BINARY_DIR}/asset_${index}.gz")
    add_custom_command(OUTPUT "${packed}" COMMAND gzip -9 -n -c "${file}" > "${packed}" DEPENDS "${file}" VERBATIM)
    list(APPEND inputs "${file}" "${packed}")
    foreach(form IN ITEMS plain gzip)
      set(source "${file}")
      if(form STREQUAL "gzip")
        set(source "${packed}")
      endif()
      set(symbol "kriya_asset_${index}_${form}")
      string(APPEND assembly "  .global ${symbol}\n  .global ${symbol}_end\n${symbol}:\n  .incbin \"${source}\"\n${symbol}_end:\n  .byte 0\n")
      string(APPEND declarations "extern \"C\" const char ${symbol}[];\nextern \"C\" const char ${symbol}_end[];\n")
      set(view_${form} "{${symbol}, static_cast<std::size_t>(${symbol}_end - ${symbol})}")
    endforeach()
    string(APPEND entries "    {\"${name}\", ${view_plain}, ${view_gzip}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  set(generated "${CMAKE_CURRENT_BINARY_DIR}/${target}_assets")
  file(CONFIGURE OUTPUT "${generated}.S" CONTENT "${assembly}" @ONLY)
  file(CONFIGURE OUTPUT "${generated}.cc" @ONLY CONTENT "// Made by cmake/embed_assets.cmake.
#include \"operations/assets.h\"

${declarations}
namespace kriya::operations {

std::span<const Asset> embedded_assets() {
  static const Asset kAssets[] = {
${entries}  };
  return kAssets;
}

}  // namespace kriya::operations
")
  set_source_files_properties("${generated}.S" PROPERTIES OBJECT_DEPENDS "${inputs}")
  target_sources(${target} PRIVATE "${generated}.S" "${generated}.cc")
endfunction()
