# Read by cpack before it makes the packages: a plugin's own manifest says what its package is.
foreach(plugin IN LISTS CPACK_TALOME_PLUGINS)
  if(NOT EXISTS ${CPACK_TALOME_MANIFEST_${plugin}})
    message(FATAL_ERROR "${plugin} is not built: build the target package_parts first")
  endif()
  file(READ ${CPACK_TALOME_MANIFEST_${plugin}} manifest)
  string(JSON summary GET "${manifest}" summary)
  string(JSON count ERROR_VARIABLE none LENGTH "${manifest}" prefixes)
  set(routes "")
  if(count GREATER 0)
    math(EXPR last "${count} - 1")
    foreach(i RANGE ${last})
      string(JSON prefix GET "${manifest}" prefixes ${i})
      string(APPEND routes " ${prefix}")
    endforeach()
    set(routes " It serves${routes}.")
  endif()
  string(TOUPPER plugin-${plugin} component)
  set(CPACK_DEBIAN_${component}_DESCRIPTION "home server: the plugin ${plugin}
 ${summary}
 .
 A plugin of Talome.${routes} \"talomectl plugin enable ${plugin}\" enables it,
 while the server runs.")
endforeach()
