// Durable topics: what was published is kept in the publisher's database until every subscriber has it. Here is who
// publishes and who subscribes; outbox.hpp delivers for one publisher.
#pragma once

#include "host/events/outbox_tables.hpp"
#include "host/tasks/pool.hpp"
#include "host/tasks/reactor.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>

namespace talome::events {

class Outbox;

struct OutboxOptions {
    std::chrono::milliseconds firstRetry{1'000}, lastRetry{300'000};
    std::size_t batch = 64; ///< events that are handed over before the cursor is written
    Retention retention{};
    /// How often cursors are compared with the retention, whichever comes first; only when something is published.
    std::int64_t tidyAfterEvents = 1'000, tidyAfterMs = 3'600'000;
};

/// What a plugin wants to hear. Plugin and pattern are its identity.
struct DurableSubscription {
    /// Words if it could not take the event.
    using OnEvent = std::function<std::optional<std::string>(const std::string& publisher, const DurableEvent&)>;

    std::string plugin, pattern;
    std::shared_ptr<tasks::Strand> strand; ///< where it is called
    OnEvent call;
};
using Subscribed = std::shared_ptr<const DurableSubscription>;

/// How far one subscriber is with one publisher.
struct DeliveryState {
    std::string publisher;
    Cursor cursor;
    bool present = false;               ///< the subscriber is active
    unsigned failures = 0;              ///< of the next event, one after the other
    std::optional<std::string> failure; ///< words of the last one
};

/// Any thread. A plugin is known by its id: two generations of one publisher are one outbox, and of one subscriber only
/// the last that came is called.
class Outboxes {
public:
    using Now = std::function<std::int64_t()>; ///< milliseconds since the epoch

    Outboxes(tasks::Pool&, tasks::Reactor&, Now, OutboxOptions = {});
    ~Outboxes(); ///< stores what was delivered
    Outboxes(const Outboxes&) = delete;
    Outboxes& operator=(const Outboxes&) = delete;

    /// From now on what this publisher has stored is delivered; the tables are there (OutboxTables::prepare). Returns what
    /// close() takes.
    std::uint64_t open(const std::string& publisher, std::shared_ptr<storage::Database>, std::vector<std::string> topics);
    /// Not any more: what was delivered is noted, and the database let go. Only if somebody stays in a transaction of
    /// it for seconds, that happens later.
    void close(const std::string& publisher, std::uint64_t opened); ///< nothing if it has been opened again
    /// In this thread's transaction, else in one of its own. `live` is called once it is committed, in the order of the
    /// commits, and not if it rolls back; it must be short. The outbox need not be open.
    void publish(const std::string& publisher, storage::Database&, std::string_view topic, std::string_view json,
                 std::function<void()> live);

    /// Gets all that is committed after this call, and what waits for it since it was here before.
    void subscribe(Subscribed);
    /// When its strand is closed as well, it is not called any more.
    void unsubscribe(const Subscribed&);

    /// Of this publisher, if it is open, and of this subscriber with others that are. Reads their databases.
    std::vector<DeliveryState> states(const std::string& plugin) const;

private:
    std::shared_ptr<Outbox> find(const std::string& publisher) const;

    tasks::Pool& pool_;
    tasks::Reactor& reactor_;
    const Now now_;
    const OutboxOptions options_;
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Outbox>> outboxes_; ///< by publisher; they stay when they are closed
    std::vector<Subscribed> subscriptions_;
};

} // namespace talome::events
