// One connection of the plugin: requests, or a client that is attached to a session.
#pragma once

#include "protocol/messages.hpp"
#include "pty/clock.hpp"
#include "pty/session.hpp"

namespace talome::terminal {

/// One thread. It never waits: what the other side does not take stays in one bounded frame, and the rest in the
/// session's ring, where it is overtaken by new output rather than kept.
class Connection {
public:
    explicit Connection(Descriptor socket) : socket_(std::move(socket)) {}

    int socket() const { return socket_.get(); }
    Session* session = nullptr; ///< it is attached to
    bool acknowledges = false;
    std::uint64_t sent = 0, acknowledged = 0; ///< of the session's output
    Steady::time_point acknowledgedAt = Steady::now();
    bool wantsRedraw = false;
    std::uint64_t toldClients = 0;
    unsigned watched = 0;

    /// What has come. False: the other side has closed, or sends nonsense.
    bool receive();
    bool next(Kind& kind, std::string_view& payload) { return in_.next(kind, payload); }
    /// The descriptor that came along with what has been received last.
    Descriptor takeDescriptor();

    void queue(std::string frame) { out_.append(frame); }
    void queueWith(std::string frame, Descriptor fd); ///< the frame must be the only one that waits
    bool idle() const { return outAt_ == out_.size(); }
    std::size_t waiting() const { return out_.size() - outAt_; }
    /// Sends what can be sent. False: the connection is broken.
    bool flush();
    /// The next frame of the session's output, if nothing waits. False: there is none.
    bool pull();

private:
    Descriptor socket_;
    FrameReader in_{kMostFrame};
    std::vector<Descriptor> descriptors_;
    std::string out_;
    std::size_t outAt_ = 0;
    Descriptor along_;
};

} // namespace talome::terminal
