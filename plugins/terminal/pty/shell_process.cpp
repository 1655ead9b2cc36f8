#include "pty/shell_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>

namespace talome::terminal {

namespace {

constexpr const char* kPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";

std::vector<std::string> environmentOf(const Account& account, const ShellWanted& wanted, const std::string& shell) {
    std::map<std::string, std::string> all = {
        {"HOME", account.home}, {"USER", account.name},     {"LOGNAME", account.name},  {"SHELL", shell},
        {"PATH", kPath},        {"TERM", "xterm-256color"}, {"COLORTERM", "truecolor"}, {"LANG", "C.UTF-8"}};
    for (const auto& [name, value] : wanted.environment) all[name] = value;
    std::vector<std::string> list;
    for (const auto& [name, value] : all) list.push_back(name + "=" + value);
    return list;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (auto& text : texts) list.push_back(text.data());
    list.push_back(nullptr);
    return list;
}

enum class Step : int { terminal, directory, program };
struct Report {
    Step step;
    int error;
};

/// The child: from fork() to exec(), with nothing that takes memory.
[[noreturn]] void become(const char* slave, const char* directory, const char* program, char* const* argv,
                         char* const* environment, int report) {
    const auto giveUp = [&](Step step) {
        const Report said{step, errno};
        [[maybe_unused]] const auto n = ::write(report, &said, sizeof said);
        ::_exit(127);
    };
    ::setsid();
    const int terminal = ::open(slave, O_RDWR);
    if (terminal < 0 || ::ioctl(terminal, TIOCSCTTY, 0) != 0) giveUp(Step::terminal);
    for (int fd = 0; fd < 3; ++fd)
        if (::dup2(terminal, fd) < 0) giveUp(Step::terminal);
    if (report != 3 && ::dup3(report, 3, O_CLOEXEC) < 0) giveUp(Step::terminal);
    report = 3;
    ::close_range(4, ~0u, 0);
    struct sigaction usual {};
    usual.sa_handler = SIG_DFL;
    for (int i = 1; i < NSIG; ++i) ::sigaction(i, &usual, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const rlimit noCore{0, 0};
    ::setrlimit(RLIMIT_CORE, &noCore);
    ::umask(022);
    if (::chdir(directory) != 0) giveUp(Step::directory);
    ::execve(program, argv, environment);
    giveUp(Step::program);
    ::abort();
}

/// A name without a slash is looked up where the shell would.
std::string lookUp(const std::string& name) {
    if (name.find('/') != name.npos) return name;
    for (const std::string folder : {"/usr/local/bin/", "/usr/bin/", "/bin/"})
        if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
    return "/usr/bin/" + name;
}

} // namespace

ShellStarted startShell(const Account& account, const ShellWanted& wanted) {
    ShellStarted started{Descriptor(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)), -1};
    char slave[128];
    if (!started.terminal || ::grantpt(started.terminal.get()) != 0 || ::unlockpt(started.terminal.get()) != 0 ||
        ::ptsname_r(started.terminal.get(), slave, sizeof slave) != 0)
        throw std::runtime_error(std::string("there is no terminal: ") + std::strerror(errno));
    winsize size{};
    size.ws_col = static_cast<unsigned short>(wanted.cols);
    size.ws_row = static_cast<unsigned short>(wanted.rows);
    ::ioctl(started.terminal.get(), TIOCSWINSZ, &size);

    std::vector<std::string> command = wanted.command;
    if (command.empty()) command = {account.shell};
    const std::string program = lookUp(command[0]);
    if (wanted.command.empty()) command[0] = program.substr(program.rfind('/') + 1);
    const std::string directory = wanted.directory.empty() ? account.home : wanted.directory;
    auto environment = environmentOf(account, wanted, account.shell);
    const auto argv = pointers(command), variables = pointers(environment);

    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("there is no pipe");
    Descriptor from(ends[0]), to(ends[1]);
    started.pid = ::fork();
    if (started.pid == 0) become(slave, directory.c_str(), program.c_str(), argv.data(), variables.data(), to.get());
    if (started.pid < 0) throw std::runtime_error(std::string("no process can be started: ") + std::strerror(errno));
    to.reset();
    Report report{};
    ssize_t n = 0;
    while ((n = ::read(from.get(), &report, sizeof report)) < 0 && errno == EINTR) {
    }
    if (n == 0) return started;
    const std::string why = std::strerror(report.error);
    if (report.step == Step::directory) throw std::runtime_error("cannot begin in " + directory + ": " + why);
    if (report.step == Step::program) throw std::runtime_error("cannot run " + program + ": " + why);
    throw std::runtime_error("the terminal cannot be opened: " + why);
}

void signalShell(int terminal, pid_t pid, int signal) {
    const pid_t foreground = ::tcgetpgrp(terminal);
    if (foreground > 1) ::kill(-foreground, signal);
    if (pid > 1 && pid != foreground) ::kill(-pid, signal);
}

void killSession(pid_t session) {
    if (session <= 1) return;
    const auto close = [](DIR* each) { ::closedir(each); };
    const std::unique_ptr<DIR, decltype(close)> all(::opendir("/proc"), close);
    if (!all) return;
    while (const dirent* entry = ::readdir(all.get())) {
        const int pid = std::atoi(entry->d_name);
        if (pid <= 1) continue;
        // "PID (name) S PARENT GROUP SESSION …": the name may hold anything.
        std::ifstream file("/proc/" + std::string(entry->d_name) + "/stat");
        std::string line;
        std::getline(file, line);
        const auto end = line.rfind(") ");
        char state = 0;
        int parent = 0, group = 0, of = 0;
        if (end != line.npos && std::sscanf(line.c_str() + end + 2, "%c %d %d %d", &state, &parent, &group, &of) == 4 &&
            of == session)
            ::kill(pid, SIGKILL);
    }
}

} // namespace talome::terminal
