// The last requests that the server could not answer: in memory, gone with the process; the log keeps them longer.
#pragma once

#include "host/http/server.hpp"

#include <boost/describe.hpp>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace talome::api {

struct ErrorRecord {
    std::string errorId;             ///< the request's id, which its answer named
    std::string timestamp;           ///< RFC 3339, when it was answered
    std::string method, path, route; ///< path: without its query, which may hold secrets
    std::string plugin;              ///< whose route it is
    int status = 0;
    double durationMs = 0;
    std::string errorType;    ///< the status in words (RFC 9110): "Service Unavailable"
    std::string errorMessage; ///< what was logged; for administrators
    std::string user;         ///< their name; empty: nobody was logged in

    std::string endpoint() const { return method + " " + (route.empty() ? path : route); }
};
BOOST_DESCRIBE_STRUCT(ErrorRecord, (),
                      (errorId, timestamp, method, path, route, plugin, status, durationMs, errorType, errorMessage,
                       user))

/// Any thread.
class ErrorRing {
public:
    static constexpr std::size_t kMost = 500;

    /// Keeps it, if its status is from 500 on; else costs nothing.
    void note(const http::AccessRecord&, std::int64_t nowMs) noexcept;
    /// Those since `sinceMs` (ms since the epoch), the newest first.
    std::vector<ErrorRecord> since(std::int64_t sinceMs) const;
    std::size_t size() const;

private:
    mutable std::mutex mutex_;
    std::deque<std::pair<std::int64_t, ErrorRecord>> kept_; ///< the oldest first
};

} // namespace talome::api
