// What an outbox is made of, for its own two source files.
#pragma once

#include "host/events/outbox.hpp"

namespace talome::events {

struct Outbox::Delivery {
    std::string subscriber, pattern;
    Subscribed target;         ///< null: it is not there
    bool joined = false;       ///< its cursor is in the database
    std::int64_t scanned = -1; ///< nothing up to here is to be read; -1: as the cursor says
    std::int64_t done = 0;     ///< it has everything up to here …
    std::int64_t stored = 0;   ///< … and so says the database
    const Batch* inFlight = nullptr;
    unsigned failures = 0;
    std::string failure{};
    tasks::Reactor::Clock::time_point retryAt{}; ///< not before
};

/// Events on their way to the strand of a subscriber. It tells its end also if the strand drops it.
struct Outbox::Batch {
    std::shared_ptr<Outbox> outbox;
    std::shared_ptr<Delivery> delivery;
    Subscribed to;
    std::uint64_t session;
    std::vector<DurableEvent> events;
    std::int64_t scanned;
    bool ran = false;

    ~Batch() { outbox->ended(*this); }
};

/// What one run of the pump does.
struct Outbox::Round {
    struct Read {
        std::shared_ptr<Delivery> delivery;
        Subscribed to;
        std::int64_t after;
        std::vector<DurableEvent> events{};
        std::int64_t scanned = 0;
    };
    std::shared_ptr<storage::Database> database;
    std::uint64_t session = 0;
    Newcomers newcomers;
    std::vector<Move> moves;
    std::vector<Read> reads;
    std::vector<Key> present; ///< for tidying
    bool tidies = false;
    std::int64_t now = 0, untidied = 0;
    std::vector<Cursor> lost;
};

} // namespace talome::events
