// What a caller may do that is not a person: a model, an automation, a bot. The owner chooses one of three modes.
#pragma once

#include "host/gate/principal.hpp"

namespace talome::gate {

enum class Mode {
    permissive, ///< everything runs; what destroys, and is asked for in a member's name, waits for a person
    cautious,   ///< what destroys waits for a person, and what a member's helper changes does
    locked      ///< they only read
};
/// Any other text is cautious: a setting that cannot be read must not open anything.
Mode modeOf(std::string_view) noexcept;
std::string_view nameOf(Mode) noexcept;

enum class Verdict { run, ask, refuse };

/// Of a call that a person makes: run. Permissions and scopes are another matter, and come first.
Verdict judge(Mode, const Principal&, manifest::Tier) noexcept;

} // namespace talome::gate
