// Jobs: what is kept, whose turn it is, how they end, and what becomes of those that were cut off.
#include "host/jobs/jobs.hpp"

#include "host/audit/test_folder.hpp"
#include "host/gate/failure.hpp"
#include "host/storage/columns.hpp"
#include "host/storage/host_schema.hpp"

#include <doctest/doctest.h>
#include <fstream>
#include <sstream>
#include <thread>

using namespace talome;
using namespace talome::jobs;
using namespace std::chrono_literals;

namespace {

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

} // namespace

TEST_CASE("a job is kept with its end, and what was typed into it is sealed") {
    Bench bench;
    std::string seen;
    const auto offer = bench.offer("p", {Bench::kind("p.work", false, [&](talome_job_run& run) -> Outcome {
                                       seen = run.begun.input;
                                       run.live->log("info", "on the way");
                                       run.live->progress({0.5, {}, {}, {}, "half", {}});
                                       run.live->checkpoint(R"({"secret":"checkpointed"})");
                                       return {0, "", R"({"answer":42})"};
                                   })});
    const auto id = bench.start("p", "p.work");
    const auto job = bench.ended(id);
    CHECK(seen == R"({"password":"hunter2"})");
    CHECK(job.state == State::done);
    CHECK(job.result == R"({"answer":42})");
    CHECK(job.attempts == 1);
    REQUIRE(job.progress);
    CHECK(job.progress->phase == "half");
    std::string types;
    const auto [events, over] = bench.jobs->eventsAfter(id, 0);
    for (const auto& event : events) types += event.type + " ";
    CHECK(types == "status log progress status ");
    CHECK(over);
    bench.jobs->finish(*offer);
    bench.jobs.reset();
    bench.database.reset();
    std::ostringstream bytes;
    for (const auto* file : {"host.db", "host.db-wal"})
        bytes << std::ifstream(bench.folder.path() / file, std::ios::binary).rdbuf();
    CHECK(bytes.str().find("A title") != std::string::npos);
    for (const auto* secret : {"hunter2", "checkpointed", "answer"})
        CHECK(bytes.str().find(secret) == std::string::npos);
    bench.open();
    CHECK(bench.jobs->find(id)->result == R"({"answer":42})");
    CHECK(bench.jobs->eventsAfter(id, 0).first.size() == 4);
}

TEST_CASE("so many run at once, and of each plugin so many") {
    Bench bench;
    bench.atOnce = 3;
    Gate gate;
    const auto run = [&](talome_job_run& run) { return gate.pass(run); };
    const auto p = bench.offer("p", {Bench::kind("p.work", false, run)});
    const auto q = bench.offer("q", {Bench::kind("q.work", false, run)});
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(bench.start("p", "p.work"));
    for (int i = 0; i < 2; ++i) ids.push_back(bench.start("q", "q.work"));
    gate.waitFor(3);
    std::map<std::string, int> running;
    for (const auto& job : bench.jobs->list({"", State::running, "", ""}, 10, 0)) ++running[job.plugin];
    CHECK(running == std::map<std::string, int>{{"p", 2}, {"q", 1}});
    gate.open();
    for (const auto& id : ids) CHECK(bench.ended(id).state == State::done);
    bench.jobs->finish(*p);
    bench.jobs->finish(*q);
}

TEST_CASE("how a job ends") {
    Bench bench;
    Gate gate;
    const auto offer =
        bench.offer("p", {Bench::kind("p.wait", false, [&](talome_job_run& run) { return gate.pass(run); }),
                          Bench::kind("p.fail", false,
                                      [](talome_job_run&) {
                                          return Outcome{TALOME_E_CONFLICT, "no way", ""};
                                      }),
                          Bench::kind("p.bad", false,
                                      [](talome_job_run&) {
                                          return Outcome{0, "", "{no json"};
                                      }),
                          Bench::kind("p.words", false, [](talome_job_run&) {
                              return Outcome{TALOME_E_INTERNAL, "/secret/path", ""};
                          })});
    const auto failed = bench.ended(bench.start("p", "p.fail"));
    CHECK(failed.state == State::failed);
    CHECK(failed.status == TALOME_E_CONFLICT);
    CHECK(failed.words == "no way");
    CHECK(bench.ended(bench.start("p", "p.bad")).words.find("internal error") == 0);
    CHECK(bench.ended(bench.start("p", "p.words")).words.find("/secret") == std::string::npos);

    const auto running = bench.start("p", "p.wait"), other = bench.start("p", "p.wait", "bob"),
               waiting = bench.start("p", "p.wait");
    gate.waitFor(2);
    CHECK(bench.jobs->cancelOrRemove(waiting));
    CHECK(bench.ended(waiting).state == State::cancelled);
    CHECK(bench.jobs->cancelOrRemove(running));
    CHECK(bench.ended(running).state == State::cancelled);
    {
        const std::lock_guard lock(bench.mutex);
        bench.gone.insert("bob");
    }
    bench.jobs->review();
    const auto denied = bench.ended(other);
    CHECK(denied.state == State::cancelled);
    CHECK(denied.words == "the user is gone");
    CHECK_THROWS_AS(bench.start("p", "p.wait", "bob"), gate::Failure);
    CHECK_THROWS_AS(bench.start("p", "p.other"), gate::Failure);
    CHECK_THROWS_AS(bench.start("p", "p.wait", ""), gate::Failure);
    CHECK(bench.jobs->cancelOrRemove(running));
    CHECK_FALSE(bench.jobs->find(running));
    CHECK_FALSE(bench.jobs->cancelOrRemove(running));
    bench.jobs->finish(*offer);
}

TEST_CASE("after a crash what can goes on, and the rest is settled") {
    Bench bench;
    {
        Store store(*bench.database, settings::Seal(std::string(32, 'k')));
        const auto put = [&](const char* id, State state, bool resumable, bool cancelled) {
            Record job;
            job.id = id;
            job.plugin = "p";
            job.kind = "p.work";
            job.permission = "session";
            job.owner = {"ann", "ann", "", gate::Origin::rest};
            job.input = "{}";
            job.resumable = resumable;
            job.createdAt = bench.now;
            store.insert(job);
            job.state = state;
            job.cancelAsked = cancelled;
            job.attempts = state == State::running;
            job.checkpoint = resumable ? "5" : "";
            job.eventsReserved = 1000;
            store.update(job, {{3, "log", "{}"}}, true);
        };
        put("queued", State::queued, false, false);
        put("resumable", State::running, true, false);
        put("cut", State::running, false, false);
        put("cancelled", State::running, true, true);
    }
    bench.open();
    CHECK(bench.jobs->find("cut")->state == State::interrupted);
    CHECK(bench.jobs->find("cancelled")->state == State::cancelled);
    CHECK(bench.jobs->find("resumable")->state == State::queued);
    std::mutex mutex;
    std::map<std::string, std::string> from;
    const auto offer = bench.offer("p", {Bench::kind("p.work", true, [&](talome_job_run& run) -> Outcome {
                                       const std::lock_guard lock(mutex);
                                       from[run.begun.id] = run.begun.checkpoint;
                                       return {};
                                   })});
    CHECK(bench.ended("resumable").attempts == 2);
    CHECK(bench.ended("queued").attempts == 1);
    CHECK(from == std::map<std::string, std::string>{{"queued", ""}, {"resumable", "5"}});
    for (const auto& event : bench.jobs->eventsAfter("resumable", 3).first) CHECK(event.number > 1000);
    bench.jobs->finish(*offer);
}

TEST_CASE("a job whose plugin is replaced goes on in the next generation, from its checkpoint") {
    Bench bench;
    std::atomic<bool> inside{false}, goOn{false};
    const auto work = [&](talome_job_run& run) -> Outcome {
        if (!run.begun.checkpoint.empty()) return {0, "", run.begun.checkpoint};
        inside = true;
        while (!goOn) std::this_thread::sleep_for(1ms);
        run.live->checkpoint("8");
        return run.isToPause() ? Outcome{TALOME_E_CANCELLED, "", ""} : Outcome{0, "", "0"};
    };
    const auto older = bench.offer("p", {Bench::kind("p.work", true, work)});
    const auto id = bench.start("p", "p.work");
    while (!inside) std::this_thread::sleep_for(1ms);
    bench.jobs->withdraw(*older);
    const auto newer = bench.offer("p", {Bench::kind("p.work", true, work)});
    goOn = true;
    const auto job = bench.ended(id);
    CHECK(job.result == "8");
    CHECK(job.attempts == 2);
    bench.jobs->finish(*older);

    Gate gate; // and one that cannot go on is settled when its generation ends
    const auto once =
        bench.offer("q", {Bench::kind("q.work", false, [&](talome_job_run& run) { return gate.pass(run); })});
    const auto cut = bench.start("q", "q.work");
    gate.waitFor(1);
    const auto waits = bench.start("q", "q.work");
    const auto alsoWaits = bench.start("q", "q.work");
    gate.waitFor(2);
    bench.jobs->finish(*once);
    CHECK(bench.jobs->find(cut)->state == State::interrupted);
    CHECK(bench.jobs->find(waits)->state == State::interrupted);
    CHECK(bench.jobs->find(alsoWaits)->state == State::queued);
    CHECK_THROWS_AS(bench.start("q", "q.work"), gate::Failure);
    const auto without = bench.offer("q", {}); // the next version has no such kind
    CHECK(bench.ended(alsoWaits).state == State::interrupted);
    bench.jobs->finish(*newer);
    bench.jobs->finish(*without);
}

TEST_CASE("the same key gives the same job, for a day and one user") {
    Bench bench;
    const auto offer = bench.offer("p", {Bench::kind("p.work", false, [](talome_job_run&) { return Outcome{}; })});
    const auto start = [&](const char* user, const char* key) {
        return bench.jobs->start({"p", "p.work", "{}", "", "", key, {user, user, "", gate::Origin::rest}});
    };
    const auto first = start("ann", "k");
    CHECK(start("ann", "k") == first);
    CHECK(start("bob", "k") != first);
    CHECK(start("ann", "l") != first);
    CHECK(start("ann", "") != start("ann", ""));
    bench.ended(first);
    CHECK(start("ann", "k") == first);
    bench.now += kKeyLifetime + 1;
    CHECK(start("ann", "k") != first);
    CHECK_THROWS_AS(start("ann", "line\nbreak"), talome::Invalid);
    bench.jobs->finish(*offer);
}

TEST_CASE("old jobs and too many are cleared away") {
    Bench bench;
    Store store(*bench.database, settings::Seal(std::string(32, 'k')));
    const auto put = [&](const std::string& id, std::int64_t endedAt) {
        Record job;
        job.id = id;
        job.state = State::done;
        job.createdAt = 1;
        store.insert(job);
        job.endedAt = endedAt;
        store.update(job, {{1, "log", "{}"}});
    };
    for (int i = 0; i < 1005; ++i) put("n" + std::to_string(i), bench.now - 2000 + i);
    put("old", bench.now - kKeptFor - 1);
    store.prune(bench.now);
    CHECK(store.count({}) == 1000);
    CHECK_FALSE(store.byId("old"));
    CHECK_FALSE(store.byId("n4"));
    CHECK(store.byId("n5"));
    CHECK(store.events("n4", 0).empty());
}

TEST_CASE("many at once: progress, lines, listeners, cancels") {
    Bench bench;
    bench.atOnce = 8;
    bench.ofPlugin = 8;
    const auto offer = bench.offer("p", {Bench::kind("p.work", true, [](talome_job_run& run) -> Outcome {
                                       for (int i = 0; i < 50; ++i) {
                                           run.live->progress({i / 50.0, {}, {}, {}, i % 10 ? "a" : "b", {}});
                                           run.live->log("info", "line " + std::to_string(i));
                                           if (i % 20 == 0) run.live->checkpoint(std::to_string(i));
                                           if (run.isCancelled()) return {TALOME_E_CANCELLED, "", ""};
                                       }
                                       return {0, "", "1"};
                                   })});
    std::atomic<int> news{0};
    std::vector<std::thread> users;
    for (int user = 0; user < 4; ++user)
        users.emplace_back([&, user] {
            for (int i = 0; i < 20; ++i) {
                const auto id = bench.start("p", "p.work", "user" + std::to_string(user));
                if (const auto job = bench.jobs->live(id)) {
                    const auto watch = job->watch([&] { ++news; });
                    bench.jobs->eventsAfter(id, 0);
                    if (i % 3 == 0) bench.jobs->cancelOrRemove(id);
                    bench.jobs->list({"user" + std::to_string(user), {}, "", ""}, 10, 0);
                    bench.jobs->wait(id, 20s);
                    job->unwatch(watch);
                }
            }
        });
    for (auto& user : users) user.join();
    bench.jobs->finish(*offer);
    CHECK(news > 0);
    for (const auto& job : bench.jobs->list({}, 500, 0)) CHECK(isOver(job.state));
}
