// The engine client against a scripted engine on a unix socket: targets, failures, limits, and kept connections.
#include "engine/engine_client.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

using namespace talome::docker;
using namespace std::chrono_literals;

namespace {

// Takes one connection after another; answers each request with the next text. An empty text closes the connection.
class ScriptedEngine {
public:
    explicit ScriptedEngine(std::vector<std::string> answers)
        : path_("/tmp/docker_tests." + std::to_string(::getpid()) + ".sock"), answers_(std::move(answers)) {
        ::unlink(path_.c_str());
        listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path_.data(), path_.size());
        REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listener_, 8) == 0);
        thread_ = std::thread([this] { serve(); });
    }
    ~ScriptedEngine() {
        ::shutdown(listener_, SHUT_RDWR);
        if (const int open = connection_.load(); open >= 0) ::shutdown(open, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
        ::unlink(path_.c_str());
    }
    const std::string& path() const { return path_; }
    int connections() const { return connections_; }

private:
    void serve() {
        std::size_t next = 0;
        for (int fd = 0; (fd = ::accept(listener_, nullptr, nullptr)) >= 0;) {
            ++connections_;
            connection_ = fd;
            std::string request;
            char buffer[4096];
            for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
                request.append(buffer, static_cast<std::size_t>(got));
                if (!request.ends_with("\r\n\r\n")) continue;
                request.clear();
                const std::string answer = next < answers_.size() ? answers_[next++] : "";
                if (answer.empty()) break;
                if (::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
            }
            connection_ = -1;
            ::close(fd);
        }
    }

    std::string path_;
    std::vector<std::string> answers_;
    int listener_ = -1;
    std::atomic<int> connections_{0}, connection_{-1};
    std::thread thread_;
};

std::string answer(const std::string& status, const std::string& body) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct Client : EngineClient {
    explicit Client(const std::string& path) { setAddress({.socket = path}); }
};

const EngineRequest kRequest{.path = {"containers", "json"}, .limit = 2s};

} // namespace

TEST_CASE("targets are made of segments") {
    CHECK(engineTarget("1.41", {.path = {"containers", "../x?y", "json"},
                                .query = {{"filters", R"({"id":["a"]})"}, {"t", "1"}}}) ==
          "/v1.41/containers/..%2Fx%3Fy/json?filters=%7B%22id%22%3A%5B%22a%22%5D%7D&t=1");
    CHECK(engineTarget("", {.path = {"version"}}) == "/version");
}

TEST_CASE("answers, failures, and one kept connection for them") {
    const ScriptedEngine engine({answer("200 OK", "[1]"), "HTTP/1.1 304 Not Modified\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
                                 answer("200 OK", "x")});
    const Client client(engine.path());
    CHECK(client.send(kRequest) == "[1]");
    CHECK(client.send({.method = "POST", .path = {"x"}, .limit = 2s}).empty());
    CHECK(client.send(kRequest) == "abc");
    CHECK(client.send(kRequest) == "x");
    CHECK(engine.connections() == 1);
}

TEST_CASE("the engine's words are kept") {
    const ScriptedEngine engine({answer("404 Not Found", R"({"message":"No such container: x"})"),
                                 answer("409 Conflict", "plain"), answer("400 Bad", R"({"message":"no"})"),
                                 answer("500 Oh", R"({"message":"port in use"})"), answer("503 Busy", "{}"),
                                 answer("418 Tea", ""), "nonsense\r\n\r\n", answer("200 OK", "{]")});
    const Client client(engine.path());
    CHECK_THROWS_WITH_AS(client.send(kRequest), "No such container: x", talome::NotFound);
    CHECK_THROWS_WITH_AS(client.send(kRequest), "plain", talome::Conflict);
    CHECK_THROWS_WITH_AS(client.send(kRequest), "no", EngineRefusal);
    CHECK_THROWS_WITH_AS(client.send(kRequest), "the Docker engine failed: port in use", EngineRefusal);
    CHECK_THROWS_AS(client.send(kRequest), talome::Unavailable);
    CHECK_THROWS_AS(client.send(kRequest), talome::BadUpstream);
    CHECK_THROWS_AS(client.send(kRequest), talome::BadUpstream);
    CHECK_THROWS_AS(client.get<std::vector<int>>(kRequest), talome::BadUpstream);
}

TEST_CASE("a connection that the engine has closed is replaced") {
    const ScriptedEngine engine({answer("200 OK", "1"), "", answer("200 OK", "2")});
    const Client client(engine.path());
    CHECK(client.send(kRequest) == "1");
    CHECK(client.send(kRequest) == "2");
    CHECK(engine.connections() == 2);
}

TEST_CASE("limits") {
    const ScriptedEngine engine({answer("200 OK", "12345"), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12",
                                 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12"});
    const Client client(engine.path());
    CHECK_THROWS_AS(client.send(kRequest, 4), talome::BadUpstream);
    CHECK_THROWS_AS(client.send({.path = {"x"}, .limit = 50ms}), talome::Timeout);
    CHECK_THROWS_AS(client.send({.path = {"x"}, .limit = 2s, .cancelled = [] { return true; }}), talome::Cancelled);
}

TEST_CASE("no engine") {
    const Client client("/nonexistent/docker.sock");
    CHECK_THROWS_WITH_AS(client.send(kRequest),
                         "the Docker engine does not answer at /nonexistent/docker.sock: no such socket; is Docker "
                         "installed and running?",
                         talome::Unavailable);
    EngineClient wrong;
    wrong.setAddress({.problem = "DOCKER_HOST is odd"});
    CHECK_THROWS_WITH_AS(wrong.send(kRequest), "the Docker engine cannot be reached: DOCKER_HOST is odd",
                         talome::Unavailable);
}

TEST_CASE("the API version is settled") {
    const ScriptedEngine engine({answer("200 OK", R"({"Version":"20.10.24","ApiVersion":"1.41"})"),
                                 answer("200 OK", R"({"Version":"99","ApiVersion":"1.99"})"),
                                 answer("200 OK", R"({"Version":"19.03","ApiVersion":"1.40"})"),
                                 answer("200 OK", "hello")});
    Client client(engine.path());
    CHECK(client.negotiate(2s).api == "1.41");
    CHECK(client.negotiate(2s).api == "1.51");
    CHECK(client.apiVersion() == "1.51");
    CHECK_THROWS_AS(client.negotiate(2s), talome::Unsupported);
    CHECK_THROWS_AS(client.negotiate(2s), talome::BadUpstream);
}
