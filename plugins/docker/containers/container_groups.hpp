// Groups of operations that judge and gather containers.
#pragma once

#include "services.hpp"

namespace talome::docker {

std::unique_ptr<Group> containerCheck(Registry&, Services&);  // GET /api/containers/{id}/check
std::unique_ptr<Group> containerChecks(Registry&, Services&); // GET /api/containers/check
std::unique_ptr<Group> containerStacks(Registry&, Services&); // GET /api/containers/stacks
std::unique_ptr<Group> containerErrors(Registry&, Services&); // GET /api/containers/{id}/last-error, …/startup-errors
std::unique_ptr<Group> containerCreate(Registry&, Services&); // POST /api/containers
std::unique_ptr<Group> logSearch(Registry&, Services&);       // GET /api/containers/logs

} // namespace talome::docker
