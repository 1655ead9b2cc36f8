// The REST door: finds the operation of a request, establishes who asks, merges path, query and body into one input,
// sends it through the gate, and writes the answer.
#pragma once

#include "host/gate/gate.hpp"
#include "host/gate/network.hpp"
#include "host/gate/origins.hpp"
#include "host/http/exchange.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace talome::gate {

/// Any thread.
class Rest {
public:
    using Authenticate = std::function<std::shared_ptr<const Principal>(const std::string& token, std::string peer,
                                                                        std::string userAgent)>;

    /// `origins`: where a dashboard may be served from, besides this server itself ("http://localhost:3000").
    Rest(const Gate&, const Registry&, Authenticate, const std::vector<std::string>& origins, TrustedProxies);

    void handle(http::Exchange&) const;

private:
    void serve(http::Exchange&) const;
    void serve(http::Exchange&, const std::shared_ptr<const Snapshot>&) const;
    talome_call begin(http::Exchange&, std::shared_ptr<const Snapshot>, const Endpoint&) const;
    void refuseForeignSites(const http::Exchange&) const;
    std::shared_ptr<const Principal> caller(const http::Exchange&, const std::string& token) const;

    const Gate& gate_;
    const Registry& registry_;
    Authenticate authenticate_;
    Origins origins_;
    TrustedProxies proxies_;
};

} // namespace talome::gate
