// Plain socket calls, because the descriptor is non-blocking and belongs to the host's watch once it is open.
#include "engine/event_stream.hpp"

#include "engine/engine_client.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace talome::docker {

namespace {

constexpr std::size_t kLongestLine = 1024 * 1024;
constexpr int kReadsAtOnce = 16; // then others on the strand have their turn

std::string words(int error) { return std::generic_category().message(error); }

} // namespace

LocalEventStream::LocalEventStream(const std::string& socket, const std::string& target, std::chrono::milliseconds limit)
    : lines_(kLongestLine) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    try {
        connect(socket);
        ask(target);
        awaitHead(deadline);
    } catch (...) {
        if (fd_ >= 0) ::close(fd_);
        throw;
    }
}

LocalEventStream::~LocalEventStream() {
    watch_.end();
    if (fd_ >= 0) ::close(fd_);
}

void LocalEventStream::connect(const std::string& socket) {
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd_ < 0) throw Unavailable("no socket for the Docker engine's events: " + words(errno));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket.size() >= sizeof address.sun_path)
        throw Unavailable("the path of the Docker engine's socket is too long");
    std::memcpy(address.sun_path, socket.data(), socket.size());
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw Unavailable("the Docker engine does not answer at " + socket + ": " + engineAdvice(errno));
    }
}

void LocalEventStream::ask(const std::string& target) {
    const std::string request = "GET " + target + " HTTP/1.1\r\nHost: docker\r\n\r\n";
    if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
        throw Unavailable("the Docker engine does not take the request for its events: " + words(errno));
    }
}

void LocalEventStream::awaitHead(std::chrono::steady_clock::time_point deadline) {
    std::array<char, 16 * 1024> buffer;
    while (!decoder_.headDone()) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        pollfd waiting{fd_, POLLIN, 0};
        if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) == 0) {
            throw Timeout("the Docker engine does not answer the request for its events");
        }
        const auto got = ::recv(fd_, buffer.data(), buffer.size(), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (got <= 0) throw Unavailable("the Docker engine closed its event stream");
        try {
            decoder_.feed({buffer.data(), static_cast<std::size_t>(got)},
                          [this](std::string_view bytes) { early_.append(bytes); });
        } catch (const HttpSyntaxError& error) {
            throw BadUpstream(std::string("the Docker engine does not speak HTTP: ") + error.what());
        }
    }
    if (decoder_.status() != 200) {
        throw BadUpstream("the Docker engine answered " + std::to_string(decoder_.status()) +
                          " to the request for its events");
    }
}

void LocalEventStream::watch(const Host& host, OnLine onLine, OnEnd onEnd) {
    onLine_ = std::move(onLine);
    onEnd_ = std::move(onEnd);
    lines_.feed(std::exchange(early_, {}), onLine_);
    const std::scoped_lock lock(starting_);
    ended_ = false;
    try {
        watch_ = host.watch(fd_, TALOME_READABLE, [this](std::uint32_t) { ready(); });
    } catch (...) {
        ended_ = true;
        throw;
    }
}

void LocalEventStream::abandon() noexcept { ::shutdown(fd_, SHUT_RDWR); }

void LocalEventStream::ready() {
    { const std::scoped_lock started(starting_); }
    std::array<char, 16 * 1024> buffer;
    for (int i = 0; i < kReadsAtOnce; ++i) {
        const auto got = ::recv(fd_, buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got < 0) return end("the Docker engine's event stream broke: " + words(errno));
        if (got == 0) return end("the Docker engine closed its event stream");
        try {
            decoder_.feed({buffer.data(), static_cast<std::size_t>(got)},
                          [this](std::string_view bytes) { lines_.feed(bytes, onLine_); });
        } catch (const HttpSyntaxError& error) {
            return end(std::string("the Docker engine's event stream is no HTTP: ") + error.what());
        }
        if (decoder_.finished()) return end("the Docker engine ended its event stream");
    }
}

// The last thing that touches a member: whoever is told may destroy this object.
void LocalEventStream::end(const std::string& why) {
    watch_.end();
    const OnEnd tell = std::exchange(onEnd_, nullptr);
    ended_ = true;
    if (tell) tell(why);
}

} // namespace talome::docker
