// One session: a terminal with a program behind it (a shell, or a program in a container), the output that it has
// written, and the screen that this has drawn.
#pragma once

#include "protocol/messages.hpp"
#include "pty/clock.hpp"
#include "pty/output_ring.hpp"
#include "pty/recording.hpp"
#include "pty/shell_process.hpp"
#include "screen/terminal_screen.hpp"

#include <memory>
#include <optional>

namespace talome::terminal {

/// What is handed on when the process is replaced by a newer program: see handover.hpp.
struct SessionState {
    SessionInfo info;
    Limits limits;
    std::string screen;                                    ///< TerminalScreen::redraw()
    std::int64_t terminal = -1, ring = -1, recording = -1; ///< descriptors
    std::uint64_t recordingSince = 0;
    template <class F> void fields(F& f) {
        f(info), f(limits), f(screen), f(terminal), f(ring), f(recording), f(recordingSince);
    }
};

/// One thread.
class Session {
public:
    /// Starts its shell, or takes the stream of a container. Throws std::runtime_error with words.
    Session(const Account&, const Create&, Descriptor container);
    /// Goes on with one that another process had.
    Session(SessionState, Descriptor terminal, Descriptor ring, Descriptor recording);
    /// The same after a crash, with what the ring knows: the screen is drawn anew from the output.
    Session(Descriptor terminal, Descriptor ring);

    const Key& key() const { return info_.key; }
    SessionInfo info() const;
    SessionState state() const;
    const Limits& limits() const { return limits_; }

    int terminal() const { return terminal_.get(); }
    pid_t pid() const { return static_cast<pid_t>(info_.pid); }
    const OutputRing& ring() const { return *ring_; }
    std::string redraw() const { return screen_->redraw(); }
    std::string plainText() const { return screen_->plainText(); }

    enum class Read { some, much, closed }; ///< much: there is more, and others have their turn first
    /// Reads what is there, a bounded part of it. Closed: the other side has ended.
    Read read();
    /// Keeps input until the program takes it. False: too much waits already, and this was not taken.
    bool write(std::string_view input);
    /// Gives the program what it takes. False: it is gone.
    bool flushInput();
    std::size_t inputWaiting() const { return input_.size() - inputAt_; }

    void resize(unsigned cols, unsigned rows);
    void rename(const std::string& displayName);
    unsigned cols() const { return static_cast<unsigned>(info_.cols); }
    unsigned rows() const { return static_cast<unsigned>(info_.rows); }
    int recording() const { return recording_.descriptor(); }

    /// SIGHUP now; kill() after the grace. A container's stream is closed.
    void hangUp();
    void kill();

    std::uint64_t clients = 0;
    std::optional<Steady::time_point> killAt;
    Steady::time_point lastActivity = Steady::now();
    bool paused = false;                          ///< a client has not acknowledged too much
    std::optional<Steady::time_point> restsUntil; ///< it writes much, and nobody follows
    bool hungUp = false;                          ///< nothing comes from it any more
    unsigned watched = 0;                         ///< as epoll was told

private:
    void begin();
    void note();

    SessionInfo info_;
    Limits limits_;
    Descriptor terminal_;
    std::unique_ptr<OutputRing> ring_;
    std::unique_ptr<TerminalScreen> screen_;
    Recording recording_;
    std::string input_;
    std::size_t inputAt_ = 0;
};

} // namespace talome::terminal
