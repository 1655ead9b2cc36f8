// Where talomectl finds the server and its state: the same configuration tells it that tells talomed.
#pragma once

#include "host/storage/snapshots.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace talome::ctl {

/// One of both.
struct ServerPlace {
    std::filesystem::path socket;
    std::string url;
    std::string hint; ///< why it may be the wrong one: the configuration could not be read
};

/// What the command line says, else TALOME_URL, else the socket: of TALOME_SOCKET, of talomed's configuration, or the
/// first that is there of the usual places.
ServerPlace findServer(const std::string& socket, const std::string& url);

/// Of a server that does not run: `state` if it is given, else what talomed's configuration says. Throws
/// config::BadConfig.
storage::Places statePlaces(const std::optional<std::string>& state);

} // namespace talome::ctl
