// Credentials that end by themselves: whoever has a stream open with one loses it at that moment, and what is over is
// cleared away now and then.
#pragma once

#include "host/auth/api_tokens.hpp"
#include "host/auth/sessions.hpp"
#include "host/tasks/pool.hpp"
#include "host/tasks/reactor.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace talome {

/// Sleeps until the nearest end of a session or token, or for an hour if that is less: then it tells `ended` of those
/// that are over since, and purges then and once an hour. With no session and no token that ends it has no timer at
/// all. Any thread; the work is done by one of the pool at a time.
class ExpiryWatch {
public:
    using Now = std::function<std::int64_t()>; ///< milliseconds since the epoch

    ExpiryWatch(tasks::Reactor&, tasks::Pool&, auth::Sessions&, auth::ApiTokens&, std::function<void()> ended, Now);
    ~ExpiryWatch();
    ExpiryWatch(const ExpiryWatch&) = delete;
    ExpiryWatch& operator=(const ExpiryWatch&) = delete;

    /// Clears away what is over by now, and begins to look, and to hear of those that are made. Once.
    void start();

private:
    void made(std::int64_t end);
    void plan(std::int64_t now);
    void look();

    tasks::Reactor& reactor_;
    const std::shared_ptr<tasks::Strand> strand_;
    auth::Sessions& sessions_;
    auth::ApiTokens& tokens_;
    const std::function<void()> ended_;
    const Now now_;
    std::mutex mutex_; // of what follows
    std::uint64_t timer_ = 0;
    std::optional<std::int64_t> due_, nearest_; ///< of the timer; the end that it waits for
    std::int64_t purgedAt_ = 0;
    bool stopped_ = false;
};

} // namespace talome
