// What becomes of jobs that were cut off, and of old ones.
#include "host/jobs/test_bench.hpp"

using namespace talome;
using namespace talome::jobs;

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
