// How an exchange takes the body of its request, and how long it waits for its client.
#include "host/http/connection.hpp"
#include "host/http/exchange.hpp"
#include "host/http/server.hpp"
#include "host/http/stream.hpp"

#include <algorithm>
#include <array>

namespace talome::http {

namespace {
constexpr auto kDrainTime = std::chrono::seconds(2);
constexpr std::uint64_t kSlowestBody = 1024;   // bytes a second, after the first bodyTime
constexpr std::uint64_t kSlowestClient = 4096; // bytes a second, after the first sendTime
constexpr std::uint64_t kUncounted = 65536;    // of a body, before it counts among those of its peer
} // namespace

void Exchange::limitBody(std::uint64_t bytes) {
    limited_ = true;
    body_.limit(bytes);
}

void Exchange::sendContinue() {
    if (!head_->expectContinue || continueSent_ || phase_ != Phase::waiting) return;
    continueSent_ = true;
    connection_.send("HTTP/1.1 100 Continue\r\n\r\n", {}, options_.sendTime);
}

std::size_t Exchange::read(void* to, std::size_t n) {
    if (!limited_) limitBody(options_.maxBody);
    sendContinue();
    // Also for the lines between chunks, of which a byte may come now and then.
    connection_.setReceiveBy(
        std::min(std::chrono::steady_clock::now() + options_.bodyTime,
                 start_ + options_.bodyTime + std::chrono::seconds(body_.received() / kSlowestBody)));
    return body_.read(to, n, Wait::yes).value_or(0);
}

bool Exchange::waitForBody() {
    if (received_) return true;
    if (!limited_) limitBody(options_.maxBody);
    sendContinue();
    receiving_ = true;
    return pump();
}

bool Exchange::collect() { return waitForBody(); }

bool Exchange::receive(std::shared_ptr<BodySink> sink) {
    if (!sink_) sink_ = std::move(sink);
    return waitForBody();
}

void Exchange::keep(std::string_view piece) {
    const auto refuse = [] {
        throw HttpError(503, "the server is receiving too much at once", {{"Retry-After", "5"}});
    };
    counted_ += piece.size();
    if ((shared_.collected += piece.size()) > options_.maxCollected) refuse();
    // One client must not be able to use up what there is for all.
    if (counted_ > kUncounted &&
        !shared_.add(peer(), counted_ - std::exchange(ofPeer_, counted_), options_.maxCollected / 2))
        refuse();
    collected_.append(piece);
}

void Exchange::releaseBody() {
    collected_ = {};
    if (counted_) shared_.collected -= std::exchange(counted_, 0);
    if (ofPeer_) shared_.remove(peer(), std::exchange(ofPeer_, 0));
}

bool Shared::add(const std::string& peer, std::uint64_t bytes, std::uint64_t most) {
    const std::lock_guard lock(mutex);
    return (ofPeer[peer] += bytes) <= most;
}

void Shared::remove(const std::string& peer, std::uint64_t bytes) {
    const std::lock_guard lock(mutex);
    const auto it = ofPeer.find(peer);
    if ((it->second -= bytes) == 0) ofPeer.erase(it);
}

// A length that is only declared costs nothing: what is collected grows with what has come.
bool Exchange::pump() {
    constexpr std::size_t kStep = 65536;
    thread_local const std::unique_ptr<char[]> piece(new char[kStep]);
    std::uint64_t turn = 0;
    turnOver_ = false;
    while (!body_.atEnd()) {
        auto got = body_.read(piece.get(), kStep, Wait::no);
        if (!got) return false;
        moved_ = std::chrono::steady_clock::now();
        if (sink_)
            sink_->take({piece.get(), *got});
        else
            keep({piece.get(), *got});
        turn += *got;
        if (turn > kTurn) return !(turnOver_ = true);
    }
    if (sink_) sink_->finish();
    receiving_ = false;
    received_ = true;
    return true;
}

std::chrono::steady_clock::time_point Exchange::deadline() const {
    if (draining_) return moved_ + kDrainTime;
    if (receiving_) {
        auto most = start_ + options_.bodyTime + std::chrono::seconds(body_.received() / kSlowestBody);
        return std::min(moved_ + options_.bodyTime, most);
    }
    return std::min(moved_ + options_.sendTime,
                    sendFrom_ + options_.sendTime + std::chrono::seconds(taken_ / kSlowestClient));
}

// What the handler left of the body lies before the next request. Only what is there is taken: nobody waits for it.
Exchange::Leftover Exchange::drain() {
    if (cut_ || !mayKeepAlive_) return Leftover::close;
    if (body_.atEnd()) return Leftover::none;
    if (body_.broken() || (head_->expectContinue && !continueSent_)) return Leftover::close;
    if (!draining_) {
        draining_ = true;
        drainFrom_ = body_.received();
        moved_ = std::chrono::steady_clock::now();
    }
    std::array<char, 16384> waste;
    try {
        body_.limit(drainFrom_ + kDrainBytes);
        for (;;) {
            auto got = body_.read(waste.data(), waste.size(), Wait::no);
            if (!got) return Leftover::wait;
            if (*got == 0) return Leftover::none;
        }
    } catch (const HttpError&) {
        return Leftover::close; // too much or malformed: the answer is out, and the connection closes
    }
}

} // namespace talome::http
