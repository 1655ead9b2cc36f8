// What a plugin addresses by number: the streams and WebSockets that it has open.
#pragma once

#include "host/http/feed.hpp"
#include "host/http/websocket.hpp"
#include "host/tasks/pool.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

struct talome_self;

namespace talome::plugins {

/// An answer of a plugin's own that goes on after its handler.
class PlainStream : public http::Stream {
public:
    PlainStream(bool events, std::size_t most) : feed_(most), events_(events) {}

    bool isEvents() const { return events_; }
    void setChunked(bool chunked) { chunked_ = chunked; } ///< before handOver()
    http::Feed::Sent write(std::string_view bytes);
    void close();
    std::size_t queued() const { return feed_.queued(); }
    bool over() const { return feed_.over(); }

    std::function<void(const std::shared_ptr<http::StreamHandle>&)> opened;
    std::function<void()> room;
    std::function<void(End)> ended;

    Kind kind() const override { return events_ ? Kind::events : Kind::body; }
    void onOpen(const std::shared_ptr<http::StreamHandle>& handle) override;
    http::Piece ping() override;
    std::size_t most() const override { return feed_.most(); }
    http::Piece farewell(std::string_view reason) override;
    void onRoom() override;
    void onEnd(End how) noexcept override;

private:
    http::Feed feed_;
    const bool events_;
    bool chunked_ = false;
};

/// One of both.
struct Wire {
    std::shared_ptr<PlainStream> stream;
    std::shared_ptr<http::WebSocket> socket;
    std::shared_ptr<tasks::Strand> strand; ///< of a socket's callbacks
    std::function<void(bool)> pause;       ///< a socket, at the plugin's wish
};

/// Any thread.
class Wires {
public:
    std::uint64_t add(Wire);
    Wire find(std::uint64_t number) const; ///< empty if there is none
    void remove(std::uint64_t number);
    /// When it returns, no callback of a WebSocket runs, and none will.
    void closeStrands();

private:
    mutable std::mutex mutex_;
    std::map<std::uint64_t, Wire> wires_;
};

} // namespace talome::plugins
