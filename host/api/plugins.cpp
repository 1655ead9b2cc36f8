// What is loaded, and why something is not: GET /api/plugins.
#include "host/api/plugins.hpp"

namespace talome::api {

Plugins::Plugins(Registry& registry, const plugins::Manager& manager) : manager_(manager) {
    registry
        .operation("plugins.list", "All plugins that were found: their state, and the reason when one is not active",
                   admin, Tier::read, this, &Plugins::list)
        .route("GET", "/api/plugins")
        .tool("list_plugins");
}

std::vector<plugins::PluginInfo> Plugins::list() const { return manager_.list(); }

} // namespace talome::api
