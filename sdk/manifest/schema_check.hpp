// The subset of JSON Schema that a declaration may use; sdk/ABI.md lists it.
#pragma once

#include <talome/json.hpp>

namespace talome::manifest {

/// Parses a schema. Throws talome::Invalid, whose path begins with `where`, for a word or a value outside the subset.
boost::json::value readSchema(const char* text, const std::string& where);

/// The same for the schema of an input, which is that of an object.
boost::json::value readInputSchema(const char* text, const std::string& where);

/// True if the schema of an object names this property.
bool hasProperty(const boost::json::value& schema, std::string_view name);

} // namespace talome::manifest
