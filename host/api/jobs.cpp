// Jobs as their users see them: /api/jobs.
#include "host/api/jobs.hpp"

#include "host/gate/failure.hpp"
#include "host/log/log.hpp"

#include <boost/describe/enum_from_string.hpp>
#include <charconv>

namespace talome::api {

namespace {

std::optional<std::string> timeOf(std::int64_t at) { return at ? std::optional(log::timestamp(at)) : std::nullopt; }

JobInfo infoOf(const jobs::Record& job) {
    JobInfo info;
    info.id = job.id;
    info.kind = job.kind;
    info.plugin = job.plugin;
    info.title = job.title;
    info.status = job.state;
    info.userId = job.owner.userId;
    info.username = job.owner.username;
    info.origin = gate::nameOf(job.owner.origin);
    info.resumable = job.resumable;
    info.cancelling = job.cancelAsked && !jobs::isOver(job.state);
    info.attempts = job.attempts;
    info.progress = job.progress;
    if (!job.words.empty()) {
        info.error = job.words;
        info.errorStatus = gate::httpStatus(job.status);
    }
    info.createdAt = log::timestamp(job.createdAt);
    info.startedAt = timeOf(job.startedAt);
    info.endedAt = timeOf(job.endedAt);
    return info;
}

} // namespace

/// One client that is told of one job. It reads on from where it is whenever there is news or room, so that nothing is
/// kept for it and nothing is lost.
class Jobs::Follower : public std::enable_shared_from_this<Follower> {
public:
    Follower(jobs::Jobs& jobs, std::string id, std::int64_t after) : jobs_(jobs), id_(std::move(id)), after_(after) {}

    void open(Exchange& exchange, std::function<void()> onEnded) {
        const std::lock_guard lock(mutex_); // callbacks wait until it is open
        stream_ =
            exchange.openStream("text/event-stream", {.onEnded = [onEnded = std::move(onEnded)](Ended) { onEnded(); },
                                                      .onRoom =
                                                          [weak = weak_from_this()] {
                                                              if (const auto self = weak.lock()) self->pump();
                                                          }});
        job_ = jobs_.live(id_);
        if (job_)
            watch_ = job_->watch([weak = weak_from_this()] {
                if (const auto self = weak.lock()) self->pump();
            });
    }
    void pump() {
        const std::lock_guard lock(mutex_);
        if (done_) return;
        const auto [events, over] = jobs_.eventsAfter(id_, after_);
        for (const auto& event : events) {
            if (stream_.event(event.data, event.type, std::to_string(event.number)) != Sent::queued) return;
            after_ = event.number;
        }
        if (!over) return;
        done_ = true;
        stream_.close();
    }
    ~Follower() {
        if (job_) job_->unwatch(watch_);
    }

private:
    jobs::Jobs& jobs_;
    const std::string id_;
    std::mutex mutex_;
    std::int64_t after_; ///< the client has what was told until here
    bool done_ = false;
    Stream stream_;
    std::shared_ptr<jobs::Live> job_;
    std::uint64_t watch_ = 0;
};

Jobs::Jobs(Registry& registry, jobs::Jobs& jobs) : jobs_(jobs) {
    registry
        .operation("jobs.list", "Jobs, the newest first: one's own, for administrators everybody's", session,
                   Tier::read, this, &Jobs::list)
        .route("GET", "/api/jobs")
        .tool("list_jobs", "Long work that tools have begun, the newest first")
        .input("status", "only those", oneOf({"queued", "running", "done", "failed", "cancelled", "interrupted"}))
        .input("kind", "only those: \"apps.install\"", length(1, 100))
        .input("plugin", "only its", length(1, 32))
        .input("limit", "how many", range(1, 500), 50)
        .input("offset", "after so many", range(0, 1'000'000), 0);
    registry.operation("jobs.get", "One job, with its result", session, Tier::read, this, &Jobs::get)
        .route("GET", "/api/jobs/{id}")
        .tool("get_job", "How far one job is, and its result when it is done")
        .input("id", "of the job", length(1, 100))
        .target("job", "id");
    registry
        .operation("jobs.cancel", "Asks a job to end, or removes the record of one that is over", session, Tier::modify,
                   this, &Jobs::cancel)
        .route("DELETE", "/api/jobs/{id}")
        .tool("cancel_job", "Ask a job to end, or remove the record of one that is over")
        .input("id", "of the job", length(1, 100))
        .target("job", "id");
    registry
        .raw("jobs.events",
             "What a job tells: status, progress and log, from its beginning or from Last-Event-ID on, "
             "until it is over",
             session, Tier::read, "GET", "/api/jobs/{id}/events", this, &Jobs::events)
        .input("id", "of the job", length(1, 100));
    registry.setting("jobs_at_once", "How many jobs run at the same time", 4).range(1, jobs::Jobs::kMostAtOnce);
    registry.setting("jobs_at_once_per_plugin", "How many of them are of one plugin", 2)
        .range(1, jobs::Jobs::kMostAtOnce);
}

jobs::Record Jobs::find(Call& call, const std::string& id) const {
    auto job = jobs_.find(id);
    const bool own = job && job->owner.userId == call.principal().userId && call.granted(job->permission);
    if (!job || !(own || call.granted("admin"))) throw NotFound("you have no such job");
    return std::move(*job);
}

std::vector<JobInfo> Jobs::list(Call& call, const JobQuery& query) {
    jobs::Filter filter;
    if (!call.granted("admin")) filter.userId = call.principal().userId;
    if (query.status) {
        filter.state.emplace();
        boost::describe::enum_from_string(query.status->c_str(), *filter.state);
    }
    filter.kind = query.kind.value_or("");
    filter.plugin = query.plugin.value_or("");
    call.header("X-Total-Count", std::to_string(jobs_.count(filter)));
    std::vector<JobInfo> infos;
    for (const auto& job : jobs_.list(filter, query.limit, query.offset)) infos.push_back(infoOf(job));
    return infos;
}

JobInfo Jobs::get(Call& call, const JobId& input) const {
    const auto job = find(call, input.id);
    auto info = infoOf(job);
    if (job.result) info.result = boost::json::parse(*job.result);
    return info;
}

void Jobs::cancel(Call& call, const JobId& input) {
    find(call, input.id);
    if (!jobs_.cancelOrRemove(input.id)) throw NotFound("you have no such job"); // any more
}

void Jobs::events(Call& call, const JobId& input, Exchange& exchange) {
    const auto job = find(call, input.id);
    const auto last = exchange.header("Last-Event-ID");
    std::int64_t after = 0;
    if (!last.empty()) {
        std::from_chars(last.data(), last.data() + last.size(), after); // what is no number is from the beginning
        // A browser would come again and again for the end that it has: 204 tells it not to (HTML, 9.2).
        if (jobs::isOver(job.state) && jobs_.eventsAfter(job.id, after).first.empty())
            return exchange.begin(204, {}, 0);
    }
    const auto follower = std::make_shared<Follower>(jobs_, job.id, after);
    {
        const std::lock_guard lock(mutex_); // onEnded waits until it is among the others
        const auto number = nextFollower_++;
        follower->open(exchange, [this, number] {
            std::shared_ptr<Follower> ended; // goes without the lock
            const std::lock_guard again(mutex_);
            const auto it = followers_.find(number);
            if (it == followers_.end()) return;
            ended = std::move(it->second);
            followers_.erase(it);
        });
        followers_.emplace(number, follower);
    }
    follower->pump();
}

} // namespace talome::api
