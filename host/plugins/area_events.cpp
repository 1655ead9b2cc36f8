// talome.events: topics of a plugin, and what it hears of others.
#include "host/plugins/areas.hpp"

#include "host/crash/scope.hpp"
#include "host/events/outboxes.hpp"
#include "host/plugins/edge.hpp"
#include "sdk/manifest/recorder.hpp"

namespace talome::plugins {

namespace {

constexpr std::size_t kMostDurable = 1 << 20; // bytes of one event

bool isDurable(const manifest::Topic& topic) { return topic.durable.value_or(false); }

/// Durable topics of one generation, and its subscriptions to those of others. The outbox of a plugin id, and the
/// cursor of a subscription, are the host's: what quiesces lets them go, and what is activated after it takes them.
class DurableTopics : public AreaState {
public:
    explicit DurableTopics(talome_self& self) : self_(self) {}

    void subscribe(const char* pattern, talome_on_durable_event call, void* user) {
        if (!pattern || !*pattern || !call) throw Invalid("subscribe_durable", "needs a pattern and a callback");
        for (const auto& each : subscriptions_)
            if (each->pattern == pattern)
                throw Invalid("subscribe_durable", std::string(pattern) + " is subscribed to already");
        subscriptions_.push_back(std::make_shared<const events::DurableSubscription>(events::DurableSubscription{
            self_.id, pattern, self_.strand,
            [this, call, user](const std::string& publisher, const events::DurableEvent& event) {
                return hand(call, user, publisher, event);
            }}));
    }

    void activate() override {
        std::vector<std::string> topics;
        for (const auto& each : self_.topics)
            if (isDurable(each)) topics.push_back(each.name);
        if (!topics.empty()) opened_ = self_.services.outboxes.open(self_.id, self_.database, std::move(topics));
        for (const auto& each : subscriptions_) self_.services.outboxes.subscribe(each);
    }
    void quiesce() override {
        for (const auto& each : subscriptions_) self_.services.outboxes.unsubscribe(each);
        if (const auto opened = std::exchange(opened_, 0)) self_.services.outboxes.close(self_.id, opened);
    }

private:
    std::optional<std::string> hand(talome_on_durable_event call, void* user, const std::string& publisher,
                                    const events::DurableEvent& event) {
        const talome_durable_event given{
            sizeof given, 0, str(publisher), str(event.topic), bytes(event.json), event.sequence, event.publishedAt};
        gate::lastWords().clear();
        const crash::Scope scope(self_.usage, event.topic);
        if (call(user, &given) >= 0) return std::nullopt;
        auto words = std::exchange(gate::lastWords(), {});
        return words.empty() ? "it gave no reason" : std::move(words);
    }

    talome_self& self_;
    std::vector<events::Subscribed> subscriptions_;
    std::uint64_t opened_ = 0; ///< 0: not, or it has no such topics
};

talome_status declare(talome_self* self, const talome_topic* given) noexcept {
    return declaring(self, [&] {
        auto topic = manifest::record(given);
        if (isDurable(topic)) {
            if (!self->asked.contains(TALOME_DATABASE))
                throw Invalid(topic.name, "a durable topic needs " TALOME_DATABASE ", which was not asked for");
            self->states.of<DurableTopics>(*self);
        }
        self->topics.push_back(std::move(topic));
    });
}

talome_status subscribeDurable(talome_self* self, const char* pattern, talome_on_durable_event call,
                               void* user) noexcept {
    return declaring(self, [&] {
        self->states.of<DurableTopics>(*self).subscribe(pattern, call, user);
        self->durableSubscriptions.emplace_back(pattern);
    });
}

talome_status subscribe(talome_self* self, const char* pattern, talome_on_event call, void* user) noexcept {
    return declaring(self, [&] {
        if (!pattern || !*pattern || !call) throw Invalid("subscribe", "needs a pattern and a callback");
        self->subscriptions.push_back({pattern, call, user});
    });
}

/// Those who hear it live do so once it is committed.
void publishDurable(talome_self& self, const manifest::Topic& topic, std::string_view json, std::string audience) {
    if (!self.database) throw gate::Failure(TALOME_E_UNAVAILABLE, "the database is open from start() to stop()");
    if (json.size() > kMostDurable)
        throw gate::Failure(TALOME_E_TOO_LARGE, "an event of a durable topic has at most 1 MiB");
    self.services.outboxes.publish(self.id, *self.database, topic.name, json,
                                   [&bus = self.services.bus, name = topic.name, may = topic.audience,
                                    json = std::string(json), to = std::move(audience)] {
                                       bus.publish({name, json, may, to});
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
        if (isDurable(*declared)) {
            publishDurable(*self, *declared, view(json), std::string(view(audience)));
            return TALOME_OK;
        }
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
    static const talome_events table{sizeof table, 0,         declare,    subscribe,
                                     publish,      publishTo, onAudience, subscribeDurable};
    return table;
}

} // namespace talome::plugins
