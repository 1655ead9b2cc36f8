#include "readings/temperature_watch.hpp"

#include <array>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

namespace talome::system {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Ages {
    std::chrono::seconds again, forgotten; ///< read again, and no longer shown
};
constexpr Ages agesOf(Chips chips) { return chips == Chips::disks ? Ages{300s, 900s} : Ages{5s, 60s}; }

} // namespace

struct TemperatureWatch::Shared {
    explicit Shared(Read r) : read(std::move(r)) {}

    struct Part {
        std::vector<Temperature> found;
        Clock::time_point at{};
        bool running = false;
    };
    const Read read;
    std::mutex mutex; // all below
    std::condition_variable done;
    std::array<Part, 2> parts; ///< by Chips
};

TemperatureWatch::TemperatureWatch(Read read) : shared_(std::make_shared<Shared>(std::move(read))) {}

std::vector<Temperature> TemperatureWatch::look(std::chrono::milliseconds most) {
    std::unique_lock lock(shared_->mutex);
    const auto now = Clock::now();
    for (const Chips chips : {Chips::disks, Chips::others}) {
        Shared::Part& part = shared_->parts[static_cast<std::size_t>(chips)];
        if (part.running || (part.at != Clock::time_point{} && now - part.at < agesOf(chips).again)) continue;
        part.running = true;
        try {
            std::thread([shared = shared_, chips] {
                auto found = shared->read(chips);
                const std::lock_guard inner(shared->mutex);
                Shared::Part& mine = shared->parts[static_cast<std::size_t>(chips)];
                mine.found = std::move(found);
                mine.at = Clock::now();
                mine.running = false;
                shared->done.notify_all();
            }).detach();
        } catch (const std::system_error&) { // no more threads: read the next time
            part.running = false;
        }
    }
    const auto first = [&] {
        for (const Shared::Part& each : shared_->parts)
            if (each.running && each.at == Clock::time_point{}) return false;
        return true;
    };
    if (most > 0ms) shared_->done.wait_for(lock, most, first);
    std::vector<Temperature> all;
    for (const Chips chips : {Chips::others, Chips::disks}) {
        const Shared::Part& part = shared_->parts[static_cast<std::size_t>(chips)];
        if (now - part.at < agesOf(chips).forgotten) all.insert(all.end(), part.found.begin(), part.found.end());
    }
    return all;
}

} // namespace talome::system
