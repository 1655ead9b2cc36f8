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

talome_status publishTo(talome_self* self, talome_str topic, talome_bytes json, talome_str audience) noexcept {
    return edge([&]() -> talome_status {
        const auto declared = std::find_if(self->topics.begin(), self->topics.end(),
                                           [&](const auto& each) { return each.name == view(topic); });
        if (declared == self->topics.end())
            throw gate::Failure(TALOME_E_DENIED,
                                self->id + " has not declared the topic '" + std::string(view(topic)) + "'");
        if (const auto to = view(audience); !to.empty() && !to.starts_with("user:") && !manifest::isPermission(to))
            throw Invalid("audience", "expected user:ID or a permission");
        self->services.bus.publish({declared->name, view(json), declared->audience, view(audience)});
        return TALOME_OK;
    });
}

talome_status publish(talome_self* self, talome_str topic, talome_bytes json) noexcept {
    return publishTo(self, topic, json, {});
}

talome_status onAudience(talome_self* self, const char* topic, talome_on_audience call, void* user) noexcept {
    return declaring(self, [&] {
        if (!topic || !*topic || !call) throw Invalid("on_audience", "needs a topic and a callback");
        self->audiences.push_back({topic, call, user});
    });
}

} // namespace

const talome_events& eventsArea() {
    static const talome_events table{sizeof table, 0, declare, subscribe, publish, publishTo, onAudience};
    return table;
}

} // namespace talome::plugins
