// The outbox of one publisher: who is there, and the pump.
#include "host/events/bus.hpp"
#include "host/events/outbox_parts.hpp"
#include "host/log/log.hpp"

#include <algorithm>

namespace talome::events {

using Clock = tasks::Reactor::Clock;

namespace {

constexpr std::size_t kMostBytes = 1 << 20; // of events in one batch
constexpr std::chrono::seconds kPatience{5};

} // namespace

Outbox::Outbox(std::string publisher, tasks::Pool& pool, tasks::Reactor& reactor, Outboxes::Now now,
               const OutboxOptions& options)
    : publisher_(std::move(publisher)), reactor_(reactor), now_(std::move(now)), options_(options),
      strand_(std::make_shared<tasks::Strand>(pool)) {}

// Who is there.

std::uint64_t Outbox::open(std::shared_ptr<storage::Database> database, std::vector<std::string> topics,
                  const std::vector<Subscribed>& subscriptions) {
    const std::lock_guard lock(mutex_);
    database_ = std::move(database);
    topics_ = std::move(topics);
    ++session_;
    failures_ = 0;
    tidiedAt_ = now_();
    for (const auto& [key, delivery] : deliveries_) delivery->scanned = -1;
    for (const auto& each : subscriptions) addLocked(each);
    wakeLocked();
    return session_;
}

std::future<void> Outbox::closing() {
    const auto closed = std::make_shared<std::promise<void>>();
    const std::lock_guard lock(mutex_);
    ++session_; // what is in flight ends after the event that is being taken
    strand_->post([self = shared_from_this(), database = std::move(database_), closed]() mutable {
        if (database) self->note(*database);
        database.reset();
        closed->set_value();
    });
    database_ = nullptr;
    return closed->get_future();
}

void Outbox::close(std::uint64_t opened) {
    {
        const std::lock_guard lock(mutex_);
        if (session_ != opened) return;
    }
    closing().wait_for(kPatience);
}

void Outbox::end() {
    closing().wait();
    strand_->close();
}

bool Outbox::concerns(const std::string& pattern) const {
    return std::any_of(topics_.begin(), topics_.end(), [&](const auto& topic) { return Bus::matches(pattern, topic); });
}

void Outbox::add(const Subscribed& subscription) {
    const std::lock_guard lock(mutex_);
    addLocked(subscription);
}

void Outbox::addLocked(const Subscribed& subscription) {
    if (!database_ || !concerns(subscription->pattern)) return;
    auto& delivery = deliveries_[{subscription->plugin, subscription->pattern}];
    if (!delivery)
        delivery = std::make_shared<Delivery>(Delivery{subscription->plugin, subscription->pattern, nullptr});
    if (delivery->target != subscription) delivery->inFlight = nullptr; // another generation's: not waited for
    delivery->target = subscription;
    delivery->joined = false;
    delivery->scanned = -1;
    delivery->failures = 0;
    delivery->retryAt = {};
    wakeLocked();
}

void Outbox::remove(const Subscribed& subscription) {
    const std::lock_guard lock(mutex_);
    const auto it = deliveries_.find({subscription->plugin, subscription->pattern});
    if (it != deliveries_.end() && it->second->target == subscription) it->second->target = nullptr;
}

Outbox::Newcomers Outbox::newcomers() const {
    const std::lock_guard lock(mutex_);
    return newcomersLocked();
}

Outbox::Newcomers Outbox::newcomersLocked() const {
    Newcomers some;
    for (const auto& [key, delivery] : deliveries_)
        if (!delivery->joined) some.push_back(key); // also one that was there and has left since
    return some;
}

void Outbox::joined(const Newcomers& some) {
    const std::lock_guard lock(mutex_);
    joinedLocked(some);
}

void Outbox::joinedLocked(const Newcomers& some) {
    for (const auto& each : some) {
        const auto it = deliveries_.find(each);
        if (it != deliveries_.end()) it->second->joined = true;
    }
}

void Outbox::appended() {
    const std::lock_guard lock(mutex_);
    ++untidied_;
    wakeLocked();
}

// The pump.

void Outbox::wake() {
    const std::lock_guard lock(mutex_);
    wakeLocked();
}

void Outbox::wakeLocked() {
    if (woken_ || !database_) return;
    woken_ = true;
    strand_->post([self = shared_from_this()] { self->pump(); });
}

void Outbox::wakeAt(Clock::time_point when) {
    reactor_.at(when, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->wake();
    });
}

void Outbox::pump() {
    Round round;
    if (!begin(round)) return;
    try {
        round.database->transaction([&] {
            inTransaction(round);
            return true;
        });
    } catch (const std::exception& error) {
        return failed(error);
    }
    for (const auto& batch : finish(round)) // without the mutex: a strand that is closed drops it at once
        batch->to->strand->post([batch] { batch->outbox->run(*batch); });
}

bool Outbox::begin(Round& round) {
    const std::lock_guard lock(mutex_);
    woken_ = false;
    if (!database_) return false;
    round.database = database_;
    round.session = session_;
    round.newcomers = newcomersLocked();
    round.moves = movesLocked();
    round.now = now_();
    round.untidied = untidied_;
    round.tidies =
        untidied_ >= options_.tidyAfterEvents || (untidied_ > 0 && round.now - tidiedAt_ >= options_.tidyAfterMs);
    const auto now = reactor_.now();
    for (const auto& [key, delivery] : deliveries_) {
        if (!delivery->target) continue;
        round.present.push_back(key);
        if (!delivery->inFlight && delivery->retryAt <= now)
            round.reads.push_back({delivery, delivery->target, delivery->scanned});
    }
    return !round.newcomers.empty() || !round.moves.empty() || !round.reads.empty() || round.tidies;
}

void Outbox::inTransaction(Round& round) const {
    OutboxTables tables(*round.database);
    for (const auto& [subscriber, pattern] : round.newcomers) tables.join(subscriber, pattern);
    for (const auto& each : round.moves)
        tables.advance(each.delivery->subscriber, each.delivery->pattern, each.from, each.to);
    if (round.tidies)
        round.lost = tables.tidy(options_.retention, round.now, [&](const Cursor& cursor) {
            return std::find(round.present.begin(), round.present.end(),
                             std::pair(cursor.subscriber, cursor.pattern)) != round.present.end();
        });
    const auto last = tables.last();
    for (auto& read : round.reads) {
        if (read.after < 0) read.after = tables.position(read.to->plugin, read.to->pattern);
        if (read.after < last) read.events = tables.after(read.after, read.to->pattern, options_.batch, kMostBytes);
        read.scanned = read.events.empty() ? last : read.events.back().sequence;
    }
}

std::vector<std::shared_ptr<Outbox::Batch>> Outbox::finish(Round& round) {
    std::vector<std::shared_ptr<Batch>> batches;
    const std::lock_guard lock(mutex_);
    batches.reserve(round.reads.size());
    failures_ = 0;
    joinedLocked(round.newcomers);
    for (const auto& each : round.moves) each.delivery->stored = std::max(each.delivery->stored, each.to);
    for (auto& read : round.reads) {
        auto& delivery = *read.delivery;
        if (session_ != round.session || delivery.target != read.to || delivery.inFlight) continue;
        if (delivery.scanned < 0) delivery.done = delivery.stored = read.after;
        delivery.scanned = read.events.empty() ? read.scanned : read.after;
        if (read.events.empty()) continue;
        batches.push_back(std::shared_ptr<Batch>(
            new Batch{shared_from_this(), read.delivery, read.to, session_, std::move(read.events), read.scanned}));
        delivery.inFlight = batches.back().get();
    }
    if (round.tidies) tidied(round);
    return batches;
}

void Outbox::tidied(const Round& round) {
    untidied_ -= round.untidied;
    tidiedAt_ = round.now;
    for (const auto& lost : round.lost) {
        log::warn("host", lost.subscriber + " loses " + std::to_string(lost.waiting) + " events of " + publisher_ +
                              " (" + lost.pattern + ") that waited for it: " +
                              (lost.waiting > options_.retention.mostWaiting ? "they are too many"
                                                                             : "it was away for too long"));
        const auto it = deliveries_.find({lost.subscriber, lost.pattern});
        if (it == deliveries_.end()) continue;
        it->second->joined = false; // if it is there, it begins at the present
        it->second->scanned = -1;
        if (!it->second->target) deliveries_.erase(it);
    }
    if (!round.lost.empty()) wakeLocked();
}

void Outbox::failed(const std::exception& error) {
    const std::lock_guard lock(mutex_);
    if (failures_++ == 0) log::error("host", "what " + publisher_ + " has published waits: " + error.what());
    wakeAt(reactor_.now() + pauseAfter(failures_));
}

// Cursors.

std::vector<Outbox::Move> Outbox::movesLocked() const {
    std::vector<Move> moves;
    for (const auto& [key, delivery] : deliveries_)
        if (delivery->done > delivery->stored) moves.push_back({delivery, delivery->stored, delivery->done});
    return moves;
}

void Outbox::note(storage::Database& database) {
    std::vector<Move> moves;
    {
        const std::lock_guard lock(mutex_);
        moves = movesLocked();
    }
    if (moves.empty()) return;
    try {
        database.transaction([&] {
            OutboxTables tables(database);
            for (const auto& each : moves)
                tables.advance(each.delivery->subscriber, each.delivery->pattern, each.from, each.to);
            return true;
        });
    } catch (const std::exception& error) {
        log::warn("host", "some events of " + publisher_ + " will be delivered twice: " + error.what());
        return;
    }
    const std::lock_guard lock(mutex_);
    for (const auto& each : moves) each.delivery->stored = std::max(each.delivery->stored, each.to);
}

bool Outbox::delivers(const std::string& subscriber) const {
    const std::lock_guard lock(mutex_);
    return std::any_of(deliveries_.begin(), deliveries_.end(),
                       [&](const auto& each) { return each.first.first == subscriber; });
}

std::vector<DeliveryState> Outbox::states() const {
    std::shared_ptr<storage::Database> database;
    {
        const std::lock_guard lock(mutex_);
        database = database_;
    }
    if (!database) return {};
    std::vector<DeliveryState> all;
    for (auto& cursor : OutboxTables(*database).cursors()) all.push_back({publisher_, std::move(cursor), false, 0, {}});
    const std::lock_guard lock(mutex_);
    for (auto& state : all) {
        const auto it = deliveries_.find({state.cursor.subscriber, state.cursor.pattern});
        if (it == deliveries_.end() || !it->second->target) continue;
        state.present = true;
        state.failures = it->second->failures;
        if (state.failures > 0) state.failure = it->second->failure;
    }
    return all;
}

} // namespace talome::events
