// Looks after one program: starts it, holds it to its limits, and leaves nothing of it behind. One thread, no state
// but this; talomed's end is seen by its end of the socket, so that it counts whatever killed it.
#pragma once

#include "host/http/descriptor.hpp"
#include "host/process/order.hpp"
#include "host/process/spawn/family.hpp"
#include "host/process/spawn/filter.hpp"

#include <optional>
#include <sys/resource.h>

namespace talome::process {

class Supervisor {
public:
    Supervisor(Order order, std::vector<http::Descriptor> descriptors);

    /// Returns when the program has ended, and nothing is left that it has started.
    void run();

private:
    using Ms = std::int64_t; ///< on the monotonic clock

    void start();
    int timeout() const;
    bool onProgramSays(); ///< false if it says nothing now
    void onCommand();
    void onAsked();
    void reap();
    void onTime();
    void look();
    void beginEnd(std::int32_t limit, std::uint64_t graceMs);
    void killAll();
    void report(const Report&);
    Report result() const;

    const Order order_;
    std::vector<http::Descriptor> descriptors_;
    http::Descriptor signals_;
    http::Descriptor starting_; ///< to the program's process, until it is the program
    http::Descriptor asked_;    ///< seccomp's questions
    bool hostIsThere_ = true;
    bool refused_ = false, started_ = false, killing_ = false, childrenLeft_ = true;

    pid_t main_ = -1;
    std::optional<int> status_; ///< of main_, as wait() gives it
    std::int32_t limit_ = 0;
    Ms startedAt_ = 0, endedAt_ = 0;
    Ms killAt_ = 0;            ///< 0: it has not been asked to end
    Ms lookAt_ = 0, step_ = 0; ///< 0: there is nothing to look at
    Ms lookedAt_ = 0;
    std::uint64_t lastMemory_ = 0;

    Family family_;
    std::size_t estimate_ = 1; ///< processes there may be at most
    bool grown_ = true;        ///< since family_ was refreshed
    std::uint64_t reapedCpuMs_ = 0, peakBytes_ = 0;
};

} // namespace talome::process
