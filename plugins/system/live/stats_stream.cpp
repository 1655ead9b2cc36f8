// GET /api/stats-stream: the sampler's readings as server-sent events; /api/stats/ws: the same by WebSocket. One reading is written as JSON once, and the
// same text goes to all who listen to the same fields. Who does not keep up misses readings; the host closes who takes
// none at all. The id of an event is its time, so that a client that comes back is sent what it has missed, a minute at
// most.
#include "services.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>

namespace talome::system {

namespace {

constexpr std::size_t kReplay = 60;
constexpr std::uint64_t kMostQueued = 128 * 1024; // bytes for a client that is slow, some seconds of a large server
constexpr const char* kFieldsPattern =
    "^(cpu|memory|disk|network|gpu|pressure|uptime)(,(cpu|memory|disk|network|gpu|pressure|uptime))*$";

struct StreamInput {
    int interval = 1;
    std::optional<std::string> fields;
};
BOOST_DESCRIBE_STRUCT(StreamInput, (), (interval, fields))

/// One reading's JSON; those of fewer fields are made when somebody wants them.
class Frame {
public:
    explicit Frame(SamplePtr sample) : sample_(std::move(sample)), id_(std::to_string(sample_->id)) {}
    const Sample& sample() const { return *sample_; }
    const std::string& id() const { return id_; }
    const std::string& json(const std::string& fields) {
        std::string& text = texts_[fields];
        if (text.empty()) text = fields.empty() ? toJson(sample_->stats) : some(fields);
        return text;
    }

private:
    std::string some(const std::string& fields) const {
        const Stats& stats = sample_->stats;
        std::string text = R"({"sampledAt":)";
        write(text, stats.sampledAt);
        const auto add = [&](std::string_view name, const auto& value) {
            if (("," + fields + ",").find("," + std::string(name) + ",") == std::string::npos) return;
            text.append(",\"").append(name).append("\":");
            write(text, value);
        };
        add("cpu", stats.cpu);
        add("memory", stats.memory);
        add("disk", stats.disk);
        add("network", stats.network);
        add("gpu", stats.gpu);
        add("pressure", stats.pressure);
        add("uptime", stats.uptime);
        return text + "}";
    }

    SamplePtr sample_;
    std::string id_;
    std::map<std::string, std::string> texts_; ///< by fields; "": all
};

class StatsStream : public Group {
public:
    StatsStream(Registry& registry, Services& services) : services_(services) {
        for (const auto& [id, path] : {std::pair("system.statsStream", "/api/stats-stream"),
                                       std::pair("system.statsStreamAlias", "/api/stats/stream")})
            registry
                .raw(id, "The server's figures as server-sent events: `stats` at once, then each second", kDashboard,
                     Tier::read, "GET", path, this, &StatsStream::follow)
                .input("interval", "Seconds between two events", range(1, 60), 1)
                .input("fields", "Only these: cpu, memory, disk, network, gpu, pressure, uptime", pattern(kFieldsPattern),
                       length(1, 100));
        registry
            .websocket("system.statsSocket",
                       "The server's figures by WebSocket: {\"type\":\"stats\",\"id\":…,\"data\":{…}} at once, then each second, and "
                       "{\"type\":\"alert\",\"data\":{…}}",
                       kDashboard, Tier::read, this, &StatsStream::join, &StatsStream::hear, &StatsStream::leave)
            .place("/api/stats/ws")
            .firstMessageAuth()
            .maxMessage(4096)
            .maxQueued(kMostQueued)
            .input("interval", "Seconds between two messages", range(1, 60), 1)
            .input("fields", "Only these: cpu, memory, disk, network, gpu, pressure, uptime", pattern(kFieldsPattern), length(1, 100));
        for (const char* topics : {"disk.*", "memory.*", "cpu.*", "temperature.*"})
            registry.on(topics, this, &StatsStream::alert);
        services_.sampler.onSample([this] { return isHeard(); }, [this](const SamplePtr& sample) { tell(sample); });
    }

private:
    struct Listener {
        Stream stream;
        std::optional<WebSocket> socket; ///< instead of the stream
        std::string fields;
        std::chrono::milliseconds interval{};
        std::chrono::steady_clock::time_point due{}; ///< samples from then on are sent
    };

    void follow(Call&, const StreamInput& input, Exchange& exchange) {
        const SamplePtr now = services_.sampler.look();
        const std::string last = exchange.header("Last-Event-ID");
        std::int64_t after = 0;
        const bool comesBack = std::from_chars(last.data(), last.data() + last.size(), after).ec == std::errc();
        const std::lock_guard lock(mutex_); // onEnded waits until the listener is among the others
        remember(now);
        const auto number = ++lastListener_;
        Listener& listener = listeners_[number];
        listener.fields = input.fields.value_or("");
        listener.interval = std::chrono::seconds(input.interval);
        try {
            listener.stream = exchange.openStream("text/event-stream", {.onEnded =
                                                                            [this, number](Ended) {
                                                                                const std::lock_guard again(mutex_);
                                                                                listeners_.erase(number);
                                                                            },
                                                                        .maxQueued = kMostQueued});
        } catch (...) {
            listeners_.erase(number);
            throw;
        }
        if (comesBack)
            for (Frame& frame : frames_)
                if (frame.sample().id > after && frame.sample().id < now->id) send(listener, frame);
        send(listener, frames_.back());
        services_.host.wake(kSampleTask, std::chrono::seconds(1));
    }

    void join(Call&, const StreamInput& input, WebSocket socket) {
        const SamplePtr now = services_.sampler.look();
        const std::lock_guard lock(mutex_);
        remember(now);
        Listener& listener = sockets_[socket];
        listener.socket = socket;
        listener.fields = input.fields.value_or("");
        listener.interval = std::chrono::seconds(input.interval);
        send(listener, frames_.back());
        services_.host.wake(kSampleTask, std::chrono::seconds(1));
    }
    void hear(WebSocket, std::string_view, bool) {} // nothing that a client says means anything
    void leave(WebSocket socket, int, std::string_view) {
        const std::lock_guard lock(mutex_);
        sockets_.erase(socket);
    }

    // With mutex_.
    void remember(const SamplePtr& sample) {
        if (!frames_.empty() && frames_.back().sample().id >= sample->id) return;
        frames_.emplace_back(sample);
        if (frames_.size() > kReplay) frames_.pop_front();
    }
    void send(Listener& listener, Frame& frame) {
        const std::string& json = frame.json(listener.fields);
        if (listener.socket) // what is full or gone is not sent
            listener.socket->sendText("{\"type\":\"stats\",\"id\":" + frame.id() + ",\"data\":" + json + "}");
        else
            listener.stream.event(json, "stats", frame.id());
        listener.due = frame.sample().at + listener.interval - std::chrono::milliseconds(500); // a sample may be early
    }

    void tell(const SamplePtr& sample) {
        const std::lock_guard lock(mutex_);
        remember(sample);
        for (auto& [number, listener] : listeners_)
            if (sample->at >= listener.due) send(listener, frames_.back());
        for (auto& [socket, listener] : sockets_)
            if (sample->at >= listener.due) send(listener, frames_.back());
    }
    /// Of the plugin's own topics: who watches the figures is told at once what is wrong with them.
    void alert(std::string_view, std::string_view json) {
        const std::lock_guard lock(mutex_);
        for (auto& [number, listener] : listeners_) listener.stream.event(json, "alert");
        for (auto& [socket, listener] : sockets_) socket.sendText("{\"type\":\"alert\",\"data\":" + std::string(json) + "}");
    }
    bool isHeard() {
        const std::lock_guard lock(mutex_);
        return !listeners_.empty() || !sockets_.empty();
    }

    Services& services_;
    std::mutex mutex_; // all below
    std::map<std::uint64_t, Listener> listeners_;
    std::map<WebSocket, Listener> sockets_;
    std::uint64_t lastListener_ = 0;
    std::deque<Frame> frames_;
};

} // namespace

std::unique_ptr<Group> statsStream(Registry& registry, Services& services) {
    return std::make_unique<StatsStream>(registry, services);
}

} // namespace talome::system
