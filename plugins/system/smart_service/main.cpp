// talome-smart: says how one disk is, to talomed, which has no right to ask it. systemd starts it for each connection to
// talome-smart.socket, with the connection as standard input and output; one request, one answer, and it ends. It runs
// smartctl with arguments of its own making, for disks that smartctl itself has found, and does nothing else.
#include "smart_service/request.hpp"
#include "smart_service/run_smartctl.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

using namespace talome::smart;

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kForRequest = 5s, kForScan = 10s, kForDisk = 15s;

/// Nothing: it did not come whole, or is too long.
std::optional<std::string> readLine() {
    std::string line;
    const auto end = Clock::now() + kForRequest;
    while (line.size() <= kLongestLine) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd one{STDIN_FILENO, POLLIN, 0};
        if (left <= 0 || (::poll(&one, 1, static_cast<int>(left)) <= 0 && errno != EINTR)) return std::nullopt;
        char c = 0;
        const ssize_t n = ::read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR) continue;
        if (n != 1) return std::nullopt;
        if (c == '\n') return line;
        line += c;
    }
    return std::nullopt;
}

void say(std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return; // whoever asked has left
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

int refuse(std::string_view why) {
    say("no " + std::string(why) + "\n");
    return 0; // it is an answer: the unit has not failed
}

int answer(const Outcome& outcome) {
    if (!outcome.problem.empty()) return refuse(outcome.problem);
    say("ok " + std::to_string(outcome.exitCode) + "\n" + outcome.output);
    return 0;
}

} // namespace

int main() {
    std::signal(SIGPIPE, SIG_IGN);
    const auto line = readLine();
    const auto request = line ? parseRequest(*line) : std::nullopt;
    if (!request) return refuse("that is no request");
    if (request->kind == Kind::scan) return answer(runSmartctl({"--json=c", "--scan"}, kForScan));
    const Outcome scan = runSmartctl({"--scan"}, kForScan);
    if (!scan.problem.empty()) return refuse(scan.problem);
    for (const Device& device : parseScan(scan.output))
        if (device.name == "/dev/" + request->name) return answer(runSmartctl(arguments(*request, device), kForDisk));
    return refuse("there is no such disk");
}
