// What is kept of a client of the older revisions between its requests. Clients of 2026-07-28 have none.
#pragma once

#include "protocol/message.hpp"

#include <talome/plugin.hpp>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace talome::mcp {

/// A question to the client that waits for its answer. Any thread.
class Pending {
public:
    void answer(boost::json::object response);
    /// Nothing when `stopped` says so or the time is over; it is asked every tenth of a second.
    std::optional<boost::json::object> wait(std::chrono::milliseconds limit, const std::function<bool()>& stopped);

private:
    std::mutex mutex_;
    std::condition_variable came_;
    std::optional<boost::json::object> response_;
};

/// Any thread, under `mutex`.
struct Session {
    std::string id, owner; ///< unguessable; and whose it is: nobody else finds it
    std::string version;
    boost::json::object capabilities;

    std::mutex mutex;
    std::int64_t usedAt = 0;
    std::string logLevel = "info";
    std::map<std::string, std::vector<std::string>> subscriptions; ///< URI -> topic patterns
    std::map<std::string, std::shared_ptr<Pending>> pending;       ///< by the id of the question
    unsigned asked = 0;
    Stream stream; ///< of GET: what is told without being asked
};
using SessionPtr = std::shared_ptr<Session>;

/// Any thread.
class Sessions {
public:
    static constexpr std::size_t kMost = 1000, kMostOfOwner = 100;
    static constexpr std::int64_t kIdleMs = 3'600'000;

    /// Throws Limited if there are too many that are in use.
    SessionPtr create(std::string owner, std::string version, boost::json::object capabilities, std::int64_t nowMs);
    /// Null if there is none, or it is not this owner's.
    SessionPtr find(const std::string& id, const std::string& owner, std::int64_t nowMs);
    bool remove(const std::string& id, const std::string& owner);
    std::vector<SessionPtr> all() const;
    void clear();

private:
    void sweep(std::int64_t nowMs);
    bool dropIdlest(const std::string* owner);

    mutable std::mutex mutex_;
    std::map<std::string, SessionPtr> sessions_;
};

} // namespace talome::mcp
