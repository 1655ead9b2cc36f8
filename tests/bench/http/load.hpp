// What the parts of bench_load share: arguments, sockets, the head of an answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace load {

using Clock = std::chrono::steady_clock; // CLOCK_MONOTONIC, as the servers' stamps are

/// What the command line says: whom to ask, and the numbers of the mode.
struct Task {
    std::uint16_t port = 0;
    std::string path = "/";
    std::vector<std::string> headers;
    std::map<std::string, std::uint64_t> numbers;

    std::uint64_t number(const std::string& name, std::uint64_t otherwise) const;
    /// A GET with the headers, up to and with the empty line.
    std::string request() const;
};

/// Owns a descriptor.
class Socket {
public:
    explicit Socket(int descriptor = -1) : descriptor_(descriptor) {}
    Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Socket& operator=(Socket&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~Socket();
    int get() const { return descriptor_; }

private:
    int descriptor_;
};

/// A connection to 127.0.0.1, blocking, with a time limit of 30 s for each call. Throws std::runtime_error.
Socket connectTo(std::uint16_t port, int receiveBuffer = 0);
void sendAll(const Socket&, std::string_view);

struct Head {
    int status = 0;
    std::uint64_t length = UINT64_MAX; ///< of the body; UINT64_MAX: until the end of the connection
    std::string rest;                  ///< what came after the head
};
/// Waits for the head of the answer.
Head readHead(const Socket&);

double seconds(Clock::duration);
/// Returns when standard input ends: whoever started this program has looked at everything.
void waitForEnd();

// The modes; each prints lines of JSON.
void idle(const Task&);
void streams(const Task&);
void churn(const Task&);
void download(const Task&);
void yardstick(const Task&);

} // namespace load
