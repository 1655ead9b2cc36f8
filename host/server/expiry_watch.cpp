#include "host/server/expiry_watch.hpp"

#include <algorithm>

namespace talome {

namespace {
constexpr std::int64_t kPurgeEveryMs = 3'600'000;
}

ExpiryWatch::ExpiryWatch(tasks::Reactor& reactor, tasks::Pool& pool, auth::Sessions& sessions, auth::ApiTokens& tokens,
                         std::function<void()> ended, Now now)
    : reactor_(reactor), strand_(std::make_shared<tasks::Strand>(pool)), sessions_(sessions), tokens_(tokens),
      ended_(std::move(ended)), now_(std::move(now)) {}

// The timer runs on the reactor's thread and only posts: once the strand is closed, nothing more happens.
ExpiryWatch::~ExpiryWatch() {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        reactor_.cancel(timer_);
    }
    strand_->close();
}

void ExpiryWatch::start() {
    sessions_.onMade([this](std::int64_t end) { made(end); });
    tokens_.onMade([this](std::int64_t end) { made(end); });
    const auto now = now_();
    sessions_.purge(now);
    tokens_.purge(now);
    purgedAt_ = now;
    plan(now);
}

void ExpiryWatch::made(std::int64_t end) {
    const auto now = now_();
    {
        const std::lock_guard lock(mutex_);
        if (due_ && *due_ <= std::min(end, now + kPurgeEveryMs)) return; // it looks before that anyway
    }
    plan(now);
}

void ExpiryWatch::plan(std::int64_t now) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    reactor_.cancel(timer_);
    due_.reset();
    nearest_ = tokens_.nextEnd(now);
    if (const auto end = sessions_.nextEnd(now); end && (!nearest_ || *end < *nearest_)) nearest_ = end;
    if (!nearest_ && !sessions_.any()) return;
    // The clock on the wall may be set: it is asked again after an hour at most.
    due_ = std::min(nearest_.value_or(now + kPurgeEveryMs), now + kPurgeEveryMs);
    timer_ = reactor_.at(tasks::Reactor::Clock::now() + std::chrono::milliseconds(*due_ - now),
                         [this, strand = strand_] { strand->post([this] { look(); }); });
}

void ExpiryWatch::look() {
    const auto now = now_();
    bool over = false, purge = false;
    {
        const std::lock_guard lock(mutex_);
        over = nearest_ && *nearest_ <= now;
        purge = over || now - purgedAt_ >= kPurgeEveryMs;
        if (purge) purgedAt_ = now;
    }
    if (purge) {
        sessions_.purge(now);
        tokens_.purge(now);
    }
    if (over) ended_();
    plan(now);
}

} // namespace talome
