// What is known of a job: long work that a user has begun.
#pragma once

#include "host/gate/principal.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <talome/json.hpp>

namespace talome::jobs {

enum class State {
    queued, ///< waits: for its turn, or for its plugin
    running,
    done,
    failed,
    cancelled,
    interrupted ///< cut off, and nothing of it can go on
};
BOOST_DESCRIBE_ENUM(State, queued, running, done, failed, cancelled, interrupted)

inline bool isOver(State state) { return state != State::queued && state != State::running; }

/// For whom it runs: a reference, whose rights are read at each use.
struct Owner {
    std::string userId, username; ///< also "plugin:ID", and "cli:UID" of the daemon's socket
    std::string tokenId;          ///< of the API token that it was begun with; empty: none
    gate::Origin origin = gate::Origin::rest;
};

/// As it is shown, and kept. Texts are short, see kMost….
struct Progress {
    std::optional<double> fraction; ///< 0 to 1
    std::optional<std::int64_t> done, total;
    std::optional<std::string> unit, phase, message;
};
BOOST_DESCRIBE_STRUCT(Progress, (), (fraction, done, total, unit, phase, message))

/// Times are milliseconds since the epoch, 0: not yet.
struct Record {
    std::string id, kind, plugin, title, permission;
    Owner owner;
    bool resumable = false;
    std::string input; ///< JSON; of a job that is not over
    State state = State::queued;
    bool cancelAsked = false;
    unsigned attempts = 0;
    std::string checkpoint;            ///< JSON; empty: none
    std::optional<Progress> progress;  ///< the latest
    std::int64_t progressEvent = 0;    ///< its number among the events
    std::optional<std::string> result; ///< JSON; of one that is done
    std::int32_t status = 0;           ///< talome_status of one that is not
    std::string words;                 ///< why
    std::string idempotencyKey, requestId;
    std::int64_t createdAt = 0, startedAt = 0, endedAt = 0;
    std::int64_t eventsReserved = 0; ///< no event had a higher number
};

/// One line of what a job tells: its id on the stream, "status", "progress" or "log", and JSON.
struct Event {
    std::int64_t number = 0;
    std::string type, data;
};

constexpr std::size_t kMostInput = 1u << 20; // bytes, as the next
constexpr std::size_t kMostCheckpoint = 256u << 10;
constexpr std::size_t kMostResult = 4u << 20;
constexpr std::size_t kMostTitle = 200;
constexpr std::size_t kMostLine = 4096;
constexpr std::size_t kMostMessage = 500;
constexpr std::size_t kMostWord = 32;                // unit and phase
constexpr std::size_t kMostEvents = 1000;            // kept of a job
constexpr std::size_t kMostOfUser = 100;             // jobs that are not over
constexpr std::size_t kMostWaiting = 2000;           // of all users
constexpr std::int64_t kKeptFor = 30LL * 86'400'000; // milliseconds, once it is over
constexpr std::int64_t kMostKept = 1000;             // that are over
constexpr std::int64_t kKeyLifetime = 86'400'000;    // of an Idempotency-Key

/// At most so many bytes of UTF-8, cut between characters.
std::string cut(std::string_view text, std::size_t most);

} // namespace talome::jobs
