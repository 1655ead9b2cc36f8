// A TLS connection that goes on as a raw stream: the plugin has one end of a socket pair, libcurl the other side.
#pragma once

#include "host/fetch/libcurl.hpp"
#include "host/http/descriptor.hpp"

#include <memory>
#include <string>
#include <vector>

namespace talome::fetch {

/// One thread at a time.
class Relay {
public:
    Relay(std::unique_ptr<CURL, FreeEasy> connection, http::Descriptor plugin);

    /// Moves what can be moved now. False: it is over.
    bool step();
    void watch(std::vector<curl_waitfd>& all) const;

private:
    bool fromPeer();
    bool pluginIsGone() const;
    bool fromPlugin();

    const std::unique_ptr<CURL, FreeEasy> connection_;
    const http::Descriptor plugin_;
    curl_socket_t socket_ = CURL_SOCKET_BAD;
    std::string toPlugin_, toPeer_;
    bool peerEnded_ = false, pluginEnded_ = false;
};

} // namespace talome::fetch
