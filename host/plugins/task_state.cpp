// What talome.tasks runs for one plugin.
#include "host/plugins/task_state.hpp"

#include "host/crash/scope.hpp"
#include "host/log/log.hpp"
#include "host/tasks/clockwork.hpp"

namespace talome::plugins {

namespace {

/// Less than a plugin's step may take: the rest of the plugin must not be left behind for one task.
constexpr std::chrono::seconds kPatience{5};

std::string nameOf(tasks::Task::Outcome outcome) {
    switch (outcome) {
    case tasks::Task::Outcome::done:
        return "done";
    case tasks::Task::Outcome::failed:
        return "failed";
    case tasks::Task::Outcome::cancelled:
        break;
    }
    return "cancelled";
}

} // namespace

tasks::Task::Plan TaskState::planOf(const manifest::Task& task) const {
    tasks::Task::Plan plan;
    plan.period = std::chrono::milliseconds(task.periodMs);
    if (!task.cron) return plan;
    plan.cron.emplace(*task.cron);
    plan.zone = [&zones = self_.services.clockwork->zones, name = task.timeZone.value_or("")] {
        return zones.get(name);
    };
    return plan;
}

tasks::Task::Run TaskState::runOf(const DeclaredTask& task) {
    return [this, task, drain = self_.drain](const std::atomic<bool>& cancelled) -> tasks::Task::Ended {
        const auto inside = gate::Drain::enter(drain); // one that does not end in time goes on beside the next generation
        if (!inside) return {tasks::Task::Outcome::cancelled, "the plugin has ended"};
        auto call = self_.ownCall(gate::Origin::task);
        call.cancelled = [&cancelled] { return cancelled.load(); };
        call.inside = self_.drain.get();
        gate::lastWords().clear();
        const crash::Scope scope(self_.usage, task.declared.id);
        if (task.run(task.user, &call) >= 0) return {};
        auto words = std::exchange(gate::lastWords(), {});
        if (cancelled) return {tasks::Task::Outcome::cancelled, std::move(words)};
        log::warn(self_.id, "the task " + task.declared.id + " failed: " + words);
        return {tasks::Task::Outcome::failed, std::move(words)};
    };
}

void TaskState::activate() {
    auto& clockwork = *self_.services.clockwork;
    const std::lock_guard lock(mutex_);
    for (const auto& each : self_.tasks) {
        const auto task = std::make_shared<tasks::Task>(self_.services.reactor, tasks::postTo(self_.budget->background), clockwork.clock,
                                                        planOf(each.declared), runOf(each));
        running_[each.declared.id] = task;
        task->activate(clockwork.handover.take(self_.id, each.declared.id).value_or(tasks::Task::Left{}));
    }
}

void TaskState::quiesce() {
    decltype(running_) ending;
    {
        const std::lock_guard lock(mutex_);
        ending.swap(running_);
    }
    const auto until = std::chrono::steady_clock::now() + kPatience;
    for (const auto& [name, task] : ending) { // without the lock: a task may wake another
        const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        auto left = task->quiesce(std::max(rest, std::chrono::milliseconds(0)));
        if (left.goesOn)
            log::warn(self_.id, "the task " + name + " was told to end " + std::to_string(kPatience.count()) +
                                    " s ago and goes on; the plugin's code stays for as long as it does");
        self_.services.clockwork->handover.put(self_.id, name, std::move(left));
    }
}

std::shared_ptr<tasks::Task> TaskState::find(std::string_view name) {
    const auto isIt = [&](const auto& each) { return each.declared.id == name; };
    if (std::none_of(self_.tasks.begin(), self_.tasks.end(), isIt))
        throw gate::Failure(TALOME_E_NOT_FOUND, self_.id + " has not declared the task '" + std::string(name) + "'");
    const std::lock_guard lock(mutex_);
    const auto it = running_.find(name);
    return it == running_.end() ? nullptr : it->second;
}

std::vector<TaskInfo> tasksOf(talome_self& self) {
    std::vector<TaskInfo> infos;
    for (const auto& each : self.tasks) {
        const auto& declared = each.declared;
        TaskInfo info{
            declared.id, declared.summary, std::nullopt, declared.cron, declared.timeZone, false, {}, {}, {}, {}, {}};
        if (declared.periodMs) info.periodMs = declared.periodMs;
        if (const auto task = self.states.of<TaskState>(self).find(declared.id)) {
            const auto status = task->status();
            info.running = status.running;
            if (status.nextAt) info.nextRunAt = log::timestamp(*status.nextAt);
            if (status.last) {
                info.lastRunAt = log::timestamp(status.last->at);
                info.lastDurationMs = status.last->durationMs;
                info.lastOutcome = nameOf(status.last->end.outcome);
                if (!status.last->end.words.empty()) info.lastError = status.last->end.words;
            }
        }
        infos.push_back(std::move(info));
    }
    return infos;
}

} // namespace talome::plugins
