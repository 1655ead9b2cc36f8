// What other programs watch the server by: GET /metrics, /healthz and /readyz.
#pragma once

#include "host/gate/gate.hpp"
#include "host/gate/network.hpp"
#include "host/http/open_metrics.hpp"

#include <functional>
#include <map>
#include <string>
#include <talome/plugin.hpp>
#include <utility>
#include <vector>

namespace talome::api {

struct LiveOutput {
    std::string status = "ok";
};
BOOST_DESCRIBE_STRUCT(LiveOutput, (), (status))

struct ReadyOutput {
    std::string status = "ok";                 ///< or "error"
    std::map<std::string, std::string> checks; ///< "ok" or "error"
};
BOOST_DESCRIBE_STRUCT(ReadyOutput, (), (status, checks))

/// Any thread, as the functions that it is given must be.
class Metrics {
public:
    using Gauges = std::function<http::Gauges()>; ///< of the process is filled in here
    /// By name; false, or a std::exception, if it is not well.
    using Checks = std::vector<std::pair<std::string, std::function<bool()>>>;

    /// `allowed`: who may read the metrics without being an administrator.
    Metrics(Registry&, const gate::Gate&, const http::Metrics&, gate::Networks allowed, Gauges, Checks);

private:
    std::string get(Call&) const;
    std::vector<std::string> familiesOfPlugins(Call&) const;
    LiveOutput live() const { return {}; }
    ReadyOutput ready(Call&) const;

    Host host_;
    const gate::Gate& gate_;
    const http::Metrics& metrics_;
    const gate::Networks allowed_;
    const Gauges gauges_;
    const Checks checks_;
};

} // namespace talome::api
