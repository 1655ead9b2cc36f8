// A request whose connection becomes a raw stream: exec and attach of a container engine, a WebSocket. libcurl connects
// and speaks TLS; the request itself and the head of its answer are written and read here, byte by byte, so that
// nothing of what follows is swallowed.
#pragma once

#include "host/fetch/take.hpp"
#include "host/http/descriptor.hpp"

namespace talome::fetch {

struct Upgraded {
    End end;
    http::Descriptor descriptor; ///< after 101, non-blocking
};

/// Waits. Any answer but 101 goes to the taker.
Upgraded upgradeAndWait(Client&, const Order&, const Taker&);

} // namespace talome::fetch
