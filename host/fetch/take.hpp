// A fetch for a thread that waits for it.
#pragma once

#include "host/fetch/client.hpp"

namespace talome::fetch {

/// Called on the waiting thread. 0: go on; above: that was enough; below: fail with that status.
struct Taker {
    std::function<std::int32_t(const Head&)> head;
    std::function<std::int32_t(std::string_view)> body;
    std::function<std::int64_t(char* to, std::size_t n)> pull; ///< see talome_fetch_pull
    std::function<bool()> cancelled;                           ///< asked several times a second; empty: never
};

/// How the other end is told that its taker has gone, in words for nobody.
End enough(std::int32_t result);

/// Returns when it has ended or was given up. A worker of any kind, never a strand.
End fetchAndWait(Client&, Order, const Taker&);

} // namespace talome::fetch
