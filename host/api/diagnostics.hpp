// What went wrong lately: the answers from 500 on, and whether all is well.
#pragma once

#include "host/api/error_ring.hpp"
#include "host/api/health.hpp"

#include <talome/plugin.hpp>

namespace talome::api {

struct WindowInput {
    int window = 10; ///< minutes
    int limit = 20;
};
BOOST_DESCRIBE_STRUCT(WindowInput, (), (window, limit))

struct RecentErrorsInput {
    int window = 10; ///< minutes
    int limit = 50;
    std::optional<std::string> endpoint;
};
BOOST_DESCRIBE_STRUCT(RecentErrorsInput, (), (window, limit, endpoint))

struct EndpointErrors {
    std::string endpoint; ///< "GET /api/containers/{id}"
    int count = 0;
    std::string lastSeen, lastError;
};
BOOST_DESCRIBE_STRUCT(EndpointErrors, (), (endpoint, count, lastSeen, lastError))

struct DiagnosticsOutput {
    std::string status; ///< healthy or errors_detected
    int windowMinutes = 0;
    int errorCount = 0;                       ///< in the window
    int bufferSize = 0;                       ///< kept in all, 500 at most
    std::vector<EndpointErrors> topEndpoints; ///< the ten with the most
    std::map<std::string, int> byErrorType;
    std::vector<ErrorRecord> recentErrors; ///< the newest first
    double uptime = 0;                     ///< seconds
    std::string timestamp;
};
BOOST_DESCRIBE_STRUCT(DiagnosticsOutput, (),
                      (status, windowMinutes, errorCount, bufferSize, topEndpoints, byErrorType, recentErrors, uptime,
                       timestamp))

struct RecentErrorsOutput {
    int windowMinutes = 0;
    int count = 0;         ///< in the window
    int filteredCount = 0; ///< of those, of this endpoint
    std::map<std::string, int> byEndpoint, byErrorType;
    std::vector<EndpointErrors> topEndpoints;
    std::vector<ErrorRecord> errors;
};
BOOST_DESCRIBE_STRUCT(RecentErrorsOutput, (),
                      (windowMinutes, count, filteredCount, byEndpoint, byErrorType, topEndpoints, errors))

struct ErrorInput {
    std::string errorId;
};
BOOST_DESCRIBE_STRUCT(ErrorInput, (), (errorId))

struct SystemLoad {
    std::optional<double> cpuPercent, memoryPercent, diskPercent;
};
BOOST_DESCRIBE_STRUCT(SystemLoad, (), (cpuPercent, memoryPercent, diskPercent))

struct ErrorCount {
    int windowMinutes = 0, count = 0;
};
BOOST_DESCRIBE_STRUCT(ErrorCount, (), (windowMinutes, count))

struct DiagnosticsOverview {
    std::string status; ///< ok or degraded
    std::string timestamp;
    std::map<std::string, std::string>
        checks;                            ///< ok or error, by what was asked; recentErrors: warning if there are some
    std::optional<SystemLoad> systemStats; ///< null where no plugin reads them
    ErrorCount errors;
};
BOOST_DESCRIBE_STRUCT(DiagnosticsOverview, (), (status, timestamp, checks, systemStats, errors))

/// Any thread.
class Diagnostics {
public:
    Diagnostics(Registry&, const Health&, const gate::Gate&, const ErrorRing&);

private:
    std::vector<ErrorRecord> within(int minutes) const;
    DiagnosticsOutput summary(const WindowInput&) const;
    RecentErrorsOutput recent(const RecentErrorsInput&) const;
    ErrorRecord one(const ErrorInput&) const;
    DiagnosticsOverview overview(Call&) const;
    std::optional<SystemLoad> load(Call&) const;

    Host host_;
    const Health& health_;
    const gate::Gate& gate_;
    const ErrorRing& errors_;
};

} // namespace talome::api
