// The engine's event stream: one connection that stays open, watched by the host, so that it costs no thread.
#pragma once

#include "engine/http_decoder.hpp"
#include "engine/line_splitter.hpp"

#include <talome/host.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>

namespace talome::docker {

// Its callbacks come on the strand. Destroyed when ended(), or in quiesce() or later: until then a callback may be under
// way.
class EventStream {
public:
    using OnLine = std::function<void(std::string_view)>;
    using OnEnd = std::function<void(const std::string& why)>;

    virtual ~EventStream() = default;
    EventStream(const EventStream&) = delete;
    EventStream& operator=(const EventStream&) = delete;

    // Once. `onEnd` is called once at most, and nothing after it.
    virtual void watch(const Host& host, OnLine onLine, OnEnd onEnd) = 0;
    // Any thread: breaks the connection, so that the end is told.
    virtual void abandon() noexcept = 0;
    // True from just before `onEnd` is called, or if watch() never was.
    bool ended() const { return ended_; }

protected:
    EventStream() = default;
    std::atomic<bool> ended_{true};
};

// Through a unix socket.
class LocalEventStream : public EventStream {
public:
    // Connects, asks for `target` and waits for the head of the answer, on any thread that may block: from then on
    // nothing is missed. Throws Unavailable, Timeout or BadUpstream.
    LocalEventStream(const std::string& socket, const std::string& target, std::chrono::milliseconds limit);
    ~LocalEventStream() override;

    void watch(const Host& host, OnLine onLine, OnEnd onEnd) override;
    void abandon() noexcept override;

private:
    void connect(const std::string& socket);
    void ask(const std::string& target);
    void awaitHead(std::chrono::steady_clock::time_point deadline);
    void ready();
    void end(const std::string& why);

    int fd_ = -1;
    HttpDecoder decoder_;
    LineSplitter lines_;
    std::string early_; // events that came with the head
    OnLine onLine_;
    OnEnd onEnd_;
    std::mutex starting_; // held while watch() makes the watch: the first callback waits for it
    Watch watch_;
};

} // namespace talome::docker
