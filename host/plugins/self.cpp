// What runs for one plugin: its tasks, subscriptions and watched descriptors.
#include "host/plugins/self.hpp"

#include "host/auth/secret.hpp"
#include "host/log/log.hpp"

using namespace talome;

talome_call talome_self::ownCall(gate::Origin origin) const {
    auto principal = std::make_shared<gate::Principal>();
    principal->authenticated = true;
    principal->userId = principal->username = "plugin:" + id;
    principal->role = "plugin";
    principal->origin = origin;
    talome_call call;
    call.principal = std::move(principal);
    call.snapshot = services.registry.snapshot();
    call.requestId = auth::uuid().substr(0, 8);
    return call;
}

void talome_self::activate() {
    const std::lock_guard lock(mutex);
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
}

void talome_self::quiesce() {
    ended = true;
    std::map<std::string, std::shared_ptr<tasks::Task>, std::less<>> ending;
    {
        const std::lock_guard lock(mutex);
        ending.swap(running);
        for (const auto number : heard) services.bus.unsubscribe(number);
        heard.clear();
    }
    for (const auto& [name, task] : ending) task->quiesce(); // without the lock: a task may wake another
    strand->close();
    const std::lock_guard lock(mutex);
    for (const auto& [number, watch] : watches) {
        watch->gone = true;
        services.reactor.unwatch(number);
    }
    watches.clear();
}
