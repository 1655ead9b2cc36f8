// Ends what an exec has begun in a container, with everything that descends from it: the Engine API has no call for that.
// A small program (exec_ender.c) runs in a container of its own that shares the other's PID namespace, so the other
// image needs no shell, and talomed no privileges.
#pragma once

#include "engine/engine_client.hpp"

#include <string>
#include <string_view>

namespace talome::docker {

extern const char* const kEnderTag;  // of the image: names what is in it
std::string_view enderArchive();     // the image as a tar archive

// The variable by which the processes of an exec are known: "TALOME_EXEC=0123…".
std::string execMark();

// Any worker. Kills every process of the container that carries the mark, the first one of the exec also if it does not
// any more (where talomed can see it, so not from another machine), and what descends from them; throws if that was not
// possible.
void endExec(const EngineClient&, const std::string& containerId, const std::string& execId, const std::string& mark);

} // namespace talome::docker
