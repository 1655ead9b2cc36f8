// A job that is not over: its record, what it tells, and who listens. It writes itself to the store.
#pragma once

#include "host/jobs/store.hpp"
#include "host/tasks/pool.hpp"
#include "host/tasks/reactor.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace talome::jobs {

/// Any thread. State, checkpoints and the end are on disk when their functions return; log lines and progress follow
/// within a second, all at once.
class Live : public std::enable_shared_from_this<Live> {
public:
    struct Parts {
        Store& store;
        tasks::Reactor& reactor;
        tasks::Pool& pool;
        std::function<std::int64_t()> now; ///< milliseconds since the epoch
    };
    /// Of a record that is in the store. `events`: the kept ones.
    Live(Parts, Record, std::vector<Event> events);

    Record record() const;
    Record terms() const; ///< what it is and for whom it runs, without its text
    const std::string& id() const { return id_; }
    const std::string& plugin() const { return plugin_; }
    const std::string& kind() const { return kind_; }
    const std::string& userId() const { return userId_; }
    std::int64_t createdAt() const { return createdAt_; }

    // What happens to it. Each throws storage::DatabaseError if it cannot be written; a checkpoint is then the old one.
    void begin();   ///< it runs
    void requeue(); ///< it was cut off, and goes on later
    void settle(State, std::int32_t status, std::string words, std::optional<std::string> result);
    void checkpoint(std::string json);

    // What it tells.
    void progress(Progress);
    void log(std::string_view level, std::string_view line);

    /// Asks it to end; the words say why, empty: its user wants it. False: that was so already.
    bool cancel(const std::string& words);
    bool cancelAsked() const { return cancelAsked_; }
    std::string whyCancelled() const;

    /// What was told after that number, and whether nothing more will be.
    std::pair<std::vector<Event>, bool> after(std::int64_t number) const;
    /// Calls after each piece of news, on whichever thread that came. It may be running yet when unwatch() returns.
    std::uint64_t watch(std::function<void()> onNews);
    void unwatch(std::uint64_t number);

    /// The server stops: nothing is planned any more.
    void close();

private:
    // Under mutex_.
    std::int64_t number();
    void add(const char* type, std::string data);
    void addState();
    void save(bool checkpoint = false);
    void flushSoon();
    void tellProgress();

    void flush();
    void progressDue();
    void tell();

    const Parts parts_;
    const std::string id_, plugin_, kind_, userId_;
    const std::int64_t createdAt_;
    mutable std::mutex mutex_;
    Record record_;
    std::deque<Event> events_; ///< "status" and "log"
    std::int64_t saved_ = 0;   ///< number of the last one in the store
    std::int64_t next_;
    bool progressWaits_ = false, flushPlanned_ = false, dirty_ = false, closed_ = false;
    tasks::Reactor::Clock::time_point told_{}; ///< the latest progress
    std::atomic<bool> cancelAsked_;
    std::string whyCancelled_;
    std::map<std::uint64_t, std::function<void()>> watchers_;
    std::uint64_t nextWatcher_ = 1;
};

} // namespace talome::jobs
