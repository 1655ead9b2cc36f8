// What the tests of this folder share: jobs without a server, and a gate at which they wait.
#pragma once

#include "host/audit/test_folder.hpp"
#include "host/gate/failure.hpp"
#include "host/jobs/jobs.hpp"
#include "host/storage/host_schema.hpp"

#include <doctest/doctest.h>
#include <thread>

namespace talome::jobs {

using namespace std::chrono_literals;

/// A server's jobs without the server; reopen() is a crash and a start.
struct Bench {
    audit::TestFolder folder;
    std::unique_ptr<storage::Database> database;
    tasks::Reactor reactor;
    tasks::Pool pool{4};
    std::atomic<std::int64_t> now{1'795'000'000'000};
    std::atomic<int> atOnce{4}, ofPlugin{2};
    std::mutex mutex;
    std::set<std::string> gone; ///< users
    std::unique_ptr<Jobs> jobs;

    Bench() { open(); }
    void open() {
        jobs.reset();
        database = std::make_unique<storage::Database>(folder.path() / "host.db", storage::Durability::processCrash);
        database->migrate(storage::hostMigrations());
        jobs = std::make_unique<Jobs>(*database, settings::Seal(std::string(32, 'k')), reactor, pool,
                                      Jobs::Rules{[this] { return now.load(); }, [this] { return atOnce.load(); },
                                                  [this] { return ofPlugin.load(); },
                                                  [this](const Record& job) -> std::string {
                                                      const std::lock_guard lock(mutex);
                                                      return gone.contains(job.owner.userId) ? "the user is gone" : "";
                                                  }});
    }
    static Kind kind(const std::string& id, bool resumable, std::function<Outcome(talome_job_run&)> run) {
        return {{id, "Works", "session", resumable, 3'600'000}, std::move(run)};
    }
    std::shared_ptr<Offer> offer(const std::string& plugin, std::vector<Kind> kinds) {
        return jobs->offer(plugin, {[] { return std::make_shared<int>(); }, [] { return false; }}, std::move(kinds));
    }
    std::string start(const std::string& plugin, const std::string& kind, const std::string& user = "ann") {
        return jobs->start(
            {plugin, kind, R"({"password":"hunter2"})", "A title", "r1", "", {user, user, "", gate::Origin::rest}});
    }
    Record ended(const std::string& id) {
        for (;;) {
            const auto job = jobs->find(id);
            REQUIRE(job);
            if (isOver(job->state) && !jobs->live(id)) return *job;
            std::this_thread::sleep_for(1ms);
        }
    }
};

/// Where runs wait until the test lets them go on.
struct Gate {
    std::mutex mutex;
    std::condition_variable changed;
    int inside = 0;
    bool isOpen = false;

    Outcome pass(const talome_job_run& run) {
        std::unique_lock lock(mutex);
        ++inside;
        changed.notify_all();
        while (!isOpen && !run.isCancelled()) changed.wait_for(lock, 1ms);
        --inside;
        if (!isOpen) return {TALOME_E_CANCELLED, "told to", ""};
        return {0, "", "7"};
    }
    void open() {
        const std::lock_guard lock(mutex);
        isOpen = true;
        changed.notify_all();
    }
    void waitFor(int n) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return inside == n; });
    }
};

} // namespace talome::jobs
