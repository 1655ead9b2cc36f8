// Operations of plugins that the host asks by the end of their name: `….health`, `….openMetrics`.
#pragma once

#include "host/gate/gate.hpp"

#include <string>
#include <talome/plugin.hpp>

namespace talome::api {

/// What it answers, asked as the host itself and without input, within the time and the snapshot of `call`. Throws what
/// the gate does.
std::string askPlugin(Call& call, const gate::Gate&, const gate::Endpoint&);

} // namespace talome::api
