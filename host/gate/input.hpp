// The one input object of a call, merged from where its parts came, and its canonical text.
#pragma once

#include "host/gate/failure.hpp"

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace talome::gate {

/// Strict: one value, UTF-8, 32 levels at most, no member twice. Throws Failure.
boost::json::value parseJson(std::string_view text);

/// Members of every object in the order of their names, no white space: one text for one value.
std::string canonical(const boost::json::value&);

} // namespace talome::gate
