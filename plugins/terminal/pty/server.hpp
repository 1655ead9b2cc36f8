// talome-pty as a whole: one thread that waits for terminals, connections and signals, and does nothing while none of
// them has something to say.
#pragma once

#include "pty/account.hpp"
#include "pty/connection.hpp"
#include "pty/session.hpp"

#include <map>
#include <memory>
#include <set>

namespace talome::terminal {

struct Options {
    std::string program;                ///< this executable, for when it is replaced
    std::vector<std::string> arguments; ///< of this process, for the same
    std::set<unsigned> peers;           ///< uids that may connect, besides root
    std::string socketPath;             ///< whose file is removed at the end; empty: the service manager's
    bool endsWhenIdle = false;          ///< without sessions and connections for a while
};

class Server {
public:
    Server(Options, Account, Descriptor listener, std::string bootId);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    void adopt(std::unique_ptr<Session>);
    /// Until it is told to end; the exit code.
    int run();

private:
    using Sessions = std::map<Key, std::unique_ptr<Session>>;

    // server.cpp: the loop
    void accept();
    void watchSession(Session&);
    void watchConnection(Connection&);
    void onSession(int fd, unsigned events);
    void onConnection(int fd, unsigned events);
    void onSignals();
    void reap();
    void serve(Connection&);
    void pump();
    bool sendTo(Connection&);
    void hold(Session&);
    bool isFollowed(const Session&) const;
    void detach(Connection&);
    void drop(Connection&);
    void finish(Session&, const Exited&);
    void endSession(Session&);
    int untilNextDeadline();
    void onDeadlines();
    [[noreturn]] void replaceSelf();

    // requests.cpp: what is asked
    void answer(Connection&, Kind, std::string_view payload);
    Session& find(const Key&);
    std::string create(const Create&, Descriptor);
    void attach(Connection&, const Attach&);
    std::string list() const;
    std::string outputOf(const OutputOf&);
    std::string upload(const std::string& ending, const Descriptor& file);
    Health health() const;

    const Options options_;
    const Account account_;
    Descriptor listener_, epoll_, signals_;
    const std::string bootId_;
    Sessions sessions_;
    std::map<int, Session*> byTerminal_;
    std::map<int, std::unique_ptr<Connection>> connections_;
    std::set<int> dropped_;
    std::vector<std::pair<Steady::time_point, pid_t>>
        leftovers_; ///< sessions whose shell has ended when it was told to
    Steady::time_point idleSince_ = Steady::now();
    std::optional<Steady::time_point> sweepAt_;
    bool ending_ = false, replacing_ = false;
};

} // namespace talome::terminal
