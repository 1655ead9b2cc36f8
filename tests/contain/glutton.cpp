// Takes more than its share: of time, of streams, of what waits for clients.
#include <talome/plugin.hpp>

#include <chrono>
#include <map>
#include <mutex>
#include <thread>

namespace {

using namespace std::chrono_literals;

struct Wait {
    int ms;
    bool stubborn;
};
BOOST_DESCRIBE_STRUCT(Wait, (), (ms, stubborn))
struct Waited {
    bool cancelled;
    std::int64_t deadlineMs;
};
BOOST_DESCRIBE_STRUCT(Waited, (), (cancelled, deadlineMs))
struct Text {
    std::string text;
};
BOOST_DESCRIBE_STRUCT(Text, (), (text))
struct Spin {
    int ms;
};
BOOST_DESCRIBE_STRUCT(Spin, (), (ms))

class Glutton : public talome::Plugin {
public:
    explicit Glutton(talome::Registry& registry) : host_(registry.host()) {
        using talome::admin, talome::Tier;
        registry.operation("glutton.wait", "Takes its time", admin, Tier::read, this, &Glutton::wait)
            .route("GET", "/api/glutton/wait")
            .input("ms", "how long at most")
            .input("stubborn", "does not ask whether somebody waits still", false)
            .timeLimit(400ms);
        registry.operation("glutton.outer", "Calls it", admin, Tier::read, this, &Glutton::outer)
            .route("GET", "/api/glutton/outer")
            .timeLimit(200ms);
        registry.operation("glutton.limit", "Says until when it may run", admin, Tier::read, this, &Glutton::limit)
            .route("GET", "/api/glutton/limit");
        registry.operation("glutton.spin", "Computes for so long", admin, Tier::read, this, &Glutton::spin)
            .route("GET", "/api/glutton/spin");
        registry.operation("glutton.take", "Takes a body", admin, Tier::modify, this, &Glutton::take)
            .route("POST", "/api/glutton/take");
        registry.raw("glutton.stream", "A stream", admin, Tier::read, "GET", "/api/glutton/stream", this,
                     &Glutton::stream);
        registry.operation("glutton.feed", "Sends this to all streams", admin, Tier::modify, this, &Glutton::feed)
            .route("POST", "/api/glutton/feed");
        registry.uses("glutton.wait");
    }

private:
    /// Milliseconds since the epoch; 0: none.
    static std::int64_t deadlineOf(const talome::Call& call) {
        using namespace std::chrono;
        const auto at = call.deadline();
        return at ? duration_cast<milliseconds>(at->time_since_epoch()).count() : 0;
    }

    Waited wait(talome::Call& call, const Wait& input) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(input.ms);
        while (std::chrono::steady_clock::now() < end) {
            if (!input.stubborn && call.cancelled()) throw talome::Cancelled("nobody waits");
            std::this_thread::sleep_for(5ms);
        }
        return {call.cancelled(), deadlineOf(call)};
    }
    Waited outer(talome::Call& call) { return host_.call<Waited>(&call, "glutton.wait", Wait{20'000, false}); }
    Waited limit(talome::Call& call) { return {call.cancelled(), deadlineOf(call) - host_.nowMs()}; }
    void spin(const Spin& input) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(input.ms);
        while (std::chrono::steady_clock::now() < end) {
        }
    }
    void take(const Text&) {}

    void stream(talome::Call&, const talome::Nothing&, talome::Exchange& exchange) {
        const std::lock_guard lock(mutex_);
        const auto number = ++last_;
        streams_[number] = exchange.openStream("application/octet-stream", {.onEnded =
                                                                                [this, number](talome::Ended) {
                                                                                    const std::lock_guard again(mutex_);
                                                                                    streams_.erase(number);
                                                                                },
                                                                            .maxQueued = 32 << 20});
    }
    /// How many took it.
    int feed(const Spin& input) {
        const std::lock_guard lock(mutex_);
        const std::string piece(static_cast<std::size_t>(input.ms), 'x');
        int sent = 0;
        for (auto& [number, stream] : streams_) sent += stream.write(piece) == talome::Sent::queued ? 1 : 0;
        return sent;
    }

    talome::Host host_;
    std::mutex mutex_;
    std::map<int, talome::Stream> streams_;
    int last_ = 0;
};

} // namespace

TALOME_PLUGIN(Glutton, "glutton", "1.0.0", "Takes more than its share.")
