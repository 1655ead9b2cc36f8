// Is everything well: GET /api/health.
#pragma once

#include "host/gate/gate.hpp"
#include "host/storage/database.hpp"

#include <chrono>
#include <talome/plugin.hpp>

namespace talome::api {

struct HealthOutput {
    std::string status;
    std::map<std::string, std::string> checks;
    double uptime = 0; ///< seconds
    std::string timestamp;
};
BOOST_DESCRIBE_STRUCT(HealthOutput, (), (status, checks, uptime, timestamp))

/// Any thread. The host knows no feature: each plugin that has a `….health` operation is asked.
class Health {
public:
    Health(Registry&, storage::Database&, const gate::Gate&, const gate::Registry&);

    /// "ok" or "error": what an operation `….health` says.
    std::string ask(Call&, const gate::Endpoint&) const;
    HealthOutput look(Call&) const; ///< status "degraded" if the server cannot work
    double uptime() const;          ///< seconds

private:
    HealthOutput get(Call&) const;

    Host host_;
    storage::Database& database_;
    const gate::Gate& gate_;
    const gate::Registry& registry_;
    const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

} // namespace talome::api
