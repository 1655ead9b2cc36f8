// What runs for one plugin: its subscriptions and watched descriptors, and what its areas keep for themselves.
#include "host/plugins/self.hpp"

#include "host/auth/secret.hpp"
#include "host/log/log.hpp"
#include "host/plugins/wire_routes.hpp"

#include <charconv>
#include <cstdlib>

using namespace talome;

namespace {

/// From the environment, if the listener says a variable and that is set.
std::string setting(const std::optional<std::string>& variable, std::string otherwise) {
    const char* text = variable ? std::getenv(variable->c_str()) : nullptr;
    return text && *text ? text : otherwise;
}

std::pair<std::string, std::uint16_t> placeOf(const manifest::Listener& listener) {
    const auto text = setting(listener.portVariable, std::to_string(listener.port));
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size())
        throw std::runtime_error(*listener.portVariable + ": expected a port from 0 to 65535, not '" + text + "'");
    return {setting(listener.hostVariable, listener.host), port};
}

void listen(const talome_self& self, const manifest::Listener& listener) {
    auto [host, port] = placeOf(listener);
    port = self.services.http.listen(plugins::listenerName(self.id, listener.id), host, port);
    log::info(self.id, "listens on " + host + ":" + std::to_string(port) + " (" + listener.summary + ")");
}

/// Of the pool's 16: four plugins whose callbacks all hang leave none, one leaves twelve.
constexpr std::size_t kBackground = 4;

} // namespace

talome::plugins::Budget::Budget(const std::string& id, const Services& services)
    : limits(services.limitsOf ? services.limitsOf(id) : gate::Limits{}), usage(crash::usageOf(id)),
      bulkhead(std::make_shared<gate::Bulkhead>(limits.calls)),
      holdings(
          std::make_shared<http::Holdings>(id, limits.streams, limits.queued, limits.bodies, usage.refused)),
      background(std::make_shared<tasks::Share>(services.pool, kBackground)) {}

talome_call talome_self::ownCall(gate::Origin origin) const {
    auto principal = std::make_shared<gate::Principal>();
    principal->authenticated = true;
    principal->userId = principal->username = "plugin:" + id;
    principal->role = "plugin";
    principal->credential = gate::Credential::plugin;
    principal->origin = origin;
    talome_call call;
    call.principal = std::move(principal);
    call.snapshot = services.registry.snapshot();
    call.requestId = auth::uuid().substr(0, 8);
    return call;
}

std::map<std::string, std::string> talome_self::listenerPlaces() const {
    std::map<std::string, std::string> places;
    for (const auto& each : listeners) {
        const auto [host, port] = placeOf(each);
        places[each.id] = host + ":" + std::to_string(port);
    }
    return places;
}

void talome_self::handOverStreams(talome_self& next) {
    for (const auto& theirs : next.eventRoutes)
        for (const auto& ours : eventRoutes) theirs->adopt(*ours);
}

void talome_self::activate(const std::set<std::string>& listening) {
    ended = false;
    for (const auto& each : listeners)
        if (!listening.contains(each.id)) listen(*this, each);
    for (const auto& each : eventRoutes) each->activate();
    {
        const std::lock_guard lock(mutex);
        for (const auto& each : audiences)
            looked.push_back(services.bus.watchAudience(
                each.topic, strand, [each, &usage = usage](const std::string& topic, bool present) {
                    const crash::Scope scope(usage, each.topic);
                    each.call(each.user, {topic.data(), topic.size()}, present ? 1 : 0);
                }));
        for (const auto& each : subscriptions)
            heard.push_back(services.bus.subscribe(
                id, each.pattern, strand, [each, &usage = usage](std::string_view topic, std::string_view json) {
                    const crash::Scope scope(usage, each.pattern);
                    each.call(each.user, {topic.data(), topic.size()}, {json.data(), json.size()});
                }));
    }
    states.activate(); // without the lock, which an area may want
}

void talome_self::quiesce(const std::set<std::string>& listening) {
    ended = true;
    for (const auto& each : listeners)
        if (!listening.contains(each.id)) services.http.unlisten(plugins::listenerName(id, each.id));
    for (const auto& each : eventRoutes) each->quiesce();
    services.streams.dismiss(this, id + " is being ended");
    {
        const std::lock_guard lock(mutex);
        for (const auto number : heard) services.bus.unsubscribe(number);
        heard.clear();
        for (const auto number : looked) services.bus.unwatchAudience(number);
        looked.clear();
    }
    states.quiesce();
    strand->flush(); // a delivery that runs ends; what was queued is dropped as it comes
}

void talome_self::end() {
    strand->close();
    wires.closeStrands();
    const std::lock_guard lock(mutex);
    for (const auto& [number, watch] : watches) {
        watch->gone = true;
        services.reactor.unwatch(number);
    }
    watches.clear();
}
