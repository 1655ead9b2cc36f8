// The C++ layer over jobs and cron tasks, against a host in memory.
#include "fake_host.hpp"

#include <doctest/doctest.h>
#include <talome/jobs.hpp>

namespace {

struct App {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(App, (), (name))
struct Done {
    int steps = 0;
};
BOOST_DESCRIBE_STRUCT(Done, (), (steps))

class Apps : public talome::Plugin {
public:
    explicit Apps(talome::Registry& registry) : host_(registry.host()) {
        registry.job("apps.install", "Installs an app", talome::flags("apps"), this, &Apps::install)
            .resumable()
            .limit(std::chrono::minutes(5));
        registry.job("apps.sweep", "Sweeps", talome::admin, this, &Apps::sweep);
        registry.operation("apps.begin", "Begins", talome::flags("apps"), talome::Tier::modify, this, &Apps::begin)
            .route("POST", "/api/apps");
        registry.cron("@daily", "apps.nightly", this, &Apps::nightly).timeZone("Europe/Berlin").summary("Every night");
    }
    Done install(talome::Call&, talome::JobRun& run, const App& app) {
        const auto from = run.resumed<Done>().value_or(Done{});
        run.progress({.done = from.steps, .total = 3, .phase = "copy"});
        run.log(app.name);
        run.checkpoint(Done{from.steps + 1});
        return {from.steps + 1};
    }
    void sweep(talome::Call&, talome::JobRun& run) { run.log(run.id()); }
    talome::JobStarted begin(talome::Call& call, const App& app) {
        return host_.startJob(call, "apps.install", app, "Install " + app.name);
    }
    void nightly() { ++nights; }
    int nights = 0;

private:
    talome::Host host_;
};

} // namespace

TEST_CASE("jobs and cron tasks are declared, begun and run") {
    FakeHost host;
    talome::Registry registry(host.host(), host.self());
    Apps apps(registry);
    registry.publish();

    const auto& install = host.jobs.at("apps.install");
    CHECK(install.flags == TALOME_JOB_RESUMABLE);
    CHECK(install.limit_ms == 300'000);
    CHECK(std::string(install.permission) == "apps");
    CHECK(host.jobs.at("apps.sweep").flags == 0);
    CHECK(host.invoke("apps.begin", R"({"name":"x"})").second == R"({"ok":true,"jobId":"j1"})");
    CHECK(host.called == R"(apps.install {"name":"x"} Install x)");

    FakeRun run;
    talome::detail::Collected answer;
    const auto go = [&](const talome_job& job, std::string_view input) {
        return job.run(job.user, nullptr, run.raw(), talome::bytes(input), &talome::detail::Collected::take, &answer);
    };
    CHECK(go(install, R"({"name":"x"})") == TALOME_OK);
    CHECK(answer.text == R"({"steps":1})");
    CHECK(run.told == "0/3 copy;x;");
    CHECK(run.resumed == R"({"steps":1})");
    run.checkpointStatus = TALOME_E_CANCELLED; // it is to end, and says so
    host.words = "the job is to end";
    CHECK(go(install, R"({"name":"x"})") == TALOME_E_CANCELLED);
    CHECK(run.resumed == R"({"steps":2})");
    answer.text.clear();
    CHECK(go(host.jobs.at("apps.sweep"), "{}") == TALOME_OK);
    CHECK(answer.text.empty());

    const auto& nightly = host.tasks.at("apps.nightly");
    CHECK(std::string(nightly.cron) == "@daily");
    CHECK(std::string(nightly.time_zone) == "Europe/Berlin");
    CHECK(std::string(nightly.summary) == "Every night");
    CHECK(nightly.period_ms == 0);
    nightly.run(nightly.user, nullptr);
    CHECK(apps.nights == 1);
}
