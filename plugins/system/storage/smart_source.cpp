#include "storage/smart_source.hpp"

#include "smart_service/request.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <talome/process.hpp>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace talome::system {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kScanLimit = 10s, kDiskLimit = 15s, kServiceLimit = 30s;
constexpr std::size_t kMostAnswer = (1 << 20) + 1000;
constexpr const char* kSocket = "/run/talome-smart.sock";

std::string socketPath() {
    const char* named = std::getenv("TALOME_SMART_SOCKET");
    return named && *named ? named : kSocket;
}

class Connection {
public:
    explicit Connection(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        if (path.size() >= sizeof to.sun_path) throw Unavailable("the path of talome-smart's socket is too long");
        std::memcpy(to.sun_path, path.data(), path.size());
        if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
            const std::string why = std::strerror(errno);
            if (fd_ >= 0) ::close(fd_);
            throw Unavailable("talome-smart cannot be reached: " + why);
        }
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { ::close(fd_); }

    void send(std::string_view line) const { // it fits into any socket's buffer
        if (::send(fd_, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size()))
            throw Unavailable("talome-smart takes no request");
    }
    std::string receive(Clock::time_point end) const {
        std::string text;
        char piece[16384];
        while (text.size() < kMostAnswer) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
            pollfd one{fd_, POLLIN, 0};
            if (left <= 0 || (::poll(&one, 1, static_cast<int>(left)) <= 0 && errno != EINTR))
                throw Unavailable("talome-smart does not answer");
            const ssize_t n = ::recv(fd_, piece, sizeof piece, 0);
            if (n == 0) return text;
            if (n > 0)
                text.append(piece, static_cast<std::size_t>(n));
            else if (errno != EAGAIN && errno != EINTR)
                throw Unavailable("talome-smart has broken off");
        }
        throw Unavailable("talome-smart says too much");
    }

private:
    const int fd_;
};

bool isSocket(const std::string& path) {
    struct stat about {};
    return ::stat(path.c_str(), &about) == 0 && S_ISSOCK(about.st_mode);
}

} // namespace

SmartSource::SmartSource(Host host) : host_(host), socket_(socketPath()) {}

SmartAnswer SmartSource::askService(const std::string& request) const {
    const Connection connection(socket_);
    connection.send(request + "\n");
    const std::string text = connection.receive(Clock::now() + kServiceLimit);
    const std::string_view line = std::string_view(text).substr(0, text.find('\n'));
    SmartAnswer answer;
    if (line.starts_with("no ")) {
        answer.problem = line.substr(3);
        return answer;
    }
    const auto code = line.substr(std::min<std::size_t>(3, line.size()));
    if (!line.starts_with("ok ") || line.size() == text.size() ||
        std::from_chars(code.data(), code.data() + code.size(), answer.exitCode).ec != std::errc())
        throw Unavailable("talome-smart does not speak as expected");
    answer.json = text.substr(line.size() + 1);
    return answer;
}

// Reading only: devices are opened for reading, and nothing else is needed.
SmartAnswer SmartSource::runSmartctl(std::vector<std::string> argv, std::chrono::milliseconds limit) const {
    argv.insert(argv.begin(), "smartctl");
    const auto done = run(host_, nullptr, {.argv = std::move(argv), .timeLimit = limit, .network = false, .readOnly = true, .nice = 10, .idleIo = true});
    if (done.endedBy != EndedBy::itself || done.signal)
        return {0, {}, "it has not answered within " + std::to_string(std::chrono::ceil<std::chrono::seconds>(limit).count()) + " s"};
    return {done.exitCode, done.output, {}};
}

SmartAnswer SmartSource::ask(const std::string& request, std::vector<std::string> argv, std::chrono::milliseconds limit) const {
    return isSocket(socket_) ? askService(request) : runSmartctl(std::move(argv), limit);
}

std::vector<ScannedDevice> SmartSource::scan() const {
    const SmartAnswer answer = ask("scan", {"--json=c", "--scan"}, kScanLimit);
    if (!answer.problem.empty()) throw Unavailable(answer.problem);
    return parseScan(answer.json);
}

SmartAnswer SmartSource::read(const ScannedDevice& device) const {
    const smart::Request request{smart::Kind::read, device.name.substr(5), {}};
    return ask("read " + request.name, smart::arguments(request, {device.name, device.type}), kDiskLimit);
}

SmartAnswer SmartSource::test(const ScannedDevice& device, const std::string& type) const {
    const smart::Request request{smart::Kind::test, device.name.substr(5), type};
    return ask("test " + request.name + " " + type, smart::arguments(request, {device.name, device.type}), kDiskLimit);
}

} // namespace talome::system
