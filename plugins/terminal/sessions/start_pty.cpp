// Starts talome-pty where no service manager does: in a session of its own, so that it outlives this process. It
// listens before it gives up its rights, and tells by the end of its first process that it does.
#include "sessions/pty_client.hpp"

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace talome::terminal {

namespace {

constexpr std::size_t kMostWords = 2000;

/// Beside the server's program as it is built, or as it is installed. The plugin's own file says nothing: what is
/// loaded is a copy of it.
std::string findProgram() {
    char exe[PATH_MAX];
    const ssize_t n = ::readlink("/proc/self/exe", exe, sizeof exe);
    std::string folder(exe, n > 0 ? static_cast<std::size_t>(n) : 0);
    folder.erase(folder.rfind('/') == folder.npos ? 0 : folder.rfind('/'));
    for (const char* beside : {"/talome-pty", "/../lib/talome/talome-pty"})
        if (char whole[PATH_MAX]; ::realpath((folder + beside).c_str(), whole) && ::access(whole, X_OK) == 0)
            return whole;
    throw Unavailable("talome-pty is not installed");
}

void makeFolder(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        throw Unavailable(std::string("the terminal's folder cannot be made: ") + std::strerror(errno));
}

} // namespace

void PtyClient::start(const std::string& path) const {
    std::vector<std::string> argv = {findProgram(), "--peer",         std::to_string(::geteuid()), "--socket", path,
                                     "--detach",    "--end-when-idle"};
    const auto runAs = host_.setting<std::string>("terminal_run_as");
    if (::geteuid() == 0 && runAs.empty())
        throw Unavailable("shells do not run as root: set terminal_run_as to the user whose shells these are");
    if (!runAs.empty()) argv.insert(argv.end(), {"--run-as", runAs});
    makeFolder(path.substr(0, path.rfind('/')));
    std::vector<char*> pointers;
    for (auto& each : argv) pointers.push_back(each.data());
    pointers.push_back(nullptr);
    char search[] = "PATH=/usr/bin:/bin";
    char* environment[] = {search, nullptr};

    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw Unavailable("there is no pipe");
    Descriptor from(ends[0]), to(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_RDWR, 0);
    ::posix_spawn_file_actions_adddup2(&actions, to.get(), 2);
    ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, pointers[0], &actions, &attributes, pointers.data(), environment);
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (error != 0) throw Unavailable(std::string("talome-pty cannot be started: ") + std::strerror(error));
    to.reset();
    std::string words;
    char piece[512];
    for (ssize_t n; (n = ::read(from.get(), piece, sizeof piece)) != 0;) {
        if (n < 0 && errno != EINTR) break;
        if (n > 0 && words.size() < kMostWords) words.append(piece, static_cast<std::size_t>(n));
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    while (!words.empty() && words.back() == '\n') words.pop_back();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw Unavailable(words.empty() ? "talome-pty does not start" : words);
    host_.info("talome-pty was started");
}

} // namespace talome::terminal
