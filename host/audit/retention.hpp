// What the audit log needs from time to time: old rows go once a day, and what was counted instead of written is told.
#pragma once

#include "host/audit/log.hpp"
#include "host/tasks/task.hpp"

namespace talome::audit {

/// Sleeps but for a look a minute after the start and once a day, and when the log has something to tell. Any thread;
/// the work is done on the pool.
class Retention {
public:
    using Days = std::function<std::int64_t()>; ///< how long rows are kept, asked at each look
    Retention(Log&, tasks::Reactor&, tasks::Pool&, Days, Log::Now);
    ~Retention(); ///< tells what is left to tell
    Retention(const Retention&) = delete;
    Retention& operator=(const Retention&) = delete;

    void start();

private:
    void prune(const std::atomic<bool>& cancelled);
    void tell();

    Log& log_;
    const Days days_;
    const Log::Now now_;
    const std::shared_ptr<tasks::Task> pruning_, telling_;
};

} // namespace talome::audit
