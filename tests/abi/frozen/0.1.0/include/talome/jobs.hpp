// Jobs: long work that somebody begins with an operation, which is then answered 202 at once. The host keeps them
// through restarts, shows their progress, and lets them be cancelled; see tasks.h.
//
//     registry.job("apps.install", "Installs an app", talome::flags("apps"), this, &Apps::install).resumable();
//
//     talome::JobStarted begin(talome::Call& call, const App& app) {   // of an operation
//         return host_.startJob(call, "apps.install", app, "Install " + app.name);
//     }
//     Installed install(talome::Call& call, talome::JobRun& run, const App& app) {
//         const auto done = run.resumed<Steps>().value_or(Steps{});
//         run.progress(0.1, "download");
//         run.checkpoint(done);
//         …
//     }
#pragma once

#include "plugin.hpp"

#include <optional>

namespace talome {

/// What an operation that begins a job answers.
struct JobStarted {
    bool ok = true;
    std::string jobId;
};
BOOST_DESCRIBE_STRUCT(JobStarted, (), (ok, jobId))

/// How far a job is. What is not known is left out.
struct JobProgress {
    std::optional<double> fraction = {}; ///< 0 to 1
    std::int64_t done = 0, total = 0;    ///< of `unit`
    std::string_view unit = {}, phase = {}, message = {};
};

/// One run of a job; valid until its handler returns. Any thread.
class JobRun {
public:
    JobRun(const detail::Areas& areas, talome_job_run* raw) : areas_(areas), raw_(raw) {}
    JobRun(const JobRun&) = delete;
    JobRun& operator=(const JobRun&) = delete;

    std::string_view id() const { return view(table().job_id(raw_)); }

    /// The last checkpoint of an earlier run that was cut off; nothing: the job begins.
    template <class T> std::optional<T> resumed() const {
        const auto json = view(table().job_resumed(raw_));
        if (json.empty()) return std::nullopt;
        return readText<T>(json);
    }
    /// What a later run begins with; on disk when it returns. Throws Cancelled when this run is to end here: let it.
    template <class T> void checkpoint(const T& state) {
        const auto json = toJson(state);
        areas_.check(table().job_checkpoint(raw_, bytes(json)));
    }

    void progress(const JobProgress& p) {
        const talome_job_progress c{
            sizeof c, 0, p.fraction.value_or(-1), p.done, p.total, str(p.unit), str(p.phase), str(p.message)};
        areas_.check(table().job_progress(raw_, &c));
    }
    void progress(double fraction, std::string_view phase = {}) { progress({.fraction = fraction, .phase = phase}); }

    /// Lines of the job's log, for its user.
    void log(std::string_view line) { write(TALOME_INFO, line); }
    void warn(std::string_view line) { write(TALOME_WARN, line); }

private:
    const talome_tasks& table() const { return *areas_.get<talome_tasks>(); }
    void write(std::int32_t level, std::string_view line) { areas_.check(table().job_log(raw_, level, str(line))); }

    const detail::Areas& areas_;
    talome_job_run* raw_;
};

namespace detail {

using RunJob = void (*)(const Handler&, Call&, JobRun&, const boost::json::value& input, std::string& answer);

template <class P, class F>
void runJob(const Handler& handler, Call& call, JobRun& run, const boost::json::value& input, std::string& answer) {
    static_assert(Shape<F>::arity >= 2 && Shape<F>::arity <= 3 &&
                      std::is_same_v<typename Shape<F>::template Arg<1>, JobRun>,
                  "a job's handler takes (Call&, JobRun&, const Input&) or (Call&, JobRun&)");
    auto go = [&]() -> decltype(auto) {
        if constexpr (Shape<F>::arity == 3)
            return handler(std::type_identity<P>{}, std::type_identity<F>{}, call, run,
                           read<typename Shape<F>::template Arg<2>>(input));
        else
            return handler(std::type_identity<P>{}, std::type_identity<F>{}, call, run);
    };
    if constexpr (std::is_void_v<Out<F>>)
        go();
    else
        talome::write(answer, go());
}

struct JobRecord : Declared {
    const Areas* areas = nullptr;
    Handler handler;
    RunJob run = nullptr;
    std::string id, summary, permission;
    std::uint32_t flags = 0;
    std::int64_t limitMs = 0;

    inline void declare(Areas& to) override {
        const talome_job c{sizeof c,           flags,   id.c_str(), summary.c_str(),
                           permission.c_str(), limitMs, &invoke,    static_cast<void*>(this)};
        to.check(to.need<talome_tasks>()->declare_job(to.self(), &c));
    }
    static talome_status invoke(void* user, talome_call* raw, talome_job_run* rawRun, talome_bytes input,
                                talome_sink out, void* to) noexcept {
        auto& self = *static_cast<JobRecord*>(user);
        return guard(*self.areas, [&] {
            Call call(*self.areas, raw);
            JobRun run(*self.areas, rawRun);
            std::string answer;
            self.run(self.handler, call, run, parse(view(input)), answer);
            if (!answer.empty()) out(to, bytes(answer));
        });
    }
};

inline JobStarted startJob(const Areas& areas, talome_call* call, std::string_view kind, std::string_view input,
                           std::string_view title) {
    Collected id;
    areas.check(areas.get<talome_tasks>()->start_job(areas.self(), call, str(kind), bytes(input), str(title),
                                                     &Collected::take, &id));
    return {true, id.done()};
}

} // namespace detail

/// What more can be said of a kind of jobs.
class Job {
public:
    explicit Job(detail::JobRecord& record) : record_(&record) {}
    /// Begins where its last checkpoint was when it was cut off; else it is settled as interrupted.
    Job& resumable() { return record_->flags |= TALOME_JOB_RESUMABLE, *this; }
    /// Of one run; 24 hours unless said.
    Job& limit(std::chrono::milliseconds most) { return record_->limitMs = most.count(), *this; }

private:
    detail::JobRecord* record_;
};

template <class P, class F>
Job Registry::job(std::string_view id, std::string_view summary, Permission permission, P* object, F handler) {
    auto& record = note<detail::JobRecord>();
    record.areas = &areas_;
    record.handler = {object, handler};
    record.run = &detail::runJob<P, F>;
    record.id = id;
    record.summary = summary;
    record.permission = permission.text();
    return Job(record);
}

template <class In>
JobStarted Host::startJob(const Call& call, std::string_view kind, const In& input, std::string_view title) const {
    return detail::startJob(*areas_, call.raw(), kind, toJson(input), title);
}
template <class In> JobStarted Host::startOwnJob(std::string_view kind, const In& input, std::string_view title) const {
    return detail::startJob(*areas_, nullptr, kind, toJson(input), title);
}

} // namespace talome
