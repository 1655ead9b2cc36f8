// What the audit log needs from time to time.
#include "host/audit/retention.hpp"

#include "host/log/log.hpp"

#include <algorithm>

namespace talome::audit {

namespace {

constexpr std::chrono::hours kEvery{24};
constexpr std::chrono::minutes kAfterStart{1};
constexpr std::int64_t kDayMs = 86'400'000;

/// Not at once, should a clock disagree: a task that wakes itself would never rest.
std::chrono::milliseconds until(std::int64_t at, std::int64_t now) {
    return std::chrono::milliseconds(std::clamp<std::int64_t>(at - now, 1000, kDayMs));
}

} // namespace

Retention::Retention(Log& log, tasks::Reactor& reactor, tasks::Pool& pool, Days days, Log::Now now)
    : log_(log), days_(std::move(days)), now_(std::move(now)),
      pruning_(
          std::make_shared<tasks::Task>(reactor, pool, kEvery, [this](const auto& cancelled) { prune(cancelled); })),
      telling_(std::make_shared<tasks::Task>(reactor, pool, std::chrono::milliseconds(0),
                                             [this](const auto&) { tell(); })) {}

// The log may call the hook until its own end: a task that rests does nothing then.
Retention::~Retention() {
    pruning_->quiesce();
    telling_->quiesce();
    try {
        log_.tellSuppressed(true);
    } catch (const std::exception& error) {
        log::error("audit", std::string("what was counted could not be written: ") + error.what());
    }
}

void Retention::start() {
    pruning_->activate();
    pruning_->wake(kAfterStart);
    telling_->activate();
    log_.onSuppressed([now = now_, task = telling_](std::int64_t at) { task->wake(until(at, now())); });
}

void Retention::prune(const std::atomic<bool>& cancelled) {
    const auto removed = log_.prune(now_() - days_() * kDayMs, [&] { return cancelled.load(); });
    if (removed > 0) log::info("audit", std::to_string(removed) + " old rows of the audit log were removed");
}

void Retention::tell() {
    if (const auto next = log_.tellSuppressed()) telling_->wake(until(*next, now_()));
}

} // namespace talome::audit
