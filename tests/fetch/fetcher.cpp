// A plugin that fetches what it is told, in all the ways there are, and says what came.
#include <talome/fetch.hpp>
#include <talome/plugin.hpp>

#include <map>
#include <mutex>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

struct Order {
    std::string url;
    std::optional<std::string> method, body, unixSocket, caFile, certFile, keyFile, pin, protocol;
    std::optional<std::map<std::string, std::string>> headers;
    std::optional<bool> lan, loopback, redirects, asSent, keepBody;
    std::optional<std::int64_t> maxBody, totalMs, connectMs, idleMs, maxRedirects;
    std::optional<std::int64_t> pulled; ///< bytes of the body that are made as they are needed
    std::optional<std::int64_t> stopAt; ///< bytes that are enough
    std::optional<std::int64_t> number; ///< of a stream
};
BOOST_DESCRIBE_STRUCT(Order, (),
                      (url, method, body, unixSocket, caFile, certFile, keyFile, pin, protocol, headers, lan, loopback,
                       redirects, asSent, keepBody, maxBody, totalMs, connectMs, idleMs, maxRedirects, pulled, stopAt,
                       number))

struct Result {
    std::int64_t status = 0;  ///< of HTTP; 0: none came
    std::int64_t failure = 0; ///< of abi.h
    std::string words, url, body;
    std::int64_t bytes = 0;
    std::map<std::string, std::string> headers;
    bool ended = true;
};
BOOST_DESCRIBE_STRUCT(Result, (), (status, failure, words, url, body, bytes, headers, ended))

struct Number {
    std::int64_t number;
};
BOOST_DESCRIBE_STRUCT(Number, (), (number))

struct Pause {
    std::int64_t number;
    bool on;
};
BOOST_DESCRIBE_STRUCT(Pause, (), (number, on))

talome::FetchRequest requestOf(const Order& order) {
    talome::FetchRequest request;
    request.method = order.method.value_or(request.method);
    request.url = order.url;
    for (const auto& [name, value] : order.headers.value_or(std::map<std::string, std::string>{}))
        request.headers.emplace_back(name, value);
    request.body = order.body.value_or("");
    request.unixSocket = order.unixSocket.value_or("");
    request.lan = order.lan.value_or(false);
    request.loopback = order.loopback.value_or(false);
    request.redirects = order.redirects.value_or(true);
    request.asSent = order.asSent.value_or(false);
    request.connect = std::chrono::milliseconds(order.connectMs.value_or(0));
    request.total = std::chrono::milliseconds(order.totalMs.value_or(0));
    request.idle = std::chrono::milliseconds(order.idleMs.value_or(0));
    request.maxRedirects = static_cast<unsigned>(order.maxRedirects.value_or(0));
    request.maxBody = static_cast<std::uint64_t>(order.maxBody.value_or(0));
    request.caFile = order.caFile.value_or("");
    request.certFile = order.certFile.value_or("");
    request.keyFile = order.keyFile.value_or("");
    request.pin = order.pin.value_or("");
    request.protocol = order.protocol.value_or("");
    return request;
}

void noteHead(Result& result, const talome::FetchHead& head) {
    result.status = head.status;
    result.url = head.url;
    for (const auto& [name, value] : head.headers) result.headers[name] = value;
}

/// What comes over an upgraded connection until it is closed, after `send` was sent.
std::string talk(int fd, std::string_view send) {
    std::string heard;
    for (;;) {
        pollfd one{fd, static_cast<short>(send.empty() ? POLLIN : POLLIN | POLLOUT), 0};
        if (::poll(&one, 1, 20'000) <= 0) return heard;
        if (!send.empty() && (one.revents & POLLOUT)) {
            const auto n = ::send(fd, send.data(), send.size(), MSG_NOSIGNAL);
            if (n > 0) send.remove_prefix(static_cast<std::size_t>(n));
        }
        if (one.revents & (POLLIN | POLLHUP)) {
            char piece[4096];
            const auto n = ::recv(fd, piece, sizeof piece, 0);
            if (n > 0) heard.append(piece, static_cast<std::size_t>(n));
            if (n == 0) return heard;
        }
    }
}

class Fetcher : public talome::Plugin {
public:
    explicit Fetcher(talome::Registry& registry) : host_(registry.host()) {
        using talome::Tier;
        registry.needs(TALOME_FETCH);
        registry
            .operation("fetcher.fetch", "Fetches, and says what came", talome::admin, Tier::modify, this,
                       &Fetcher::fetch)
            .route("POST", "/api/fetcher/fetch");
        registry
            .operation("fetcher.pass", "Fetches, and fails as that does", talome::admin, Tier::modify, this,
                       &Fetcher::pass)
            .route("POST", "/api/fetcher/pass");
        registry
            .operation("fetcher.upgrade", "Upgrades, sends the body and says what came", talome::admin, Tier::modify,
                       this, &Fetcher::upgrade)
            .route("POST", "/api/fetcher/upgrade");
        registry.operation("fetcher.open", "Begins a stream", talome::admin, Tier::modify, this, &Fetcher::open)
            .route("POST", "/api/fetcher/streams", 201);
        registry.operation("fetcher.look", "What has come of a stream", talome::admin, Tier::read, this, &Fetcher::look)
            .route("GET", "/api/fetcher/streams/{number}");
        registry
            .operation("fetcher.pause", "Pauses a stream, or lets it go on", talome::admin, Tier::modify, this,
                       &Fetcher::pause)
            .route("PUT", "/api/fetcher/streams/{number}");
        registry.operation("fetcher.close", "Ends a stream", talome::admin, Tier::modify, this, &Fetcher::close)
            .route("DELETE", "/api/fetcher/streams/{number}");
    }

    void quiesce() {
        std::map<std::int64_t, Open> ending;
        const std::lock_guard lock(mutex_);
        ending.swap(open_);
    }

private:
    struct Open {
        Result result;
        talome::FetchStream stream;
    };

    Result fetch(talome::Call& call, const Order& order) {
        Result result;
        try {
            run(call, order, result);
        } catch (const talome::Error& error) {
            result.failure = error.status;
            result.words = error.what();
        }
        return result;
    }
    Result pass(talome::Call& call, const Order& order) {
        Result result;
        run(call, order, result);
        return result;
    }
    void run(talome::Call& call, const Order& order, Result& result) {
        auto request = requestOf(order);
        if (order.pulled)
            request.pull = [left = static_cast<std::size_t>(*order.pulled)](void* to, std::size_t n) mutable {
                n = std::min(n, left);
                std::memset(to, 'p', n);
                left -= n;
                return n;
            };
        const bool keep = order.keepBody.value_or(true);
        talome::fetchInto(host_, &call, request,
                          {.onHead = [&](const talome::FetchHead& head) { noteHead(result, head); },
                           .onData =
                               [&](std::string_view piece) {
                                   result.bytes += static_cast<std::int64_t>(piece.size());
                                   if (keep) result.body.append(piece);
                                   return !order.stopAt || result.bytes < *order.stopAt;
                               }});
    }

    Result upgrade(talome::Call& call, const Order& order) {
        Result result;
        auto request = requestOf(order);
        const auto send = std::exchange(request.body, {});
        try {
            const auto upgraded = talome::upgrade(host_, &call, request);
            if (upgraded.fd >= 0) {
                result.status = 101;
                result.body = talk(upgraded.fd, send);
                ::close(upgraded.fd);
            } else {
                noteHead(result, upgraded.answer);
                result.body = upgraded.answer.body;
            }
        } catch (const talome::Error& error) {
            result.failure = error.status;
            result.words = error.what();
        }
        return result;
    }

    Number open(const Order& order) {
        const std::lock_guard lock(mutex_); // callbacks wait until it is in the list
        const auto number = ++last_;
        auto& one = open_[number];
        one.result.ended = false;
        const auto with = [this, number](auto note) {
            const std::lock_guard again(mutex_);
            if (const auto it = open_.find(number); it != open_.end()) note(it->second.result);
        };
        const bool keep = order.keepBody.value_or(true);
        try {
            one.stream = talome::FetchStream(
                host_, requestOf(order),
                {.onHead =
                     [with](const talome::FetchHead& head) { with([&](Result& result) { noteHead(result, head); }); },
                 .onData =
                     [with, keep](std::string_view piece) {
                         with([&](Result& result) {
                             result.bytes += static_cast<std::int64_t>(piece.size());
                             if (keep) result.body.append(piece);
                         });
                     },
                 .onEnded =
                     [with](talome_status status, std::string_view words) {
                         with([&](Result& result) {
                             result.ended = true;
                             result.failure = status;
                             result.words = words;
                         });
                     }});
        } catch (...) {
            open_.erase(number);
            throw;
        }
        return {number};
    }
    Result look(const Number& which) {
        const std::lock_guard lock(mutex_);
        const auto it = open_.find(which.number);
        if (it == open_.end()) throw talome::NotFound("there is no such stream");
        return it->second.result;
    }
    void pause(const Pause& which) {
        const std::lock_guard lock(mutex_);
        open_.at(which.number).stream.pause(which.on);
    }
    void close(const Number& which) {
        std::map<std::int64_t, Open>::node_type ending; // goes without the lock
        const std::lock_guard lock(mutex_);
        ending = open_.extract(which.number);
    }

    talome::Host host_;
    std::mutex mutex_;
    std::map<std::int64_t, Open> open_;
    std::int64_t last_ = 0;
};

} // namespace

TALOME_PLUGIN(Fetcher, "fetcher", "1.0.0", "Fetches what it is told.")
