#include "pty/server.hpp"

#include "pty/handover.hpp"
#include "pty/own_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>

namespace talome::terminal {

namespace {

using namespace std::chrono_literals;

constexpr auto kGrace = 5s; // between SIGHUP and SIGKILL
constexpr auto kForgetsToAcknowledge = 10s;
constexpr auto kIdleBeforeEnd = 30s;
constexpr auto kSweepEvery = 1h;
constexpr std::uint64_t kUploadsKept = 24 * 3600;
constexpr std::uint64_t kUnacknowledged = 1u << 20;
constexpr auto kRest = 3ms; // what nobody follows is read a quarter of the time: the processor is for the others
constexpr std::uint64_t kFollows = 256u << 10;
constexpr std::size_t kMostConnections = 512;
constexpr std::size_t kMostInputWaiting = 1u << 20; // of a session; then its clients are not read

void say(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

void watch(int epoll, int fd, unsigned events, unsigned& was) {
    if (events == was) return;
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    const int what = was == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    if (::epoll_ctl(epoll, what, fd, &event) == 0) was = events;
}

} // namespace

Server::Server(Options options, Account account, Descriptor listener, std::string bootId)
    : options_(std::move(options)), account_(std::move(account)), listener_(std::move(listener)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)), bootId_(std::move(bootId)) {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    for (const int each : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&wanted, each);
    ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    signals_ = Descriptor(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!epoll_ || !signals_) throw std::system_error(errno, std::generic_category(), "epoll");
    ::fcntl(listener_.get(), F_SETFL, ::fcntl(listener_.get(), F_GETFL) | O_NONBLOCK);
    for (const int fd : {listener_.get(), signals_.get()}) {
        unsigned none = 0;
        watch(epoll_.get(), fd, EPOLLIN, none);
    }
    sweepAt_ = Steady::now();
}

Server::~Server() {
    if (!options_.socketPath.empty() && !replacing_) ::unlink(options_.socketPath.c_str());
}

void Server::adopt(std::unique_ptr<Session> session) {
    Session& here = *session;
    byTerminal_[here.terminal()] = &here;
    keepDescriptors(here);
    sessions_[here.key()] = std::move(session);
    watchSession(here);
}

void Server::watchSession(Session& session) {
    unsigned wanted = session.paused || session.restsUntil || session.hungUp ? 0 : unsigned{EPOLLIN};
    if (session.inputWaiting() > 0 && !session.hungUp) wanted |= EPOLLOUT;
    watch(epoll_.get(), session.terminal(), wanted, session.watched);
}

void Server::watchConnection(Connection& connection) {
    const bool full = connection.session && connection.session->inputWaiting() > kMostInputWaiting;
    const unsigned wanted = (full || connection.waiting() > kMostFrame ? 0 : unsigned{EPOLLIN}) |
                            (connection.idle() ? 0 : unsigned{EPOLLOUT});
    watch(epoll_.get(), connection.socket(), wanted ? wanted : unsigned{EPOLLRDHUP}, connection.watched);
}

int Server::run() {
    reap();
    while (!ending_) {
        pump();
        if (replacing_) replaceSelf();
        epoll_event events[64];
        const int n = ::epoll_wait(epoll_.get(), events, 64, untilNextDeadline());
        if (n < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_wait");
        for (int i = 0; i < n; ++i) {
            const int fd = events[i].data.fd;
            if (fd == listener_.get())
                accept();
            else if (fd == signals_.get())
                onSignals();
            else if (byTerminal_.contains(fd))
                onSession(fd, events[i].events);
            else
                onConnection(fd, events[i].events);
        }
        onDeadlines();
        for (const int fd : std::exchange(dropped_, {}))
            if (const auto found = connections_.find(fd); found != connections_.end()) {
                detach(*found->second);
                connections_.erase(found);
            }
    }
    return 0;
}

void Server::accept() {
    for (;;) {
        Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!socket) return;
        ucred peer{};
        socklen_t size = sizeof peer;
        const bool known = ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
        if (!known || (peer.uid != 0 && !options_.peers.contains(peer.uid))) {
            say("refused: a process of uid " + std::to_string(peer.uid) + " may not connect");
            continue;
        }
        if (connections_.size() >= kMostConnections) {
            say("refused: there are too many connections");
            continue;
        }
        const int fd = socket.get();
        watchConnection(*(connections_[fd] = std::make_unique<Connection>(std::move(socket))));
    }
}

void Server::onSession(int fd, unsigned events) {
    Session& session = *byTerminal_.at(fd);
    if (events & EPOLLOUT) session.flushInput();
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !session.paused) {
        const auto read = session.read();
        const bool ends = !session.info().container.empty() || session.info().recovered;
        if (read == Session::Read::closed && ends) return finish(session, {});
        // Else its shell is reaped in a moment, and says how it ended.
        if (read == Session::Read::much && !isFollowed(session)) session.restsUntil = Steady::now() + kRest;
    }
    watchSession(session);
    if (session.inputWaiting() <= kMostInputWaiting)
        for (auto& [number, connection] : connections_)
            if (connection->session == &session) watchConnection(*connection);
}

void Server::onConnection(int fd, unsigned events) {
    const auto found = connections_.find(fd);
    if (found == connections_.end() || dropped_.contains(fd)) return;
    Connection& connection = *found->second;
    try {
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) {
            const bool open = connection.receive();
            serve(connection);
            if (!open) return drop(connection);
        }
    } catch (const ProtocolError& error) {
        say(std::string("a connection is closed: ") + error.what());
        return drop(connection);
    }
    if (!sendTo(connection)) drop(connection);
}

void Server::serve(Connection& connection) {
    Kind kind;
    std::string_view payload;
    while (connection.next(kind, payload)) answer(connection, kind, payload);
}

/// False: it is broken.
bool Server::sendTo(Connection& connection) {
    do {
        if (!connection.flush()) return false;
    } while (connection.idle() && connection.pull());
    watchConnection(connection);
    return true;
}

/// Sends what sessions have written, and holds those whose clients cannot follow.
void Server::pump() {
    for (auto& [fd, connection] : connections_)
        if (connection->session && !dropped_.contains(fd) && !sendTo(*connection)) drop(*connection);
    for (auto& [key, session] : sessions_) hold(*session);
}

void Server::hold(Session& session) {
    const auto now = Steady::now();
    bool held = false;
    for (auto& [fd, connection] : connections_) {
        if (connection->session != &session || !connection->acknowledges) continue;
        if (session.ring().end() - connection->acknowledged <= kUnacknowledged)
            connection->acknowledgedAt = std::max(connection->acknowledgedAt, now);
        else if (now - connection->acknowledgedAt > kForgetsToAcknowledge)
            connection->acknowledges = false; // it is not waited for any more
        else
            held = true;
    }
    session.paused = held;
    watchSession(session);
}

/// Whether a client takes its output as it comes.
bool Server::isFollowed(const Session& session) const {
    return std::ranges::any_of(connections_, [&](const auto& each) {
        return each.second->session == &session && session.ring().end() - each.second->sent < kFollows;
    });
}

void Server::detach(Connection& connection) {
    Session* const session = std::exchange(connection.session, nullptr);
    if (!session) return;
    --session->clients;
    session->lastActivity = Steady::now();
    if (session->clients == 0 && session->info().ephemeral) endSession(*session);
}

void Server::drop(Connection& connection) { dropped_.insert(connection.socket()); }

void Server::onSignals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) ending_ = true;
        if (info.ssi_signo == SIGHUP) replacing_ = true;
    }
    reap();
}

void Server::reap() {
    int status = 0;
    for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        const auto found = std::ranges::find_if(sessions_, [&](const auto& each) { return each.second->pid() == pid; });
        if (found == sessions_.end()) continue;
        Exited exited;
        if (WIFEXITED(status)) exited.code = WEXITSTATUS(status);
        if (WIFSIGNALED(status)) exited.signal = WTERMSIG(status);
        for (int i = 0; i < 64 && found->second->read() == Session::Read::much; ++i) {
        } // its last words
        finish(*found->second, exited);
    }
}

/// Tells its clients, and forgets it; what the shell has left in the background gets a SIGHUP when its terminal is
/// closed.
void Server::finish(Session& session, const Exited& exited) {
    for (auto& [fd, connection] : connections_) {
        if (connection->session != &session) continue;
        while (connection->idle() && connection->pull())
            if (!connection->flush()) break;
        // Who is behind gets the last screen instead.
        if (!connection->idle() && connection->sent != session.ring().end())
            connection->queue(frame(Kind::redraw, Output{session.ring().end(), session.redraw()}));
        connection->queue(frame(Kind::exited, exited));
        connection->session = nullptr;
        if (!sendTo(*connection)) drop(*connection);
    }
    if (session.killAt && session.pid() > 1) leftovers_.emplace_back(*session.killAt, session.pid());
    watch(epoll_.get(), session.terminal(), 0, session.watched);
    byTerminal_.erase(session.terminal());
    forgetDescriptors(session.key());
    sessions_.erase(Key(session.key()));
    idleSince_ = Steady::now();
}

void Server::endSession(Session& session) {
    if (!session.info().container.empty()) return finish(session, {});
    session.hangUp();
    session.killAt = Steady::now() + kGrace;
}

int Server::untilNextDeadline() {
    auto next = Steady::time_point::max();
    const auto consider = [&](Steady::time_point when) { next = std::min(next, when); };
    for (const auto& [key, session] : sessions_) {
        if (session->killAt) consider(*session->killAt);
        if (session->paused) consider(Steady::now() + 1s);
        if (session->restsUntil) consider(*session->restsUntil);
        if (session->limits().idleSeconds && session->clients == 0 && !session->killAt)
            consider(session->lastActivity + std::chrono::seconds(session->limits().idleSeconds));
    }
    if (options_.endsWhenIdle && sessions_.empty() && connections_.empty()) consider(idleSince_ + kIdleBeforeEnd);
    if (sweepAt_) consider(*sweepAt_);
    for (const auto& [when, session] : leftovers_) consider(when);
    if (next == Steady::time_point::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Steady::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

void Server::onDeadlines() {
    const auto now = Steady::now();
    std::vector<Session*> idle, late;
    for (const auto& [key, session] : sessions_) {
        if (session->restsUntil && now >= *session->restsUntil) {
            session->restsUntil.reset();
            watchSession(*session);
        }
        if (session->killAt && now >= *session->killAt) late.push_back(session.get());
        const std::chrono::seconds limit(session->limits().idleSeconds);
        if (limit.count() && !session->killAt && session->clients == 0 && now >= session->lastActivity + limit)
            idle.push_back(session.get());
    }
    for (Session* each : idle) {
        say("the session " + each->key().id + " has been idle for too long, and ends");
        endSession(*each);
    }
    for (Session* each : late) {
        each->kill();
        each->killAt = now + kGrace;
    }
    std::erase_if(leftovers_, [&](const auto& each) {
        if (now < each.first) return false;
        killSession(each.second);
        return true;
    });
    if (sweepAt_ && now >= *sweepAt_) {
        sweepAt_.reset();
        try {
            const bool there = ::access((account_.home + "/.talome/terminal-uploads").c_str(), F_OK) == 0;
            if (there && removeOlder(openOwnFolder(account_.home, "terminal-uploads"), kUploadsKept) > 0)
                sweepAt_ = now + kSweepEvery;
        } catch (const std::system_error& error) {
            say(std::string("old uploads cannot be removed: ") + error.what());
        }
    }
    if (!connections_.empty()) idleSince_ = now;
    if (options_.endsWhenIdle && sessions_.empty() && connections_.empty() && leftovers_.empty() &&
        now >= idleSince_ + kIdleBeforeEnd)
        ending_ = true;
}

/// The connections end, for what they wait for is not known to the next program; who was attached attaches again.
void Server::replaceSelf() {
    for (auto& [fd, connection] : connections_) connection->flush();
    Handover handover{bootId_, listener_.get(), {}};
    for (const auto& [key, session] : sessions_)
        if (!session->killAt) handover.sessions.push_back(session->state());
    connections_.clear();
    execInPlace(options_.program, options_.arguments, handover);
    throw std::system_error(errno, std::generic_category(), "cannot execute " + options_.program);
}

} // namespace talome::terminal
