// What talome.tasks runs for one plugin: its tasks, from activate() to quiesce().
#pragma once

#include "host/plugins/self.hpp"
#include "host/tasks/task.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace talome::plugins {

/// What `GET /api/plugins/{id}` says of a task. Times are RFC 3339.
struct TaskInfo {
    std::string id, summary;
    std::optional<std::int64_t> periodMs;
    std::optional<std::string> cron, timeZone;
    bool running = false;
    std::optional<std::string> lastRunAt;
    std::optional<std::int64_t> lastDurationMs;
    std::optional<std::string> lastOutcome; ///< done, failed, cancelled
    std::optional<std::string> lastError, nextRunAt;
};
BOOST_DESCRIBE_STRUCT(TaskInfo, (),
                      (id, summary, periodMs, cron, timeZone, running, lastRunAt, lastDurationMs, lastOutcome,
                       lastError, nextRunAt))

/// Of all that the plugin has declared, in their order. Any thread, once it has been created.
std::vector<TaskInfo> tasksOf(talome_self&);

/// The lifecycle thread leads it; the rest is for any thread.
class TaskState : public AreaState {
public:
    explicit TaskState(talome_self& self) : self_(self) {}

    /// Goes on with what the generation before has left.
    void activate() override;
    /// Asks what runs to end, waits for that, and leaves what is due to the next generation.
    void quiesce() override;

    /// Null unless the plugin is active. Throws gate::Failure if it has declared no such task.
    std::shared_ptr<tasks::Task> find(std::string_view task);

private:
    tasks::Task::Plan planOf(const manifest::Task&) const;
    tasks::Task::Run runOf(const DeclaredTask&);

    talome_self& self_;
    std::mutex mutex_; ///< of what follows
    std::map<std::string, std::shared_ptr<tasks::Task>, std::less<>> running_;
};

} // namespace talome::plugins
