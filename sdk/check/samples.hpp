// Inputs made from a schema: some that it allows, for an operation to be called with.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

namespace talome::check {

/// The least that is allowed, the most, and what its examples say; each is valid. Empty if none could be made, as for a
/// pattern that nothing simple fits. The schema is that of an object, in the subset of sdk/ABI.md.
std::vector<boost::json::value> samplesOf(const boost::json::value& schema);

/// What no schema allows: not JSON, not an object, not UTF-8, too deep, too long.
const std::vector<std::string>& garbage();

} // namespace talome::check
