// One client of a session: a WebSocket on one side, a connection to talome-pty on the other. What the client does not
// take stays in talome-pty, which keeps a bounded part of it and draws the screen anew for who is too far behind.
#pragma once

#include "attach/client_words.hpp"
#include "protocol/utf8_pieces.hpp"
#include "sessions/pty_client.hpp"

#include <talome/plugin.hpp>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace talome::terminal {

/// Called by the client's strand (messages, room), the plugin's strand (what talome-pty says) and a worker (attaching
/// again).
class Attachment : public std::enable_shared_from_this<Attachment> {
public:
    struct Who {
        std::string userId, username, peer;
    };
    Attachment(const Host&, const PtyClient&, WebSocket, Key, Who, bool controls);
    Attachment(const Attachment&) = delete;
    Attachment& operator=(const Attachment&) = delete;

    /// Attaches, tells the client, and begins to hand on what comes. Throws as PtyClient does.
    void begin(const Attach&);
    /// After talome-pty has closed the connection: goes on where it was, if it can. False: it is to be tried again.
    bool again();
    void onMessage(std::string_view text, bool binary);
    void onRoom();
    void end();

    /// Called, at most once, when talome-pty has closed the connection and has not said why.
    std::function<void()> onLost;
    /// For a container: its engine is told of a new size.
    std::function<void(const std::string& terminal, unsigned cols, unsigned rows)> onResized;

    const Key& key() const { return key_; }
    const Who& who() const { return who_; }
    std::uint64_t bytesIn() const { return bytesIn_; }
    std::uint64_t bytesOut() const { return bytesOut_; }
    std::int64_t begunAt() const { return begunAt_; }
    bool lost() const;
    void setShown(std::string id) { shownTo_ = std::move(id); } ///< the session as its client calls it; before begin()

private:
    void take(Attached&&, std::uint64_t resumes);
    void watch();
    void onReady(std::uint32_t events);
    std::function<void()> advance();
    bool receive();
    void handle(Kind, std::string_view payload);
    void sendOutput(std::string_view bytes, bool redraw);
    void push(std::string text, bool binary);
    bool flush();
    void toPty(std::string frame);
    bool flushInput();
    void finish(int code, std::string_view reason);
    std::string readyText(std::size_t replay) const;

    const Host host_;
    const PtyClient& pty_;
    const WebSocket socket_;
    const Key key_;
    const Who who_;
    const bool controls_; ///< protocol 2
    std::string shownTo_;
    const std::int64_t begunAt_;
    std::atomic<std::uint64_t> bytesIn_{0}, bytesOut_{0};

    mutable std::mutex mutex_; ///< of what follows
    Descriptor pty_socket_;
    Watch watch_;
    std::uint32_t watched_ = 0;
    FrameReader frames_{kMostFrame};
    SessionInfo info_;
    std::uint64_t sequence_ = 0;                       ///< of the output that has been handed on
    Utf8Pieces text_;                                  ///< without control frames
    std::string cut_;                                  ///< with them: the beginning of a character
    std::deque<std::pair<std::string, bool>> waiting_; ///< messages for the client: text, or binary
    std::string input_;                                ///< for talome-pty
    std::size_t inputAt_ = 0;
    std::optional<std::pair<int, std::string>> closing_;
    bool paused_ = false, ended_ = false, lost_ = false;
    std::uint64_t resuming_ = kNoSequence; ///< what the client has said that it has
    bool acknowledges_ = false;
    int tries_ = 0;
};

} // namespace talome::terminal
