// Poco's HTTPClientSession over a DeadlineSocket; Poco's own reconnecting is not used, for it knows no unix sockets.
#include "engine/engine_client.hpp"

#include "engine/deadline_socket.hpp"

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeParser.h>
#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <istream>
#include <system_error>

namespace talome::docker {

namespace {

constexpr std::size_t kMaxIdle = 4;
constexpr std::int64_t kLongestConnect = 5'000'000; // µs, by TCP
constexpr std::size_t kMaxErrorText = 64 * 1024;
constexpr std::pair<int, int> kOldestApi{1, 41}, kNewestApi{1, 51};

void appendEncoded(std::string& out, std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '_' || c == '.' || c == '~';
        if (plain) {
            out += c;
        } else {
            out += '%';
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        }
    }
}

struct EngineMessage {
    std::string message;
};
BOOST_DESCRIBE_STRUCT(EngineMessage, (), (message))

std::string engineWords(const std::string& body) {
    try {
        return talome::readText<EngineMessage>(body).message;
    } catch (const Invalid&) { // a proxy's page, or plain text
        return body.substr(0, 200);
    }
}

[[noreturn]] void failWith(int status, const std::string& body) {
    const std::string words = engineWords(body);
    switch (status) {
    case 400:
        throw EngineRefusal(TALOME_E_INVALID, words, words);
    case 403:
        throw Denied(words);
    case 404:
        throw NotFound(words);
    case 409:
        throw Conflict(words);
    case 501:
        throw Unsupported(words);
    case 500:
        throw EngineRefusal(TALOME_E_BAD_UPSTREAM, "the Docker engine failed: " + words, words);
    case 503:
        throw Unavailable("the Docker engine: " + words);
    default:
        throw BadUpstream("the Docker engine answered " + std::to_string(status) + ": " + words);
    }
}

std::pair<int, int> apiNumber(std::string_view text) {
    std::pair<int, int> number{0, 0};
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) return number;
    std::from_chars(text.data(), text.data() + dot, number.first);
    std::from_chars(text.data() + dot + 1, text.data() + text.size(), number.second);
    return number;
}

struct VersionAnswer {
    std::string Version, ApiVersion;
    std::optional<std::string> MinAPIVersion;
};
BOOST_DESCRIBE_STRUCT(VersionAnswer, (), (Version, ApiVersion, MinAPIVersion))

std::string apiText(std::pair<int, int> number) { return std::to_string(number.first) + "." + std::to_string(number.second); }

} // namespace

std::string engineAdvice(int error) {
    switch (error) {
    case ENOENT:
        return "no such socket; is Docker installed and running?";
    case ECONNREFUSED:
        return "connection refused; is it running?";
    case EACCES:
    case EPERM:
        return "permission denied; the user of talomed must belong to the socket's group (docker)";
    default:
        return std::generic_category().message(error);
    }
}

class EngineClient::Connection {
public:
    template <class Socket>
    explicit Connection(Socket* socket) : socket_(socket), patience_(*socket), session_(Poco::Net::StreamSocket(socket)) {
        session_.setKeepAlive(true);
    }
    Poco::Net::SocketImpl& socket() { return *socket_; }
    Patience& patience() { return patience_; }
    Poco::Net::HTTPClientSession& session() { return session_; }

private:
    Poco::Net::SocketImpl* socket_; // owned by the session
    Patience& patience_;
    Poco::Net::HTTPClientSession session_;
};

std::string engineTarget(std::string_view version, const EngineRequest& request) {
    std::string target;
    if (!version.empty()) target.append("/v").append(version);
    for (const std::string& segment : request.path) appendEncoded(target += '/', segment);
    char separator = '?';
    for (const auto& [name, value] : request.query) {
        appendEncoded(target += separator, name);
        appendEncoded(target += '=', value);
        separator = '&';
    }
    return target;
}

EngineClient::EngineClient() = default;
EngineClient::~EngineClient() = default;

void EngineClient::setAddress(EngineAddress address) {
    address_ = std::move(address);
    where_ = address_.text();
    if (!address_.tls || !address_.problem.empty()) return;
    try {
        Poco::Net::Context::Params params;
        params.caLocation = address_.caFile;
        params.certificateFile = address_.certFile;
        params.privateKeyFile = address_.keyFile;
        params.loadDefaultCAs = address_.caFile.empty();
        params.verificationMode = Poco::Net::Context::VERIFY_STRICT;
        security_ = new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, params);
        security_->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
    } catch (const Poco::Exception& error) {
        address_.problem = "its certificates cannot be used: " + error.displayText();
    }
}

std::string EngineClient::apiVersion() const {
    const std::scoped_lock lock(mutex_);
    return apiVersion_;
}

EngineVersion EngineClient::negotiate(std::chrono::milliseconds limit) {
    std::string body, hostDate;
    exchange(
        {.path = {"version"}, .limit = limit}, "",
        [&](std::string_view piece) {
            if (body.size() + piece.size() > kMaxErrorText)
                throw BadUpstream("the Docker engine's version is too long");
            body.append(piece);
        },
        &hostDate);
    VersionAnswer answer;
    try {
        answer = talome::readText<VersionAnswer>(body);
    } catch (const Invalid& error) {
        throw BadUpstream("what answers at " + where_ + " is not a Docker engine: " + error.what());
    }
    const auto theirs = apiNumber(answer.ApiVersion);
    if (theirs < kOldestApi) {
        throw Unsupported("the Docker engine " + answer.Version + " speaks API " + answer.ApiVersion +
                          "; 1.41 (Docker 20.10) or newer is needed");
    }
    if (answer.MinAPIVersion && apiNumber(*answer.MinAPIVersion) > kNewestApi) {
        throw Unsupported("the Docker engine " + answer.Version + " speaks API " + *answer.MinAPIVersion +
                          " at least; " + apiText(kNewestApi) + " is the newest that is known here");
    }
    const std::string api = apiText(std::min(theirs, kNewestApi));
    const std::scoped_lock lock(mutex_);
    apiVersion_ = api;
    int zone = 0;
    Poco::DateTime date;
    const bool dated = Poco::DateTimeParser::tryParse(Poco::DateTimeFormat::HTTP_FORMAT, hostDate, date, zone);
    return {answer.Version, api, dated ? date.timestamp().epochTime() : Poco::Timestamp().epochTime()};
}

std::string EngineClient::send(const EngineRequest& request, std::size_t maxBytes) const {
    std::string body;
    stream(request, [&](std::string_view piece) {
        if (body.size() + piece.size() > maxBytes) throw BadUpstream("the Docker engine's answer is too long");
        body.append(piece);
    });
    return body;
}

void EngineClient::stream(const EngineRequest& request, const Sink& sink) const {
    exchange(request, apiVersion(), sink, nullptr);
}

FetchRequest EngineClient::streamRequest(const EngineRequest& request) const {
    if (!address_.problem.empty()) throw Unavailable("the Docker engine cannot be reached: " + address_.problem);
    return {.method = request.method,
            .url = address_.base() + engineTarget(apiVersion(), request),
            .headers = request.headers,
            .body = request.body,
            .unixSocket = address_.socket,
            .lan = true,
            .loopback = true,
            .redirects = false,
            .asSent = true,
            .total = std::chrono::milliseconds::max(),
            .idle = std::chrono::milliseconds::max(),
            .maxBody = TALOME_FETCH_NO_LIMIT,
            .caFile = address_.caFile,
            .certFile = address_.certFile,
            .keyFile = address_.keyFile};
}

void EngineClient::exchange(const EngineRequest& request, std::string_view version, const Sink& sink,
                            std::string* hostDate) const {
    if (!address_.problem.empty()) throw Unavailable("the Docker engine cannot be reached: " + address_.problem);
    const auto deadline = Clock::now() + request.limit;
    const std::string target = engineTarget(version, request);
    try {
        auto connection = takeIdle();
        const bool reused = connection != nullptr;
        if (!reused) connection = connect(deadline);
        if (!attempt(*connection, reused, request, target, deadline, sink, hostDate)) {
            closeIdle(); // the engine has been started again: no kept connection is of use
            connection = connect(deadline);
            attempt(*connection, false, request, target, deadline, sink, hostDate);
        }
        if (connection->session().connected()) keep(std::move(connection));
    } catch (const CallerLeft&) {
        throw Cancelled("the caller has left");
    } catch (const NothingCame&) {
        throw Timeout("the Docker engine at " + where_ + " has sent nothing for " +
                      std::to_string(request.idle.count() / 1000) + " s");
    } catch (const Poco::TimeoutException&) {
        throw Timeout("the Docker engine at " + where_ + " has not answered within " +
                      std::to_string(request.limit.count()) + " ms");
    } catch (const Poco::Net::MessageException& error) {
        throw BadUpstream("what answers at " + where_ + " does not speak HTTP: " + error.displayText());
    } catch (const Poco::Exception& error) {
        throw Unavailable("the Docker engine at " + where_ + " broke the connection off: " + error.displayText());
    }
}

// One request and its answer. False if a kept connection turned out to be closed before anything was answered. The
// session is left open only if another request can follow.
bool EngineClient::attempt(Connection& connection, bool reused, const EngineRequest& request, const std::string& target,
                           Clock::time_point deadline, const Sink& sink, std::string* hostDate) const {
    auto& session = connection.session();
    connection.patience().allow(deadline, &request.cancelled, request.idle);
    Poco::Net::HTTPRequest head(request.method, target, Poco::Net::HTTPMessage::HTTP_1_1);
    head.setHost("docker");
    for (const auto& [name, value] : request.headers) head.set(name, value);
    if (!request.body.empty()) head.setContentType(request.type);
    if (head.getMethod() != Poco::Net::HTTPRequest::HTTP_GET)
        head.setContentLength64(static_cast<Poco::Int64>(request.body.size()));
    Poco::Net::HTTPResponse answer;
    std::istream* body = nullptr;
    try {
        std::ostream& out = session.sendRequest(head);
        if (!request.body.empty()) out.write(request.body.data(), std::ssize(request.body)).flush();
        body = &session.receiveResponse(answer);
    } catch (const Poco::TimeoutException&) {
        throw;
    } catch (const Poco::Net::MessageException&) {
        throw;
    } catch (const Poco::Exception&) {
        if (reused) return false;
        throw;
    }
    if (hostDate) *hostDate = answer.get("Date", "");
    const int status = answer.getStatus();
    const bool success = (status >= 200 && status < 300) || status == 304;
    std::string problem;
    std::array<char, 16 * 1024> piece;
    while (body->peek() != std::istream::traits_type::eof()) { // what has come is handed on at once
        const std::string_view bytes(piece.data(), static_cast<std::size_t>(body->readsome(piece.data(), piece.size())));
        if (success)
            sink(bytes);
        else if (problem.size() < kMaxErrorText)
            problem.append(bytes);
    }
    if (const auto* broken = session.networkException()) broken->rethrow();
    const bool counted = answer.hasContentLength() || answer.getChunkedTransferEncoding() || status == 204 || status == 304;
    if (!answer.getKeepAlive() || !counted) session.reset(); // without a length it has ended with the connection
    if (!success) {
        if (session.connected()) session.reset();
        failWith(status, problem);
    }
    return true;
}

std::unique_ptr<EngineClient::Connection> EngineClient::connect(Clock::time_point deadline) const {
    auto connection = security_ ? std::make_unique<Connection>(new SecureDeadlineSocket(security_))
                                : std::make_unique<Connection>(new DeadlineSocket);
    try {
        if (address_.socket.empty()) {
            connectTcp(*connection, deadline);
        } else {
            const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline - Clock::now()).count();
            connection->socket().connect({Poco::Net::SocketAddress::UNIX_LOCAL, address_.socket},
                                         Poco::Timespan(std::max<std::int64_t>(left, 1)));
        }
        connection->socket().setSendTimeout(Poco::Timespan(10, 0));
    } catch (const Poco::Net::SSLException& error) {
        throw Unavailable("the Docker engine at " + where_ + " is not who it should be, or does not accept who we are: " +
                          error.displayText());
    } catch (const Poco::Net::DNSException&) {
        throw Unavailable("the Docker engine's address " + where_ + " is not known");
    } catch (const Poco::Exception& error) {
        throw Unavailable("the Docker engine does not answer at " + where_ + ": " +
                          (error.code() ? engineAdvice(error.code()) : error.displayText()));
    }
    return connection;
}

// The handshake is part of the time that there is.
void EngineClient::connectTcp(Connection& connection, Clock::time_point deadline) const {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline - Clock::now()).count();
    const Poco::Timespan limit(std::clamp<std::int64_t>(left, 1, kLongestConnect));
    if (security_) {
        auto& socket = static_cast<SecureDeadlineSocket&>(connection.socket());
        socket.setPeerHostName(address_.host);
        connection.patience().allow(deadline, nullptr, std::chrono::milliseconds(0));
    }
    connection.socket().connect({address_.host, address_.port}, limit);
}

std::unique_ptr<EngineClient::Connection> EngineClient::takeIdle() const {
    const std::scoped_lock lock(mutex_);
    if (idle_.empty()) return nullptr;
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
}

void EngineClient::keep(std::unique_ptr<Connection> connection) const {
    const std::scoped_lock lock(mutex_);
    if (idle_.size() < kMaxIdle) idle_.push_back(std::move(connection));
}

void EngineClient::closeIdle() const {
    std::vector<std::unique_ptr<Connection>> closing;
    const std::scoped_lock lock(mutex_);
    closing.swap(idle_);
}

} // namespace talome::docker
