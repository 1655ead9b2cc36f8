// Jobs and tasks of every kind: what each does, the test says in its input. For test_jobs.py and test_cron.py.
#include <talome/jobs.hpp>

#include <cstdlib>
#include <mutex>
#include <thread>

namespace {

using namespace std::chrono_literals;

/// A job goes through so many steps; at each it waits until the file `gate`, if one is named, has as many lines.
struct Walk {
    int steps = 0;
    std::string gate;
    std::string fail; ///< at the end: these words
    int lines = 0;    ///< of log, in the first step
};
BOOST_DESCRIBE_STRUCT(Walk, (), (steps, gate, fail, lines))

struct Step {
    int at = 0;
};
BOOST_DESCRIBE_STRUCT(Step, (), (at))

struct Walked {
    int from = 0, to = 0; ///< steps of this run
    std::string username;
};
BOOST_DESCRIBE_STRUCT(Walked, (), (from, to, username))

struct Text {
    std::string text;
};
BOOST_DESCRIBE_STRUCT(Text, (), (text))

struct Ticks {
    int cron = 0, interval = 0, woken = 0;
};
BOOST_DESCRIBE_STRUCT(Ticks, (), (cron, interval, woken))

struct When {
    std::string cron, zone;
    std::int64_t after = 0;
};
BOOST_DESCRIBE_STRUCT(When, (), (cron, zone, after))

struct Next {
    std::int64_t at = 0;
};
BOOST_DESCRIBE_STRUCT(Next, (), (at))

/// Operations and jobs on any thread.
class Worker : public talome::Plugin {
public:
    explicit Worker(talome::Registry& registry) : host_(registry.host()) {
        registry.job("worker.walk", "Goes step by step", talome::session, this, &Worker::walk);
        registry.job("worker.resume", "Goes step by step, and on where it was", talome::session, this, &Worker::walk)
            .resumable();
        registry.job("worker.admin", "For administrators", talome::admin, this, &Worker::whoAmI);
        registry.job("worker.late", "Has little time", talome::session, this, &Worker::waits).limit(200ms);
        begin(registry, "worker.beginWalk", "walk", &Worker::beginWalk);
        begin(registry, "worker.beginResume", "resume", &Worker::beginResume);
        registry
            .operation("worker.beginAdmin", "Begins one", talome::session, talome::Tier::modify, this,
                       &Worker::beginAdmin)
            .route("POST", "/api/worker/admin");
        registry
            .operation("worker.beginLate", "Begins one", talome::session, talome::Tier::modify, this,
                       &Worker::beginLate)
            .route("POST", "/api/worker/late");
        registry
            .operation("worker.own", "Begins one of the plugin's own", talome::admin, talome::Tier::modify, this,
                       &Worker::beginOwn)
            .route("POST", "/api/worker/own");
        registry.operation("worker.whoami", "The caller", talome::session, talome::Tier::read, this, &Worker::me)
            .route("GET", "/api/worker/me");
        registry.operation("worker.secret", "For administrators", talome::admin, talome::Tier::read, this, &Worker::me);
        registry.uses("worker.whoami");
        registry.uses("worker.secret");

        const char* cron = std::getenv("WORKER_CRON"); // so that a test can make it wrong after it was built
        registry.cron(cron ? cron : "*/5 2 * * mon", "worker.tick", this, &Worker::tick).timeZone("Europe/Berlin");
        registry.every(24h, "worker.interval", this, &Worker::interval);
        registry.task("worker.woken", "Counts", this, &Worker::woken);
        registry
            .operation("worker.ticks", "How often each has run", talome::admin, talome::Tier::read, this,
                       &Worker::ticks)
            .route("GET", "/api/worker/ticks");
        registry.operation("worker.wake", "Wakes one now", talome::admin, talome::Tier::modify, this, &Worker::wake)
            .route("POST", "/api/worker/wake");
        registry
            .operation("worker.next", "When a cron expression is due", talome::admin, talome::Tier::read, this,
                       &Worker::next)
            .route("GET", "/api/worker/next");
    }

private:
    template <class F> void begin(talome::Registry& registry, std::string_view id, const std::string& path, F handler) {
        registry.operation(id, "Begins one", talome::session, talome::Tier::modify, this, handler)
            .route("POST", "/api/worker/" + path)
            .input("steps", "how many", 1)
            .input("gate", "the file that lets it go on", "")
            .input("fail", "the words to fail with", "")
            .input("lines", "of log", 0);
    }

    talome::JobStarted beginWalk(talome::Call& call, const Walk& walk) {
        return host_.startJob(call, "worker.walk", walk, "A walk");
    }
    talome::JobStarted beginResume(talome::Call& call, const Walk& walk) {
        return host_.startJob(call, "worker.resume", walk, "A long walk");
    }
    talome::JobStarted beginAdmin(talome::Call& call) { return host_.startJob(call, "worker.admin", Text{}, "Admin"); }
    talome::JobStarted beginLate(talome::Call& call) { return host_.startJob(call, "worker.late", Text{}, "Late"); }
    talome::JobStarted beginOwn() { return host_.startOwnJob("worker.walk", Walk{1, "", "", 0}, "Its own"); }

    static int linesOf(const std::string& file) {
        std::FILE* from = std::fopen(file.c_str(), "r");
        if (!from) return 0;
        int lines = 0;
        for (int c = 0; (c = std::fgetc(from)) != EOF;) lines += c == '\n';
        std::fclose(from);
        return lines;
    }

    Walked walk(talome::Call& call, talome::JobRun& run, const Walk& input) {
        const int from = run.resumed<Step>().value_or(Step{}).at;
        for (int i = 0; i < input.lines && from == 0; ++i) run.log("line " + std::to_string(i));
        for (int step = from; step < input.steps; ++step) {
            run.progress({.done = step, .total = input.steps, .unit = "steps", .phase = "walk"});
            run.log("step " + std::to_string(step));
            while (!input.gate.empty() && linesOf(input.gate) <= step) {
                if (call.cancelled()) throw talome::Cancelled("told to end");
                std::this_thread::sleep_for(5ms);
            }
            run.checkpoint(Step{step + 1});
        }
        if (!input.fail.empty()) throw talome::Conflict(input.fail);
        return {from, input.steps, call.principal().username};
    }
    void waits(talome::Call& call, talome::JobRun&) {
        while (!call.cancelled()) std::this_thread::sleep_for(5ms);
        throw talome::Cancelled("late");
    }
    Text whoAmI(talome::Call& call, talome::JobRun&) { return host_.call<Text>(&call, "worker.secret", talome::Nothing{}); }
    Text me(talome::Call& call) {
        const auto who = call.principal();
        return {who.username + " " + who.role + " " + who.origin};
    }

    void count(int Ticks::*which) {
        const std::lock_guard lock(mutex_);
        ++(ticks_.*which);
    }
    void tick() { count(&Ticks::cron); }
    void interval() { count(&Ticks::interval); }
    void woken() { count(&Ticks::woken); }
    Ticks ticks() {
        const std::lock_guard lock(mutex_);
        return ticks_;
    }
    void wake() { host_.wake("worker.woken"); }
    Next next(const When& when) {
        const auto after = std::chrono::system_clock::time_point(std::chrono::milliseconds(when.after));
        const auto at = host_.cronNext(when.cron, when.zone, after);
        return {std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count()};
    }

    talome::Host host_;
    std::mutex mutex_;
    Ticks ticks_;
};

} // namespace

TALOME_PLUGIN(Worker, "worker", "1.0.0", "Works for long.")
