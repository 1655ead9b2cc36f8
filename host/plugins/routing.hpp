// What can be called, put together from the host's own operations and those of the plugins that run.
#pragma once

#include "host/plugins/generation.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace talome::plugins {

/// Throws std::invalid_argument if two of them declare the same.
std::shared_ptr<gate::Snapshot> compose(const Generation::Endpoints& host, const gate::Flags& hostFlags,
                                        const std::vector<Generation*>& plugins);

/// Those of `requirements` (operations, or the beginning of some and `*`) that nothing in the snapshot meets.
std::vector<std::string> unmet(const std::vector<std::string>& requirements, const gate::Snapshot&);

} // namespace talome::plugins
