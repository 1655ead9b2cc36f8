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

void Bus::unsubscribe(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    std::erase_if(subscribers_, [&](const auto& each) {
        if (each->number != number) return false;
        each->gone = true;
        return true;
    });
}

void Bus::publish(std::string_view topic, std::string_view json) {
    std::shared_ptr<const std::pair<std::string, std::string>> event;
    const std::lock_guard lock(mutex_); // held while queueing, so that every subscriber sees the same order
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

} // namespace talome::events
