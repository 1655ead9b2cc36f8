// Connections that made a request, or half of one, and then do nothing. After each line of input it tells how many
// are still open.
#include "load.hpp"

#include <cerrno>
#include <cstdio>
#include <sys/socket.h>

namespace load {

namespace {

bool isOpen(const Socket& socket) {
    char byte;
    return ::recv(socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

/// False when the answer is not 200.
bool ask(const Socket& socket, const std::string& request) {
    sendAll(socket, request);
    auto head = readHead(socket);
    char buffer[4096];
    auto left = head.length - head.rest.size();
    while (left > 0) {
        const auto n = ::recv(socket.get(), buffer, std::min<std::uint64_t>(left, sizeof buffer), 0);
        if (n <= 0) return false;
        left -= static_cast<std::uint64_t>(n);
    }
    return head.status == 200;
}

} // namespace

// count, half=1: only the beginning of a head
void idle(const Task& task) {
    const auto half = task.number("half", 0) != 0;
    auto request = task.request();
    if (half) request = request.substr(0, request.size() - 2) + "X-Slow: ";
    std::vector<Socket> sockets;
    std::uint64_t refused = 0;
    for (auto left = task.number("count", 100); left > 0; --left) {
        sockets.push_back(connectTo(task.port));
        if (half)
            sendAll(sockets.back(), request);
        else
            refused += !ask(sockets.back(), request);
    }
    do {
        std::uint64_t open = 0;
        for (auto& socket : sockets) open += isOpen(socket);
        std::printf("{\"open\": %llu, \"refused\": %llu}\n", static_cast<unsigned long long>(open),
                    static_cast<unsigned long long>(refused));
        int c;
        while ((c = std::getchar()) != EOF && c != '\n') continue;
        if (c == EOF) return;
    } while (true);
}

} // namespace load
