// Slows down guessing: so many failures for one account from one network, and ten times as many for all accounts, then
// a pause. Nobody else notices.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace talome::auth {

/// What counts as one neighbour: an IPv4 address, the /64 of an IPv6 one (RFC 6177: the least that anybody is given),
/// and the text itself of what is no address.
std::string networkOf(const std::string& peer);

/// Any thread. Memory is bounded: the oldest entries go first.
class Limiter {
public:
    struct Rule {
        int failures = 5;
        std::int64_t windowMs = 15 * 60'000;
    };
    static constexpr int kAllAccounts = 10; ///< times as many failures from one network, whatever the accounts

    /// 0, and the try is counted as failed until it succeeds; or the seconds to wait, and it is not to be made.
    /// Counted before it is made, so that many at once are no way around.
    int admit(const std::string& account, const std::string& peer, std::int64_t now, Rule);
    /// Forgets the failures of this account there.
    void succeeded(const std::string& account, const std::string& peer);
    /// The try was not made after all.
    void undone(const std::string& account, const std::string& peer);

private:
    struct Tries {
        int failures = 0;
        std::int64_t since = 0;
    };
    using Key = std::pair<std::string, std::string>; ///< account and network

    void takeBack(const std::string& network);

    std::mutex mutex_;
    std::map<Key, Tries> tries_;
    std::map<std::string, Tries> ofNetwork_;
};

} // namespace talome::auth
