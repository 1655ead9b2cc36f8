// Groups of operations that judge and gather containers.
#pragma once

#include "services.hpp"

namespace talome::docker {

std::unique_ptr<Group> containerCheck(Registry&, Services&);  // GET /api/containers/{id}/check
std::unique_ptr<Group> containerStacks(Registry&, Services&); // GET /api/containers/stacks

} // namespace talome::docker
