# find_package(Talome): the installed SDK. Gives talome_sdk, talome-manifest and talome_add_plugin().
find_package(Boost 1.81 REQUIRED)

cmake_path(SET _talome_prefix NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/../../..)
if(NOT TARGET talome_sdk)
  add_library(talome_sdk INTERFACE IMPORTED GLOBAL)
  target_include_directories(talome_sdk SYSTEM INTERFACE ${_talome_prefix}/include ${Boost_INCLUDE_DIRS})
  target_compile_definitions(talome_sdk INTERFACE BOOST_JSON_NO_LIB BOOST_CONTAINER_NO_LIB)
  target_compile_features(talome_sdk INTERFACE cxx_std_20)
  add_executable(talome-manifest IMPORTED GLOBAL)
  set_target_properties(talome-manifest PROPERTIES IMPORTED_LOCATION ${_talome_prefix}/bin/talome-manifest)
endif()

include(${CMAKE_CURRENT_LIST_DIR}/TalomeAddPlugin.cmake)
