// talome.events: topics of a plugin, and what it hears of others.
#include "host/plugins/areas.hpp"

#include "host/plugins/edge.hpp"
#include "sdk/manifest/recorder.hpp"

namespace talome::plugins {

namespace {

talome_status declare(talome_self* self, const talome_topic* topic) noexcept {
    return declaring(self, [&] { self->topics.push_back(manifest::record(topic)); });
}

talome_status subscribe(talome_self* self, const char* pattern, talome_on_event call, void* user) noexcept {
    return declaring(self, [&] {
        if (!pattern || !*pattern || !call) throw Invalid("subscribe", "needs a pattern and a callback");
        self->subscriptions.push_back({pattern, call, user});
    });
}

talome_status publish(talome_self* self, talome_str topic, talome_bytes json) noexcept {
    return edge([&]() -> talome_status {
        if (std::none_of(self->topics.begin(), self->topics.end(),
                         [&](const auto& each) { return each.name == view(topic); }))
            throw gate::Failure(TALOME_E_DENIED,
                                self->id + " has not declared the topic '" + std::string(view(topic)) + "'");
        self->services.bus.publish(view(topic), view(json));
        return TALOME_OK;
    });
}

} // namespace

const talome_events& eventsArea() {
    static const talome_events table{sizeof table, 0, declare, subscribe, publish, nullptr, nullptr};
    return table;
}

} // namespace talome::plugins
