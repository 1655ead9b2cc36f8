// A descriptor watched by the host: its callback comes on the plugin's strand, and costs no thread.
#pragma once

#include "slots.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace talome {

using OnReady = std::function<void(std::uint32_t events)>;

namespace detail {

/// A callback that was under way when another thread ended the watch finds an empty slot.
struct WatchSlot : Slot<WatchSlot> {
    std::mutex mutex;
    std::shared_ptr<OnReady> onReady;
    int fd = -1;

    WatchSlot() = default;
    ~WatchSlot() { set(-1, nullptr); } // its callback may hold its own watch

    static void ready(void* user, std::int32_t fd, std::uint32_t events) noexcept {
        auto& self = *static_cast<WatchSlot*>(user);
        guardQuietly(*self.areas, [&] {
            std::shared_ptr<OnReady> call; // kept, for the callback may end its own watch
            {
                const std::lock_guard lock(self.mutex);
                if (self.fd == fd) call = self.onReady;
            }
            if (call) (*call)(events);
        });
    }
    void set(int newFd, std::shared_ptr<OnReady> call) {
        const std::lock_guard lock(mutex);
        fd = newFd;
        onReady.swap(call);
    }
};

} // namespace detail

/// The watch lasts as long as this object; end it before the descriptor is closed, at the latest in quiesce().
/// The descriptor stays the plugin's own, non-blocking.
class Watch {
public:
    Watch() = default;
    Watch(const detail::Areas& areas, detail::Slots<detail::WatchSlot>& slots, int fd, std::uint32_t events,
          OnReady onReady)
        : areas_(&areas), slots_(&slots), slot_(slots.take(areas)) {
        try {
            slot_->set(fd, std::make_shared<OnReady>(std::move(onReady)));
            areas.check(
                areas.get<talome_io>()->watch(areas.self(), fd, events, &detail::WatchSlot::ready, slot_, &number_));
        } catch (...) {
            slot_->set(-1, nullptr);
            slots.giveBack(slot_);
            throw;
        }
    }
    Watch(Watch&& other) noexcept { swap(other); }
    Watch& operator=(Watch&& other) noexcept {
        Watch(std::move(other)).swap(*this);
        return *this;
    }
    ~Watch() { end(); }

    explicit operator bool() const { return slot_ != nullptr; }
    /// TALOME_READABLE, TALOME_WRITABLE or both.
    void change(std::uint32_t events) {
        areas_->check(areas_->get<talome_io>()->change(areas_->self(), number_, events));
    }
    void end() noexcept {
        if (!slot_) return;
        areas_->get<talome_io>()->unwatch(areas_->self(), number_);
        slot_->set(-1, nullptr);
        slots_->giveBack(std::exchange(slot_, nullptr));
    }

private:
    void swap(Watch& other) noexcept {
        std::swap(areas_, other.areas_);
        std::swap(slots_, other.slots_);
        std::swap(slot_, other.slot_);
        std::swap(number_, other.number_);
    }
    const detail::Areas* areas_ = nullptr;
    detail::Slots<detail::WatchSlot>* slots_ = nullptr;
    detail::WatchSlot* slot_ = nullptr;
    std::uint64_t number_ = 0;
};

} // namespace talome
