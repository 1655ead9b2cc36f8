// talome-pty: has the shells of the terminal plugin, so that they outlive talomed. It runs as the user whose shells
// they are and has no other right; systemd starts it for its socket (talome-pty.socket), or the plugin does where there
// is no systemd. Only talomed's user and root may connect.
//
//   talome-pty --peer USER [--socket PATH [--detach]] [--run-as USER] [--end-when-idle]
//   talome-pty --reload PID    tells that process to execute its program anew
//
// Without --socket the socket is the service manager's. --detach: its first process ends as soon as it listens, and
// what it has to say goes to PATH.log. SIGHUP: it executes its program anew, and keeps all sessions.
#include "pty/handover.hpp"
#include "pty/server.hpp"

#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <pwd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

using namespace talome::terminal;

namespace {

constexpr int kUsage = 2;

struct Wanted {
    Options options;
    std::string runAs;
    bool detach = false;
    std::optional<int> resume, reload;
};

unsigned uidOf(const std::string& user) {
    unsigned uid = 0;
    const auto [end, error] = std::from_chars(user.data(), user.data() + user.size(), uid);
    if (error == std::errc() && end == user.data() + user.size()) return uid;
    const passwd* entry = ::getpwnam(user.c_str());
    if (!entry) throw std::runtime_error("there is no user " + user);
    return entry->pw_uid;
}

Wanted readArguments(int argc, char** argv) {
    Wanted wanted;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        const auto value = [&]() -> std::string {
            if (++i >= argc) throw std::invalid_argument(name + " needs a value");
            return argv[i];
        };
        if (name == "--resume") {
            wanted.resume = std::stoi(value());
            continue;
        }
        if (name == "--reload") {
            wanted.reload = std::stoi(value());
            continue;
        }
        const int first = i;
        if (name == "--peer")
            wanted.options.peers.insert(uidOf(value()));
        else if (name == "--socket")
            wanted.options.socketPath = value();
        else if (name == "--run-as")
            wanted.runAs = value();
        else if (name == "--detach")
            wanted.detach = true;
        else if (name == "--end-when-idle")
            wanted.options.endsWhenIdle = true;
        else
            throw std::invalid_argument("unknown: " + name);
        wanted.options.arguments.insert(wanted.options.arguments.end(), argv + first, argv + i + 1);
    }
    char program[PATH_MAX];
    const ssize_t n = ::readlink("/proc/self/exe", program, sizeof program);
    if (n <= 0) throw std::runtime_error("/proc is not there");
    wanted.options.program.assign(program, static_cast<std::size_t>(n));
    return wanted;
}

/// A socket at that path, for this user alone. Nothing: another process has it.
Descriptor listenAt(const std::string& path) {
    const Descriptor lock(::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock || ::flock(lock.get(), LOCK_EX) != 0) throw std::runtime_error(path + ".lock: " + std::strerror(errno));
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    if (path.size() >= sizeof at.sun_path) throw std::runtime_error("the socket's path is too long");
    std::memcpy(at.sun_path, path.data(), path.size());
    const auto* address = reinterpret_cast<const sockaddr*>(&at);
    const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(probe.get(), address, sizeof at) == 0) return {};
    ::unlink(path.c_str());
    Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const mode_t before = ::umask(0177);
    const bool bound =
        listener && ::bind(listener.get(), address, sizeof at) == 0 && ::listen(listener.get(), 128) == 0;
    ::umask(before);
    if (!bound) throw std::runtime_error(path + ": " + std::strerror(errno));
    return listener;
}

std::string newBootId() {
    unsigned char bytes[16];
    if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes) throw std::runtime_error("there is no randomness");
    std::string id;
    for (const unsigned char byte : bytes) {
        id += "0123456789abcdef"[byte >> 4];
        id += "0123456789abcdef"[byte & 15];
    }
    return id;
}

/// A shell has the same user, and is not to look in here.
void hide() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // which look at themselves
    if (::prctl(PR_SET_DUMPABLE, 0) != 0) throw std::runtime_error("PR_SET_DUMPABLE");
#endif
}

/// Goes on in a child, and lets the parent end.
void detach(const Descriptor& log) {
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
    if (child > 0) ::_exit(0);
    ::setsid();
    const Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (::dup2(log ? log.get() : nothing.get(), 2) < 0) throw std::runtime_error("the log cannot be opened");
}

int serve(Wanted wanted) {
    if (wanted.resume) {
        hide();
        auto handover = readHandover(*wanted.resume);
        Server server(wanted.options, ownAccount(), Descriptor(static_cast<int>(handover.listener)), handover.bootId);
        for (auto& each : handover.sessions) {
            const auto fd = [](std::int64_t number) { return Descriptor(static_cast<int>(number)); };
            Descriptor terminal = fd(each.terminal), ring = fd(each.ring), recording = fd(each.recording);
            server.adopt(
                std::make_unique<Session>(std::move(each), std::move(terminal), std::move(ring), std::move(recording)));
        }
        ::sd_notify(0, "READY=1");
        return server.run();
    }
    Inherited inherited;
    Descriptor listener, log;
    if (wanted.options.socketPath.empty()) {
        inherited = inheritFromManager();
        listener = std::move(inherited.listener);
        if (!listener) throw std::runtime_error("no socket was given: see --socket");
    } else {
        listener = listenAt(wanted.options.socketPath);
        if (!listener) return 0; // it is served
        if (wanted.detach)
            log = Descriptor(::open((wanted.options.socketPath + ".log").c_str(),
                                    O_WRONLY | O_CREAT | O_APPEND | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    }
    if (!wanted.runAs.empty()) becomeUser(wanted.runAs);
    if (::geteuid() == 0) throw std::runtime_error("shells do not run as root: name another user with --run-as");
    hide();
    if (::chdir("/") != 0) throw std::runtime_error("there is no /");
    if (wanted.detach) detach(log);
    Server server(wanted.options, ownAccount(), std::move(listener), newBootId());
    for (auto& each : inherited.sessions) server.adopt(std::move(each));
    ::sd_notify(0, "READY=1");
    return server.run();
}

} // namespace

int main(int argc, char** argv) {
    try {
        auto wanted = readArguments(argc, argv);
        ::prctl(PR_SET_NAME, "talome-pty");
        if (wanted.reload) return ::kill(*wanted.reload, SIGHUP) == 0 ? 0 : 1;
        return serve(std::move(wanted));
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr,
                     "talome-pty: %s\nusage: talome-pty --peer USER [--socket PATH [--detach]] [--run-as USER] "
                     "[--end-when-idle]\n",
                     error.what());
        return kUsage;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "talome-pty: %s\n", error.what());
        return 1;
    }
}
