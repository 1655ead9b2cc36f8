// Asks the workers for a sign of life, by an event of the same set in which their connections wait: who hears it could
// serve a request.
#include "host/http/engine.hpp"

#include <cerrno>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>

namespace talome::http {

void Server::Engine::probe(std::function<void()> answered) {
    std::lock_guard lock(probeMutex_);
    probed_ = std::move(answered);
    if (probeEvent_ < 0) {
        probeEvent_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (probeEvent_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
        watch(probeEvent_, probeMark_, EPOLLIN | EPOLLONESHOT);
    }
    ::eventfd_write(probeEvent_, 1); // fails only when it was never read for 2^64 times
}

void Server::Engine::answerProbe() {
    std::function<void()> answered;
    {
        std::lock_guard lock(probeMutex_);
        eventfd_t asked = 0;
        ::eventfd_read(probeEvent_, &asked);
        answered = std::exchange(probed_, nullptr);
        rearm(probeEvent_, probeMark_, EPOLLIN);
    }
    if (answered) answered();
}

} // namespace talome::http
