# Writes OUTPUT: a C++ source that defines kriya::storage::FUNCTION() from the SQL files in FOLDER, in order.
file(GLOB files "${FOLDER}/*.sql")
list(SORT files)
set(entries "")
set(expected 1)
foreach(file IN LISTS files)
  get_filename_component(stem "${file}" NAME_WE)
  string(REGEX MATCH "^([0-9][0-9][0-9][0-9])_(.+)$" matched "${stem}")
  if(NOT matched)
    message(FATAL_ERROR "${file}: migrations are named NNNN_name.sql")
  endif()
  math(EXPR number "1${CMAKE_MATCH_1} - 10000")
  set(name "${CMAKE_MATCH_2}")
  if(NOT number EQUAL expected)
    message(FATAL_ERROR "${file}: migration ${expected} is missing")
  endif()
  math(EXPR expected "${expected} + 1")
  file(READ "${file}" sql)
  math(EXPR oldest_program "${number} - 1")
  if(sql MATCHES "-- works with programs of version ([0-9]+)")
    set(oldest_program "${CMAKE_MATCH_1}")
  endif()
  string(APPEND entries "    {${number}, \"${name}\", R\"sql(${sql})sql\", ${oldest_program}},\n")
endforeach()
file(WRITE "${OUTPUT}" "// Made from ${FUNCTION}'s SQL files by cmake/embed_migrations.cmake.
#include \"storage/migrations.h\"

namespace kriya::storage {

std::span<const Migration> ${FUNCTION}() {
  static constexpr Migration kMigrations[] = {
${entries}  };
  return kMigrations;
}

}  // namespace kriya::storage
")
