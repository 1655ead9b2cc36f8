// Subscribers of an event stream. Each event carries "sentNs": the server's monotonic clock when it was published, so
// that the time of its delivery is known on the same machine.
#include "load.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <deque>
#include <poll.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace load {

namespace {

constexpr std::string_view kStamp = "\"sentNs\":";
constexpr std::size_t kLongestStamp = kStamp.size() + 24; // with its number and what ends it

class Subscriber {
public:
    explicit Subscriber(const Task& task, int receiveBuffer = 0) : socket(connectTo(task.port, receiveBuffer)) {
        sendAll(socket, task.request());
        const auto head = readHead(socket);
        if (head.status != 200) throw std::runtime_error("the stream answers " + std::to_string(head.status));
    }

    /// Adds the delays, in ns, of the events in these bytes; what an event is cut into is put together again.
    void take(std::string_view bytes, std::uint64_t now, std::vector<std::uint64_t>& delays) {
        tail_.append(bytes);
        std::size_t at = 0, next;
        while ((next = tail_.find(kStamp, at)) != tail_.npos) {
            auto digit = next + kStamp.size();
            while (digit < tail_.size() && tail_[digit] == ' ') ++digit;
            const auto end = tail_.find_first_not_of("0123456789", digit);
            if (end == tail_.npos) break;
            const auto sent = std::stoull(tail_.substr(digit, end - digit));
            delays.push_back(now > sent ? now - sent : 0);
            at = end;
        }
        const auto keep =
            next != tail_.npos ? next : std::max(at, tail_.size() - std::min(tail_.size(), kLongestStamp));
        tail_.erase(0, keep);
    }

    Socket socket;

private:
    std::string tail_;
};

std::uint64_t nanoseconds(Clock::time_point time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

double share(const std::vector<std::uint64_t>& sorted, double part) {
    if (sorted.empty()) return 0;
    const auto at = static_cast<std::size_t>(static_cast<double>(sorted.size()) * part);
    return static_cast<double>(sorted[std::min(at, sorted.size() - 1)]) / 1e6;
}

struct Received {
    std::vector<std::uint64_t> delays;
    std::uint64_t bytes = 0, closed = 0;
};

Received receive(std::deque<Subscriber>& subscribers, Clock::duration time) {
    Received received;
    const Socket set(::epoll_create1(EPOLL_CLOEXEC));
    for (auto& each : subscribers) {
        epoll_event event{EPOLLIN, {.ptr = &each}};
        ::epoll_ctl(set.get(), EPOLL_CTL_ADD, each.socket.get(), &event);
    }
    std::vector<char> buffer(65536);
    epoll_event events[64];
    for (const auto end = Clock::now() + time; Clock::now() < end;) {
        const int n = ::epoll_wait(set.get(), events, 64, 20);
        for (int i = 0; i < n; ++i) {
            auto& subscriber = *static_cast<Subscriber*>(events[i].data.ptr);
            const auto got = ::recv(subscriber.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            if (got <= 0) {
                ::epoll_ctl(set.get(), EPOLL_CTL_DEL, subscriber.socket.get(), nullptr);
                ++received.closed;
                continue;
            }
            received.bytes += static_cast<std::uint64_t>(got);
            subscriber.take({buffer.data(), static_cast<std::size_t>(got)}, nanoseconds(Clock::now()), received.delays);
        }
    }
    return received;
}

/// Was it dropped? What was sent to it before that is read first; a stream that goes on was not.
bool ended(const Socket& socket) {
    const int large = 4 << 20;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
    std::vector<char> buffer(65536);
    for (const auto end = Clock::now() + std::chrono::seconds(3); Clock::now() < end;) {
        pollfd entry{socket.get(), POLLIN, 0};
        if (::poll(&entry, 1, 1000) == 0) return false;
        const auto n = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno == ECONNRESET)) return true;
    }
    return false;
}

} // namespace

// count, seconds, stalled: so many more that do not read
void streams(const Task& task) {
    std::deque<Subscriber> subscribers, stalled;
    for (auto left = task.number("stalled", 0); left > 0; --left) stalled.emplace_back(task, 4096);
    for (auto left = task.number("count", 100); left > 0; --left) subscribers.emplace_back(task);
    std::printf("{\"open\": %zu}\n", subscribers.size() + stalled.size());

    auto received = receive(subscribers, std::chrono::seconds(task.number("seconds", 10)));
    auto& delays = received.delays;
    std::sort(delays.begin(), delays.end());
    const auto dropped = std::count_if(stalled.begin(), stalled.end(), [](auto& each) { return ended(each.socket); });
    std::printf("{\"events\": %zu, \"bytes\": %llu, \"closed\": %llu, \"dropped\": %td, \"p50Ms\": %.3f, "
                "\"p99Ms\": %.3f, \"maxMs\": %.3f}\n",
                delays.size(), static_cast<unsigned long long>(received.bytes),
                static_cast<unsigned long long>(received.closed), dropped, share(delays, 0.5), share(delays, 0.99),
                share(delays, 1));
    waitForEnd();
}

// cycles: connect, subscribe, leave; hold: how many are there at once
void churn(const Task& task) {
    const auto hold = task.number("hold", 20);
    std::deque<Subscriber> subscribers;
    const auto start = Clock::now();
    for (auto left = task.number("cycles", 1000); left > 0; --left) {
        subscribers.emplace_back(task);
        if (subscribers.size() > hold) subscribers.pop_front();
    }
    subscribers.clear();
    std::printf("{\"seconds\": %.3f}\n", seconds(Clock::now() - start));
}

} // namespace load
