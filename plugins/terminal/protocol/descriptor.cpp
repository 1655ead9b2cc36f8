#include "protocol/descriptor.hpp"

#include <cstring>
#include <sys/socket.h>

namespace talome::terminal {

namespace {
constexpr std::size_t kMostAtOnce = 4; // descriptors of one message
}

ssize_t sendWith(int socket, std::string_view bytes, int fd) {
    if (fd < 0) return ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(head), &fd, sizeof fd);
    return ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

ssize_t receiveWith(int socket, char* to, std::size_t size, std::vector<Descriptor>& fds) {
    iovec part{to, size};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostAtOnce)] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (n < 0) return n;
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
            fds.emplace_back(fd);
        }
    }
    return n;
}

} // namespace talome::terminal
