#include "smart_service/run_smartctl.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace talome::smart {

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kProgram = "/usr/sbin/smartctl";
constexpr std::size_t kMostOutput = 1 << 20;
constexpr int kNotThere = 127;
constexpr int kKillRounds = 10;
constexpr useconds_t kKillRoundUs = 10'000;

[[noreturn]] void become(const std::vector<std::string>& arguments, int output) {
    std::vector<char*> argv = {const_cast<char*>("smartctl")};
    for (const std::string& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
    argv.push_back(nullptr);
    char* environment[] = {const_cast<char*>("LC_ALL=C"), const_cast<char*>("PATH=/nonexistent"), nullptr};
    const int nothing = ::open("/dev/null", O_RDWR);
    if (nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(nothing, 2) < 0) ::_exit(kNotThere);
    ::close_range(3, ~0u, 0);
    ::execve(kProgram, argv.data(), environment);
    ::_exit(kNotThere);
}

/// False: the time is over, or it is too much.
bool take(int from, std::string& output, Clock::time_point end) {
    char piece[16384];
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd one{from, POLLIN, 0};
        if (left <= 0) return false;
        if (::poll(&one, 1, static_cast<int>(left)) <= 0) {
            if (errno == EINTR) continue;
            return false;
        }
        const ssize_t n = ::read(from, piece, sizeof piece);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n == 0;
        if (output.size() + static_cast<std::size_t>(n) > kMostOutput) return false;
        output.append(piece, static_cast<std::size_t>(n));
    }
}

} // namespace

Outcome runSmartctl(const std::vector<std::string>& arguments, std::chrono::milliseconds limit) {
    Outcome outcome;
    if (::access(kProgram, X_OK) != 0) {
        outcome.problem = "smartctl is not installed: install smartmontools";
        return outcome;
    }
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        outcome.problem = "there is no pipe";
        return outcome;
    }
    const auto end = Clock::now() + limit;
    const pid_t child = ::fork();
    if (child == 0) become(arguments, ends[1]);
    ::close(ends[1]);
    const bool whole = child > 0 && take(ends[0], outcome.output, end);
    ::close(ends[0]);
    if (child < 0) {
        outcome.problem = "smartctl could not be started";
        return outcome;
    }
    if (!whole) ::kill(child, SIGKILL);
    int status = 0;
    if (whole)
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    else // one that waits for a dying disk cannot be killed: init takes it
        for (int i = 0; i < kKillRounds && ::waitpid(child, &status, WNOHANG) == 0; ++i) ::usleep(kKillRoundUs);
    if (!whole)
        outcome.problem = "it has not answered within " + std::to_string(limit.count() / 1000) + " s";
    else if (!WIFEXITED(status) || WEXITSTATUS(status) == kNotThere)
        outcome.problem = "smartctl was ended";
    else
        outcome.exitCode = WEXITSTATUS(status);
    return outcome;
}

} // namespace talome::smart
