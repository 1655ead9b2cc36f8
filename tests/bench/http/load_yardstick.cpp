// What the kernel alone asks for: the same bytes sent to as many sockets by nothing but send().
#include "load.hpp"

#include <csignal>
#include <cstdio>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace load {

namespace {

constexpr std::chrono::milliseconds kPause{100}; // the readers sleep again, as they do between events

// In a process of its own, so that only sending counts.
[[noreturn]] void readAll(std::uint16_t port, std::uint64_t count) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const Socket set(::epoll_create1(0));
    std::vector<Socket> sockets;
    for (; count > 0; --count) {
        sockets.push_back(connectTo(port));
        epoll_event event{EPOLLIN, {.fd = sockets.back().get()}};
        ::epoll_ctl(set.get(), EPOLL_CTL_ADD, sockets.back().get(), &event);
    }
    char buffer[65536];
    epoll_event events[64];
    for (;;) {
        const int n = ::epoll_wait(set.get(), events, 64, -1);
        for (int i = 0; i < n; ++i)
            if (::recv(events[i].data.fd, buffer, sizeof buffer, MSG_DONTWAIT) == 0) ::_exit(0);
    }
}

double processSeconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

} // namespace

// count sockets, bytes to each, rounds. Port and path are of no use here.
void yardstick(const Task& task) {
    const auto count = task.number("count", 1000), rounds = task.number("rounds", 30);
    const std::string bytes(task.number("bytes", 100), 'x');
    const Socket listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    const timeval limit{10, 0}; // of accept()
    ::setsockopt(listener.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (::bind(listener.get(), any, sizeof address) != 0 || ::listen(listener.get(), 4096) != 0 ||
        ::getsockname(listener.get(), any, &length) != 0)
        throw std::runtime_error("cannot listen");

    const auto reader = ::fork();
    if (reader < 0) throw std::runtime_error("cannot fork");
    if (reader == 0) readAll(ntohs(address.sin_port), count);
    std::vector<Socket> sockets;
    const int on = 1;
    while (sockets.size() < count) {
        sockets.emplace_back(::accept(listener.get(), nullptr, nullptr));
        if (sockets.back().get() < 0) throw std::runtime_error("the readers did not come");
        ::setsockopt(sockets.back().get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    const auto before = processSeconds();
    for (auto left = rounds; left > 0; --left) {
        for (auto& socket : sockets) sendAll(socket, bytes);
        std::this_thread::sleep_for(kPause);
    }
    const auto used = processSeconds() - before;
    std::printf("{\"usPerSend\": %.3f}\n", used * 1e6 / static_cast<double>(count * rounds));
    sockets.clear();
    ::waitpid(reader, nullptr, 0);
}

} // namespace load
