// Messages between two processes. A frame is its length and its number of descriptors, 4 bytes each, then the bytes;
// the descriptors come with the first byte (unix(7), SCM_RIGHTS).
#include "sdk/check/wire.hpp"

#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace talome::check {

namespace {

constexpr std::size_t kMostDescriptors = 128;

struct Head {
    std::uint32_t length, descriptors;
};

void waitFor(int fd, int milliseconds) {
    pollfd wait{fd, POLLIN, 0};
    int ready;
    do ready = ::poll(&wait, 1, milliseconds);
    while (ready < 0 && errno == EINTR);
    if (ready == 0) throw Late("does not answer");
}

/// Reads it whole, with the descriptors that come along.
void readAll(int fd, void* to, std::size_t n, std::vector<int>& descriptors, int milliseconds) {
    auto* at = static_cast<char*>(to);
    while (n) {
        waitFor(fd, milliseconds);
        iovec part{at, n};
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostDescriptors)];
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        const auto got = ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) throw Gone("has ended");
        for (auto* each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(&message, each)) {
            if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
            const auto count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (std::size_t i = 0; i < count; ++i) {
                int one;
                std::memcpy(&one, CMSG_DATA(each) + i * sizeof one, sizeof one);
                descriptors.push_back(one);
            }
        }
        at += got;
        n -= static_cast<std::size_t>(got);
    }
}

} // namespace

Writer::~Writer() {
    for (const int fd : given_) ::close(fd);
}

const char* Reader::take(std::uint64_t n) {
    if (n > bytes_.size() - at_) throw Gone("sent a message that is too short");
    const auto* from = bytes_.data() + at_;
    at_ += n;
    return from;
}

int Reader::descriptor(std::int32_t* number) {
    const auto theirs = get<std::int32_t>();
    if (number) *number = theirs;
    if (theirs < 0) return -1;
    if (nextFd_ == fds_.size()) throw Gone("sent a message without its descriptors");
    return fds_[nextFd_++];
}

Socket::~Socket() { ::close(fd_); }

void Socket::shutDown() { ::shutdown(fd_, SHUT_RDWR); }

void Socket::send(const Writer& writer) {
    const Head head{static_cast<std::uint32_t>(writer.bytes_.size()), static_cast<std::uint32_t>(writer.fds_.size())};
    std::string all(reinterpret_cast<const char*>(&head), sizeof head);
    all += writer.bytes_;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostDescriptors)] = {};
    const char* at = all.data();
    for (std::size_t left = all.size(); left;) {
        iovec part{const_cast<char*>(at), left};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        const bool first = at == all.data();
        if (first && !writer.fds_.empty()) {
            if (writer.fds_.size() > kMostDescriptors) throw Gone("was to be sent too many descriptors");
            message.msg_control = control;
            message.msg_controllen = CMSG_SPACE(sizeof(int) * writer.fds_.size());
            auto* header = CMSG_FIRSTHDR(&message);
            header->cmsg_level = SOL_SOCKET;
            header->cmsg_type = SCM_RIGHTS;
            header->cmsg_len = CMSG_LEN(sizeof(int) * writer.fds_.size());
            std::memcpy(CMSG_DATA(header), writer.fds_.data(), sizeof(int) * writer.fds_.size());
        }
        const auto sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EBADF) throw std::invalid_argument("names a descriptor that is not open");
        if (sent <= 0) throw Gone("has ended");
        at += sent;
        left -= static_cast<std::size_t>(sent);
    }
}

Reader Socket::receive(int milliseconds) {
    Reader reader;
    Head head{};
    readAll(fd_, &head, sizeof head, reader.fds_, milliseconds);
    reader.bytes_.resize(head.length);
    readAll(fd_, reader.bytes_.data(), head.length, reader.fds_, milliseconds);
    if (reader.fds_.size() != head.descriptors) throw Gone("sent a message without its descriptors");
    return reader;
}

} // namespace talome::check
