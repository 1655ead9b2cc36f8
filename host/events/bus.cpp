// Publish and subscribe inside the server.
#include "host/events/bus.hpp"

#include "host/log/log.hpp"

namespace talome::events {

bool Bus::matches(std::string_view pattern, std::string_view topic) {
    if (!pattern.ends_with('*')) return pattern == topic;
    return topic.starts_with(pattern.substr(0, pattern.size() - 1));
}

std::uint64_t Bus::subscribe(std::string owner, std::string pattern, std::shared_ptr<tasks::Strand> strand,
                             OnEvent call) {
    const auto subscriber = std::make_shared<Subscriber>();
    subscriber->owner = std::move(owner);
    subscriber->pattern = std::move(pattern);
    subscriber->strand = std::move(strand);
    subscriber->call = std::move(call);
    const std::lock_guard lock(mutex_);
    subscriber->number = next_++;
    subscribers_.push_back(subscriber);
    return subscriber->number;
}

std::uint64_t Bus::listen(std::string pattern, std::function<void(const Event&)> call) {
    const std::lock_guard lock(mutex_);
    listeners_.push_back({next_++, std::move(pattern), std::move(call)});
    return listeners_.back().number;
}

void Bus::unsubscribe(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    std::erase_if(listeners_, [&](const auto& each) { return each.number == number; });
    std::erase_if(subscribers_, [&](const auto& each) {
        if (each->number != number) return false;
        each->gone = true;
        return true;
    });
}

void Bus::publish(const Event& published) {
    const auto [topic, json, permission, to] = published;
    std::shared_ptr<const std::pair<std::string, std::string>> event;
    const std::lock_guard lock(mutex_); // held while queueing, so that every subscriber sees the same order
    for (const auto& listener : listeners_)
        if (matches(listener.pattern, topic)) listener.call(published);
    for (const auto& subscriber : subscribers_) {
        if (!matches(subscriber->pattern, topic)) continue;
        if (subscriber->queued >= kQueue) {
            log::warn("host",
                      subscriber->owner + " does not keep up with " + std::string(topic) + ": an event is dropped");
            continue;
        }
        if (!event) event = std::make_shared<const std::pair<std::string, std::string>>(topic, json);
        ++subscriber->queued;
        subscriber->strand->post([subscriber, event] {
            --subscriber->queued;
            if (!subscriber->gone) subscriber->call(event->first, event->second);
        });
    }
}

bool Bus::isLookedAt(const std::string& topic) const {
    for (const auto& [pattern, count] : looks_)
        if (count > 0 && matches(pattern, topic)) return true;
    return false;
}

void Bus::tell(AudienceWatch& watch) {
    watch.strand->post([call = watch.call, topic = watch.topic, present = watch.present] { call(topic, present); });
}

std::uint64_t Bus::watchAudience(std::string topic, std::shared_ptr<tasks::Strand> strand, OnAudience call) {
    const std::lock_guard lock(mutex_);
    const bool present = isLookedAt(topic);
    audiences_.push_back({next_++, std::move(topic), std::move(strand), std::move(call), present});
    if (present) tell(audiences_.back());
    return audiences_.back().number;
}

void Bus::unwatchAudience(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    std::erase_if(audiences_, [&](const auto& each) { return each.number == number; });
}

void Bus::look(const std::vector<std::string>& patterns, int change) {
    const std::lock_guard lock(mutex_);
    for (const auto& pattern : patterns)
        if ((looks_[pattern] += change) == 0) looks_.erase(pattern);
    for (auto& watch : audiences_) {
        const bool present = isLookedAt(watch.topic);
        if (present == watch.present) continue;
        watch.present = present;
        tell(watch);
    }
}

} // namespace talome::events
