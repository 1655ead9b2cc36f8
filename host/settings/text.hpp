// Values of settings as text: what the documented API shows and takes, and what an environment variable holds.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace talome::settings {

/// Text as it is, nothing for null, and of everything else its JSON: "72", "true", "[]".
std::string toText(const boost::json::value&);

/// Text as the type that the schema wants: as it is where that is a string, else read as JSON. What is no JSON stays
/// text, and the schema says what was expected.
boost::json::value fromText(const boost::json::value& schema, std::string_view text);

} // namespace talome::settings
