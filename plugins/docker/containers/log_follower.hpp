// Logs that are followed: an event stream to a client, fed from a stream of the engine's, without a thread. A client
// that does not keep up makes the engine wait. add() on a worker, everything else on the strand.
#pragma once

#include "containers/log_filter.hpp"

#include <talome/exchange.hpp>
#include <talome/fetch.hpp>

#include <map>
#include <memory>
#include <mutex>

namespace talome::docker {

// A line of the stream (its event is "line", its id the time). `cut`: only the first 256 KiB of the line are here.
struct LogEvent {
    std::string time, stream, text; // stream: "stdout" or "stderr"
    std::optional<bool> cut;
};
BOOST_DESCRIBE_STRUCT(LogEvent, (), (time, stream, text, cut))

// The last event, "end": why there is no more.
struct LogEnd {
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(LogEnd, (), (reason))

class LogFollowers {
public:
    // Answers the exchange. `request` is one for a log with times that is followed. Throws Limited if too many follow.
    void add(const Host& host, Exchange& exchange, const FetchRequest& request, bool tty, LogFilter filter);
    void closeAll(); // in quiesce()

private:
    class Follower;

    void remove(std::uint64_t number);

    std::mutex mutex_; // both below
    std::map<std::uint64_t, std::shared_ptr<Follower>> followers_;
    std::uint64_t last_ = 0;
};

} // namespace talome::docker
