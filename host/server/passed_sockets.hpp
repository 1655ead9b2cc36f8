// Sockets that the service manager opened before talomed started and keeps while it restarts: whoever connects then
// waits for the new one, and nobody is refused (sd_listen_fds(3)).
#pragma once

#include "host/config/config.hpp"
#include "host/http/descriptor.hpp"

#include <vector>

namespace talome {

struct PassedSockets {
    std::vector<http::Descriptor> http; ///< FileDescriptorName=http: instead of http.host and http.port
    std::vector<http::Descriptor> ctl;  ///< FileDescriptorName=ctl: talomectl's

    /// Whether one of `ctl` is the socket at this path.
    bool hasCtl(const std::filesystem::path& path) const;
};

/// Those of this process, once; later calls find none. Before any other thread runs. Throws std::runtime_error if one
/// has another name, or does not listen.
PassedSockets takePassedSockets();

/// The configuration must not say another address than the sockets have: it would be one that nobody listens at, or
/// one that was meant to be the only one. Throws BadConfig with both.
void checkAgreement(const config::Config& config, const PassedSockets& passed);

} // namespace talome
