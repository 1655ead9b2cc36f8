// Jobs: what is kept, whose turn it is, and how they end.
#include "host/jobs/test_bench.hpp"

#include <fstream>
#include <sstream>

using namespace talome;
using namespace talome::jobs;

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
