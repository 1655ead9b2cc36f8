// What is loaded, and why something is not; and that it be another way: /api/plugins.
#include "host/api/plugins.hpp"

namespace talome::api {

Plugins::Plugins(Registry& registry, plugins::Manager& manager) : manager_(manager) {
    registry
        .operation("plugins.list", "All plugins that were found: their state, and the reason when one is not active",
                   admin, Tier::read, this, &Plugins::list)
        .route("GET", "/api/plugins")
        .tool("list_plugins");
    const auto onOne = [&](const char* id, const char* summary, Tier tier, auto handler) {
        return registry.operation(id, summary, admin, tier, this, handler)
            .input("id", "of the plugin", length(1, 32))
            .target("plugin", "id");
    };
    onOne("plugins.get", "One plugin: its state, manifest, and what it uses", Tier::read, &Plugins::get)
        .route("GET", "/api/plugins/{id}");
    onOne("plugins.enable",
          "Starts a plugin, now and whenever the server starts; 409 with the reason if it cannot be started",
          Tier::destructive, &Plugins::enable)
        .route("POST", "/api/plugins/{id}/enable");
    onOne("plugins.disable", "Ends a plugin, and what depends on it; its data stays", Tier::destructive,
          &Plugins::disable)
        .route("POST", "/api/plugins/{id}/disable");
    onOne("plugins.replace",
          "Puts the plugin's file, as it is now, in the place of what runs, without a pause; 409 with the reason if "
          "that cannot be, and the one before goes on",
          Tier::destructive, &Plugins::replace)
        .route("POST", "/api/plugins/{id}/replace");
}

std::vector<plugins::PluginInfo> Plugins::list() const { return manager_.list(); }

plugins::PluginDetail Plugins::get(const PluginInput& input) const {
    auto found = manager_.find(input.id);
    if (!found) throw NotFound("there is no plugin '" + input.id + "'");
    return std::move(*found);
}

namespace {

/// The manager's refusals are the host's, a handler's are the SDK's.
template <class F> plugins::PluginDetail told(F&& body) {
    try {
        return body();
    } catch (const gate::Failure& failure) {
        if (failure.status == TALOME_E_NOT_FOUND) throw NotFound(failure.what());
        throw Conflict(failure.what());
    }
}

} // namespace

plugins::PluginDetail Plugins::enable(const PluginInput& input) {
    return told([&] { return manager_.enable(input.id); });
}
plugins::PluginDetail Plugins::disable(const PluginInput& input) {
    return told([&] { return manager_.disable(input.id); });
}
plugins::PluginDetail Plugins::replace(const PluginInput& input) {
    return told([&] { return manager_.replace(input.id); });
}

} // namespace talome::api
