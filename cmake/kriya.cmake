# The house rules of every target: warnings, hardening, sanitizers, and one function that makes a folder a library.

set(KRIYA_SANITIZE "" CACHE STRING "Sanitizers for every target, e.g. address,undefined")
option(KRIYA_FUZZ "Build the fuzz targets instead of the tests" OFF)

add_library(kriya_options INTERFACE)
target_compile_options(kriya_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough -Werror)
target_compile_definitions(kriya_options INTERFACE
  _GLIBCXX_ASSERTIONS
  BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED
  BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_BEAST_USE_STD_STRING_VIEW)
target_include_directories(kriya_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_link_options(kriya_options INTERFACE -Wl,-z,relro,-z,now)
if(KRIYA_SANITIZE)
  target_compile_options(kriya_options INTERFACE
    -fsanitize=${KRIYA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(kriya_options INTERFACE -fsanitize=${KRIYA_SANITIZE})
  if(KRIYA_FUZZ)
    target_compile_options(kriya_options INTERFACE -fsanitize=fuzzer-no-link)
  endif()
endif()

# kriya_library(<folder> [USES <kriya folders>...] [LINKS <outside libraries>...])
# One folder of src/ becomes one library. USES is the whole list of other folders that it may include: what is not
# named here does not link, and so the plan in ARCHITECTURE.md is kept by the linker.
#
# Most of the time of a build is the reading of headers. CMAKE_UNITY_BUILD, which every preset but `dev` sets, compiles
# several files of a folder as one and reads them once: names in anonymous namespaces differ within a folder. `dev`
# and clang-tidy compile file by file, so that each includes what it needs.
function(kriya_library folder)
  cmake_parse_arguments(ARG "" "" "USES;LINKS" ${ARGN})
  string(REPLACE "/" "_" name ${folder})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cc)
  add_library(kriya_${name} STATIC ${sources})
  set_target_properties(kriya_${name} PROPERTIES UNITY_BUILD_BATCH_SIZE 8)
  target_link_libraries(kriya_${name} PRIVATE kriya_options)
  foreach(other IN LISTS ARG_USES)
    string(REPLACE "/" "_" other_name ${other})
    target_link_libraries(kriya_${name} PUBLIC kriya_${other_name})
  endforeach()
  target_link_libraries(kriya_${name} PRIVATE ${ARG_LINKS})
endfunction()
