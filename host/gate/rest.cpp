// The REST door.
#include "host/gate/rest.hpp"

#include "host/auth/socket_principal.hpp"
#include "host/gate/rest_input.hpp"
#include "host/http/error.hpp"
#include "host/jobs/jobs.hpp"
#include "host/jobs/prefer_wait.hpp"
#include "host/log/log.hpp"

#include <boost/json.hpp>
#include <chrono>
#include <cstdlib>
#include <talome/json.hpp>

namespace json = boost::json;

namespace talome::gate {

namespace {

constexpr std::string_view kJson = "application/json; charset=utf-8";
constexpr std::size_t kMostAnswer = 64u << 20;

std::int64_t epochMs() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// What an operation answers, collected; too much of it is an error, not an exhausted memory.
struct Answer {
    std::string text;
    bool tooLarge = false;
    static void take(void* to, talome_bytes piece) noexcept {
        auto& self = *static_cast<Answer*>(to);
        try {
            if (self.text.size() + piece.n > kMostAnswer)
                self.tooLarge = true;
            else
                self.text.append(static_cast<const char*>(piece.p), piece.n);
        } catch (const std::bad_alloc&) {
            self.tooLarge = true; // told to the caller when the operation has returned
        }
    }
};

std::string cookie(const http::Exchange& exchange, std::string_view name) {
    for (auto field : exchange.headers("Cookie")) {
        while (!field.empty()) {
            auto pair = field.substr(0, field.find(';'));
            field.remove_prefix(std::min(field.size(), pair.size() + 1));
            while (pair.starts_with(' ')) pair.remove_prefix(1);
            if (pair.starts_with(name) && pair.substr(name.size()).starts_with('='))
                return std::string(pair.substr(name.size() + 1));
        }
    }
    return {};
}

/// The bearer token wins over the cookie, and a wrong one is not made good by a right cookie.
std::string tokenOf(const http::Exchange& exchange, bool& fromCookie) {
    fromCookie = false;
    if (const auto header = exchange.header("Authorization")) {
        constexpr std::string_view scheme = "bearer ";
        if (header->size() > scheme.size() &&
            std::equal(scheme.begin(), scheme.end(), header->begin(),
                       [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); }))
            return std::string(header->substr(scheme.size()));
    }
    auto token = cookie(exchange, "talome_session");
    fromCookie = !token.empty();
    return token;
}

/// Several fields are one list (RFC 9110, 5.3): the proxy's own may be a second one behind the caller's.
std::string forwardedFor(const http::Exchange& exchange) {
    std::string all;
    for (const auto field : exchange.headers("X-Forwarded-For")) all.append(all.empty() ? "" : ",").append(field);
    return all;
}

/// Of an origin with this scheme, without its port; empty if it has another scheme.
std::string_view hostOf(std::string_view origin, std::string_view scheme) {
    if (!origin.starts_with(scheme)) return {};
    origin.remove_prefix(scheme.size());
    const auto colon = origin.rfind(':');
    const bool port = colon != origin.npos && origin.find(']', colon) == origin.npos; // not within [::1]
    return port ? origin.substr(0, colon) : origin;
}

bool isSafe(std::string_view method) { return method == "GET" || method == "HEAD"; }

void sendFailure(http::Exchange& exchange, const Failure& failure) {
    const int status = failure.http.value_or(httpStatus(failure.status));
    json::object body;
    const bool hidden = status == 500;
    if (status >= 500) exchange.failure = failure.what();
    if (hidden) log::error("host", "request " + exchange.requestId() + " failed: " + failure.what());
    body["error"] = hidden ? "internal error; the server's log has the reason under this errorId" : failure.what();
    if (status == 400) {
        auto& details = body["details"].emplace_array();
        if (failure.details.empty()) details.push_back(json::object{{"path", ""}, {"message", failure.what()}});
        for (const auto& detail : failure.details)
            details.push_back(json::object{{"path", detail.path}, {"message", detail.message}});
    }
    for (const auto& [name, value] : failure.members) body[name] = value;
    if (status == 401) {
        body["authenticated"] = false;
        exchange.setHeader("WWW-Authenticate", "Bearer realm=\"talome\"");
    }
    if (status >= 500) {
        body["errorId"] = exchange.requestId();
        body["timestamp"] = log::timestamp(epochMs());
    }
    auto retryAfter = failure.retryAfter;
    if (status == 429 && !retryAfter) retryAfter = 1;
    if (retryAfter) {
        body["retryAfter"] = *retryAfter;
        exchange.setHeader("Retry-After", std::to_string(*retryAfter));
    }
    std::string allow;
    for (const auto& method : failure.allow) allow += (allow.empty() ? "" : ", ") + method;
    if (!allow.empty()) exchange.setHeader("Allow", allow);
    exchange.send(status, kJson, json::serialize(body));
}

http::Router<Routed>::Match find(const http::Exchange& exchange, const Snapshot& snapshot) {
    using Outcome = http::Router<Routed>::Outcome;
    const auto router = snapshot.routers.find(exchange.listener());
    if (router == snapshot.routers.end()) throw Failure(TALOME_E_NOT_FOUND, "nothing is served on this port");
    auto match = router->second.match(exchange.method(), exchange.rawPath());
    if (match.outcome == Outcome::found) return match;
    const std::string asked = std::string(exchange.method()) + " " + std::string(exchange.rawPath());
    if (match.outcome == Outcome::bad)
        throw Failure(TALOME_E_INVALID, "the path is not valid: it must be percent-encoded UTF-8");
    if (match.outcome == Outcome::notFound) {
        const auto near = router->second.suggest(exchange.rawPath());
        throw Failure(TALOME_E_NOT_FOUND, "there is no " + asked + (near.empty() ? "" : "; maybe you meant " + near));
    }
    Failure failure(TALOME_E_INVALID, "there is no " + asked + ", only other methods of this path");
    failure.http = 405;
    failure.allow = match.allow;
    throw failure;
}

} // namespace

Rest::Rest(const Gate& gate, const Registry& registry, Authenticate authenticate,
           const std::vector<std::string>& origins, TrustedProxies proxies)
    : gate_(gate), registry_(registry), authenticate_(std::move(authenticate)), origins_(origins),
      proxies_(std::move(proxies)) {}

/// A browser sends the cookie along with a request that a foreign site has made (CSRF). Browsers say where a request
/// comes from; programs that do not are not browsers.
void Rest::refuseForeignSites(const http::Exchange& exchange) const {
    const auto origin = exchange.header("Origin");
    const auto host = exchange.header("Host");
    if (origin) {
        // Another port of this server is this server as well: its pages come from the main one.
        const bool samePort = exchange.listener().empty();
        if (host && isLocalHost(*host))
            for (const std::string scheme : {"http://", "https://"})
                if (samePort ? *origin == scheme + std::string(*host)
                             : hostOf(*origin, scheme) == hostOf(scheme + std::string(*host), scheme))
                    return;
        if (origins_.of(*origin) == Origins::Trust::listed) return;
    } else {
        const auto site = exchange.header("Sec-Fetch-Site");
        if (!site || *site == "same-origin" || *site == "none") return;
    }
    throw Failure(
        TALOME_E_DENIED,
        "a request from another site must carry a token, not the cookie; or name that site in dashboard_origin");
}

/// At the unix socket the kernel's word stands in for a token. It says whose process has connected, which for a web
/// page or a proxy is not who asks.
std::shared_ptr<const Principal> Rest::caller(const http::Exchange& exchange, const std::string& token) const {
    std::string agent(exchange.header("User-Agent").value_or(""));
    const auto uid = exchange.peerUid();
    if (!uid) return authenticate_(token, proxies_.client(exchange.peer(), forwardedFor(exchange)), std::move(agent));
    for (const auto* name : {"Origin", "Sec-Fetch-Site", "X-Forwarded-For", "Forwarded", "Via"})
        if (exchange.header(name))
            throw Failure(TALOME_E_DENIED, "this socket is for programs of this machine, not for web pages or proxies");
    return token.empty() ? auth::socketPrincipal(*uid, exchange.peer(), std::move(agent))
                         : authenticate_(token, exchange.peer(), std::move(agent));
}

talome_call Rest::begin(http::Exchange& exchange, std::shared_ptr<const Snapshot> snapshot,
                        const Endpoint& endpoint) const {
    bool fromCookie = false;
    const auto token = tokenOf(exchange, fromCookie);
    // Without any token too: a page must not log in, or claim a new server, in its visitor's name. A WebSocket is a
    // GET, but no browser asks its server's leave for it (RFC 6455, 10.2); an event stream would be opened in vain.
    const auto kind = endpoint.declared.kind;
    const bool guarded = kind == manifest::Kind::websocket || kind == manifest::Kind::events ||
                         !isSafe(exchange.method()) || endpoint.declared.tier != manifest::Tier::read;
    if ((fromCookie || token.empty()) && guarded) refuseForeignSites(exchange);
    talome_call call;
    call.principal = caller(exchange, token);
    call.snapshot = std::move(snapshot);
    call.requestId = exchange.requestId();
    call.approval = exchange.header("Talome-Approval").value_or("");
    call.idempotencyKey = exchange.header("Idempotency-Key").value_or("");
    call.relayed = !proxies_.contains(exchange.peer()) &&
                   (exchange.header("X-Forwarded-For") || exchange.header("Forwarded") || exchange.header("Via"));
    call.secure = exchange.secure() ||
                  (proxies_.contains(exchange.peer()) && exchange.header("X-Forwarded-Proto").value_or("") == "https");
    call.cancelled = [&exchange] { return !exchange.connected(); };
    if (call.principal->authenticated) exchange.setUser(call.principal->username);
    return call;
}

namespace {

/// What a request was that waits for its body. It is served by whom it came to, also when that has been replaced.
struct Waiting {
    std::shared_ptr<const Snapshot> snapshot;
};

} // namespace

/// With the result of the job that the call has begun, if its caller prefers to wait and it is over by then.
bool Rest::answerByJob(http::Exchange& exchange, const talome_call& call) const {
    if (call.job.empty() || !jobs_) return false;
    const auto prefer = exchange.header("Prefer");
    const auto limit = prefer ? jobs::preferredWait(*prefer) : std::nullopt;
    const auto job = limit ? jobs_->wait(call.job, *limit) : std::nullopt;
    if (!job) return false;
    exchange.setHeader("Preference-Applied", "wait");
    if (job->state != jobs::State::done) {
        const bool cancelled = job->state == jobs::State::cancelled && job->status == TALOME_E_CANCELLED;
        Failure failure(cancelled ? TALOME_E_CONFLICT : job->status, "the job: " + job->words);
        failure.members = {{"jobId", job->id}};
        throw failure;
    }
    for (const auto& [name, value] : call.headers) exchange.addHeader(name, value);
    exchange.send(200, kJson, job->result.value_or(R"({"ok":true})"));
    return true;
}

void Rest::serve(http::Exchange& exchange) const {
    if (const auto waiting = std::static_pointer_cast<Waiting>(exchange.visit); waiting && exchange.sink())
        return serve(exchange, waiting->snapshot);
    for (;;) {
        const auto snapshot = registry_.snapshot();
        try {
            serve(exchange, snapshot);
            if (exchange.sink()) exchange.visit = std::make_shared<Waiting>(snapshot);
            return;
        } catch (const Superseded&) { // between the look and the call: look again
            if (registry_.snapshot() == snapshot) throw beingReplaced(exchange.plugin());
        }
    }
}

void Rest::serve(http::Exchange& exchange, const std::shared_ptr<const Snapshot>& snapshot) const {
    const auto match = find(exchange, *snapshot);
    const auto endpoint = match.value->endpoint;
    const auto& route = *match.value->route;
    exchange.setRoute(route.path);
    exchange.setPlugin(endpoint->plugin);
    if (endpoint->holdings) exchange.holdFor(endpoint->holdings);
    const auto kind = endpoint->declared.kind;
    auto call = begin(exchange, snapshot, *endpoint);
    // Before the body is read, and again on the one path.
    if (call.principal->authenticated || !endpoint->lateAuthentication) gate_.admit(call, *endpoint);
    if (kind == manifest::Kind::call && !collectBody(exchange, *endpoint)) return; // called again when it has come
    // An upload that has come whole is not sent away any more.
    Bulkhead::Place place(exchange.sink() ? nullptr : endpoint->bulkhead.get(), endpoint->usage);
    try {
        auto input = readInput(exchange, *endpoint, route, match.params);
        if (kind != manifest::Kind::call) {
            gate_.runWire(call, *endpoint, std::move(input), exchange);
            return;
        }
        Answer answer;
        gate_.run(call, *endpoint, std::move(input), &Answer::take, &answer, &exchange);
        if (answer.tooLarge) throw Failure(TALOME_E_INTERNAL, endpoint->declared.id + " answered more than 64 MiB");
        place.release();
        if (answerByJob(exchange, call)) return;
        for (const auto& [name, value] : call.headers) exchange.addHeader(name, value);
        const auto& type = endpoint->declared.outputType;
        const int status = call.status                                         ? call.status
                           : answer.text.empty() && type == "application/json" ? 204
                                                                               : route.success;
        exchange.send(status, type == "application/json" ? kJson : std::string_view(type), std::move(answer.text));
    } catch (Failure& failure) {
        if (!failure.details.empty()) {
            renameDetails(failure.details, route.rename);
            Failure renamed(std::move(failure.details));
            throw renamed;
        }
        for (const auto& [name, value] : call.headers) {
            if (name == "Retry-After")
                failure.retryAfter = std::atoi(value.c_str());
            else
                exchange.addHeader(name, value);
        }
        throw;
    }
}

void Rest::handle(http::Exchange& exchange) const {
    try {
        origins_.mark(exchange);
        if (!origins_.answerPreflight(exchange)) serve(exchange);
    } catch (const Failure& failure) {
        const bool begun = exchange.begun();
        if (!exchange.withdraw()) throw; // the engine closes the connection: the client sees that the answer is cut
        if (begun) origins_.mark(exchange);
        sendFailure(exchange, failure);
    }
}

} // namespace talome::gate
