// What a caller may do that is not a person.
#include "host/gate/security_mode.hpp"

namespace talome::gate {

Mode modeOf(std::string_view text) noexcept {
    return text == "permissive" ? Mode::permissive : text == "locked" ? Mode::locked : Mode::cautious;
}

std::string_view nameOf(Mode mode) noexcept {
    return mode == Mode::permissive ? "permissive" : mode == Mode::locked ? "locked" : "cautious";
}

Verdict judge(Mode mode, const Principal& caller, manifest::Tier tier) noexcept {
    using manifest::Tier;
    if (tier == Tier::read || isPerson(caller.origin)) return Verdict::run;
    if (mode == Mode::locked) return Verdict::refuse;
    const bool member = caller.role != "admin" && caller.role != "plugin";
    if (tier == Tier::destructive)
        return mode == Mode::permissive && caller.role == "admin" ? Verdict::run : Verdict::ask;
    return mode == Mode::cautious && member ? Verdict::ask : Verdict::run;
}

} // namespace talome::gate
