// Words that let one WebSocket in, for those who cannot show a token with their request, as pages in browsers. Each is
// good once, for a short time, for one operation and for pages of one origin, and stands for a session or token that
// somebody has shown: with the rights of the moment in which it is used, and no longer than that lasts.
#pragma once

#include "host/gate/principal.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace talome::auth {

/// Any thread.
class Tickets {
public:
    using Clock = std::chrono::steady_clock;
    using Caller = std::shared_ptr<const gate::Principal>;
    static constexpr std::size_t kMost = 4096, kOfUser = 64; ///< that are not used yet
    static constexpr std::chrono::minutes kLongest{10};

    /// Those of this process: its words are random, so that it matters to none whose they are.
    static Tickets& shared();

    /// The same caller with the rights of this moment, null if that is over: see Authenticator. Null: there are none.
    void refreshBy(std::function<Caller(const gate::Principal&)>);
    /// Throws gate::Failure: UNAUTHENTICATED, INVALID for a time that is too long, LIMITED.
    std::string make(Caller, std::string operation, std::string origin, std::chrono::milliseconds valid);
    /// Whose it is; null if there is none such. It is gone then, also if it is over, or of something else.
    Caller use(const std::string& word, std::string_view operation, std::string_view origin);
    /// The same, whatever its origin: for a client whose origin has been looked at.
    Caller use(const std::string& word, std::string_view operation);
    /// Whether it looks like one.
    static bool isOne(std::string_view word);

private:
    struct Entry {
        Caller caller;
        std::string operation, origin;
        Clock::time_point end;
    };
    Caller take(const std::string& word, std::string_view operation, const std::string_view* origin);

    std::mutex mutex_;
    std::function<Caller(const gate::Principal&)> refresh_;
    std::map<std::string, Entry, std::less<>> entries_; ///< by digest: who times a look-up learns nothing of a word
};

} // namespace talome::auth
