#include "host/crash/scope.hpp"

#include "host/crash/mapped.hpp"
#include "host/crash/module_at.hpp"

#include <chrono>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <string_view>
#include <thread>
#include <unistd.h>

using namespace talome::crash;

namespace {

void spin(std::chrono::microseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
    }
}

} // namespace

TEST_CASE("a scope says what its thread runs, the inner one first, and nothing of other threads") {
    CHECK(Scope::current() == nullptr);
    const std::string operation = "a.do";
    {
        const Scope outer("scope-a", operation);
        const Scope inner("scope-b", "start()");
        REQUIRE(Scope::current() == &inner);
        CHECK(std::string_view(inner.plugin()) == "scope-b");
        CHECK(std::string_view(inner.what()) == "start()");
        CHECK(std::string_view(inner.outer()->what()) == "a.do");
        std::thread([] { CHECK(Scope::current() == nullptr); }).join();
    }
    CHECK(Scope::current() == nullptr);
}

TEST_CASE("seldom calls are measured each, and what is nested is its own plugin's") {
    auto& outer = usageOf("scope-outer");
    auto& inner = usageOf("scope-inner");
    {
        const Scope a(outer, "x");
        spin(std::chrono::milliseconds(2));
        const Scope b(inner, "y");
        spin(std::chrono::milliseconds(20));
    }
    CHECK(inner.cpuNs > outer.cpuNs);
    CHECK(outer.cpuNs > 0);
}

TEST_CASE("of many calls few are measured, and they stand for all") {
    auto& usage = usageOf("scope-busy");
    timespec began{}, ended{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &began);
    for (int i = 0; i < 40'000; ++i) {
        const Scope scope(usage, "x");
        spin(std::chrono::microseconds(2));
    }
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
    const auto real = (ended.tv_sec - began.tv_sec) * 1e9 + static_cast<double>(ended.tv_nsec - began.tv_nsec);
    const auto counted = static_cast<double>(usage.cpuNs.load());
    CHECK(counted > real / 4); // an estimate, of some hundred samples
    CHECK(counted < real * 4);
}

TEST_CASE("an address tells whose code it is, while that is mapped") {
    const auto here = reinterpret_cast<std::uintptr_t>(&usageOf);
    CHECK(pluginAt(here) == nullptr);
    {
        const Mapped mapped("scope-mapped", reinterpret_cast<const void*>(here)); // the test program itself
        REQUIRE(pluginAt(here) != nullptr);
        CHECK(std::string_view(pluginAt(here)) == "scope-mapped");
        CHECK(pluginAt(8) == nullptr);
    }
    CHECK(pluginAt(here) == nullptr);
}

TEST_CASE("the kernel tells which file an address came from") {
    const int maps = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    const auto own = moduleAt(reinterpret_cast<std::uintptr_t>(&usageOf), maps);
    CHECK(std::string_view(own.name) == "host_tests");
    CHECK(own.offset > 0);
    CHECK(std::string_view(moduleAt(reinterpret_cast<std::uintptr_t>(&::getpid), maps).name).starts_with("lib"));
    CHECK(std::string_view(moduleAt(8, maps).name).empty());
    CHECK(std::string_view(moduleAt(8, -1).name).empty());
    ::close(maps);
}
