// What talome.tasks runs for one plugin.
#include "host/plugins/task_state.hpp"

#include "host/log/log.hpp"

namespace talome::plugins {

tasks::Task::Run TaskState::runOf(const DeclaredTask& task) {
    return [this, task](const std::atomic<bool>& cancelled) {
        auto call = self_.ownCall(gate::Origin::task);
        call.cancelled = [&cancelled] { return cancelled.load(); };
        gate::lastWords().clear();
        if (task.run(task.user, &call) < 0 && !cancelled)
            log::warn(self_.id, "the task " + task.declared.id + " failed: " + gate::lastWords());
    };
}

void TaskState::activate() {
    const std::lock_guard lock(mutex_);
    for (const auto& each : self_.tasks) {
        const auto task = std::make_shared<tasks::Task>(self_.services.reactor, self_.services.pool,
                                                        std::chrono::milliseconds(each.declared.periodMs), runOf(each));
        running_[each.declared.id] = task;
        task->activate();
    }
}

void TaskState::quiesce() {
    decltype(running_) ending;
    {
        const std::lock_guard lock(mutex_);
        ending.swap(running_);
    }
    for (const auto& [name, task] : ending) task->quiesce(); // without the lock: a task may wake another
}

void TaskState::wake(std::string_view name, std::chrono::milliseconds delay) {
    if (std::none_of(self_.tasks.begin(), self_.tasks.end(),
                     [&](const auto& each) { return each.declared.id == name; }))
        throw gate::Failure(TALOME_E_NOT_FOUND, self_.id + " has not declared the task '" + std::string(name) + "'");
    std::shared_ptr<tasks::Task> task;
    {
        const std::lock_guard lock(mutex_);
        if (const auto it = running_.find(name); it != running_.end()) task = it->second;
    }
    constexpr std::chrono::hours kMost{24 * 366};
    if (task) task->wake(std::clamp<std::chrono::milliseconds>(delay, std::chrono::milliseconds(0), kMost));
}

} // namespace talome::plugins
