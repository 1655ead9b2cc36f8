// What plugins add to GET /metrics.
#pragma once

#include <string>
#include <vector>

namespace talome::http {

/// An exposition in the text form of OpenMetrics 1.0, with more families at its end. Of those, one whose name is there
/// already is left out, and so is every line that is no part of a family: a reader refuses the whole for one of them.
std::string withFamilies(std::string text, const std::vector<std::string>& more);

} // namespace talome::http
