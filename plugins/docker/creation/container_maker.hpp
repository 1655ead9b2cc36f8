// The one door through which containers are made: nothing else of this plugin asks the engine to.
#pragma once

#include "creation/create_policy.hpp"
#include "engine/engine_client.hpp"

namespace talome::docker {

// Of the engine that this client speaks to, and of this process.
Machine thisMachine(const EngineClient&);

// Its whole id. Any worker. Throws as requireGranted(), and what the engine refuses: Invalid, NotFound (of the image),
// Conflict (of the name).
std::string makeContainer(const EngineClient&, const engine::CreateBody&, const std::set<Grant>& granted, const std::string& name = {});

} // namespace talome::docker
