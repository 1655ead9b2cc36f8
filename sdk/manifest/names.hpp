// The grammars of the names in a declaration; abi.h and its sisters state them.
#pragma once

#include <string_view>

namespace talome::manifest {

bool isPluginId(std::string_view);     ///< [a-z][a-z0-9-]{0,31}
bool isVersion(std::string_view);      ///< 1.0.0, with an optional -suffix
bool isOperationId(std::string_view);  ///< [a-z][a-zA-Z0-9]*(\.[a-z][a-zA-Z0-9]*)+; of topics too
bool isTopicPattern(std::string_view); ///< a topic; a prefix of one, a dot and *; or * alone
bool isTaskId(std::string_view);       ///< a plugin id, then as an operation id
bool isKey(std::string_view);          ///< [a-z][a-z0-9_]{0,63}; tools and settings
bool isFlag(std::string_view);         ///< [a-z][a-z0-9-]{0,31}, but not public, session, admin, interactive

} // namespace talome::manifest
