// The outbox of one publisher: what happens on the strands of its subscribers.
#include "host/events/outbox_parts.hpp"
#include "host/log/log.hpp"

#include <algorithm>

namespace talome::events {

using Clock = tasks::Reactor::Clock;

namespace {

std::string named(const DurableEvent& event, const std::string& publisher) {
    return event.topic + " " + std::to_string(event.sequence) + " of " + publisher;
}

} // namespace

void Outbox::run(Batch& batch) {
    batch.ran = true;
    for (const auto& event : batch.events) {
        if (!isCurrent(batch)) break;
        std::optional<std::string> words;
        try {
            words = batch.to->call(publisher_, event);
        } catch (const std::exception& error) {
            words = error.what();
        }
        if (words) {
            refused(batch, event, *words);
            break;
        }
        taken(batch, event);
    }
    ended(batch);
}

bool Outbox::isCurrent(const Batch& batch) const {
    const std::lock_guard lock(mutex_);
    return batch.delivery->inFlight == &batch && session_ == batch.session && batch.delivery->target == batch.to;
}

void Outbox::taken(const Batch& batch, const DurableEvent& event) {
    const std::lock_guard lock(mutex_);
    auto& delivery = *batch.delivery;
    if (delivery.inFlight != &batch) return; // another generation gets it again
    delivery.done = event.sequence;
    if (delivery.failures > 0)
        log::info(delivery.subscriber, "has taken " + named(event, publisher_) + " at last, after " +
                                           std::to_string(delivery.failures) + " failures");
    delivery.failures = 0;
}

void Outbox::refused(const Batch& batch, const DurableEvent& event, const std::string& words) {
    const std::lock_guard lock(mutex_);
    auto& delivery = *batch.delivery;
    if (delivery.inFlight != &batch) return;
    delivery.failure = words;
    if (delivery.failures++ == 0)
        log::warn(delivery.subscriber,
                  "did not take " + named(event, publisher_) + ", which comes again until it does: " + words);
    delivery.retryAt = reactor_.now() + pauseAfter(delivery.failures);
    wakeAt(delivery.retryAt);
}

void Outbox::ended(const Batch& batch) {
    const std::lock_guard lock(mutex_);
    auto& delivery = *batch.delivery;
    if (delivery.inFlight != &batch) return;
    delivery.inFlight = nullptr;
    if (session_ != batch.session)
        delivery.scanned = -1;
    else if (delivery.scanned >= 0)
        delivery.scanned = delivery.done == batch.events.back().sequence ? batch.scanned : delivery.done;
    if (batch.ran) wakeLocked(); // else its strand is closed, and somebody else has to come
}

std::chrono::milliseconds Outbox::pauseAfter(unsigned failures) const {
    const auto doublings = std::min(failures - 1, 20u);
    return std::min(options_.lastRetry, options_.firstRetry * (1 << doublings));
}

} // namespace talome::events
