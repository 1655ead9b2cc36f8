#include "host/plugins/routing.hpp"

#include "host/gate/offers.hpp"

namespace talome::plugins {

namespace {

void add(gate::Snapshot& snapshot, gate::Offers& offers, const Generation::Endpoints& endpoints) {
    for (const auto& endpoint : endpoints) {
        offers.add(endpoint);
        if (!snapshot.operations.emplace(endpoint->declared.id, endpoint).second)
            throw std::invalid_argument("the operation " + endpoint->declared.id + " exists already");
        for (const auto& route : endpoint->declared.routes)
            snapshot.routers[route.listener ? listenerName(endpoint->plugin, *route.listener) : ""].add(
                route.method, route.path, gate::Routed{endpoint, &route});
    }
}

} // namespace

std::shared_ptr<gate::Snapshot> compose(const Generation::Endpoints& host, const gate::Flags& hostFlags,
                                        const std::vector<Generation*>& plugins) {
    auto snapshot = std::make_shared<gate::Snapshot>();
    auto offers = std::make_shared<gate::Offers>();
    offers->add({std::string(gate::kCoreDomain), "The server itself, its containers, apps and files", {}, {}});
    add(*snapshot, *offers, host);
    snapshot->flags = hostFlags;
    for (auto* plugin : plugins) {
        add(*snapshot, *offers, plugin->endpoints());
        for (const auto& domain : plugin->self().domains) offers->add(domain);
        for (const auto& flag : plugin->self().flags) {
            const auto [it, fresh] = snapshot->flags.emplace(flag.name, flag.granted);
            if (!fresh && it->second != flag.granted)
                throw std::invalid_argument("the flag '" + flag.name + "' is declared with another default already");
        }
    }
    snapshot->offers = std::move(offers);
    return snapshot;
}

std::vector<std::string> unmet(const std::vector<std::string>& requirements, const gate::Snapshot& snapshot) {
    std::vector<std::string> missing;
    for (const auto& each : requirements) {
        const auto prefix = std::string_view(each).substr(0, each.size() - each.ends_with('*'));
        const auto it = snapshot.operations.lower_bound(prefix);
        const bool met = it != snapshot.operations.end() &&
                         (each.ends_with('*') ? it->first.starts_with(prefix) : it->first == prefix);
        if (!met) missing.push_back(each);
    }
    return missing;
}

} // namespace talome::plugins
