// Marks whose code a thread runs, and measures what it costs.
#include "host/crash/scope.hpp"

#include "host/crash/signal_stack.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace talome::crash {

namespace {

std::int64_t cpuTime() noexcept {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * 1'000'000'000 + used.tv_nsec;
}

/// What asking itself adds between two answers: as much as a short call takes.
std::int64_t costOfAsking() noexcept {
    auto least = std::int64_t{1'000'000};
    auto last = cpuTime();
    for (int i = 0; i < 32; ++i) {
        const auto now = cpuTime();
        least = std::min(least, now - last);
        last = now;
    }
    return least;
}

std::atomic<std::int64_t> asking{-1};

/// The finaliser of splitmix64: a number that looks like chance.
std::uint64_t mixed(std::uint64_t value) noexcept {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

} // namespace

void Scope::arm() noexcept {
    armed_ = true;
    if (asking.load(std::memory_order_relaxed) < 0) asking.store(costOfAsking(), std::memory_order_relaxed);
    giveSignalStack();
}

void Scope::begin() noexcept {
    measured_ = true;
    began_ = cpuTime();
}

void Scope::end() noexcept {
    const auto used = cpuTime() - began_ - asking.load(std::memory_order_relaxed);
    if (outer_ && outer_->measured_) outer_->nested_ += used;
    const auto own = static_cast<std::uint64_t>(std::max<std::int64_t>(0, used - nested_));
    usage_.add(own, weight_);
}

/// Those that were not measured cannot have used more than the processors had since the one before: so one that was
/// unlucky, on a machine that is busy or stolen from, does not stand for many that were not.
void Usage::add(std::uint64_t own, std::uint64_t weight) noexcept {
    static const auto processors = std::max(1u, std::thread::hardware_concurrency());
    const auto had = static_cast<std::uint64_t>(std::max<std::int64_t>(0, since_.load(std::memory_order_relaxed))) * processors;
    const auto others = weight > 1 ? std::min(own * (weight - 1), had) : 0;
    cpuNs.fetch_add((weight > 0 ? own : 0) + others, std::memory_order_relaxed);
}

std::uint64_t Usage::choose(std::uint64_t number) noexcept {
    const auto before = measured_.exchange(number, std::memory_order_relaxed);
    if (before >= number) { // another thread was faster, and stands for this one as well
        measured_.store(before, std::memory_order_relaxed);
        return 0;
    }
    const auto now = ticks();
    const auto since = now - measuredAt_.exchange(now, std::memory_order_relaxed);
    since_.store(since, std::memory_order_relaxed);
    auto apart = apart_.load(std::memory_order_relaxed);
    if (since >= kStale)
        apart = 1;
    else if (since < kTick)
        apart = std::min(2 * apart, kMostApart);
    else if (since >= 3 * kTick)
        apart = std::max<std::uint64_t>(1, apart / 4);
    apart_.store(apart, std::memory_order_relaxed);
    // From 1 to 2 × apart - 1: `apart` on the average.
    next_.store(number + 1 + mixed(number) % (2 * apart - 1), std::memory_order_relaxed);
    return number - before;
}

Usage& usageOf(std::string_view plugin) {
    static auto* const mutex = new std::mutex; // never destroyed: threads may end after the program's statics
    static auto* const all = new std::map<std::string, std::unique_ptr<Usage>, std::less<>>;
    const std::lock_guard lock(*mutex);
    auto it = all->find(plugin);
    if (it == all->end()) it = all->emplace(std::string(plugin), std::make_unique<Usage>(std::string(plugin))).first;
    return *it->second;
}

} // namespace talome::crash
