// talome.tasks: background work of a plugin.
#include "host/plugins/areas.hpp"

#include "host/plugins/edge.hpp"
#include "host/plugins/task_state.hpp"
#include "sdk/manifest/recorder.hpp"

namespace talome::plugins {

namespace {

talome_status declare(talome_self* self, const talome_task* task) noexcept {
    return declaring(self, [&] {
        auto declared = manifest::record(task);
        const auto whole = manifest::whole(task);
        self->states.of<TaskState>(*self);
        self->tasks.push_back({std::move(declared), whole.run, whole.user});
    });
}

talome_status wake(talome_self* self, talome_str name, int64_t delayMs) noexcept {
    return edge([&]() -> talome_status {
        self->states.of<TaskState>(*self).wake(view(name), std::chrono::milliseconds(delayMs));
        return TALOME_OK;
    });
}

} // namespace

const talome_tasks& tasksArea() {
    static const talome_tasks table{sizeof table, 0, declare, wake};
    return table;
}

} // namespace talome::plugins
