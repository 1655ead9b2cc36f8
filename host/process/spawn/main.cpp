// talome-spawn: what talomed starts to run a program. A process of its own, so that between fork() and exec() nothing
// of a large daemon with many threads is in the way, and so that somebody is left when the daemon is killed.
#include "host/process/spawn/supervisor.hpp"

#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace talome;
using namespace talome::process;

constexpr std::size_t kMostDescriptors = 64;

/// The first message's descriptors; none if it is of another talomed.
std::vector<http::Descriptor> receive() {
    std::uint32_t protocol = 0;
    iovec data{&protocol, sizeof protocol};
    alignas(cmsghdr) char control[CMSG_SPACE(kMostDescriptors * sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    std::vector<http::Descriptor> received;
    const auto n = ::recvmsg(kControlFd, &message, MSG_CMSG_CLOEXEC);
    for (cmsghdr* head = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr; head; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        for (std::size_t i = 0; CMSG_LEN((i + 1) * sizeof(int)) <= head->cmsg_len; ++i) {
            int each = -1;
            std::memcpy(&each, CMSG_DATA(head) + i * sizeof each, sizeof each);
            received.emplace_back(each);
        }
    }
    if (protocol != kProtocol || (message.msg_flags & MSG_CTRUNC)) received.clear();
    return received;
}

std::string readAll(int file) {
    std::string text;
    struct stat found {};
    if (::fstat(file, &found) < 0) return text;
    text.resize(static_cast<std::size_t>(found.st_size));
    for (std::size_t done = 0; done < text.size();) {
        const auto n = ::pread(file, text.data() + done, text.size() - done, static_cast<off_t>(done));
        if (n <= 0) return {};
        done += static_cast<std::size_t>(n);
    }
    return text;
}

} // namespace

int main() {
    struct stat control {};
    if (::fstat(kControlFd, &control) < 0 || !S_ISSOCK(control.st_mode)) {
        std::fputs("talome-spawn is started by talomed, and by nobody else.\n", stderr);
        return 2;
    }
    ::close_range(kControlFd + 1, ~0u, 0); // a library's that were not to be inherited
    ::fcntl(kControlFd, F_SETFD, FD_CLOEXEC);
    ::prctl(PR_SET_NAME, "talome-spawn");
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    auto descriptors = receive();
    std::optional<Order> order;
    if (!descriptors.empty()) {
        order = decode(readAll(descriptors.front().get()));
        descriptors.erase(descriptors.begin());
    }
    if (!order || order->numbers.size() != descriptors.size() || descriptors.empty()) {
        const Report report{.kind = Report::refused, .stage = Stage::order};
        [[maybe_unused]] const auto sent = ::send(kControlFd, &report, sizeof report, MSG_NOSIGNAL);
        return 1;
    }
    Supervisor(std::move(*order), std::move(descriptors)).run();
    return 0;
}
