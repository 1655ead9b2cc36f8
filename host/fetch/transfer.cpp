// One fetch from its call to its end.
#include "host/fetch/transfer.hpp"

#include <algorithm>
#include <talome/errors.hpp>

namespace talome::fetch {

namespace {
constexpr std::chrono::milliseconds kHeadOfStream{60'000}; ///< when there is no limit of another kind
constexpr std::size_t kMostAddresses = 16;

Transfer::Clock::time_point after(Transfer::Clock::time_point from, std::chrono::milliseconds limit) {
    return limit == kForever ? Transfer::Clock::time_point::max() : from + limit;
}
} // namespace

std::string peerName(const Order& order, const Url& url) {
    return order.unixSocket.empty() ? url.origin() : "unix:" + order.unixSocket;
}

End tooManyFailures(const std::string& host, std::chrono::milliseconds wait) {
    const auto seconds = static_cast<int>(std::chrono::ceil<std::chrono::seconds>(wait).count());
    return {TALOME_E_UNAVAILABLE,
            host + " has not answered several times in a row; the next try is made in " + std::to_string(seconds) +
                " s",
            seconds};
}

std::vector<Address> allowedAddresses(const Order& order, const Aim& aim, const std::vector<Address>& all) {
    std::vector<Address> allowed;
    std::string_view what;
    for (const auto& each : all) {
        const auto verdict = judge(each);
        if (allows(order.reach, verdict.zone) && verdict.zone <= aim.innermost) {
            if (allowed.size() < kMostAddresses) allowed.push_back(each);
        } else
            what = verdict.what;
    }
    if (allowed.empty()) throw Denied(aim.url.host + " may not be asked: its address is " + std::string(what));
    return allowed;
}

Aim redirected(const Order& order, const Aim& from, int status, const std::string& location, Zone sender) {
    Aim aim = from;
    try {
        aim.url = resolveReference(from.url, location);
    } catch (const Invalid& wrong) {
        throw BadUpstream(from.url.host + " redirects to a URL that cannot be used: " + wrong.reason);
    }
    if (from.url.secure && !aim.url.secure)
        throw BadUpstream(from.url.host + " redirects from https to http, which is not followed");
    const bool becomesGet = status == 303 ? from.method != "HEAD" && from.method != "GET"
                                          : (status == 301 || status == 302) && from.method == "POST";
    if (becomesGet) {
        aim.method = "GET";
        aim.withBody = false;
        std::erase_if(aim.headers, [](const auto& each) { return sameName(each.first.substr(0, 8), "Content-"); });
    }
    if (aim.withBody && order.pulled)
        throw BadUpstream(from.url.host + " redirects a request whose body cannot be sent again");
    if (aim.url.origin() != from.url.origin())
        std::erase_if(aim.headers, [](const auto& each) { return !survivesOrigin(each.first); });
    aim.foreign = aim.url.origin() != order.url.origin();
    aim.innermost = sender;
    return aim;
}

Transfer::Transfer(Order order, std::shared_ptr<Pipe> pipe, Shared& shared)
    : order_(std::move(order)), pipe_(std::move(pipe)),
      shared_(shared), aim_{order_.url, order_.method, order_.headers} {}

/// What goes wrong in a step is the end.
template <class F> void Transfer::step(F&& body) {
    try {
        body();
    } catch (const Error& error) {
        finish({error.status, error.what()});
    } catch (const std::exception& error) {
        finish({TALOME_E_INTERNAL, error.what()});
    }
}

void Transfer::begin() {
    step([&] { nextHop(); });
}

void Transfer::nextHop() {
    hopBegan_ = Clock::now();
    const auto peer = peerName(order_, aim_.url);
    if (const auto wait = shared_.breakers.enter({order_.plugin, peer}, hopBegan_)) {
        shared_.usage.add({order_.plugin, peer, 0, 0, 1, 0, 0});
        return finish(tooManyFailures(aim_.url.host, *wait));
    }
    inBreaker_ = true;
    if (!order_.unixSocket.empty()) return connect({});
    if (aim_.url.address) {
        static_cast<void>(allowedAddresses(order_, aim_, {*aim_.url.address}));
        return connect({});
    }
    shared_.resolver.resolve(
        aim_.url.host, [wanted = wanted_] { return wanted->load(); },
        [weak = weak_from_this(), &shared = shared_](Resolver::Result result) {
            shared.post([weak, result = std::move(result)] {
                if (const auto self = weak.lock()) self->onResolved(result);
            });
        });
}

void Transfer::onResolved(Resolver::Result result) {
    if (over_) return;
    step([&] {
        if (result.addresses.empty()) throw Unavailable(aim_.url.host + " is not known: " + result.failure);
        connect(allowedAddresses(order_, aim_, result.addresses));
    });
}

void Transfer::connect(const std::vector<Address>& addresses) {
    hop_ = std::make_unique<Hop>(order_, aim_, addresses, *pipe_, order_.redirects != 0);
    set(hop_->easy(), CURLOPT_PRIVATE, this);
    shared_.add(hop_->easy());
}

void Transfer::onDone(CURLcode code) {
    shared_.remove(hop_->easy());
    step([&] {
        if (!hop_->location()) return finish(hop_->outcome(code));
        if (++redirects_ > order_.redirects)
            throw BadUpstream(order_.url.host + " redirects more than " + std::to_string(order_.redirects) + " times");
        auto next = redirected(order_, aim_, hop_->status(), *hop_->location(), hop_->zone());
        leaveBreaker({});
        bytesOut_ += hop_->bytesOut();
        hop_.reset(); // it refers to the aim
        aim_ = std::move(next);
        nextHop();
    });
}

void Transfer::resume() {
    if (!over_ && hop_) hop_->resume();
}

/// An answer of any kind says that the other side is there; what was ended or refused here says nothing.
void Transfer::leaveBreaker(const End& end) {
    if (!std::exchange(inBreaker_, false)) return;
    const bool failed = end.status == TALOME_E_UNAVAILABLE || end.status == TALOME_E_TIMEOUT;
    const auto outcome = hop_ && hop_->answered() ? Breakers::Outcome::answered
                         : failed                 ? Breakers::Outcome::failed
                                                  : Breakers::Outcome::unrelated;
    shared_.breakers.note({order_.plugin, peerName(order_, aim_.url)}, outcome, Clock::now());
}

void Transfer::finish(End end) {
    if (std::exchange(over_, true)) return;
    *wanted_ = false;
    leaveBreaker(end);
    HostUse use{order_.plugin, peerName(order_, order_.url), 1, 0, 0, bytesOut_, 0};
    if (hop_) {
        shared_.remove(hop_->easy());
        use.bytesOut += hop_->bytesOut();
        use.bytesIn += hop_->bytesIn();
    }
    if (end.status == TALOME_E_DENIED)
        use.refusals = 1;
    else if (end.status < 0)
        use.failures = 1;
    hop_.reset();
    shared_.usage.add(use);
    pipe_->end(std::move(end));
}

Transfer::Clock::time_point Transfer::due() const {
    auto when = after(began_, order_.total);
    if (!hop_ || !hop_->connected()) return std::min(when, hopBegan_ + order_.connect);
    const auto idle = !hop_->answered() && order_.idle == kForever ? kHeadOfStream : order_.idle;
    return std::min(when, after(hop_->lastActivity(), idle));
}

void Transfer::expire() {
    const auto& host = aim_.url.host;
    if (!hop_ || !hop_->connected()) return finish({TALOME_E_TIMEOUT, host + " cannot be reached in time"});
    if (!hop_->answered()) return finish({TALOME_E_TIMEOUT, host + " does not answer in time"});
    finish({TALOME_E_TIMEOUT, host + " does not finish its answer in time"});
}

} // namespace talome::fetch
