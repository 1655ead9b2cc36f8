// Names to addresses. getaddrinfo() blocks and cannot be interrupted, so it runs on threads of its own: whoever does
// not want to wait any longer leaves, and the answer is dropped when it comes.
#pragma once

#include "host/fetch/address_rules.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace talome::fetch {

/// Any thread. At most 8 look-ups at once, each on a detached thread that ends with it; others wait for their turn.
/// Nothing is remembered. The threads outlive this object if they must, and touch nothing but their own state.
class Resolver {
public:
    /// Blocks; no address if there is none. Throws std::exception with words.
    using Lookup = std::function<std::vector<Address>(const std::string& host)>;
    struct Result {
        std::vector<Address> addresses;
        std::string failure; ///< words, if there is none
    };
    using Done = std::function<void(Result)>;

    explicit Resolver(Lookup lookup = &ofSystem);
    ~Resolver();

    /// Throws talome::Unavailable if too many wait. `done` comes on the look-up's thread, at most once: not after this
    /// object has gone. `wanted` is asked before it begins, for it may have waited long.
    void resolve(std::string host, std::function<bool()> wanted, Done done);

    /// getaddrinfo(), each address once.
    static std::vector<Address> ofSystem(const std::string& host);

private:
    struct State;
    const std::shared_ptr<State> state_;
};

} // namespace talome::fetch
