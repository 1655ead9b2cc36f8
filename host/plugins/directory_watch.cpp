#include "host/plugins/directory_watch.hpp"

#include "host/log/log.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <sys/inotify.h>
#include <talome/io.h>
#include <unistd.h>

namespace talome::plugins {

namespace {
/// A plugin is two files, and a package manager or compiler puts them there one after the other.
constexpr std::chrono::milliseconds kRest{500};
} // namespace

struct DirectoryWatch::State : std::enable_shared_from_this<State> {
    State(tasks::Reactor& reactor, std::function<void()> call) : reactor(reactor), onChange(std::move(call)) {}

    tasks::Reactor& reactor;
    const std::function<void()> onChange;
    const http::Descriptor notify{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
    std::uint64_t number = 0;
    std::mutex mutex;
    std::uint64_t timer = 0;
    bool ended = false;

    void changed() {
        std::array<char, 4096> events; // what they say does not matter: the folders are read again
        while (::read(notify.get(), events.data(), events.size()) > 0) {
        }
        const std::lock_guard lock(mutex);
        if (ended) return;
        if (timer) reactor.cancel(timer);
        timer = reactor.at(tasks::Reactor::Clock::now() + kRest, [self = shared_from_this()] {
            {
                const std::lock_guard again(self->mutex);
                self->timer = 0;
                if (self->ended) return;
            }
            self->onChange();
        });
        reactor.rearm(number, TALOME_READABLE);
    }
};

DirectoryWatch::DirectoryWatch(tasks::Reactor& reactor, const std::vector<std::filesystem::path>& folders,
                               std::function<void()> onChange)
    : reactor_(reactor), state_(std::make_shared<State>(reactor, std::move(onChange))) {
    constexpr auto kEvents =
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_ONLYDIR | IN_EXCL_UNLINK;
    for (const auto& folder : folders)
        if (!state_->notify || ::inotify_add_watch(state_->notify.get(), folder.c_str(), kEvents) < 0)
            log::warn("host", folder.string() + ": " + std::strerror(errno) +
                                  "; new plugins there are found at the next start");
    if (!state_->notify) return;
    const std::lock_guard lock(state_->mutex); // changed() waits until the number is known
    state_->number =
        reactor_.watch(state_->notify.get(), TALOME_READABLE, [state = state_](std::uint32_t) { state->changed(); });
}

DirectoryWatch::~DirectoryWatch() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->ended = true;
        if (state_->timer) reactor_.cancel(state_->timer);
    }
    reactor_.unwatch(state_->number);
}

} // namespace talome::plugins
