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

/// The lifecycle thread leads it; wake() by any thread.
class TaskState : public AreaState {
public:
    explicit TaskState(talome_self& self) : self_(self) {}

    void activate() override;
    /// Asks what runs to end, and waits for that.
    void quiesce() override;

    /// Ignored unless the plugin is active. Throws gate::Failure if it has declared no such task.
    void wake(std::string_view task, std::chrono::milliseconds delay);

private:
    tasks::Task::Run runOf(const DeclaredTask&);

    talome_self& self_;
    std::mutex mutex_; ///< of what follows
    std::map<std::string, std::shared_ptr<tasks::Task>, std::less<>> running_;
};

} // namespace talome::plugins
