# find_package(Talome): the installed SDK. Gives talome_sdk, talome-manifest and talome_add_plugin(). A project in C alone
# needs neither Boost nor a C++ compiler.
get_property(_talome_languages GLOBAL PROPERTY ENABLED_LANGUAGES)
cmake_path(SET _talome_prefix NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/../../..)

if(NOT TARGET talome_sdk)
  # Whoever has not said anything wants what can be shipped: a third of the size.
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, because nothing was said" FORCE)
  endif()
  add_library(talome_sdk INTERFACE IMPORTED GLOBAL)
  target_include_directories(talome_sdk SYSTEM INTERFACE ${_talome_prefix}/include)
  if(CXX IN_LIST _talome_languages)
    include(CMakeFindDependencyMacro)
    find_dependency(Boost 1.81)
    target_include_directories(talome_sdk SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
    target_compile_definitions(talome_sdk INTERFACE BOOST_JSON_NO_LIB BOOST_CONTAINER_NO_LIB)
    target_compile_features(talome_sdk INTERFACE cxx_std_20)
  endif()
  add_executable(talome-manifest IMPORTED GLOBAL)
  set_target_properties(talome-manifest PROPERTIES IMPORTED_LOCATION ${_talome_prefix}/bin/talome-manifest)
endif()

include(${CMAKE_CURRENT_LIST_DIR}/TalomeAddPlugin.cmake)
