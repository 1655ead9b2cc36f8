// Keeps plugins from asking a system again and again that does not answer: every such request holds a thread, a
// connection and a person for its whole time limit.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace talome::fetch {

/// One for each plugin and origin, whatever generation of the plugin asks. After 5 failures in a row it is open: for
/// 10 s, then one request may try; if that fails too, twice as long, up to 5 minutes. An answer of any status closes
/// it. Any thread.
class Breakers {
public:
    using Clock = std::chrono::steady_clock;
    using Key = std::pair<std::string, std::string>; ///< plugin, origin
    enum class Outcome {
        answered,
        failed,   ///< no connection, or nothing in time
        unrelated ///< it was ended here, which says nothing about the other side
    };

    /// How long to wait before a request may be made; nothing: now, and then its end must be told with note().
    std::optional<std::chrono::milliseconds> enter(const Key&, Clock::time_point now);
    void note(const Key&, Outcome, Clock::time_point now);

private:
    struct Breaker {
        int failures = 0;
        std::chrono::seconds wait{0}; ///< 0: closed
        Clock::time_point until{};
        bool trying = false;
    };
    static constexpr std::size_t kMost = 1024;
    void forgetOne();

    std::mutex mutex_;
    std::map<Key, Breaker> breakers_; ///< those without a failure are not in it
};

} // namespace talome::fetch
