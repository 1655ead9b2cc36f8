#include "sessions/pty_client.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace talome::terminal {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kLimit = 10s;
constexpr const char* kManaged = "/run/talome-pty/socket"; ///< of talome-pty.socket

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

void waitFor(int fd, short events, Clock::time_point end) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        if (left <= 0) throw Unavailable("talome-pty does not answer");
        pollfd one{fd, events, 0};
        const int n = ::poll(&one, 1, static_cast<int>(left));
        if (n > 0) return;
        if (n < 0 && errno != EINTR) throw Unavailable("talome-pty cannot be waited for");
    }
}

void sendAll(int socket, std::string_view bytes, int fd, Clock::time_point end) {
    while (!bytes.empty()) {
        const ssize_t n = sendWith(socket, bytes, fd);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            waitFor(socket, POLLOUT, end);
            continue;
        }
        if (n <= 0) throw Unavailable("talome-pty has closed the connection");
        fd = -1;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

/// Until the answer has come: its fields.
std::string answerOf(int socket, FrameReader& frames, std::vector<Descriptor>& came, Clock::time_point end) {
    char piece[64 * 1024];
    for (;;) {
        Kind kind;
        std::string_view payload;
        if (frames.next(kind, payload)) {
            if (kind == Kind::done) return std::string(payload);
            if (kind != Kind::failed) continue;
            const auto failed = decode<Failed>(payload);
            raise(static_cast<talome_status>(failed.status), failed.words);
        }
        const ssize_t n = receiveWith(socket, piece, sizeof piece, came);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            waitFor(socket, POLLIN, end);
            continue;
        }
        if (n <= 0) throw Unavailable("talome-pty has closed the connection");
        frames.add({piece, static_cast<std::size_t>(n)});
    }
}

bool isSocket(const std::string& path) {
    struct stat is {};
    return ::stat(path.c_str(), &is) == 0 && S_ISSOCK(is.st_mode);
}

} // namespace

std::string stateFolder() {
    if (const auto named = variable("TALOME_STATE_DIR"); !named.empty()) return named;
    return variable("HOME") + "/.talome";
}

PtyClient::Place PtyClient::place() {
    if (auto named = variable("TALOME_PTY_SOCKET"); !named.empty()) return {std::move(named), false};
    if (isSocket(kManaged)) return {kManaged, false};
    return {stateFolder() + "/terminal/pty.sock", true};
}

/// None: it does not run, and was not to be started.
Descriptor PtyClient::connect(bool start, bool* started) const {
    const auto [path, ours] = place();
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (path.size() >= sizeof to.sun_path) throw Unavailable("the path of talome-pty's socket is too long");
    std::memcpy(to.sun_path, path.data(), path.size());
    const auto attempt = [&] {
        Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const auto end = Clock::now() + kLimit;
        while (::connect(socket.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN) return Descriptor(); // EAGAIN: its queue of connections is full
            waitFor(socket.get(), POLLOUT, end);
        }
        return socket;
    };
    Descriptor socket = attempt();
    if (!socket && !ours) throw Unavailable(std::string("talome-pty cannot be reached: ") + std::strerror(errno));
    if (!socket && start) {
        const std::lock_guard lock(starting_);
        socket = attempt();
        if (!socket) {
            this->start(path);
            if (started) *started = true;
            socket = attempt();
            if (!socket) throw Unavailable("talome-pty was started, and does not take a connection");
        }
    }
    if (!socket) return {};
    // Who listens there is root's service manager, or our own user; another one is not told what is typed.
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        (peer.uid != 0 && peer.uid != ::geteuid()))
        throw Unavailable("who listens at talome-pty's socket is another user");
    return socket;
}

std::string PtyClient::exchange(Kind kind, const std::string& payload, int fd, Descriptor* came) const {
    const auto end = Clock::now() + kLimit;
    const Descriptor socket = connect(true);
    sendAll(socket.get(), frameOf(kind, payload), fd, end);
    FrameReader frames(kMostFrame);
    std::vector<Descriptor> descriptors;
    auto answer = answerOf(socket.get(), frames, descriptors, end);
    if (came) {
        if (descriptors.empty()) throw Unavailable("talome-pty gave no descriptor");
        *came = std::move(descriptors.front());
    }
    return answer;
}

Attached PtyClient::attach(const Attach& wanted) const {
    const auto end = Clock::now() + kLimit;
    Attached attached;
    attached.socket = connect(true);
    sendAll(attached.socket.get(), frame(Kind::attach, wanted), -1, end);
    std::vector<Descriptor> none;
    attached.info = decode<SessionInfo>(answerOf(attached.socket.get(), attached.frames, none, end));
    return attached;
}

std::vector<SessionInfo> PtyClient::sessions() const {
    const auto end = Clock::now() + kLimit;
    const Descriptor socket = connect(false);
    if (!socket) return {};
    sendAll(socket.get(), frameOf(Kind::list, {}), -1, end);
    FrameReader frames(kMostFrame);
    std::vector<Descriptor> none;
    return decode<Sessions>(answerOf(socket.get(), frames, none, end)).sessions;
}

std::optional<SessionInfo> PtyClient::find(const Key& key) const {
    for (auto& each : sessions())
        if (each.key == key) return each;
    return std::nullopt;
}

std::optional<Health> PtyClient::health() const {
    const auto end = Clock::now() + kLimit;
    const Descriptor socket = connect(false);
    if (!socket) return std::nullopt;
    sendAll(socket.get(), frameOf(Kind::health, {}), -1, end);
    FrameReader frames(kMostFrame);
    std::vector<Descriptor> none;
    return decode<Health>(answerOf(socket.get(), frames, none, end));
}

bool PtyClient::ensure() const {
    bool started = false;
    connect(true, &started);
    return started;
}

} // namespace talome::terminal
