// All that a plugin can do with the wire, through the C++ layer: for the tests beside, and as examples.
#include "streamer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

namespace {

std::int64_t monotonicNs() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// A descriptor that closes itself.
class Descriptor {
public:
    Descriptor(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC)) {
        if (fd_ < 0) throw talome::NotFound("there is nothing to open there");
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { ::close(fd_); }
    int get() const { return fd_; }

private:
    int fd_;
};

/// A body that is sent as its client takes it. Its stream's callbacks own it.
class Body : public std::enable_shared_from_this<Body> {
public:
    explicit Body(std::uint64_t bytes) : left_(bytes) {}

    void open(talome::Exchange& exchange) {
        const std::lock_guard lock(mutex_);
        stream_ =
            exchange.openStream("application/octet-stream", {.onEnded = [self = shared_from_this()](auto) {},
                                                             .onRoom = [self = shared_from_this()] { self->go(); },
                                                             .maxQueued = 1 << 20});
        send();
    }

private:
    void go() {
        const std::lock_guard lock(mutex_);
        send();
    }
    void send() {
        static const std::string block(65536, 'b');
        while (left_ > 0) {
            const auto n = std::min<std::uint64_t>(left_, block.size());
            if (stream_.write(std::string_view(block).substr(0, n)) != talome::Sent::queued) return;
            left_ -= n;
        }
        stream_.close();
    }

    std::mutex mutex_; // the handler's thread begins, the strand goes on
    talome::Stream stream_;
    std::uint64_t left_;
};

class Streamer : public talome::Plugin {
public:
    explicit Streamer(talome::Registry& registry) : host_(registry.host()) {
        declareEvents(registry);
        declareBodies(registry);
        declareSockets(registry);
    }

private:
    void declareEvents(talome::Registry& registry) {
        using talome::session, talome::Tier;
        registry.topic<Tick>("streamer.tick", "Something to send", session);
        registry.onAudience("streamer.tick", this, &Streamer::audience);
        registry.events("streamer.events", "Ticks, the newest at once", session, "/api/streamer/events")
            .source("streamer.tick", "tick")
            .last();
        registry.operation("streamer.publish", "Publishes ticks", session, Tier::modify, this, &Streamer::publish)
            .route("POST", "/api/streamer/publish")
            .input("count", "how many", talome::range(0, 100000), 1);
        registry
            .operation("streamer.whisper", "Publishes a tick to one user", session, Tier::modify, this,
                       &Streamer::whisper)
            .route("POST", "/api/streamer/whisper");
        registry
            .operation("streamer.clock", "Publishes a tick each period", session, Tier::modify, this,
                       &Streamer::setClock)
            .route("POST", "/api/streamer/clock")
            .input("periodMs", "0: it stops", talome::range(0, 60000));
        registry.task("streamer.run", "Publishes a tick", this, &Streamer::runClock);
        registry.operation("streamer.small", "Answers a little", session, Tier::read, this, &Streamer::small)
            .route("GET", "/api/streamer/small");
        registry.operation("streamer.block", "Takes its time", session, Tier::read, this, &Streamer::block)
            .route("GET", "/api/streamer/block")
            .input("ms", "how long", talome::range(0, 60000), 1000);
        registry.operation("streamer.state", "What is open", session, Tier::read, this, &Streamer::state)
            .route("GET", "/api/streamer/state");
    }

    void declareBodies(talome::Registry& registry) {
        using talome::session, talome::admin, talome::Tier;
        registry.raw("streamer.file", "A file", admin, Tier::read, "GET", "/api/streamer/file", this, &Streamer::file)
            .input("path", "where it is", talome::length(1, 4096))
            .input("attachment", "to be saved", false);
        registry
            .upload("streamer.upload", "Files into a directory", admin, Tier::modify, "POST", "/api/streamer/upload",
                    this, &Streamer::place, &Streamer::uploaded)
            .input("dir", "where they go", talome::length(1, 4096))
            .input("replace", "files of these names", false)
            .input("maxBytes", "of each file; 0: any", std::uint64_t{0})
            .maxFiles(100)
            .sha256();
        registry.raw("streamer.follow", "Ticks, by hand", session, Tier::read, "GET", "/api/streamer/follow", this,
                     &Streamer::follow);
        registry.raw("streamer.body", "Bytes", session, Tier::read, "GET", "/api/streamer/body", this, &Streamer::body)
            .input("bytes", "how many", talome::atLeast(0), std::uint64_t{1000});
    }

    void declareSockets(talome::Registry& registry) {
        using talome::session, talome::Tier;
        registry.listener("ws", "WebSockets alone", "127.0.0.1", 0).variables("STREAMER_PORT");
        auto echo = [&](std::string_view id, std::string_view summary) {
            return registry.websocket(id, summary, session, Tier::modify, this, &Streamer::opened, &Streamer::message,
                                      &Streamer::closed);
        };
        echo("streamer.echo", "Says it back")
            .place("/api/streamer/ws")
            .place("/ws", "ws")
            .protocols({"echo.v2", "echo.v1"})
            .maxMessage(std::uint64_t{4} << 20)
            .maxQueued(std::uint64_t{8} << 20);
        echo("streamer.echoDeflate", "Says it back, compressed").place("/api/streamer/ws-deflate").deflate();
        echo("streamer.echoFirst", "Says it back to whom its first message names")
            .place("/api/streamer/ws-first")
            .firstMessageAuth();
    }

    void audience(bool present) { audience_ = present; }

    void publish(const Publish& input) {
        for (std::int64_t n = 0; n < input.count; ++n) tell({monotonicNs(), n, input.text});
    }
    void tell(const Tick& tick) {
        host_.publish("streamer.tick", tick);
        const std::string json = talome::toJson(tick);
        const std::lock_guard lock(mutex_);
        for (auto& [number, stream] : followers_) stream.event(json, "tick"); // one that has left goes in its onEnded
    }
    void whisper(const Whisper& input) {
        host_.publishTo("streamer.tick", Tick{monotonicNs(), 0, input.text}, talome::userAudience(input.userId));
    }
    void setClock(const Clock& input) {
        periodMs_ = input.periodMs;
        host_.wake("streamer.run");
    }
    void runClock() {
        const std::int64_t period = periodMs_;
        if (period == 0) return;
        tell({monotonicNs(), ++ticks_, {}});
        host_.wake("streamer.run", std::chrono::milliseconds(period));
    }
    Small small() { return {"small", 3, true}; }
    void block(const Wait& input) { std::this_thread::sleep_for(std::chrono::milliseconds(input.ms)); }
    State state() {
        const std::lock_guard lock(mutex_);
        return {sockets_.size(), followers_.size(), audience_, ended_};
    }

    void file(talome::Call&, const FileQuery& input, talome::Exchange& exchange) {
        const Descriptor file(input.path, O_RDONLY | O_NONBLOCK);
        exchange.sendFile(file.get(), {.name = input.name ? *input.name : std::string_view{},
                                       .attachment = input.attachment,
                                       .contentType = input.contentType ? *input.contentType : std::string_view{}});
    }

    talome::UploadTarget place(talome::Call&, const UploadQuery& input, const talome::UploadPart&) {
        const std::lock_guard lock(mutex_);
        auto& directory = directories_[input.dir];
        if (!directory) directory = std::make_unique<Descriptor>(input.dir, O_PATH | O_DIRECTORY);
        return {.directory = directory->get(), .maxBytes = input.maxBytes};
    }
    Uploaded uploaded(talome::Call&, const UploadQuery& input, talome::Upload& upload) {
        const Descriptor directory(input.dir, O_PATH | O_DIRECTORY);
        Uploaded answer;
        for (const talome::UploadFile& file : upload.files()) {
            const std::string_view name = file.filename.empty() ? "body" : file.filename;
            file.linkInto(directory.get(), name, input.replace ? talome::IfTaken::replace : talome::IfTaken::refuse);
            answer.files.push_back({std::string(file.name), std::string(name), std::string(file.contentType),
                                    std::string(file.sha256), file.size});
        }
        for (std::size_t i = 0; i < upload.fields().size(); ++i) {
            const auto [name, value] = upload.fields()[i];
            answer.fields.emplace(name, value);
        }
        return answer;
    }

    void follow(talome::Call&, const talome::Nothing&, talome::Exchange& exchange) {
        const std::lock_guard lock(mutex_); // onEnded waits until the stream is among the others
        const auto number = ++lastFollower_;
        followers_[number] = exchange.openStream("text/event-stream", {.onEnded = [this, number](talome::Ended how) {
                                                     end("follow", how, 0, {});
                                                     const std::lock_guard again(mutex_);
                                                     followers_.erase(number);
                                                 }});
    }
    void body(talome::Call&, const Bytes& input, talome::Exchange& exchange) {
        std::make_shared<Body>(input.bytes)->open(exchange);
    }

    void opened(talome::Call&, const talome::Nothing&, talome::WebSocket socket) {
        const std::lock_guard lock(mutex_);
        sockets_.insert(socket);
    }
    void message(talome::WebSocket socket, std::string_view data, bool binary) {
        if (data == "close" && !binary)
            socket.close(4000, "as you wish");
        else if (socket.send(data, binary) == talome::Sent::full)
            socket.close(1013, "too much waits");
    }
    void closed(talome::WebSocket socket, talome::Ended how, int code, std::string_view reason) {
        end("ws", how, code, reason);
        const std::lock_guard lock(mutex_);
        sockets_.erase(socket);
    }
    void end(const char* what, talome::Ended how, int code, std::string_view reason) {
        const std::lock_guard lock(mutex_);
        if (ended_.size() >= 20) ended_.erase(ended_.begin());
        ended_.push_back(std::string(what) + " " + std::to_string(static_cast<int>(how)) + " " + std::to_string(code) +
                         " " + std::string(reason));
    }

    talome::Host host_;
    std::atomic<bool> audience_ = false;
    std::atomic<std::int64_t> periodMs_ = 0, ticks_ = 0;
    std::mutex mutex_; // of what follows
    std::map<std::string, std::unique_ptr<Descriptor>> directories_;
    std::map<std::uint64_t, talome::Stream> followers_;
    std::uint64_t lastFollower_ = 0;
    std::set<talome::WebSocket> sockets_;
    std::vector<std::string> ended_;
};

} // namespace

TALOME_PLUGIN(Streamer, "streamer", "1.0.0", "All kinds of wire routes.")
