// The yardstick: Poco's own HTTPServer and nothing around it, giving one fixed answer to every request.
//   bench_poco THREADS BODY [HEADER VALUE]...
// Prints its port and serves until its input ends.
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/ThreadPool.h>

#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace Poco::Net;

struct Fixed {
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

class Handler : public HTTPRequestHandler {
public:
    explicit Handler(const Fixed& answer) : answer_(answer) {}
    void handleRequest(HTTPServerRequest&, HTTPServerResponse& response) override {
        for (auto& [name, value] : answer_.headers) response.set(name, value);
        response.sendBuffer(answer_.body.data(), answer_.body.size());
    }

private:
    const Fixed& answer_;
};

class Factory : public HTTPRequestHandlerFactory {
public:
    explicit Factory(Fixed answer) : answer_(std::move(answer)) {}
    HTTPRequestHandler* createRequestHandler(const HTTPServerRequest&) override { return new Handler(answer_); }

private:
    const Fixed answer_;
};

} // namespace

int main(int argc, char** argv) try {
    if (argc < 3 || argc % 2 == 0) throw std::invalid_argument("usage: bench_poco THREADS BODY [HEADER VALUE]...");
    const int threads = std::stoi(argv[1]);
    Fixed answer{argv[2], {}};
    for (int i = 3; i < argc; i += 2) answer.headers.emplace_back(argv[i], argv[i + 1]);

    Poco::ThreadPool pool(2, threads);
    ServerSocket socket(SocketAddress("127.0.0.1", 0), 4096);
    auto parameters = HTTPServerParams::Ptr(new HTTPServerParams);
    parameters->setMaxThreads(threads);
    parameters->setMaxQueued(4096);
    parameters->setKeepAlive(true);
    HTTPServer server(new Factory(std::move(answer)), pool, socket, parameters);
    server.start();
    std::printf("%u\n", static_cast<unsigned>(socket.address().port()));
    std::fflush(stdout);
    while (std::getchar() != EOF) continue;
    server.stopAll(true);
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "bench_poco: %s\n", error.what());
    return 2;
}
