// Slows down guessing: so many failures for one account from one address, then a pause. Nobody else notices.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace talome::auth {

/// Any thread. Memory is bounded: the oldest entries go first.
class Limiter {
public:
    struct Rule {
        int failures = 5;
        std::int64_t windowMs = 15 * 60'000;
    };

    /// 0, and the try is counted as failed until it succeeds; or the seconds to wait, and it is not to be made.
    /// Counted before it is made, so that many at once are no way around.
    int admit(const std::string& account, const std::string& peer, std::int64_t now, Rule);
    void succeeded(const std::string& account, const std::string& peer);

private:
    struct Tries {
        int failures = 0;
        std::int64_t since = 0;
    };
    std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, Tries> tries_;
};

} // namespace talome::auth
