// Who calls over the daemon's own unix socket. No token: the kernel says whose process it is.
#pragma once

#include "host/gate/principal.hpp"

#include <memory>
#include <string>
#include <sys/types.h>

namespace talome::auth {

/// Root, and the person as whom this process runs, could read and change every database: they are administrators, present
/// at the machine. Everybody else is anonymous, whatever the socket's mode has become: also the daemon's own user where
/// that is a system account (uid 1 to 999), for only the programs that plugins run have it besides the daemon. Any thread.
std::shared_ptr<const gate::Principal> socketPrincipal(uid_t uid, std::string peer, std::string userAgent);

} // namespace talome::auth
