// Reads images from the engine, with the containers that are made from them, running or not.
#pragma once

#include "engine/engine_client.hpp"
#include "images/image_types.hpp"

namespace talome::docker {

std::vector<Image> listImages(const EngineClient&);
std::vector<engine::UsingContainer> listUsers(const EngineClient&);
// Throws NotFound.
engine::InspectedImage inspectImage(const EngineClient&, const std::string& ref);

std::string shortImageId(const std::string& id); // "sha256:0123…" → 12 digits
std::string nameOf(const engine::UsingContainer&);

} // namespace talome::docker
