// bench_load: the client of the benchmarks, where wrk does not do and Python would be slower than the server.
//   bench_load MODE PORT PATH [NAME=NUMBER]... [-H "Name: value"]...
// Prints JSON, a line for each thing worth knowing. Modes are in load_*.cpp.
#include "load.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace load {

namespace {
constexpr std::size_t kMostHead = 65536;
constexpr unsigned kLimit = 600; // seconds, then it is killed: no server keeps a benchmark going for ever

[[noreturn]] void failed(const char* what) { throw std::system_error(errno, std::generic_category(), what); }
} // namespace

std::uint64_t Task::number(const std::string& name, std::uint64_t otherwise) const {
    auto it = numbers.find(name);
    return it == numbers.end() ? otherwise : it->second;
}

std::string Task::request() const {
    std::string text = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    for (auto& header : headers) text += header + "\r\n";
    return text + "\r\n";
}

Socket::~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Socket connectTo(std::uint16_t port, int receiveBuffer) {
    Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket.get() < 0) failed("socket");
    const int on = 1;
    const timeval limit{30, 0};
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (receiveBuffer) ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof receiveBuffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) failed("connect");
    return socket;
}

void sendAll(const Socket& socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n < 0) failed("send");
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

Head readHead(const Socket& socket) {
    std::string text;
    char buffer[4096];
    std::size_t end;
    while ((end = text.find("\r\n\r\n")) == text.npos) {
        const auto n = ::recv(socket.get(), buffer, sizeof buffer, 0);
        if (n < 0) failed("recv");
        if (n == 0 || text.size() > kMostHead) throw std::runtime_error("the server gave no whole head");
        text.append(buffer, static_cast<std::size_t>(n));
    }
    Head head;
    if (text.size() > 12) head.status = std::atoi(text.c_str() + 9);
    for (auto line = text.find("\r\n"); line < end; line = text.find("\r\n", line + 2))
        if (::strncasecmp(text.c_str() + line + 2, "content-length:", 15) == 0)
            head.length = std::strtoull(text.c_str() + line + 17, nullptr, 10);
    head.rest = text.substr(end + 4);
    return head;
}

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

void waitForEnd() {
    while (std::getchar() != EOF) continue;
}

namespace {

Task taskFrom(int argc, char** argv) {
    Task task;
    task.port = static_cast<std::uint16_t>(std::stoul(argv[2]));
    task.path = argv[3];
    for (int i = 4; i < argc; ++i) {
        const std::string word = argv[i];
        const auto equals = word.find('=');
        if (word == "-H" && i + 1 < argc)
            task.headers.emplace_back(argv[++i]);
        else if (equals != word.npos)
            task.numbers[word.substr(0, equals)] = std::stoull(word.substr(equals + 1));
        else
            throw std::invalid_argument("not understood: " + word);
    }
    return task;
}

} // namespace

} // namespace load

int main(int argc, char** argv) try {
    const std::map<std::string, void (*)(const load::Task&)> modes = {{"idle", load::idle},
                                                                      {"streams", load::streams},
                                                                      {"churn", load::churn},
                                                                      {"download", load::download},
                                                                      {"yardstick", load::yardstick}};
    const auto mode = argc < 4 ? modes.end() : modes.find(argv[1]);
    if (mode == modes.end())
        throw std::invalid_argument("usage: bench_load MODE PORT PATH [NAME=NUMBER]... [-H \"Name: value\"]...");
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::alarm(load::kLimit);
    ::setvbuf(stdout, nullptr, _IOLBF, 0);
    mode->second(load::taskFrom(argc, argv));
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "bench_load: %s\n", error.what());
    return 2;
}
