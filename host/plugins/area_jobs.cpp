// The functions of talome.tasks that declare jobs, begin them, and are called while they run.
#include "host/http/query.hpp"
#include "host/plugins/areas.hpp"

#include "host/plugins/edge.hpp"
#include "host/plugins/job_state.hpp"
#include "sdk/manifest/fit.hpp"
#include "sdk/manifest/recorder.hpp"

#include <boost/json.hpp>
#include <cmath>

namespace talome::plugins {

namespace {

jobs::Owner ownerOf(const gate::Principal& who) {
    const bool byToken = who.credential == gate::Credential::token || who.credential == gate::Credential::job;
    return {who.userId, who.username, byToken ? who.sessionId : "", who.origin};
}

std::optional<std::string> shortText(talome_str text, std::size_t most) {
    if (!text.n) return std::nullopt;
    return jobs::cut(view(text), most);
}

jobs::Progress progressOf(const talome_job_progress& given) {
    jobs::Progress progress;
    if (given.total > 0) {
        progress.total = given.total;
        progress.done = std::clamp<std::int64_t>(given.done, 0, given.total);
        progress.fraction = static_cast<double>(*progress.done) / static_cast<double>(given.total);
    } else if (given.done > 0) {
        progress.done = given.done;
    }
    if (std::isfinite(given.fraction) && given.fraction >= 0) progress.fraction = std::min(given.fraction, 1.0);
    progress.unit = shortText(given.unit, jobs::kMostWord);
    progress.phase = shortText(given.phase, jobs::kMostWord);
    progress.message = shortText(given.message, jobs::kMostMessage);
    return progress;
}

talome_status ended() noexcept { return failed(TALOME_E_CANCELLED, "the job is to end"); }

/// Whatever is asked of a call by the way of the jobs, a plugin's text is not always what it should be.
std::string utf8(talome_str text, const char* what) {
    if (!http::isUtf8(view(text))) throw Invalid(what, "must be UTF-8");
    return std::string(view(text));
}

} // namespace

talome_status declareJob(talome_self* self, const talome_job* job) noexcept {
    return declaring(self, [&] {
        auto declared = manifest::record(job);
        const auto whole = manifest::whole(job);
        self->states.of<JobState>(*self);
        self->jobs.push_back({std::move(declared), whole.run, whole.user});
    });
}

talome_status startJob(talome_self* self, talome_call* call, talome_str kind, talome_bytes input, talome_str title,
                       talome_sink out, void* to) noexcept {
    return edge([&]() -> talome_status {
        const auto isIt = [&](const auto& each) { return each.declared.id == view(kind); };
        if (std::ranges::none_of(self->jobs, isIt))
            throw gate::Failure(TALOME_E_NOT_FOUND,
                                self->id + " has not declared the job '" + std::string(view(kind)) + "'");
        jobs::Order order{self->id, std::string(view(kind)), std::string(view(input)), utf8(title, "title"), "", "",
                          {}};
        if (!call) {
            order.owner = ownerOf(*self->ownCall(gate::Origin::plugin).principal);
            const auto id = self->services.jobs->start(order);
            out(to, bytes(id));
            return TALOME_OK;
        }
        {
            const gate::CallUse use(*call);
            order.owner = ownerOf(*call->principal);
        }
        order.requestId = call->requestId;
        order.idempotencyKey = call->idempotencyKey;
        if (const auto n = call->jobsBegun++; n && !order.idempotencyKey.empty())
            order.idempotencyKey += " #" + std::to_string(n + 1); // each of a call has its own
        call->job = self->services.jobs->start(order);
        if (!call->status) call->status = 202;
        call->headers.emplace_back("Location", "/api/jobs/" + call->job);
        out(to, bytes(call->job));
        return TALOME_OK;
    });
}

talome_str jobId(const talome_job_run* run) noexcept { return str(run->begun.id); }
talome_bytes jobResumed(const talome_job_run* run) noexcept { return bytes(run->begun.checkpoint); }

talome_status jobProgress(talome_job_run* run, const talome_job_progress* given) noexcept {
    return edge([&]() -> talome_status {
        auto progress = progressOf(manifest::fit(given, "progress"));
        for (const auto* text : {&progress.unit, &progress.phase, &progress.message})
            if (*text && !http::isUtf8(**text)) throw Invalid("progress", "texts must be UTF-8");
        run->live->progress(std::move(progress));
        return run->isCancelled() ? ended() : TALOME_OK;
    });
}

talome_status jobLog(talome_job_run* run, int32_t level, talome_str line) noexcept {
    return edge([&]() -> talome_status {
        constexpr const char* names[] = {"debug", "info", "warn", "error"};
        const auto text = jobs::cut(view(line), jobs::kMostLine);
        if (!http::isUtf8(text)) throw Invalid("line", "must be UTF-8");
        run->live->log(names[std::clamp<int32_t>(level, TALOME_DEBUG, TALOME_ERROR)], text);
        return TALOME_OK;
    });
}

talome_status jobCheckpoint(talome_job_run* run, talome_bytes json) noexcept {
    return edge([&]() -> talome_status {
        if (json.n > jobs::kMostCheckpoint) throw gate::Failure(TALOME_E_TOO_LARGE, "a checkpoint has 256 KiB at most");
        boost::system::error_code error;
        boost::json::parse(view(json), error);
        if (error) throw Invalid("checkpoint", "must be JSON: " + error.message());
        run->live->checkpoint(std::string(view(json)));
        return run->isCancelled() || run->isToPause() ? ended() : TALOME_OK;
    });
}

} // namespace talome::plugins
