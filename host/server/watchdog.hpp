// Tells the service manager that the server lives, for as long as those parts of it answer without which it could only
// seem to: whoever waits for a request's answer should not wait for a process that merely has not ended.
#pragma once

#include "host/tasks/reactor.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace talome {

/// At time t: a part that was asked and has not answered for longer than its patience is silent. One thread.
class Pulse {
public:
    using Clock = std::chrono::steady_clock;
    using Answered = std::function<void()>; ///< any thread, at any time, also after the Pulse has ended
    struct Part {
        std::string name;
        Clock::duration every;    ///< how often it is asked, at most
        Clock::duration patience; ///< a busy part may take this long
        std::function<void(Answered)> ask;
    };

    explicit Pulse(std::vector<Part> parts);
    /// Asks those whose turn it is, and names those that are silent.
    std::vector<std::string> beat(Clock::time_point now);

private:
    struct State {
        Part part;
        std::shared_ptr<std::atomic<bool>> answered = std::make_shared<std::atomic<bool>>(true);
        Clock::time_point asked{};
    };
    std::vector<State> states_;
};

/// Beats on the reactor's thread (which is thereby watched itself), four times within `limit`, and pings if no part is
/// silent. The parts' ask() must not block.
class Watchdog {
public:
    Watchdog(tasks::Reactor& reactor, std::chrono::microseconds limit, std::vector<Pulse::Part> parts,
             std::function<void()> ping);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

private:
    struct Beating; ///< what the timer holds: it may run while this ends
    const std::shared_ptr<Beating> beating_;
};

} // namespace talome
