// talome.tasks: background work of a plugin.
#include "host/plugins/areas.hpp"

#include "host/plugins/edge.hpp"
#include "sdk/manifest/recorder.hpp"

namespace talome::plugins {

namespace {

talome_status declare(talome_self* self, const talome_task* task) noexcept {
    return declaring(self, [&] {
        auto declared = manifest::record(task);
        const auto whole = manifest::whole(task);
        self->tasks.push_back({std::move(declared), whole.run, whole.user});
    });
}

talome_status wake(talome_self* self, talome_str name, int64_t delayMs) noexcept {
    return edge([&]() -> talome_status {
        if (std::none_of(self->tasks.begin(), self->tasks.end(),
                         [&](const auto& each) { return each.declared.id == view(name); }))
            throw gate::Failure(TALOME_E_NOT_FOUND,
                                self->id + " has not declared the task '" + std::string(view(name)) + "'");
        std::shared_ptr<tasks::Task> task;
        {
            const std::lock_guard lock(self->mutex);
            if (const auto it = self->running.find(view(name)); it != self->running.end()) task = it->second;
        }
        constexpr int64_t kMost = 366LL * 86'400'000;
        if (task) task->wake(std::chrono::milliseconds(std::clamp<int64_t>(delayMs, 0, kMost)));
        return TALOME_OK;
    });
}

} // namespace

const talome_tasks& tasksArea() {
    static const talome_tasks table{sizeof table, 0, declare, wake};
    return table;
}

} // namespace talome::plugins
