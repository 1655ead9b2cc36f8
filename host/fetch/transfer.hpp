// One fetch from its call to its end: its name is looked up, its addresses are judged, redirects are followed, limits
// of time are kept, and the breaker and the counts are told.
#pragma once

#include "host/fetch/breakers.hpp"
#include "host/fetch/hop.hpp"
#include "host/fetch/resolver.hpp"
#include "host/fetch/usage.hpp"

#include <atomic>
#include <functional>
#include <memory>

namespace talome::fetch {

/// What transfers share.
struct Shared {
    Resolver& resolver;
    Breakers& breakers;
    Usage& usage;
    std::function<void(std::function<void()>)> post; ///< to the fetching thread
    std::function<void(CURL*)> add, remove;          ///< what libcurl works on; the fetching thread only
};

/// The name of the other side for breaker and counts: an origin, or "unix:" and a path.
std::string peerName(const Order&, const Url&);
/// What a request is told while the breaker is open.
End tooManyFailures(const std::string& host, std::chrono::milliseconds wait);
/// Those that a request may go to; throws talome::Denied if there is none.
std::vector<Address> allowedAddresses(const Order&, const Aim&, const std::vector<Address>&);
/// What becomes of the aim after a redirect. Throws talome::BadUpstream with words.
Aim redirected(const Order&, const Aim& from, int status, const std::string& location, Zone sender);

/// The fetching thread only.
class Transfer : public std::enable_shared_from_this<Transfer> {
public:
    using Clock = std::chrono::steady_clock;

    Transfer(Order, std::shared_ptr<Pipe>, Shared&);

    void begin();
    void onDone(CURLcode); ///< libcurl has finished with the hop
    void resume();         ///< the other end of the pipe has taken or given something
    void finish(End);      ///< once; more are ignored
    bool over() const { return over_; }
    Clock::time_point due() const; ///< when to call expire()
    void expire();

private:
    void nextHop();
    void onResolved(Resolver::Result);
    void connect(const std::vector<Address>&);
    void leaveBreaker(const End&);
    template <class F> void step(F&&);

    const Order order_;
    const std::shared_ptr<Pipe> pipe_;
    Shared& shared_;
    Aim aim_;
    unsigned redirects_ = 0;
    const Clock::time_point began_ = Clock::now();
    Clock::time_point hopBegan_ = began_;
    std::unique_ptr<Hop> hop_;
    std::uint64_t bytesOut_ = 0; ///< of earlier hops
    bool inBreaker_ = false, over_ = false;
    std::shared_ptr<std::atomic<bool>> wanted_ = std::make_shared<std::atomic<bool>>(true);
};

} // namespace talome::fetch
