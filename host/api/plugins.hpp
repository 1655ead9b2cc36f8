// What is loaded, and why something is not: GET /api/plugins.
#pragma once

#include "host/plugins/manager.hpp"

#include <talome/plugin.hpp>

namespace talome::api {

/// Any thread.
class Plugins {
public:
    Plugins(Registry& registry, const plugins::Manager& manager);

private:
    std::vector<plugins::PluginInfo> list() const;
    const plugins::Manager& manager_;
};

} // namespace talome::api
