// The one input of a REST request, merged from its path, query and body.
#pragma once

#include "host/gate/failure.hpp"
#include "host/gate/registry.hpp"
#include "host/http/exchange.hpp"

#include <string>
#include <utility>
#include <vector>

namespace talome::gate {

using Params = std::vector<std::pair<std::string, std::string>>;

/// Waits for the body of a request that has one: false if the handler must return and will be called again. Throws
/// Failure 415 for anything but JSON, and http::HttpError.
bool collectBody(http::Exchange&, const Endpoint&);

/// Takes the body that was collected, unless it is a raw route's. A field that is given in two places is refused, so
/// that what is checked in one place cannot be replaced in another. Throws Failure and http::HttpError.
boost::json::value readInput(http::Exchange&, const Endpoint&, const manifest::Route&, const Params& path);

/// Names of inputs in details become the names that the route uses for them.
void renameDetails(std::vector<Detail>&, const std::map<std::string, std::string>& rename);

} // namespace talome::gate
