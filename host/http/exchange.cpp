#include "host/http/exchange.hpp"

#include "host/http/connection.hpp"
#include "host/http/server.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <strings.h>

namespace talome::http {

namespace {

constexpr std::uint64_t kDrainBytes = 1 << 20;
constexpr std::size_t kCopied = 16384; // chunks above it are sent without a copy
constexpr auto kDrainTime = std::chrono::seconds(1);
constexpr std::uint64_t kSlowestBody = 1024; // bytes a second, after the first bodyTime

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool hasNoBody(int status) { return status < 200 || status == 204 || status == 304; }

} // namespace

Exchange::Exchange(Connection& connection, const RequestHead& head, const Options& options,
                   const std::atomic<bool>& serverCloses)
    : connection_(connection), head_(head), options_(options),
      body_(connection, head.framing, head.contentLength.value_or(0)), serverCloses_(serverCloses),
      requestId_(newRequestId()), start_(std::chrono::steady_clock::now()), mayKeepAlive_(head.keepAlive) {
    connection_.setReceiveTime(options.bodyTime);
}

const std::string& Exchange::peer() const { return connection_.peer(); }
bool Exchange::secure() const { return connection_.secure(); }
bool Exchange::connected() const { return connection_.connected(); }

std::optional<std::string_view> Exchange::header(std::string_view name) const {
    auto* field = head_.find(name);
    return field ? std::optional(field->value) : std::nullopt;
}

std::vector<std::string_view> Exchange::headers(std::string_view name) const {
    std::vector<std::string_view> values;
    for (auto& field : head_.fields)
        if (same(field.name, name)) values.push_back(field.value);
    return values;
}

void Exchange::limitBody(std::uint64_t bytes) {
    limited_ = true;
    body_.limit(bytes);
}

std::size_t Exchange::read(void* to, std::size_t n) {
    if (!limited_) limitBody(options_.maxBody);
    if (head_.expectContinue && !continueSent_ && phase_ == Phase::waiting) {
        continueSent_ = true;
        connection_.send("HTTP/1.1 100 Continue\r\n\r\n", {}, options_.sendTime);
    }
    auto got = body_.read(to, n);
    auto most = options_.bodyTime + std::chrono::seconds(body_.received() / kSlowestBody);
    if (got && std::chrono::steady_clock::now() - start_ > most) {
        mayKeepAlive_ = false;
        throw HttpError(408, "the body came too slowly");
    }
    return got;
}

std::string Exchange::body() {
    constexpr std::size_t kStep = 16384;
    std::string out;
    while (!body_.atEnd()) {
        // Grows with what has come: a length that is only declared costs nothing.
        auto size = out.size();
        auto room = std::max(kStep, size);
        if (body_.remaining()) room = static_cast<std::size_t>(std::min<std::uint64_t>(room, body_.remaining()));
        out.resize(size + room);
        out.resize(size + read(out.data() + size, room));
    }
    return out;
}

void Exchange::setHeader(std::string_view name, std::string_view value) {
    if (begun()) throw std::logic_error("the head of the answer is out");
    fields_.set(name, value);
}

void Exchange::addHeader(std::string_view name, std::string_view value) {
    if (begun()) throw std::logic_error("the head of the answer is out");
    fields_.add(name, value);
}

std::string Exchange::startHead(int status, std::string_view contentType, std::optional<std::uint64_t> length) {
    if (phase_ != Phase::waiting) throw std::logic_error("the exchange is answered already");
    if (status < 200) throw std::invalid_argument("an answer has a status from 200 to 599");
    bool bodiless = hasNoBody(status);
    bool unfinished = body_.broken() || body_.remaining() > kDrainBytes || (head_.expectContinue && !continueSent_);
    if (unfinished && bodyOpen()) mayKeepAlive_ = false;
    if (serverCloses_) mayKeepAlive_ = false;

    ResponseFacts facts;
    facts.status = status;
    facts.requestId = requestId_;
    facts.secure = secure();
    facts.noStore = head_.rawPath.substr(0, 5) == "/api/";
    if (!bodiless) {
        facts.contentType = contentType;
        facts.length = length;
        if (!length && head_.minor == 1)
            facts.chunked = true;
        else if (!length && head_.method != "HEAD")
            mayKeepAlive_ = false;
    }
    facts.keepAlive = mayKeepAlive_;
    facts.sayKeepAlive = head_.minor == 0;
    if (options_.serverTiming) {
        std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start_;
        std::array<char, 32> text{};
        auto end =
            std::to_chars(text.data(), text.data() + text.size(), spent.count(), std::chars_format::fixed, 3).ptr;
        fields_.add("Server-Timing", "total;dur=" + std::string(text.data(), end));
    }
    auto head = formatHead(facts, fields_);
    status_ = status;
    remaining_ = length.value_or(0);
    phase_ = bodiless || head_.method == "HEAD" ? Phase::bodiless
             : length                           ? Phase::sized
             : facts.chunked                    ? Phase::chunked
                                                : Phase::untilClose;
    return head;
}

void Exchange::transmit(std::string_view head, std::string_view body) {
    try {
        connection_.send(head, body, options_.sendTime);
    } catch (const ClientGone&) {
        cut_ = true;
        throw;
    }
}

void Exchange::send(int status, std::string_view contentType, std::string_view body) {
    auto head = startHead(status, contentType, body.size());
    if (phase_ == Phase::bodiless) body = {};
    phase_ = Phase::done;
    bytesOut_ = body.size();
    transmit(head, body);
}

void Exchange::sendError(int status, std::string_view text) {
    send(status, "application/json", errorBody(status, text, requestId_));
}

void Exchange::begin(int status, std::string_view contentType, std::optional<std::uint64_t> length) {
    held_ = startHead(status, contentType, length);
    // With a length the body is on its way, and head and body can share a packet. Without one it may be a while.
    if (phase_ == Phase::sized && remaining_ > 0) return;
    transmit(held_, {});
    held_.clear();
}

void Exchange::write(std::string_view bytes) {
    if (phase_ == Phase::waiting || phase_ == Phase::done) throw std::logic_error("write() outside begin() and end()");
    if (bytes.empty() || phase_ == Phase::bodiless) return;
    if (phase_ == Phase::sized) {
        if (bytes.size() > remaining_) throw std::logic_error("more bytes than begin() announced");
        remaining_ -= bytes.size();
    }
    bytesOut_ += bytes.size();
    if (phase_ == Phase::chunked) {
        std::array<char, 20> size{};
        auto end = std::to_chars(size.data(), size.data() + 16, bytes.size(), 16).ptr;
        *end++ = '\r', *end++ = '\n';
        // Small chunks in one piece, large ones without a copy.
        std::string chunk(size.data(), end);
        if (bytes.size() > kCopied) {
            transmit(chunk, bytes);
            transmit("\r\n", {});
        } else {
            transmit(chunk.append(bytes).append("\r\n"), {});
        }
        return;
    }
    transmit(held_, bytes);
    held_.clear();
}

void Exchange::end() {
    if (phase_ == Phase::waiting) throw std::logic_error("end() without begin()");
    auto phase = std::exchange(phase_, Phase::done);
    if (phase == Phase::chunked) transmit("0\r\n\r\n", {});
    if (phase == Phase::sized && remaining_ > 0) {
        cut_ = true;
        throw std::logic_error("fewer bytes than begin() announced");
    }
}

bool Exchange::finish() {
    if (cut_) return false;
    if (phase_ == Phase::waiting) {
        fail(HttpError(500, "internal error"));
    } else {
        end();
    }
    return mayKeepAlive_ && drainBody();
}

void Exchange::fail(const HttpError& error) {
    if (begun()) {
        cut_ = cut_ || phase_ != Phase::done;
        return;
    }
    fields_ = {};
    for (auto& [name, value] : error.headers) fields_.set(name, value);
    sendError(error.status, error.text);
}

// What the handler left of the body lies before the next request.
bool Exchange::drainBody() {
    if (body_.atEnd()) return true;
    if (body_.broken() || (head_.expectContinue && !continueSent_)) return false;
    connection_.setReceiveTime(kDrainTime);
    std::array<char, 16384> waste;
    try {
        body_.limit(body_.received() + kDrainBytes);
        auto end = std::chrono::steady_clock::now() + kDrainTime;
        while (body_.read(waste.data(), waste.size()) > 0)
            if (std::chrono::steady_clock::now() > end) return false;
    } catch (const HttpError&) {
        return false; // too much, too slow or malformed: the answer is out, and the connection closes
    }
    return true;
}

} // namespace talome::http
