// talome.tasks: background work of a plugin.
#include "host/plugins/areas.hpp"

#include "host/plugins/edge.hpp"
#include "host/plugins/job_state.hpp"
#include "host/plugins/task_state.hpp"
#include "host/tasks/clockwork.hpp"
#include "host/tasks/schedule.hpp"
#include "sdk/manifest/recorder.hpp"

namespace talome::plugins {

namespace {

constexpr std::int64_t kMostTime = 253'402'300'800'000; // the end of the year 9999

talome_status declare(talome_self* self, const talome_task* task) noexcept {
    return declaring(self, [&] {
        auto declared = manifest::record(task);
        const auto whole = manifest::whole(task);
        if (declared.timeZone) {
            try {
                self->services.clockwork->zones.get(*declared.timeZone);
            } catch (const Invalid& wrong) {
                throw Invalid(declared.id, wrong.what());
            }
        }
        self->states.of<TaskState>(*self);
        self->tasks.push_back({std::move(declared), whole.run, whole.user});
    });
}

talome_status wake(talome_self* self, talome_str name, int64_t delayMs) noexcept {
    return edge([&]() -> talome_status {
        constexpr int64_t kMost = 366LL * 86'400'000;
        if (const auto task = self->states.of<TaskState>(*self).find(view(name)))
            task->wake(std::chrono::milliseconds(std::clamp<int64_t>(delayMs, 0, kMost)));
        return TALOME_OK;
    });
}

talome_status wakeAt(talome_self* self, talome_str name, int64_t atMs) noexcept {
    return edge([&]() -> talome_status {
        if (const auto task = self->states.of<TaskState>(*self).find(view(name)))
            task->wakeAt(std::clamp<int64_t>(atMs, 0, kMostTime));
        return TALOME_OK;
    });
}

talome_status cronNext(talome_self* self, talome_str cron, talome_str timeZone, int64_t afterMs,
                       int64_t* nextMs) noexcept {
    return edge([&]() -> talome_status {
        if (!nextMs || afterMs < 0 || afterMs > kMostTime)
            throw Invalid("after", "expected a time up to the year 9999");
        const manifest::Cron expression(view(cron));
        *nextMs = tasks::nextTick(expression, *self->services.clockwork->zones.get(view(timeZone)), afterMs);
        return TALOME_OK;
    });
}

} // namespace

const talome_tasks& tasksArea() {
    static const talome_tasks table{sizeof table, 0,     declare,    wake,        wakeAt, cronNext,     declareJob,
                                    startJob,     jobId, jobResumed, jobProgress, jobLog, jobCheckpoint};
    return table;
}

} // namespace talome::plugins
