# Writes OUTPUT: a C++ source that defines kriya::verification::built_in_templates() from the JSON files in FOLDER.
file(GLOB files "${FOLDER}/*.json")
list(SORT files)
set(entries "")
foreach(file IN LISTS files)
  get_filename_component(locale "${file}" NAME_WE)
  file(READ "${file}" text)
  string(APPEND entries "      {\"${locale}\", R\"json(${text})json\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "// Made by cmake/embed_templates.cmake.
#include \"verification/built_in_templates.h\"

namespace kriya::verification {

std::span<const BuiltInTemplate> built_in_templates() {
  static constexpr BuiltInTemplate kTemplates[] = {
${entries}  };
  return kTemplates;
}

}  // namespace kriya::verification
")
