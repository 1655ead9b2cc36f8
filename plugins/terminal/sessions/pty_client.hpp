// The plugin's side of talome-pty's socket; starts talome-pty where no service manager does.
#pragma once

#include "protocol/descriptor.hpp"
#include "protocol/messages.hpp"

#include <talome/plugin.hpp>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

namespace talome::terminal {

/// A client of a session, and what came right behind the answer.
struct Attached {
    Descriptor socket; ///< non-blocking
    SessionInfo info;  ///< its sequence: of the first byte that follows
    FrameReader frames{kMostFrame};
};

/// Any thread. Each request has a connection of its own, and 10 s. Failures are thrown: those that talome-pty answers
/// as what they are (NotFound, Conflict, Invalid, Limited …), Unavailable if it cannot be reached.
class PtyClient {
public:
    explicit PtyClient(const Host& host) : host_(host) {}

    template <class Out, class In> Out ask(Kind kind, const In& input, int fd = -1) const {
        return decode<Out>(exchange(kind, encode(input), fd, nullptr));
    }
    template <class In> void tell(Kind kind, const In& input, int fd = -1) const {
        exchange(kind, encode(input), fd, nullptr);
    }
    /// A request whose answer comes with a descriptor.
    template <class In> Descriptor askFor(Kind kind, const In& input) const {
        Descriptor came;
        exchange(kind, encode(input), -1, &came);
        return came;
    }
    Attached attach(const Attach&) const;

    /// All sessions; none if talome-pty need not run and does not.
    std::vector<SessionInfo> sessions() const;
    std::optional<SessionInfo> find(const Key&) const;
    /// Nothing if it does not run, and is only started when it is needed.
    std::optional<Health> health() const;
    /// Whether it had to be started.
    bool ensure() const;

private:
    struct Place {
        std::string path;
        bool ours = false; ///< nobody else starts it
    };
    static Place place();
    Descriptor connect(bool start, bool* started = nullptr) const;
    void start(const std::string& path) const;
    std::string exchange(Kind, const std::string& payload, int fd, Descriptor* came) const;

    const Host host_;
    mutable std::mutex starting_;
};

/// The folder of the server's state, as it is set in its environment.
std::string stateFolder();

} // namespace talome::terminal
