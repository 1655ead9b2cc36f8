// What the code of one plugin has cost so far: counted where it is called, read by anyone.
#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace talome::crash {

/// Any thread; counts, once made, last as long as the process, over all generations of a plugin.
///
/// Asking for a thread's CPU time is a system call (1.3 µs on a virtual machine, where a call takes 6), so busy plugins
/// are sampled: of calls that are alike, one in so many is measured, some 250 a second, and stands for those since the
/// last one. Which one is random, so that a pattern in the calls does not show; up to 250 a second all are measured.
class Usage {
public:
    explicit Usage(std::string plugin) : plugin_(std::move(plugin)) {}
    Usage(const Usage&) = delete;
    Usage& operator=(const Usage&) = delete;

    const std::string& plugin() const { return plugin_; }

    std::atomic<std::uint64_t> calls{0};   ///< of its operations and routes that have begun, nested ones included
    std::atomic<std::uint64_t> failed{0};  ///< of those: that ended with a negative status
    std::atomic<std::uint64_t> refused{0}; ///< because a limit of the plugin was reached
    std::atomic<std::uint64_t> overdue{0}; ///< that were still running when their time was over
    std::atomic<std::uint32_t> running{0}; ///< now
    std::atomic<std::uint64_t> cpuNs{0};   ///< in all scopes: calls, tasks, callbacks, lifecycle functions

    /// For Scope: counts one more; 0: it is not measured, else how many it stands for.
    std::uint64_t weigh() noexcept {
        const auto number = scopes_.fetch_add(1, std::memory_order_relaxed) + 1;
        if (number < next_.load(std::memory_order_relaxed) &&
            ticks() - measuredAt_.load(std::memory_order_relaxed) < kStale)
            return 0;
        return choose(number);
    }

    /// For Scope: what a measured one has used, ns, and how many it stands for.
    void add(std::uint64_t own, std::uint64_t weight) noexcept;

private:
    static constexpr std::int64_t kStale = 100'000'000; // ns: what comes more seldom is measured each time
    static constexpr std::int64_t kTick = 4'000'000;
    static constexpr std::uint64_t kMostApart = 1024;

    static std::int64_t ticks() noexcept {
        timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now); // 3 ns: a memory read
        return now.tv_sec * 1'000'000'000 + now.tv_nsec;
    }
    std::uint64_t choose(std::uint64_t number) noexcept;

    const std::string plugin_;
    std::atomic<std::uint64_t> scopes_{0}, next_{0}, measured_{0}, apart_{1};
    std::atomic<std::int64_t> measuredAt_{0}, since_{0}; ///< the last one; from the one before to that
};

/// The one of this plugin, made when it is first asked for. Any thread.
Usage& usageOf(std::string_view plugin);

} // namespace talome::crash
