// Who publishes durable topics and who subscribes to them.
#include "host/events/outboxes.hpp"

#include "host/events/outbox.hpp"

#include <algorithm>

namespace talome::events {

Outboxes::Outboxes(tasks::Pool& pool, tasks::Reactor& reactor, Now now, OutboxOptions options)
    : pool_(pool), reactor_(reactor), now_(std::move(now)), options_(options) {}

Outboxes::~Outboxes() {
    for (const auto& [id, outbox] : outboxes_) outbox->end();
}

std::shared_ptr<Outbox> Outboxes::find(const std::string& publisher) const {
    const std::lock_guard lock(mutex_);
    const auto it = outboxes_.find(publisher);
    return it == outboxes_.end() ? nullptr : it->second;
}

std::uint64_t Outboxes::open(const std::string& publisher, std::shared_ptr<storage::Database> database,
                    std::vector<std::string> topics) {
    const std::lock_guard lock(mutex_);
    auto& outbox = outboxes_[publisher];
    if (!outbox) outbox = std::make_shared<Outbox>(publisher, pool_, reactor_, now_, options_);
    return outbox->open(std::move(database), std::move(topics), subscriptions_);
}

void Outboxes::close(const std::string& publisher, std::uint64_t opened) {
    if (const auto outbox = find(publisher)) outbox->close(opened);
}

void Outboxes::publish(const std::string& publisher, storage::Database& database, std::string_view topic,
                       std::string_view json, std::function<void()> live) {
    database.join([&] {
        OutboxTables tables(database);
        Outbox::Newcomers newcomers;
        if (const auto outbox = find(publisher)) newcomers = outbox->newcomers();
        for (const auto& [subscriber, pattern] : newcomers) tables.join(subscriber, pattern);
        const bool kept = tables.append(topic, json, now_());
        database.afterCommit([this, publisher, kept, live = std::move(live), newcomers = std::move(newcomers)] {
            live();
            const auto outbox = find(publisher);
            if (!outbox) return;
            outbox->joined(newcomers);
            if (kept) outbox->appended();
        });
    });
}

void Outboxes::subscribe(Subscribed subscription) {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, outbox] : outboxes_) outbox->add(subscription);
    subscriptions_.push_back(std::move(subscription));
}

void Outboxes::unsubscribe(const Subscribed& subscription) {
    const std::lock_guard lock(mutex_);
    std::erase(subscriptions_, subscription);
    for (const auto& [id, outbox] : outboxes_) outbox->remove(subscription);
}

std::vector<DeliveryState> Outboxes::states(const std::string& plugin) const {
    std::vector<std::shared_ptr<Outbox>> outboxes;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, outbox] : outboxes_)
            if (id == plugin || outbox->delivers(plugin)) outboxes.push_back(outbox);
    }
    std::vector<DeliveryState> all;
    for (const auto& outbox : outboxes)
        for (auto& each : outbox->states())
            if (each.publisher == plugin || each.cursor.subscriber == plugin) all.push_back(std::move(each));
    return all;
}

} // namespace talome::events
