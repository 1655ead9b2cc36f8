# talome_add_plugin(NAME SOURCES … [LIBRARIES …] [COMMON …] [OUTPUT DIRECTORY])
#   builds NAME.so and, by running talome-manifest on it, NAME.plugin.json beside it.
#   LIBRARIES  what it links besides the SDK: system libraries, never the host or another plugin
#   COMMON     pure code of plugins/common that it uses, see talome_add_common()
#   OUTPUT     where both files go; plugins/ of the build tree unless said
#   For tests: MANIFEST_COMMAND runs talome-manifest (as "env A=b" would), NO_MANIFEST leaves it out.
#
# talome_add_common(NAME SOURCES … [LIBRARIES …])
#   builds pure code that several plugins share: static, hidden, seeing only the SDK.
#
# A plugin sees sdk/include, its own folder and the COMMON ones. check_includes.cmake refuses the rest by name, so that
# a plugin of this repository is built exactly as a stranger's is.

set(TALOME_SDK_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

# Boost.JSON for plugins: compiled once in a build tree, and exported by none of them.
function(_talome_plugin_boost_json)
  if(TARGET talome_plugin_boost_json)
    return()
  endif()
  add_library(talome_plugin_boost_json OBJECT ${TALOME_SDK_CMAKE_DIR}/../src/boost_json.cpp)
  target_link_libraries(talome_plugin_boost_json PUBLIC talome_sdk)
  _talome_hidden(talome_plugin_boost_json)
endfunction()

function(_talome_hidden target)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON CXX_EXTENSIONS OFF C_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fno-gnu-unique>)
endfunction()

# Refuses at configure time what is no library of the system, and at build time every include that leaves its folder.
function(_talome_isolate target allowed_targets)
  foreach(library IN LISTS ARGN)
    if(TARGET ${library})
      get_target_property(imported ${library} IMPORTED)
      get_target_property(aliased ${library} ALIASED_TARGET)
      if(NOT imported AND NOT aliased AND NOT library IN_LIST allowed_targets)
        message(FATAL_ERROR "${target} must not link ${library}: a plugin sees only the SDK, its own folder and COMMON ones")
      endif()
    endif()
  endforeach()
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c ${CMAKE_CURRENT_SOURCE_DIR}/*.h
    ${CMAKE_CURRENT_SOURCE_DIR}/*.cc ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp ${CMAKE_CURRENT_SOURCE_DIR}/*.hpp
    ${CMAKE_CURRENT_SOURCE_DIR}/*.ipp ${CMAKE_CURRENT_SOURCE_DIR}/*.inc)
  foreach(source IN LISTS sources)
    cmake_path(ABSOLUTE_PATH source NORMALIZE)
    cmake_path(IS_PREFIX CMAKE_CURRENT_SOURCE_DIR ${source} inside)
    cmake_path(IS_PREFIX CMAKE_CURRENT_BINARY_DIR ${source} generated)
    if(NOT inside AND NOT generated)
      message(FATAL_ERROR "${target}: the source ${source} is not in its own folder")
    endif()
  endforeach()
  set(stamp ${CMAKE_CURRENT_BINARY_DIR}/${target}.includes)
  add_custom_command(OUTPUT ${stamp}
    COMMAND ${CMAKE_COMMAND} -DNAME=${target} -DFOLDER=${CMAKE_CURRENT_SOURCE_DIR} -P ${TALOME_SDK_CMAKE_DIR}/check_includes.cmake
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS ${files} ${TALOME_SDK_CMAKE_DIR}/check_includes.cmake
    COMMENT "Checking the includes of ${target}" VERBATIM)
  add_custom_target(${target}_includes DEPENDS ${stamp})
  add_dependencies(${target} ${target}_includes)
endfunction()

function(talome_add_common name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  set(sources ${arg_SOURCES})
  add_library(talome_common_${name} STATIC ${arg_SOURCES})
  target_include_directories(talome_common_${name} INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/.. PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(talome_common_${name} PUBLIC talome_sdk ${arg_LIBRARIES})
  _talome_hidden(talome_common_${name})
  _talome_isolate(talome_common_${name} talome_sdk ${arg_LIBRARIES})
endfunction()

function(talome_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_MANIFEST" "OUTPUT" "SOURCES;LIBRARIES;COMMON;MANIFEST_COMMAND")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "talome_add_plugin(${name} SOURCES … [LIBRARIES …] [COMMON …] [OUTPUT …]): ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_OUTPUT)
    set(arg_OUTPUT ${PROJECT_BINARY_DIR}/plugins)
  endif()
  set(sources ${arg_SOURCES})
  set(cxx_sources ${arg_SOURCES})
  list(FILTER cxx_sources EXCLUDE REGEX "\\.[ch]$")

  add_library(${name} MODULE ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name} SUFFIX .so LIBRARY_OUTPUT_DIRECTORY ${arg_OUTPUT}
    SKIP_BUILD_RPATH ON INSTALL_RPATH "" LINK_DEPENDS "${TALOME_SDK_CMAKE_DIR}/plugin.map;$<TARGET_FILE:talome-manifest>")
  _talome_hidden(${name})
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE talome_sdk ${arg_LIBRARIES})
  target_link_options(${name} PRIVATE -Wl,--version-script=${TALOME_SDK_CMAKE_DIR}/plugin.map -Wl,-z,defs -Wl,--gc-sections)
  if(cxx_sources)
    _talome_plugin_boost_json()
    target_link_libraries(${name} PRIVATE talome_plugin_boost_json)
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:talome_plugin_boost_json>)
  endif()
  foreach(common IN LISTS arg_COMMON)
    target_link_libraries(${name} PRIVATE talome_common_${common})
  endforeach()
  _talome_isolate(${name} "" ${arg_LIBRARIES})

  add_dependencies(${name} talome-manifest)
  if(arg_NO_MANIFEST)
    return()
  endif()
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND ${arg_MANIFEST_COMMAND} ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:talome-manifest> $<TARGET_FILE:${name}>
    BYPRODUCTS ${arg_OUTPUT}/${name}.plugin.json
    COMMENT "Writing ${name}.plugin.json" VERBATIM)
endfunction()
