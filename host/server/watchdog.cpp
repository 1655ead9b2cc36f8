#include "host/server/watchdog.hpp"

#include "host/log/log.hpp"

#include <mutex>

namespace talome {

Pulse::Pulse(std::vector<Part> parts) {
    for (auto& part : parts) states_.push_back({.part = std::move(part)});
}

std::vector<std::string> Pulse::beat(Clock::time_point now) {
    std::vector<std::string> silent;
    for (auto& state : states_) {
        if (!state.answered->load()) {
            if (now - state.asked > state.part.patience) silent.push_back(state.part.name);
        } else if (state.asked == Clock::time_point{} || now - state.asked >= state.part.every) {
            state.answered->store(false);
            state.asked = now;
            state.part.ask([answered = state.answered] { answered->store(true); });
        }
    }
    return silent;
}

struct Watchdog::Beating : std::enable_shared_from_this<Beating> {
    Beating(tasks::Reactor& reactor, std::chrono::microseconds every, std::vector<Pulse::Part> parts,
            std::function<void()> ping)
        : reactor_(reactor), every_(every), pulse_(std::move(parts)), ping_(std::move(ping)) {}

    void beat() {
        const std::lock_guard lock(mutex_);
        if (ended_) return;
        std::string silent;
        try {
            for (const auto& name : pulse_.beat(Pulse::Clock::now())) silent += (silent.empty() ? "" : ", ") + name;
        } catch (const std::exception& error) {
            silent = error.what();
        }
        if (silent.empty())
            ping_();
        else if (silent != said_)
            log::error("host", "does not answer any more: " + silent + "; the service manager will start it anew");
        said_ = silent;
        timer_ = reactor_.at(tasks::Reactor::Clock::now() + every_, [self = shared_from_this()] { self->beat(); });
    }

    void end() {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        reactor_.cancel(timer_);
    }

private:
    tasks::Reactor& reactor_;
    const std::chrono::microseconds every_;
    std::mutex mutex_;
    Pulse pulse_;
    const std::function<void()> ping_;
    std::string said_;
    std::uint64_t timer_ = 0;
    bool ended_ = false;
};

Watchdog::Watchdog(tasks::Reactor& reactor, std::chrono::microseconds limit, std::vector<Pulse::Part> parts,
                   std::function<void()> ping)
    : beating_(std::make_shared<Beating>(reactor, limit / 4, std::move(parts), std::move(ping))) {
    beating_->beat();
}

Watchdog::~Watchdog() { beating_->end(); }

} // namespace talome
