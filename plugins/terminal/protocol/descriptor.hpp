// A file descriptor that is closed with its owner, and how one goes along with bytes over a unix socket.
#pragma once

#include <cstddef>
#include <string_view>
#include <sys/types.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace talome::terminal {

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    void reset() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    int fd_ = -1;
};

/// As send(2) with MSG_NOSIGNAL; `fd`, if it is none of -1, goes along with the first byte.
ssize_t sendWith(int socket, std::string_view bytes, int fd);
/// As recv(2). What descriptors come along are put into `fds`, closed on exec.
ssize_t receiveWith(int socket, char* to, std::size_t size, std::vector<Descriptor>& fds);

} // namespace talome::terminal
