// What runs for one plugin: its tasks, subscriptions and watched descriptors.
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

} // namespace

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
    const std::lock_guard lock(mutex);
    for (const auto& each : audiences)
        looked.push_back(services.bus.watchAudience(each.topic, strand, [each](const std::string& topic, bool present) {
            each.call(each.user, {topic.data(), topic.size()}, present ? 1 : 0);
        }));
    for (const auto& each : tasks) {
        auto run = [this, each](const std::atomic<bool>& cancelled) {
            auto call = ownCall(gate::Origin::task);
            call.cancelled = [&cancelled] { return cancelled.load(); };
            gate::lastWords().clear();
            if (each.run(each.user, &call) < 0 && !cancelled)
                log::warn(id, "the task " + each.declared.id + " failed: " + gate::lastWords());
        };
        const auto task = std::make_shared<tasks::Task>(
            services.reactor, services.pool, std::chrono::milliseconds(each.declared.periodMs), std::move(run));
        running[each.declared.id] = task;
        task->activate();
    }
    for (const auto& each : subscriptions)
        heard.push_back(
            services.bus.subscribe(id, each.pattern, strand, [each](std::string_view topic, std::string_view json) {
                each.call(each.user, {topic.data(), topic.size()}, {json.data(), json.size()});
            }));
    states.activate();
}

void talome_self::quiesce(const std::set<std::string>& listening) {
    ended = true;
    for (const auto& each : listeners)
        if (!listening.contains(each.id)) services.http.unlisten(plugins::listenerName(id, each.id));
    for (const auto& each : eventRoutes) each->quiesce();
    services.streams.dismiss(this, id + " is being ended");
    std::map<std::string, std::shared_ptr<tasks::Task>, std::less<>> ending;
    {
        const std::lock_guard lock(mutex);
        ending.swap(running);
        for (const auto number : heard) services.bus.unsubscribe(number);
        heard.clear();
        for (const auto number : looked) services.bus.unwatchAudience(number);
        looked.clear();
    }
    for (const auto& [name, task] : ending) task->quiesce(); // without the lock: a task may wake another
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
