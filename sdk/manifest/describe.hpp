// Lets a plugin declare itself to a host that only writes down, and makes the manifest of it.
#pragma once

#include "manifest.hpp"

#include <talome/abi.h>

namespace talome::manifest {

/// Runs create() and destroy(), several times: an area without which create() fails is needed, one that is asked for
/// but can be missing is wanted. `name`: of the file, without its ending; the plugin's id must be the same. Throws
/// talome::Error, or a class derived from it, with words that name the plugin and what is wrong.
Manifest describe(const talome_plugin*, const std::string& name);

/// The areas that exist today, with their revision.
const std::vector<std::string>& areas();

} // namespace talome::manifest
