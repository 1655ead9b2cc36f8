// Downloads that are thrown away, as fast as they come or at a given rate.
#include "load.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>

namespace load {

namespace {

constexpr std::size_t kBlock = 1 << 20;

/// Reads to the end of the body; MSG_TRUNC leaves the bytes in the kernel, so that this side costs next to nothing.
std::uint64_t discard(const Socket& socket, const Head& head, std::uint64_t bytesPerSecond) {
    std::uint64_t total = head.rest.size();
    const auto start = Clock::now();
    const auto block = bytesPerSecond ? std::clamp<std::size_t>(bytesPerSecond / 20, 1024, kBlock) : kBlock;
    while (total < head.length) {
        const auto n = ::recv(socket.get(), nullptr, std::min<std::uint64_t>(block, head.length - total), MSG_TRUNC);
        if (n < 0) throw std::runtime_error("the download broke off");
        if (n == 0) break;
        total += static_cast<std::uint64_t>(n);
        if (bytesPerSecond)
            std::this_thread::sleep_until(start + std::chrono::nanoseconds(total * 1'000'000'000 / bytesPerSecond));
    }
    return total;
}

} // namespace

// count; rate: bytes a second for each, 0: as fast as they come
void download(const Task& task) {
    const auto rate = task.number("rate", 0);
    std::vector<Socket> sockets;
    std::vector<Head> heads;
    const auto start = Clock::now();
    for (auto left = task.number("count", 1); left > 0; --left) {
        sockets.push_back(connectTo(task.port, rate ? 65536 : 0));
        sendAll(sockets.back(), task.request());
        heads.push_back(readHead(sockets.back()));
        if (heads.back().status != 200)
            throw std::runtime_error("the download answers " + std::to_string(heads.back().status));
    }
    std::printf("{\"open\": %zu}\n", sockets.size());
    std::atomic<std::uint64_t> total{0};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < sockets.size(); ++i)
        threads.emplace_back([&, i] { total += discard(sockets[i], heads[i], rate); });
    for (auto& thread : threads) thread.join();
    std::printf("{\"bytes\": %llu, \"seconds\": %.6f}\n", static_cast<unsigned long long>(total.load()),
                seconds(Clock::now() - start));
}

} // namespace load
