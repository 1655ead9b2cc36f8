// Messages between the process that the plugin is in and the one that its host is in: bytes and descriptors, nothing
// else. What cannot be put into one could not cross a process.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace talome::check {

/// The other process has ended, or does not answer within its time.
struct Gone : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct Late : Gone {
    using Gone::Gone;
};

class Writer {
public:
    template <class T> void put(T value) {
        static_assert(std::is_arithmetic_v<T>);
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    void text(std::string_view value) {
        put(static_cast<std::uint64_t>(value.size()));
        bytes_.append(value);
    }
    void maybe(const char* value) {
        put(static_cast<std::uint8_t>(value != nullptr));
        if (value) text(value);
    }
    Writer() = default;
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Is closed when it has been sent.
    void give(int fd) {
        descriptor(fd);
        if (fd >= 0) given_.push_back(fd);
    }
    /// Stays the sender's. Negative: none.
    void descriptor(int fd) {
        put(static_cast<std::int32_t>(fd));
        if (fd >= 0) fds_.push_back(fd);
    }

    const std::string& bytes() const { return bytes_; }

private:
    friend class Socket;
    std::string bytes_;
    std::vector<int> fds_, given_;
};

class Reader {
public:
    Reader() = default;
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    template <class T> T get() {
        static_assert(std::is_arithmetic_v<T>);
        T value;
        std::memcpy(&value, take(sizeof value), sizeof value);
        return value;
    }
    std::string_view text() {
        const auto n = get<std::uint64_t>();
        return {take(n), n};
    }
    /// The receiver's now; negative: none. `number`: what it is in the sending process.
    int descriptor(std::int32_t* number = nullptr);

private:
    friend class Socket;
    const char* take(std::uint64_t n);
    std::string bytes_;
    std::size_t at_ = 0;
    std::vector<int> fds_;
    std::size_t nextFd_ = 0;
};

/// One end of a pair. One thread at a time.
class Socket {
public:
    explicit Socket(int fd) : fd_(fd) {}
    ~Socket();
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    void send(const Writer&);
    Reader receive(int milliseconds); ///< negative: however long it takes
    void shutDown();

private:
    int fd_;
};

} // namespace talome::check
