// What runs of a plugin's jobs: each run is a call of the user who began it, with the rights of the moment.
#include "host/plugins/job_state.hpp"

#include "host/crash/scope.hpp"

namespace talome::plugins {

namespace {

/// What a run answers, collected; too much of it is an error, not an exhausted memory.
struct Answer {
    std::string text;
    bool tooLarge = false;
    static void take(void* to, talome_bytes piece) noexcept {
        auto& self = *static_cast<Answer*>(to);
        try {
            if (self.text.size() + piece.n > jobs::kMostResult)
                self.tooLarge = true;
            else
                self.text.append(static_cast<const char*>(piece.p), piece.n);
        } catch (const std::bad_alloc&) {
            self.tooLarge = true;
        }
    }
};

bool isSame(const gate::Principal& a, const gate::Principal& b) {
    return a.role == b.role && a.flags == b.flags && a.flagsMalformed == b.flagsMalformed && a.most == b.most &&
           a.groups == b.groups && a.username == b.username;
}

} // namespace

jobs::Outcome JobState::run(const DeclaredJob& job, talome_job_run& run) {
    // Text that the plugin was given of an earlier one is valid until the call returns.
    std::vector<std::shared_ptr<const gate::Principal>> principals;
    talome_call call;
    call.requestId = run.begun.id.substr(0, 8);
    call.deadlineMs = run.deadlineMs;
    call.expires = std::chrono::steady_clock::now() + std::chrono::milliseconds(job.declared.limitMs);
    call.inside = self_.drain.get();
    call.cancelled = [&run] { return run.isCancelled(); };
    call.renew = [&](talome_call& of) {
        auto principal = self_.services.jobOwner(run.begun.owner);
        if (!principal)
            throw gate::Failure(TALOME_E_DENIED, "the user for whom this job runs is gone, or the token is");
        if (principals.empty() || !isSame(*principals.back(), *principal)) principals.push_back(std::move(principal));
        of.principal = principals.back();
        of.snapshot = self_.services.registry.snapshot();
    };
    Answer answer;
    gate::lastWords().clear();
    const crash::Scope scope(self_.usage, job.declared.id);
    const auto status =
        job.run(job.user, &call, &run, {run.begun.input.data(), run.begun.input.size()}, &Answer::take, &answer);
    if (status < 0) return {status, std::exchange(gate::lastWords(), {}), ""};
    if (answer.tooLarge) return {TALOME_E_INTERNAL, "its result is larger than 4 MiB", ""};
    return {0, "", std::move(answer.text)};
}

void JobState::activate() {
    std::vector<jobs::Kind> kinds;
    for (const auto& each : self_.jobs)
        kinds.push_back({each.declared, [this, job = &each](talome_job_run& run) { return this->run(*job, run); }});
    const auto enter = [drain = self_.drain]() -> std::shared_ptr<void> {
        auto hold = gate::Drain::enter(drain);
        return hold ? std::make_shared<gate::Drain::Hold>(std::move(hold)) : nullptr;
    };
    const auto cancelled = [drain = self_.drain] { return drain->cancelled(); };
    offers_.push_back(self_.services.jobs->offer(self_.id, {enter, cancelled}, std::move(kinds)));
}

void JobState::quiesce() {
    for (const auto& each : offers_) self_.services.jobs->withdraw(*each);
}

void JobState::endCalls() {
    for (const auto& each : offers_) self_.services.jobs->finish(*each);
}

} // namespace talome::plugins
