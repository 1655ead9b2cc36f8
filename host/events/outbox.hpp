// Delivers the durable topics of one publisher. A job on a strand of its own (the pump) writes, in one transaction, how
// far everybody is, and reads what is next; each batch is then run on its subscriber's strand, and wakes the pump.
#pragma once

#include "host/events/outboxes.hpp"

#include <future>

namespace talome::events {

/// Any thread. The mutex is never held while the database is used: a publisher that stays in a transaction holds up its
/// own deliveries and nobody else.
class Outbox : public std::enable_shared_from_this<Outbox> {
public:
    using Key = std::pair<std::string, std::string>; ///< subscriber, pattern
    using Newcomers = std::vector<Key>;

    Outbox(std::string publisher, tasks::Pool&, tasks::Reactor&, Outboxes::Now, const OutboxOptions&);

    std::uint64_t open(std::shared_ptr<storage::Database>, std::vector<std::string> topics,
              const std::vector<Subscribed>& subscriptions);
    void close(std::uint64_t opened);
    void end(); ///< close(), and waits until all is stored

    void add(const Subscribed&);
    void remove(const Subscribed&);

    /// Subscriptions whose cursor is not in the database yet: it has to be there before the next event is.
    Newcomers newcomers() const;
    /// Their cursors are committed.
    void joined(const Newcomers&);
    void appended(); ///< an event is committed
    bool delivers(const std::string& subscriber) const;
    std::vector<DeliveryState> states() const;

private:
    struct Delivery; ///< what one subscriber gets; guarded by mutex_
    struct Batch;
    struct Round;
    struct Move {
        std::shared_ptr<Delivery> delivery;
        std::int64_t from, to;
    };

    std::future<void> closing();
    bool concerns(const std::string& pattern) const;
    // Those whose names end so, and tidied() and wakeAt(), are called with mutex_.
    void addLocked(const Subscribed&);
    Newcomers newcomersLocked() const;
    void joinedLocked(const Newcomers&);
    std::vector<Move> movesLocked() const;
    void wakeLocked();
    void wakeAt(tasks::Reactor::Clock::time_point);
    void tidied(const Round&);

    void wake();
    void pump();
    bool begin(Round&); ///< false: there is nothing to do
    void inTransaction(Round&) const;
    std::vector<std::shared_ptr<Batch>> finish(Round&);
    void failed(const std::exception&);
    std::chrono::milliseconds pauseAfter(unsigned failures) const;
    void note(storage::Database&);

    void run(Batch&);
    bool isCurrent(const Batch&) const;
    void taken(const Batch&, const DurableEvent&);
    void refused(const Batch&, const DurableEvent&, const std::string& words);
    void ended(const Batch&);

    const std::string publisher_;
    tasks::Reactor& reactor_;
    const Outboxes::Now now_;
    const OutboxOptions& options_;
    const std::shared_ptr<tasks::Strand> strand_; ///< the pump's
    mutable std::mutex mutex_;
    std::shared_ptr<storage::Database> database_; ///< null: closed
    std::vector<std::string> topics_;
    std::map<Key, std::shared_ptr<Delivery>> deliveries_;
    std::uint64_t session_ = 0; ///< changes when it opens and closes
    bool woken_ = false;
    unsigned failures_ = 0; ///< of the database
    std::int64_t untidied_ = 0, tidiedAt_ = 0;
};

} // namespace talome::events
