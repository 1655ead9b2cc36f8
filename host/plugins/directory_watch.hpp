// Tells when files in the plugins' folders have changed and come to rest.
#pragma once

#include "host/http/descriptor.hpp"
#include "host/tasks/reactor.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

namespace talome::plugins {

/// By inotify: costs nothing while nothing changes. A folder that cannot be watched is logged.
class DirectoryWatch {
public:
    /// `onChange` is called on the reactor's thread: it must be short.
    DirectoryWatch(tasks::Reactor&, const std::vector<std::filesystem::path>& folders, std::function<void()> onChange);
    ~DirectoryWatch();
    DirectoryWatch(const DirectoryWatch&) = delete;
    DirectoryWatch& operator=(const DirectoryWatch&) = delete;

private:
    struct State;
    tasks::Reactor& reactor_;
    const std::shared_ptr<State> state_;
};

} // namespace talome::plugins
