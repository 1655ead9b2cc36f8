// Reads networks from the engine, with the containers that are in them, running or not.
#pragma once

#include "engine/engine_client.hpp"
#include "networks/network_types.hpp"

namespace talome::docker {

std::vector<Network> listNetworks(const EngineClient&);
// By id, start of an id, or name; with aliases. Throws NotFound.
Network readNetwork(const EngineClient&, const std::string& ref);

} // namespace talome::docker
