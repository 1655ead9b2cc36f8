# The Debian packages, one for each install component: host → talome-host, sdk → talome-sdk-dev, and plugin-NAME →
# talome-plugin-NAME for each folder of plugins/. `packaging/deb` makes them. What is written in packaging/debian/COMPONENT
# (maintainer scripts, conffiles, templates) becomes part of that package, packaging/debian/plugin of each plugin's, with
# its name for @PLUGIN@.
#
# A plugin needs no entry here: its package has its .so and manifest, and takes its description from the manifest. It
# may have more files by install(… COMPONENT plugin-NAME) in its own CMakeLists.txt, and other relations by
#   set_target_properties(NAME PROPERTIES TALOME_RECOMMENDS "…" TALOME_SUGGESTS "…")

set(TALOME_MAINTAINER "The Talome developers <maintainers@talome.example>" CACHE STRING "Maintainer of the packages")
set(debian ${PROJECT_SOURCE_DIR}/packaging/debian)

# What the packages are made of, and nothing that is only for tests.
add_custom_target(package_parts DEPENDS talomed talome-spawn talomectl talome-manifest)
foreach(part talome-check talome-testing)
  if(TARGET ${part})
    add_dependencies(package_parts ${part})
  endif()
endforeach()

# host
install(TARGETS talomed DESTINATION bin COMPONENT host)
install(TARGETS talome-spawn DESTINATION lib/talome COMPONENT host) # talomed looks for it there
# The same file as in the tree, but for where a system's service keeps its things.
file(READ ${PROJECT_SOURCE_DIR}/etc/talome.yaml yaml)
foreach(line "state_dir: /var/lib/talome  " "  socket: /run/talome/talomed.sock")
  string(REGEX MATCH "^ *[a-z_]+:" key "${line}")
  string(REGEX MATCH "\n# ${key}[^\n#]*#" was "${yaml}")
  if(NOT was)
    message(FATAL_ERROR "etc/talome.yaml has no line '# ${key}'")
  endif()
  if(key MATCHES "^ ") # its section is needed, too
    string(REGEX REPLACE "\n# (ctl:)" "\n\\1" yaml "${yaml}")
  endif()
  string(REPLACE "${was}" "\n${line} #" yaml "${yaml}")
endforeach()
string(REPLACE " Copy it to /etc/talome/talome.yaml, or name its path\n# in TALOME_CONFIG." "" yaml "${yaml}")
file(WRITE ${PROJECT_BINARY_DIR}/packages/talome.yaml.new "${yaml}")
file(COPY_FILE ${PROJECT_BINARY_DIR}/packages/talome.yaml.new ${PROJECT_BINARY_DIR}/packages/talome.yaml ONLY_IF_DIFFERENT)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/etc/talome.yaml)
install(FILES ${PROJECT_BINARY_DIR}/packages/talome.yaml DESTINATION /etc/talome COMPONENT host)
install(FILES etc/systemd/talomed.service etc/systemd/talomed.socket etc/systemd/talomed-ctl.socket
  DESTINATION lib/systemd/system COMPONENT host)
install(FILES etc/systemd/talome.sysusers DESTINATION lib/sysusers.d RENAME talome.conf COMPONENT host)
install(DIRECTORY DESTINATION lib/talome/plugins COMPONENT host) # watched by the host, so there without any plugin
install(FILES packaging/README.md DESTINATION share/doc/talome-host COMPONENT host)

# host and sdk: each has talomectl at a place of its own, and what belongs to it; /usr/bin/talomectl is an alternative of the
# two (postinst), so that either package is whole without the other, and both may be there in different versions.
foreach(component host sdk)
  install(TARGETS talomectl DESTINATION lib/talome/${component} COMPONENT ${component})
  install(FILES host/ctl/talomectl.bash DESTINATION lib/talome/${component} COMPONENT ${component})
endforeach()
install(TARGETS talome-spawn DESTINATION lib/talome/sdk COMPONENT sdk) # for what runs programs in tests

# plugins
set(plugins "")
file(GLOB folders CONFIGURE_DEPENDS plugins/*/CMakeLists.txt)
foreach(folder IN LISTS folders)
  cmake_path(GET folder PARENT_PATH folder)
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL MODULE_LIBRARY)
      list(APPEND plugins ${target})
      add_dependencies(package_parts ${target})
      # Not install(TARGETS): the file is stripped first, and then described, since the manifest names its digest.
      install(CODE "
        set(plugin \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/talome/plugins/${target}.so\")
        file(INSTALL \"$<TARGET_FILE:${target}>\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib/talome/plugins\"
          TYPE FILE PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
        execute_process(COMMAND \"${CMAKE_STRIP}\" --strip-unneeded --remove-section=.comment \"\${plugin}\" COMMAND_ERROR_IS_FATAL ANY)
        execute_process(COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} \"$<TARGET_FILE:talome-manifest>\" \"\${plugin}\" COMMAND_ERROR_IS_FATAL ANY)
        string(REPLACE .so .plugin.json manifest \"\${plugin}\")
        file(CHMOD \"\${manifest}\" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)"
        COMPONENT plugin-${target})
      install(FILES ${folder}/README.md DESTINATION share/doc/talome-plugin-${target} COMPONENT plugin-${target} OPTIONAL)
    endif()
  endforeach()
endforeach()

# Manual pages and the changelog are compressed as Debian wants it, the same way each time.
find_program(GZIP gzip REQUIRED)
function(compressed from to)
  add_custom_command(OUTPUT ${to} COMMAND ${CMAKE_COMMAND} -DFROM=${from} -DTO=${to} -DGZIP=${GZIP}
    -P ${PROJECT_SOURCE_DIR}/cmake/gzip.cmake DEPENDS ${from} ${PROJECT_SOURCE_DIR}/cmake/gzip.cmake VERBATIM)
endfunction()
set(made ${PROJECT_BINARY_DIR}/packages/changelog.Debian.gz)
compressed(${debian}/changelog ${made})
compressed(${debian}/man/talomectl.1 ${PROJECT_BINARY_DIR}/packages/talomectl.1.gz)
list(APPEND made ${PROJECT_BINARY_DIR}/packages/talomectl.1.gz)
foreach(component host sdk)
  install(FILES ${PROJECT_BINARY_DIR}/packages/talomectl.1.gz DESTINATION lib/talome/${component} COMPONENT ${component})
endforeach()
set(pages "host:talomed.8" "sdk:talome-manifest.1" "sdk:talome-check.1")
foreach(page IN LISTS pages)
  string(REPLACE ":" ";" page ${page})
  list(GET page 0 component)
  list(GET page 1 name)
  string(REGEX MATCH "[0-9]$" section ${name})
  cmake_path(GET name STEM program)
  if(TARGET ${program})
    compressed(${debian}/man/${name} ${PROJECT_BINARY_DIR}/packages/${name}.gz)
    list(APPEND made ${PROJECT_BINARY_DIR}/packages/${name}.gz)
    install(FILES ${PROJECT_BINARY_DIR}/packages/${name}.gz DESTINATION share/man/man${section} COMPONENT ${component})
  endif()
endforeach()
add_custom_target(package_documents ALL DEPENDS ${made})
add_dependencies(package_parts package_documents)

# The names of the packages, and what each needs besides the libraries that its programs link.
set(version ${PROJECT_VERSION}-1)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME talome)
set(CPACK_PACKAGE_CONTACT ${TALOME_MAINTAINER})
set(CPACK_SET_DESTDIR ON) # /etc is not below the prefix
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
  WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_COMPONENTS_ALL host sdk)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SOURCE talome)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(CPACK_DEBIAN_HOST_PACKAGE_NAME talome-host)
set(CPACK_DEBIAN_HOST_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_HOST_PACKAGE_DEPENDS "libcurl4 (>= 7.85), ca-certificates, tzdata, debconf (>= 0.5) | debconf-2.0, systemd | systemd-standalone-sysusers | systemd-sysusers, init-system-helpers (>= 1.52)")
set(CPACK_DEBIAN_HOST_DESCRIPTION "home server: the daemon that plugins run in
Talome is a home-server backend. Its daemon, talomed, holds users, sessions,
settings and databases and serves a REST API on port 4000; everything that a
user would call a feature is a plugin in a package of its own, which can be
enabled, disabled and replaced while the daemon runs.

The daemon runs under its own user, sandboxed by systemd, which also keeps its
sockets, so that a restart refuses no connection. talomectl looks after it:
users, settings, snapshots, the audit log, plugins, and every operation.")
set(CPACK_DEBIAN_SDK_PACKAGE_NAME talome-sdk-dev)
set(CPACK_DEBIAN_SDK_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_SDK_PACKAGE_DEPENDS "libcurl4 (>= 7.85), tzdata, cmake (>= 3.25), make, ninja-build, pkg-config, libboost1.81-dev, doctest-dev")
set(CPACK_DEBIAN_SDK_PACKAGE_RECOMMENDS "g++ | c++-compiler | c-compiler")
set(CPACK_DEBIAN_SDK_DESCRIPTION "home server: what the author of a plugin needs
Headers of the plugin interface, in C and in C++20, the CMake package and the
pkg-config file that build plugins, a template to begin with (talomectl plugin
new), the program that writes a plugin's manifest, the one that checks a
plugin, and the library with which its tests run it in a real host.

Only a compiler is needed beside it: C++ for plugins in C++, C for those in C.")

set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/cmake/plugin_packages.cmake) # when cpack runs: manifests exist then
set(CPACK_TALOME_PLUGINS ${plugins})
set(CPACK_TALOME_VERSION ${version})
math(EXPR CPACK_TALOME_NEXT_MAJOR "${PROJECT_VERSION_MAJOR} + 1")
foreach(plugin IN LISTS plugins)
  list(APPEND CPACK_COMPONENTS_ALL plugin-${plugin})
  string(TOUPPER plugin-${plugin} component)
  set(CPACK_DEBIAN_${component}_PACKAGE_NAME talome-plugin-${plugin})
  set(CPACK_DEBIAN_${component}_PACKAGE_SECTION admin)
  # Which host it needs, its manifest says as well: see plugin_packages.cmake.
  set(scripts "")
  file(GLOB templates CONFIGURE_DEPENDS ${debian}/plugin/*)
  foreach(template IN LISTS templates)
    cmake_path(GET template FILENAME name)
    set(PLUGIN ${plugin})
    configure_file(${template} ${PROJECT_BINARY_DIR}/packages/plugin-${plugin}/${name} @ONLY FILE_PERMISSIONS
      OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
    list(APPEND scripts ${PROJECT_BINARY_DIR}/packages/plugin-${plugin}/${name})
  endforeach()
  set(CPACK_DEBIAN_${component}_PACKAGE_CONTROL_EXTRA ${scripts})
  get_target_property(output ${plugin} LIBRARY_OUTPUT_DIRECTORY)
  set(CPACK_TALOME_MANIFEST_${plugin} ${output}/${plugin}.plugin.json)
  foreach(relation RECOMMENDS SUGGESTS)
    get_target_property(value ${plugin} TALOME_${relation})
    if(value)
      set(CPACK_DEBIAN_${component}_PACKAGE_${relation} "${value}")
    endif()
  endforeach()
endforeach()

foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  set(package ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  install(FILES ${debian}/copyright DESTINATION share/doc/${package} COMPONENT ${component})
  install(FILES ${PROJECT_BINARY_DIR}/packages/changelog.Debian.gz DESTINATION share/doc/${package} COMPONENT ${component})
  if(EXISTS ${debian}/${component}/overrides)
    install(FILES ${debian}/${component}/overrides DESTINATION share/lintian/overrides RENAME ${package} COMPONENT ${component})
  endif()
  file(GLOB extra CONFIGURE_DEPENDS ${debian}/${component}/*)
  list(FILTER extra EXCLUDE REGEX "/overrides$")
  if(extra)
    set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA ${extra})
  endif()
endforeach()

include(CPack)
