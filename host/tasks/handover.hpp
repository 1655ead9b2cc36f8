// What one generation of a plugin leaves for the next one of its tasks, so that replacing it loses nothing that is due.
#pragma once

#include "host/tasks/task.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace talome::tasks {

/// One for the server. Any thread; put() by the old generation's quiesce(), take() by the new one's activate().
class Handover {
public:
    /// What is older belongs to a plugin that was disabled, not replaced.
    static constexpr std::chrono::minutes kLifetime{30};

    void put(const std::string& plugin, const std::string& task, Task::Left left) {
        const auto now = Reactor::Clock::now();
        const std::lock_guard lock(mutex_);
        std::erase_if(left_, [&](const auto& each) { return now - each.second.at > kLifetime; });
        left_.insert_or_assign({plugin, task}, Entry{now, std::move(left)});
    }
    std::optional<Task::Left> take(const std::string& plugin, const std::string& task) {
        const std::lock_guard lock(mutex_);
        const auto it = left_.find({plugin, task});
        if (it == left_.end()) return std::nullopt;
        const auto entry = std::move(it->second);
        left_.erase(it);
        if (Reactor::Clock::now() - entry.at > kLifetime) return std::nullopt;
        return entry.left;
    }
    /// It was disabled, not replaced: what would have been due meanwhile is not made up for.
    void forget(const std::string& plugin) {
        const std::lock_guard lock(mutex_);
        std::erase_if(left_, [&](const auto& each) { return each.first.first == plugin; });
    }

private:
    struct Entry {
        Reactor::Clock::time_point at;
        Task::Left left;
    };
    std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, Entry> left_;
};

} // namespace talome::tasks
