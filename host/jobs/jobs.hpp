// All jobs of the server: they are begun, run on threads of their own, found again after a crash, and kept for a while.
#pragma once

#include "host/jobs/offer.hpp"

#include <condition_variable>
#include <list>
#include <set>

namespace talome::jobs {

/// What a plugin asks for.
struct Order {
    std::string plugin, kind, input, title, requestId, idempotencyKey;
    Owner owner;
};

/// Any thread. So many run at once, and of each plugin so many; among plugins whoever runs the fewest is next.
class Jobs {
public:
    struct Rules {
        std::function<std::int64_t()> now; ///< milliseconds since the epoch
        std::function<int()> atOnce, atOnceOfPlugin;
        /// Why its owner may not have it run, with the rights of this moment; empty: it may.
        std::function<std::string(const Record&)> refusal;
    };
    static constexpr std::size_t kMostAtOnce = 32;

    /// What had not ended when the server did goes on, or is settled.
    Jobs(storage::Database&, settings::Seal, tasks::Reactor&, tasks::Pool&, Rules);
    /// Everything that was offered is finished by now.
    ~Jobs();

    /// From now on these run; the lifecycle thread, as the next two.
    std::shared_ptr<Offer> offer(std::string plugin, Home, std::vector<Kind>);
    /// None begins any more. Those that run go on, until their next checkpoint if they are resumable.
    void withdraw(Offer&);
    /// Those that run are asked to end at once; returns when they have.
    void finish(Offer&);

    /// On disk when it returns its id. Throws gate::Failure.
    std::string start(const Order&);

    std::optional<Record> find(const std::string& id) const;
    std::vector<Record> list(const Filter&, int limit, int offset);
    std::int64_t count(const Filter& filter) const { return store_.count(filter); }
    /// Asks one that is not over to end, or removes one that is. False if there is none.
    bool cancelOrRemove(const std::string& id);
    /// Cancels those whose owner may not have them run any more.
    void review();

    /// What a job told after that number, and whether nothing more will come.
    std::pair<std::vector<Event>, bool> eventsAfter(const std::string& id, std::int64_t number) const;
    /// Null if it is over.
    std::shared_ptr<Live> live(const std::string& id) const;

    /// Waits until it is over. Nothing if that takes longer, or too many wait already.
    std::optional<Record> wait(const std::string& id, std::chrono::seconds);
    tasks::Pool& pool() { return pool_; } ///< on which they run

    /// Nobody waits any more: the server stops.
    void stopWaiting();

private:
    using Job = std::shared_ptr<Live>;
    void load();
    void dispatch();
    Job next(int atOnce, int ofPlugin, std::shared_ptr<Offer>&); // under mutex_
    void run(const Job&, const std::shared_ptr<Offer>&);
    void runOnce(const Job&, const std::shared_ptr<Offer>&);
    void settle(const Job&, const talome_job_run&, Outcome);
    void end(const Job&, State, std::int32_t status, const std::string& words, std::optional<std::string> result = {});
    void forget(const Job&);
    Live::Parts parts();
    void requireRoom(const Order&) const; // under starting_
    std::optional<std::string> earlier(const Order&) const;

    Store store_;
    tasks::Reactor& reactor_;
    tasks::Pool& shared_; ///< for what is written later
    const Rules rules_;
    std::mutex starting_;      ///< one begins after the other; taken before mutex_
    mutable std::mutex mutex_; ///< of what follows; never held while a job is asked something that writes
    std::condition_variable changed_;
    std::map<std::string, Job> live_;                      ///< by id
    std::list<Job> queue_;                                 ///< in the order in which they were begun
    std::map<std::string, std::shared_ptr<Offer>> offers_; ///< by plugin
    std::map<Job, std::shared_ptr<Offer>> running_;
    int waiting_ = 0;
    bool stopping_ = false;
    tasks::Pool pool_{kMostAtOnce}; ///< ends first: it runs the jobs
};

} // namespace talome::jobs
