// Feeds a stream from before it is open until after it is over: what is sent before waits, what is sent after is told
// so.
#pragma once

#include "host/http/stream.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace talome::http {

/// Any thread; open() and end() are called by the stream's onOpen() and onEnd(). As of StreamHandle, else.
class Feed {
public:
    using Sent = StreamHandle::Sent;
    explicit Feed(std::size_t most) : most_(most) {}

    Sent send(Piece piece);
    bool hasRoom(std::size_t bytes);
    void sendAnyway(Piece piece);
    void close(Piece last = nullptr);
    void pause(bool paused);
    bool paused() const;
    std::size_t queued() const;
    bool over() const;
    std::size_t most() const { return most_; }

    void open(const std::shared_ptr<StreamHandle>& handle);
    void end();

private:
    const std::size_t most_;
    mutable std::mutex mutex_;
    std::shared_ptr<StreamHandle> handle_; ///< null before open() and after end()
    std::vector<Piece> early_;
    std::size_t earlyBytes_ = 0;
    Piece last_;
    bool closed_ = false, paused_ = false, over_ = false, wasFull_ = false;
};

} // namespace talome::http
