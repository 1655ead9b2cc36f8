// A request whose connection becomes a raw stream.
#include "host/fetch/upgrade.hpp"

#include "host/fetch/wire.hpp"
#include "host/http/error.hpp"

#include <condition_variable>
#include <fcntl.h>
#include <sys/socket.h>
#include <talome/errors.hpp>

namespace talome::fetch {

namespace {

using Clock = std::chrono::steady_clock;

/// What a look-up that may come too late leaves behind.
struct Answer {
    std::mutex mutex;
    std::condition_variable come;
    std::optional<Resolver::Result> result;
};

std::vector<Address> lookUp(Client& client, const Order& order, const Aim& aim, const Taker& taker,
                            Clock::time_point until) {
    if (!order.unixSocket.empty()) return {};
    if (aim.url.address) {
        static_cast<void>(allowedAddresses(order, aim, {*aim.url.address}));
        return {};
    }
    const auto answer = std::make_shared<Answer>();
    client.resolver().resolve(
        aim.url.host, [weak = std::weak_ptr(answer)] { return !weak.expired(); },
        [weak = std::weak_ptr(answer)](Resolver::Result result) {
            const auto to = weak.lock();
            if (!to) return;
            const std::lock_guard lock(to->mutex);
            to->result = std::move(result);
            to->come.notify_one();
        });
    std::unique_lock lock(answer->mutex);
    while (!answer->come.wait_for(lock, std::chrono::milliseconds(200), [&] { return answer->result.has_value(); })) {
        if (taker.cancelled && taker.cancelled()) throw Cancelled("the caller has left");
        if (Clock::now() > until) throw Timeout(aim.url.host + " cannot be reached in time");
    }
    if (answer->result->addresses.empty())
        throw Unavailable(aim.url.host + " is not known: " + answer->result->failure);
    return allowedAddresses(order, aim, answer->result->addresses);
}

int stillWanted(void* taker, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
    const auto& cancelled = static_cast<const Taker*>(taker)->cancelled;
    return cancelled && cancelled() ? 1 : 0;
}

void connect(Hop& hop, const Order& order, const Taker& taker) {
    auto* const easy = hop.easy();
    set(easy, CURLOPT_CONNECT_ONLY, 1L);
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(order.connect.count()));
    set(easy, CURLOPT_XFERINFOFUNCTION, &stillWanted);
    set(easy, CURLOPT_XFERINFODATA, const_cast<Taker*>(&taker));
    const auto result = curl().easyPerform(easy);
    if (result == CURLE_ABORTED_BY_CALLBACK && taker.cancelled && taker.cancelled())
        throw Cancelled("the caller has left");
    if (const auto end = hop.outcome(result); end.status < 0) raise(end.status, end.words);
}

/// Asked of the socket itself, whatever happened before.
void checkPeer(curl_socket_t socket, const Order& order, const Aim& aim) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &length) < 0)
        throw Unavailable(aim.url.host + " closed the connection without an answer");
    if (!order.unixSocket.empty() && peer.ss_family == AF_UNIX) return;
    const auto address = Address::of(reinterpret_cast<const sockaddr*>(&peer), length);
    if (!address) throw Denied(aim.url.host + " may not be asked");
    static_cast<void>(allowedAddresses(order, aim, {*address}));
}

std::string requestOf(const Order& order) {
    const auto origin = order.url.origin();
    auto text = order.method + " " + order.url.target + " HTTP/1.1\r\nHost: " + origin.substr(origin.find("//") + 2) +
                "\r\nConnection: Upgrade\r\nUpgrade: " + order.protocol + "\r\n";
    for (const auto& [name, value] : order.headers) text.append(name).append(": ").append(value).append("\r\n");
    if (!order.body.empty() || order.method == "POST")
        text += "Content-Length: " + std::to_string(order.body.size()) + "\r\n";
    return text + "\r\n" + order.body;
}

AnswerHead readHead(Wire& wire, const std::string& host) {
    AnswerHead head;
    std::string line;
    for (char c; !head.complete();) {
        if (!wire.receive(&c, 1)) throw Unavailable(host + " closed the connection without an answer");
        line += c;
        if (line.size() > http::kMaxHeadBytes) throw BadUpstream("the answer's head is larger than 64 KiB");
        if (c != '\n') continue;
        head.add(line);
        line.clear();
    }
    return head;
}

std::uint64_t readBody(Wire& wire, const AnswerHead& head, const Order& order, const Taker& taker) {
    const auto length = head.contentLength();
    const auto framing = head.chunked() ? http::Framing::chunked : length ? http::Framing::length : http::Framing::none;
    http::BodyReader reader(wire, framing, length.value_or(0));
    const bool untilClosed = framing == http::Framing::none && head.status() != 204 && head.status() != 304;
    std::uint64_t bytes = 0;
    std::string piece;
    for (;;) {
        piece.resize(16384);
        const auto got = untilClosed ? wire.receive(piece.data(), piece.size())
                                     : reader.read(piece.data(), piece.size(), http::Wait::yes).value_or(0);
        if (!got) return bytes;
        piece.resize(got);
        bytes += got;
        if (bytes > order.maxBody)
            throw BadUpstream("the answer is larger than " + std::to_string(order.maxBody) + " bytes");
        if (const auto result = taker.body(piece)) {
            if (result > 0) return bytes;
            raise(result, "the request was given up");
        }
    }
}

http::Descriptor rawStream(Client& client, std::unique_ptr<CURL, FreeEasy> easy, curl_socket_t socket, bool secure) {
    if (!secure) {
        http::Descriptor plain(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
        if (!plain) throw Error(TALOME_E_INTERNAL, "no descriptor is free");
        ::fcntl(plain.get(), F_SETFL, ::fcntl(plain.get(), F_GETFL) | O_NONBLOCK);
        return plain; // libcurl closes its own, and says nothing to the peer
    }
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
        throw Error(TALOME_E_INTERNAL, "no descriptor is free");
    http::Descriptor plugins(ends[0]);
    client.relay(std::make_unique<Relay>(std::move(easy), http::Descriptor(ends[1])));
    return plugins;
}

} // namespace

/// The parts in their order, with what is told of them at the end.
class Upgrade {
public:
    Upgrade(Client& client, const Order& order, const Taker& taker)
        : client_(client), order_(order), taker_(taker), aim_{order.url, order.method, {}} {}

    Upgraded run() {
        const Breakers::Key key{order_.plugin, peerName(order_, order_.url)};
        if (const auto wait = client_.breakers().enter(key, Clock::now())) {
            client_.usage().add({key.first, key.second, 0, 0, 1, 0, 0});
            return {tooManyFailures(order_.url.host, *wait), {}};
        }
        Upgraded result;
        try {
            result.descriptor = speak();
        } catch (const Error& error) {
            result.end = {error.status, error.what()};
        } catch (const http::HttpError& error) {
            result.end = {TALOME_E_BAD_UPSTREAM, order_.url.host + ": the answer's body is damaged: " + error.text};
        } catch (const http::ClientGone&) {
            result.end = {TALOME_E_BAD_UPSTREAM, order_.url.host + ": the answer broke off"};
        } catch (const std::exception& error) {
            result.end = {TALOME_E_INTERNAL, error.what()};
        }
        const auto status = result.end.status;
        client_.breakers().note(key,
                                answered_ ? Breakers::Outcome::answered
                                : status == TALOME_E_UNAVAILABLE || status == TALOME_E_TIMEOUT
                                    ? Breakers::Outcome::failed
                                    : Breakers::Outcome::unrelated,
                                Clock::now());
        const bool refused = status == TALOME_E_DENIED;
        client_.usage().add({key.first, key.second, 1, status < 0 && !refused, refused, order_.body.size(), bytesIn_});
        return result;
    }

private:
    http::Descriptor speak() {
        static_cast<void>(curl());
        const auto began = Clock::now();
        const auto addresses = lookUp(client_, order_, aim_, taker_, began + order_.connect);
        Pipe unused;
        Hop hop(order_, aim_, addresses, unused, false);
        connect(hop, order_, taker_);
        Wire wire(hop.easy(), order_.url.host, order_.idle, began + order_.total, taker_.cancelled);
        checkPeer(wire.socket(), order_, aim_);
        wire.send(requestOf(order_));
        auto head = readHead(wire, order_.url.host);
        answered_ = true;
        if (head.status() == 101) {
            const auto* to = head.find("Upgrade");
            if (!to || !sameName(*to, order_.protocol))
                throw BadUpstream(order_.url.host + " changes to another protocol than was asked for");
            return rawStream(client_, std::move(hop.easy_), wire.socket(), order_.url.secure);
        }
        const auto result = taker_.head({head.status(), head.fields(), order_.url.text()});
        if (result < 0) raise(result, "the request was given up");
        if (result == 0) bytesIn_ = readBody(wire, head, order_, taker_);
        return {};
    }

    Client& client_;
    const Order& order_;
    const Taker& taker_;
    const Aim aim_;
    bool answered_ = false;
    std::uint64_t bytesIn_ = 0;
};

Upgraded upgradeAndWait(Client& client, const Order& order, const Taker& taker) {
    return Upgrade(client, order, taker).run();
}

} // namespace talome::fetch
