# talome_add_plugin_test(NAME SOURCES … [PLUGIN plugin] [WITH other-plugins …] [LIBRARIES …])
#   builds a program NAME with <talome/testing.hpp>, and registers it with ctest.
#   PLUGIN     the target that is tested, TALOME_TEST_PLUGIN in the sources; NAME without _test or _tests unless said
#   WITH       more plugins that must be built before
#   C++ sources are doctest's (Debian: doctest-dev), and need no main(). C sources alone are a program with a main() of
#   its own, on <talome/testing.h>.

set(TALOME_SDK_TEST_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

# In Talome's own tree the target is there; outside it is what was installed.
function(_talome_testing_library)
  if(TARGET talome-testing)
    return()
  endif()
  cmake_path(SET prefix NORMALIZE ${TALOME_SDK_TEST_CMAKE_DIR}/../../..)
  add_library(talome-testing SHARED IMPORTED GLOBAL)
  set_target_properties(talome-testing PROPERTIES IMPORTED_LOCATION ${prefix}/lib/talome/sdk/libtalome-testing.so
    IMPORTED_SONAME libtalome-testing.so)
endfunction()

function(talome_add_plugin_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PLUGIN" "SOURCES;WITH;LIBRARIES")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "talome_add_plugin_test(${name} SOURCES … [PLUGIN …] [WITH …] [LIBRARIES …]): ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_PLUGIN)
    string(REGEX REPLACE "[-_]tests?$" "" arg_PLUGIN ${name})
  endif()
  _talome_testing_library()
  add_executable(${name} ${arg_SOURCES})
  target_compile_definitions(${name} PRIVATE TALOME_TEST_PLUGIN="$<TARGET_FILE:${arg_PLUGIN}>")
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE talome_sdk talome-testing ${arg_LIBRARIES})
  add_dependencies(${name} ${arg_PLUGIN} ${arg_WITH})
  set(cxx_sources ${arg_SOURCES})
  list(FILTER cxx_sources EXCLUDE REGEX "\\.[ch]$")
  if(cxx_sources)
    find_package(doctest REQUIRED)
    if(NOT TARGET talome_doctest_main)
      add_library(talome_doctest_main OBJECT ${TALOME_SDK_TEST_CMAKE_DIR}/../src/doctest_main.cpp)
      target_link_libraries(talome_doctest_main PUBLIC doctest::doctest)
    endif()
    _talome_plugin_boost_json()
    target_link_libraries(${name} PRIVATE talome_doctest_main talome_plugin_boost_json)
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:talome_plugin_boost_json>)
  endif()
  enable_testing()
  add_test(NAME ${name} COMMAND ${name})
endfunction()
